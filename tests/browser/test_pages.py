"""Gates over every page in every state and both languages: valid HTML, nothing that
axe finds, nothing cut off, nothing asked of another host."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext, Page

from config.cache_policy import policies
from tests.browser import vnu
from tests.browser.crawl import LANGUAGES, Document, forms

pytestmark = pytest.mark.browser

ALL = [
    "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice",
]  # fmt: skip
# The rules that look at colours, and those that look at sizes: in the views where
# nothing else can have changed, no other has to run again.
COLOURS = ["color-contrast", "link-in-text-block"]
SIZES = ["target-size", "scrollable-region-focusable"]


class View(NamedTuple):
    """How wide the window is, how large the text, and which rules apply."""

    width: int
    text: str
    rules: list[str]


VIEWS = {
    "light": [
        View(1280, "100%", ALL),
        View(640, "200%", SIZES),
        View(320, "100%", COLOURS + SIZES),
    ],
    "dark": [View(320, "100%", ALL), View(1280, "100%", COLOURS)],
}
# Colours are the same in every language: once in each scheme is enough there.
FRENCH = {"light": VIEWS["light"][:2], "dark": VIEWS["dark"][:1]}

# == Every address is looked at ==

# Answer with something else than a page of HTML.
NO_PAGES = {
    "robots", "security", "sitemap", "sitemap_file", "favicon", "media", "livez",
    "readyz", "metrics", "without_language", "petitions:download", "petitions:badge",
    "petitions:feed", "petitions:organization_feed", "petitions:updates_feed",
    "petitions:share_png", "petitions:qr_svg",
}  # fmt: skip
# Only staff get there: tests/browser/test_accessibility.py.
STAFF = ("admin", "password_", "anymail:", "petitions:style_guide")


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

    # POST only, and always answered by another page.
    assert sorted(public - seen - {"petitions:resend"}) == []


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


# == What axe and the eye find ==


# Started on one page while the other is at work: each has a core.
BEGIN = """([text, rules]) => {
  document.documentElement.style.fontSize = text;
  window.found = axe.run(document, {runOnly: rules, resultTypes: ["violations"]})
    .then(results => results.violations.flatMap(rule => rule.nodes.map(
      node => `${rule.id}: ${node.html.slice(0, 200)} ${node.failureSummary}`)));
}"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def begin(page: Page, view: View) -> None:
    page.set_viewport_size({"width": view.width, "height": 900})
    page.evaluate(BEGIN, [view.text, view.rules])


def violations(page: Page) -> list[str]:
    """What axe found."""
    found: list[str] = page.evaluate("window.found")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_in_every_view(
    open_context: Callable[..., BrowserContext],
    documents: list[Document],
    language: str,
) -> None:
    views = FRENCH if language == "fr" else VIEWS
    pages = {
        scheme: open_context(color_scheme=scheme, reduced_motion="reduce").new_page()
        for scheme in VIEWS
    }
    asked: set[str] = set()
    for page in pages.values():
        page.on("request", lambda request: asked.add(request.url))
    found: dict[str, str] = {}
    for document in documents:
        if document.language != language:
            continue
        for page in pages.values():
            document.open(page)
            page.evaluate(AXE_SCRIPT)
        for both in zip_longest(*views.values()):
            now = {s: view for s, view in zip(views, both, strict=True) if view}
            for scheme, view in now.items():
                begin(pages[scheme], view)
            for scheme, view in now.items():
                where = f"{document}, {view.width} px, {scheme}, text {view.text}"
                for violation in violations(pages[scheme]):
                    found.setdefault(violation, where)
                if (pixels := pages[scheme].evaluate(OVERFLOW)) > 0:
                    found[where] = f"{pixels} px too wide"
        mirrored = pages["light"]
        mirrored.evaluate(
            "root => { root.dir = 'rtl'; root.style.fontSize = '100%' }",
            mirrored.locator("html").element_handle(),
        )
        for width in (320, 1280):
            mirrored.set_viewport_size({"width": width, "height": 900})
            if (pixels := mirrored.evaluate(OVERFLOW)) > 0:
                found[f"{document}, right to left"] = f"{pixels} px too wide"
    own = urlsplit(pages["light"].url).netloc
    found |= {url: "asked of" for url in asked if urlsplit(url).netloc != own}
    assert not found, listed(found)
