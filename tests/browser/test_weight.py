"""How heavy pages are, and what a browser has to wait for: bytes, requests, shifts."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NARROW, WIDE
from tests.browser.crawl import LANGUAGES, Document
from tests.site import Site

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parents[2] / "static"
# Compressed HTML with its style sheet: what the first flight of a connection holds.
FIRST_FLIGHT = 14_000
ALL_SCRIPTS = 5_000
OF_WRITERS = 20_000
MAIN = (
    "home", "list", "profile", "petition", "petition with all fields", "petition won",
    "check inbox", "confirm", "thank you", "signature", "privacy",
)  # fmt: skip


def zipped(text: str) -> int:
    return len(gzip.compress(text.encode(), 6))


def sheets(site: Site, document: Document) -> str:
    """The style sheets that a page asks for, besides what stands in it."""
    tags = re.findall(r'<link rel="stylesheet" href="([^"]+)"', document.html)
    return "".join(urlopen(site.url + path).read().decode() for path in tags)


def test_every_page_is_light(site: Site, documents: list[Document]) -> None:
    """What visitors get; a form of the login that is refused has the admin's look."""
    weights = {
        str(document): zipped(document.html) + zipped(sheets(site, document))
        for document in documents
        if not re.search(r'href="/static/css/admin\.', document.html)
    }
    assert len(weights) == len(documents) - len(LANGUAGES)
    heaviest = sorted(weights.items(), key=lambda pair: -pair[1])[:8]
    print("\n" + "\n".join(f"{weight:6} bytes  {name}" for name, weight in heaviest))

    assert {name: w for name, w in weights.items() if w > FIRST_FLIGHT} == {}


def test_all_scripts_together_are_small() -> None:
    """Those of the public pages; and what only staff who write load."""
    scripts = set((STATIC / "js").rglob("*.js"))
    of_staff = {script for script in scripts if script.parent.name == "vendor"}
    of_staff.add(STATIC / "js" / "writing.js")

    assert scripts > of_staff
    for some, most in ((scripts - of_staff, ALL_SCRIPTS), (of_staff, OF_WRITERS)):
        assert sum(zipped(script.read_text()) for script in some) <= most


def test_static_files_are_named_by_content_compressed_and_kept_for_ever(
    site: Site, documents: list[Document]
) -> None:
    served = [d for d in documents if not d.name.startswith("problem ")]
    paths = {
        path
        for document in served
        for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', document.html)
    }
    assert len(paths) >= 2
    for path in sorted(paths):
        assert re.search(r"\.[0-9a-f]{12}\.", path), path
        with urlopen(
            Request(site.url + path, headers={"Accept-Encoding": "br"})
        ) as answer:
            headers = answer.headers
            size = len(answer.read())
        assert headers["Cache-Control"] == "max-age=315360000, public, immutable", path
        if size > 500 and path.endswith((".css", ".js", ".svg")):
            assert headers["Content-Encoding"] == "br", path


@pytest.mark.parametrize("name", ["petition", "home", "profile"])
def test_one_request_shows_the_page(
    open_context: Callable[..., BrowserContext], states: dict[str, str], name: str
) -> None:
    """Nothing is asked for that the first picture of the page waits for."""
    page = open_context().new_page()
    page.goto(states[name], wait_until="load")

    blocking = page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter(entry => entry.renderBlockingStatus === 'blocking')"
        ".map(entry => entry.name)"
    )
    assert blocking == []
    for element in page.locator("script[src]").all():
        assert element.get_attribute("type") == "module" or (
            element.get_attribute("defer") is not None
        )


# Buffered: also of what happened before it was asked.
SHIFTS = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  window.scrollTo(0, document.documentElement.scrollHeight);
  setTimeout(() => done(sum), 400);
})"""


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_moves_while_a_page_loads(
    open_context: Callable[..., BrowserContext],
    states: dict[str, str],
    documents: list[Document],
    viewport: dict[str, int],
) -> None:
    pages = {d.name: d for d in documents if d.language == "fr"}
    page = open_context(viewport=viewport).new_page()
    moved = {}
    for name in MAIN:
        pages[name].open(page)
        if shift := page.evaluate(SHIFTS):
            moved[name] = shift
    assert moved == {}


# == A bad line ==

# 10 kB a second, and half a second until anything comes back.
BAD_LINE = {
    "offline": False,
    "downloadThroughput": 10_000,
    "uploadThroughput": 5_000,
    "latency": 500,
}


def on_a_bad_line(page: Page) -> Page:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", BAD_LINE)
    return page


def test_a_petition_is_signed_at_ten_kilobytes_a_second(
    page: Page, states: dict[str, str]
) -> None:
    on_a_bad_line(page)
    started = time.monotonic()
    page.goto(states["petition"], wait_until="commit")
    expect(page.locator("h1")).to_be_visible()
    readable = time.monotonic() - started
    page.fill("#id_name", "Sam Slow")
    page.fill("#id_email", "sam@example.org")
    page.locator("main form button.button--wide").click()
    expect(page.locator("h1")).to_have_text("One more step: open your e-mail")
    signed = time.monotonic() - started

    print(f"\nat 10 kB/s: readable after {readable:.1f} s, signed after {signed:.1f} s")
    assert readable < 4
    assert signed < 10


# == Without style sheets ==


def without_styles(page: Page) -> Page:
    """As a browser that knows none of them, or whose line broke before they came."""

    def strip(route: Any) -> None:
        answer = route.fetch(max_redirects=0)
        if "text/html" in answer.headers.get("content-type", ""):
            html = re.sub(r"<style\b.*?</style>|<link rel=.stylesheet[^>]*>", "",
                          answer.text(), flags=re.DOTALL)  # fmt: skip
            route.fulfill(response=answer, body=html)
        else:
            route.fulfill(response=answer)

    page.route(lambda url: url.endswith(".css"), lambda route: route.abort())
    page.route(lambda url: "/static/" not in url, strip)
    return page


def top_of(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return float(box["y"])


def test_a_petition_is_signed_without_style_sheets(
    plain: Page, states: dict[str, str], site: Site
) -> None:
    page = without_styles(plain)
    page.goto(states["petition"])
    assert page.evaluate("getComputedStyle(document.body).marginTop") == "8px"
    places = (
        "h1",
        ".petition__ask",
        "#id_name",
        "#id_email",
        "main form button.button--wide",
    )
    tops = [top_of(page, place) for place in places if page.locator(place).count()]
    assert tops == sorted(tops)
    page.fill("#id_name", "Una Unstyled")
    page.fill("#id_email", "una@example.org")
    page.click("button:has-text('Sign the petition')")
    expect(page.locator("h1")).to_have_text("One more step: open your e-mail")

    page.goto(site.link_for("una@example.org").replace(site.url, ""))
    page.click("button:has-text('Confirm my signature')")
    expect(page.locator("h1")).to_have_text("Thank you. Your signature counts.")
