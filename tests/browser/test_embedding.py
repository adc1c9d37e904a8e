"""Petitions on a page of another site, in a real browser."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import options
from tests.browser.conftest import NARROW
from tests.browser.pages import ALL
from tests.site import Site, fetch

pytestmark = pytest.mark.browser

SLUG = "plant-trees-along-the-lower-bank"
PETITION = f"/petitions/{SLUG}/"


@pytest.fixture(params=["unsafe-none", "require-corp"])
def elsewhere(site: Site, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of another origin, whose page shows all that can be embedded; a usual
    one, and one that lets in only what allows it."""
    pages = {
        "/": f'<iframe id="card" src="{site.url}/embed/{SLUG}/"></iframe>'
        f'<iframe id="form" src="{site.url}/fr/embed/{SLUG}/form/"></iframe>'
        f'<img src="{site.url}{PETITION}badge.svg">',
        "/whole": f'<iframe src="{site.url}{PETITION}"></iframe>',
    }

    class Newspaper(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Or whatever it is asked to show.
            page = pages.get(self.path) or unquote(self.path.partition("?")[2])
            body = f"<!doctype html><title>Elsewhere</title>{page}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cross-Origin-Embedder-Policy", request.param)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Newspaper)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def reader(open_context: Callable[..., BrowserContext]) -> Page:
    """A reader of that page, without JavaScript, on a phone."""
    return open_context(java_script_enabled=False, viewport=NARROW).new_page()


LONG = "Save the Library of Lower Riverbank and its Reading Rooms for our Children " * 2
SCROLLS = "() => document.documentElement.scrollHeight - window.innerHeight"


# In scripts whose letters are broader.
ARMENIAN = (
    "Պահպանե՛ք Սևանա լճի ափերը, դադարեցրե՛ք ապօրինի շինարարությունը և վերադարձրե՛ք "
    "հասարակական լսումները համայնքների բնակիչներին"
)
TAMIL = (
    "காவிரி ஆற்றைக் காப்பாற்றுங்கள், சட்டவிரோத மணல் கொள்ளையை நிறுத்துங்கள், "
    "விவசாயிகளின் குரலைக் கேளுங்கள், தண்ணீரை அனைவருக்கும் வழங்குங்கள்"
)
TITLES = {
    "demanding": ("en", LONG.strip()),
    "broad-hy": ("hy", ARMENIAN),
    "broad-ta": ("ta", TAMIL),
}


@pytest.fixture(scope="module")
def demanding(site: Site) -> Iterator[str]:
    """Petitions with long titles that ask everything; returns the slug of one."""
    for slug, (language, title) in TITLES.items():
        site.sql(
            "INSERT INTO petitions_petition (organization_id, language, title, slug, "
            "ask, summary, text, text_format, image, image_description, state, "
            "opens_at, outcome, asks_place, asks_postal_code, asks_country, delivery, "
            "created_at) SELECT organization_id, %s, %s, %s, 'Do it.', 'In short.', "
            "'Text.', 'markdown', '', '', 'open', now(), '', true, true, true, "
            "'comments', now() FROM petitions_petition WHERE slug = %s",
            language, title, slug, SLUG,
        )  # fmt: skip
    yield "demanding"
    for slug in TITLES:
        found = (
            f"petition_id = (SELECT id FROM petitions_petition WHERE slug = '{slug}')"
        )
        for table in ("petitions_total", "petitions_searchdocument"):
            site.sql(f"DELETE FROM {table} WHERE {found}")
        site.sql("DELETE FROM petitions_petition WHERE slug = %s", slug)


def snippets(site: Site, language: str, slug: str) -> list[str]:
    """What a page of another site is given to show a card, and the form."""
    page = fetch(f"{site.url}{language}/petitions/{slug}/embed/").text
    codes = map(html.unescape, re.findall(r"<textarea[^>]*>(.*?)</textarea>", page))
    return [code for code in codes if "<iframe" in code]


@pytest.mark.parametrize("width", [280, 300, 360, 600])
def test_frames_are_as_high_as_what_is_in_them(
    browser: Browser, site: Site, elsewhere: str, demanding: str, width: int
) -> None:
    """In a column of any width nothing has to be scrolled to, and little is empty; also
    where a system for news pages has taken the style away."""
    canada = "canada-sign-the-global-treaty-to-end-torture"
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    heights: list[float] = []
    for language in ("", "/fr"):
        for slug in (SLUG, canada, demanding):
            codes = snippets(site, language, slug)
            assert len(codes) == 2
            for code in codes:
                for given in (code, re.sub(r' style="[^"]*"', "", code)):
                    eager = given.replace(' loading="lazy"', "")
                    column = f'<div style="width:{width}px">{eager}</div>'
                    page.goto(f"{elsewhere}/?{quote(column)}")
                    page.frame_locator("iframe").locator("h1").wait_for()
                    (frame,) = page.main_frame.child_frames
                    assert frame.evaluate(SCROLLS) <= 0, (given, width)
                    room = page.locator("iframe").bounding_box()
                    assert room is not None
                    heights.append(room["height"])
                    assert given != code or room["width"] == min(width, 480)
    # The style makes it lower where there is room beside.
    fitted, plain = heights[::2], heights[1::2]
    assert all(low <= high for low, high in zip(fitted, plain, strict=True))
    assert width == 280 or sum(fitted) < sum(plain)
    page.close()


