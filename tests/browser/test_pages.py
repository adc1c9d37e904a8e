"""Gates over every page in every state and both languages: valid HTML, nothing that
axe finds, nothing cut off, nothing asked of another host."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext, Page

from core.http.cache_policy import policies
from tests.browser import vnu
from tests.browser.crawl import LANGUAGES, Document, forms
from tests.browser.pages import ALL, OVERFLOW, RUN

pytestmark = pytest.mark.browser

# The rules that look at colours, and those that look at sizes: in the views where
# nothing else can have changed, no other has to run again.
COLOURS = ["color-contrast", "link-in-text-block"]
SIZES = ["target-size", "scrollable-region-focusable"]


class View(NamedTuple):
    """The scheme of colours, how wide the window is, how large the text, and which
    rules apply."""

    scheme: Literal["light", "dark"]
    width: int
    text: str
    rules: list[str]


VIEWS = [
    View("light", 1280, "100%", ALL),
    View("light", 640, "200%", SIZES),
    View("light", 320, "100%", COLOURS + SIZES),
    View("dark", 320, "100%", ALL),
    View("dark", 1280, "100%", COLOURS),
]
# Colours are the same in every language: once in each scheme is enough there.
FRENCH = [view for view in VIEWS if view.rules in (ALL, SIZES)]
# EVERY_VIEW=1: all rules in each view and language, for which `make test` has no time;
# they find no more.
EVERY = [
    View(scheme, width, text, ALL)
    for scheme in ("light", "dark")
    for width, text in ((1280, "100%"), (640, "200%"), (320, "100%"))
]


def views(language: str) -> list[View]:
    if os.environ.get("EVERY_VIEW"):
        return EVERY
    return FRENCH if language == "fr" else VIEWS


# == Every address is looked at ==

# Answer with something else than a page of HTML.
NO_PAGES = {
    "robots", "security", "sitemap", "sitemap_file", "favicon", "media", "livez",
    "readyz", "metrics", "without_language", "petitions:download", "petitions:receipt", "petitions:badge",
    "petitions:feed", "petitions:organization_feed", "petitions:updates_feed",
    "petitions:share_png", "petitions:qr_svg", "petitions:site_png",
    "organizations:share_png",
}  # fmt: skip
# Only staff get there: tests/browser/test_accessibility.py.
STAFF = (
    "admin", "password_", "accept_invitation", "glued_link", "anymail:",
    "petitions:style_guide", "operation",
)  # fmt: skip


def names_of(paths: list[str]) -> set[str]:
    names = set()
    for path in paths:
        try:
            names.add(resolve(urlsplit(path).path).view_name)
        except Resolver404:
            continue  # a page of the demonstration, or one that does not exist
    return names


def test_every_public_address_is_among_the_states(states: dict[str, str]) -> None:
    """Whoever adds one adds its states in conftest.py, or to NO_PAGES above."""
    public = {
        name
        for name in policies()
        if not name.startswith((*STAFF, "demo:", "data:")) and name not in NO_PAGES
    }
    seen = names_of([*states.values(), *(form[0] for form in forms(states).values())])

    # POST only: answered by another page, a file, or names that a button shows.
    posted = {
        "petitions:resend", "petitions:end_links", "petitions:office_names",
        "petitions:office_file",
    }  # fmt: skip
    assert sorted(public - seen - posted) == []


def listed(found: dict[str, str]) -> str:
    """One line for each thing that was found, none shortened."""
    return "\n" + "\n".join(f"{what} | {where}" for what, where in found.items())


# == HTML ==


@vnu.needs_java
def test_html_is_valid(documents: list[Document], tmp_path: Path) -> None:
    for number, document in enumerate(documents):
        (tmp_path / f"{number:04}.html").write_text(document.html)

    messages = vnu.check(tmp_path)

    found: dict[str, str] = {}
    for message in messages:
        document = documents[int(Path(message["url"]).stem)]
        words = f"{message['message']} … {message.get('extract', '')}"
        found.setdefault(words, str(document))
    assert not found, listed(found)


# The first page has the site's name, and a search says what was looked for.
OTHERWISE_NAMED = {
    "home", "search", "search without result", "search for a mistyped word",
}  # fmt: skip


def test_a_title_says_what_the_page_is_headed(documents: list[Document]) -> None:
    """Behind “Error:” where a form was refused: who listens hears the title first."""
    found: dict[str, str] = {}
    for document in documents:
        title, heading = (
            element_text(document.html, element) for element in ("title", "h1")
        )
        own = heading in title or heading.startswith(title)
        if heading and not own and document.name not in OTHERWISE_NAMED:
            found.setdefault(f"{title} | {heading}", str(document))
    assert not found, listed(found)


def element_text(html: str, element: str) -> str:
    """The words of the first element of this kind, "" without one."""
    match = re.search(rf"<{element}\b[^>]*>(.*?)</{element}>", html, re.DOTALL)
    words = re.sub(r"<[^>]+>", "", match[1]) if match else ""
    return " ".join(unescape(words).split())


# == What axe and the eye find ==


MIRROR = """() => {
  document.documentElement.dir = "rtl";
  document.documentElement.style.fontSize = "100%";
}"""


def violations(page: Page, view: View) -> list[str]:
    """What axe finds in a view of the page."""
    page.emulate_media(color_scheme=view.scheme)
    page.set_viewport_size({"width": view.width, "height": 900})
    found: list[str] = page.evaluate(RUN, [view.text, view.rules])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_in_every_view(
    open_context: Callable[..., BrowserContext],
    documents: list[Document],
    language: str,
) -> None:
    page = open_context(reduced_motion="reduce").new_page()
    page.add_init_script(AXE_SCRIPT)
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    found: dict[str, str] = {}
    for document in documents:
        if document.language != language:
            continue
        document.open(page)
        for view in views(language):
            where = f"{document}, {view.width} px, {view.scheme}, text {view.text}"
            for violation in violations(page, view):
                found.setdefault(violation, where)
            if (pixels := page.evaluate(OVERFLOW)) > 0:
                found[where] = f"{pixels} px too wide"
        page.evaluate(MIRROR)
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            if (pixels := page.evaluate(OVERFLOW)) > 0:
                found[f"{document}, right to left"] = f"{pixels} px too wide"
    own = urlsplit(page.url).netloc
    found |= {url: "asked of" for url in asked if urlsplit(url).netloc != own}
    assert not found, listed(found)