def test_broad_letters_have_room(
    browser: Browser, site: Site, elsewhere: str, demanding: str
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    for slug in ("broad-hy", "broad-ta"):
        for code in snippets(site, "/fr", slug):
            eager = code.replace(' loading="lazy"', "")
            page.goto(f"{elsewhere}/?{quote(f'<div style=width:280px>{eager}</div>')}")
            page.frame_locator("iframe").locator("h1").wait_for()
            (frame,) = page.main_frame.child_frames
            assert frame.evaluate(SCROLLS) <= 0, code
    page.close()


CUT = """() => [...document.querySelectorAll("main *")].filter(one => {
    const box = one.getBoundingClientRect();
    return box.width > 1 && !one.closest(".visually-hidden, [hidden]")
        && (box.right > innerWidth + 1 || box.left < -1);
}).map(one => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize(
    ("size", "widths"), [(20, [280, 800]), (32, [200, 240, 280, 480, 1200])]
)
def test_frames_are_high_enough_for_readers_of_large_letters(
    browser: Browser, site: Site, elsewhere: str, demanding: str,
    size: int, widths: list[int],
) -> None:  # fmt: skip
    """In a browser that is set to them; nothing is cut at the side either."""
    large = browser.browser_type.launch(
        **options(f"--blink-settings=defaultFontSize={size}")
    )
    page = large.new_page(viewport={"width": 1280, "height": 900})
    for language in ("", "/fr"):
        for code in snippets(site, language, demanding):
            eager = code.replace(' loading="lazy"', "")
            for width in widths:
                column = f'<div style="width:{width}px">{eager}</div>'
                page.goto(f"{elsewhere}/?{quote(column)}")
                page.frame_locator("iframe").locator("h1").wait_for()
                (frame,) = page.main_frame.child_frames
                assert frame.evaluate(SCROLLS) <= 0, (language, width, code)
                assert frame.evaluate(CUT) == [], (language, width)
    large.close()


def test_a_card_opens_the_petition(reader: Page, elsewhere: str, site: Site) -> None:
    reader.goto(elsewhere)
    card = reader.frame_locator("#card")
    assert card.locator("progress").is_visible()

    card.locator("a.button").click()

    reader.wait_for_url(f"{site.url}{PETITION}?via=embed")


def test_the_form_on_another_site_signs(
    reader: Page, elsewhere: str, site: Site
) -> None:
    address = f"reader{elsewhere[-5:]}@example.org"
    reader.goto(elsewhere)
    form = reader.frame_locator("#form")
    form.locator("input[name=name]").fill("Maya Tremblay")
    form.locator("input[name=email]").fill(address)

    form.locator("button.button--wide").click()

    reader.wait_for_url(f"{site.url}/fr{PETITION}check-inbox/**")
    # The browser says that a page of ours sent it: not even a weak sign of abuse.
    ((state, signs),) = site.sql(
        "SELECT state, weak_signs FROM petitions_signature WHERE email = %s", address
    )
    assert (state, signs) == ("pending", 0)
    assert site.link_for(address)


def test_a_mistake_is_shown_on_this_site(
    reader: Page, elsewhere: str, site: Site
) -> None:
    reader.goto(elsewhere)
    form = reader.frame_locator("#form")
    form.locator("input[name=name]").fill("Maya Tremblay")

    form.locator("button.button--wide").click()

    reader.wait_for_url(f"{site.url}/fr{PETITION}sign/")
    assert reader.locator("input[name=name]").input_value() == "Maya Tremblay"
    assert reader.locator(".error-summary").is_visible()


def test_the_badge_is_drawn(
    open_context: Callable[..., BrowserContext], elsewhere: str
) -> None:
    page = open_context().new_page()
    page.goto(elsewhere)

    assert page.locator("img").evaluate("image => image.naturalWidth") > 100


def test_the_whole_site_cannot_be_framed(browser: Browser, elsewhere: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{elsewhere}/whole")

    # Instead there is a page of the browser, which belongs to nobody.
    (frame,) = page.main_frame.child_frames
    frame.wait_for_url(re.compile("^chrome-error://"), wait_until="commit")
    assert frame.locator(".petition").count() == 0
    page.context.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "WebSite"),
        (PETITION, "Article"),
        ("/organizations/riverbank-commons/", "Organization"),
    ],
)
def test_what_search_engines_are_told_is_no_script_to_the_browser(
    page: Page, path: str, kind: str
) -> None:
    """The policy is not asked: a complaint of the browser would fail this test."""
    page.goto(path)
    data = page.locator('script[type="application/ld+json"]').text_content()

    assert json.loads(data or "")["@type"] == kind


def test_snippets_are_copied(
    open_context: Callable[..., BrowserContext], site: Site
) -> None:
    context = open_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    page = context.new_page()
    page.goto(f"{PETITION}embed/")

    page.click("button[data-copy=card-code]")

    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f'<iframe src="{site.url}/embed/{SLUG}/"' in copied


ACROSS_FRAMES = """async rules => {
  const results = await axe.run(document, {runOnly: rules, frameWaitTime: 5000});
  return results.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.target} ${node.failureSummary}`));
}"""


def test_cards_are_told_apart_from_the_page_around_them(
    open_context: Callable[..., BrowserContext],
) -> None:
    """What axe finds in a page together with what its frames show."""
    page = open_context().new_page()
    page.add_init_script(AXE_SCRIPT)
    page.goto(f"{PETITION}embed/")
    frames = page.locator("iframe")
    for number in range(frames.count()):
        frames.nth(number).scroll_into_view_if_needed()
        frames.nth(number).content_frame.locator("h1").wait_for()

    assert frames.count() == 1
    assert page.evaluate(ACROSS_FRAMES, ALL) == []
