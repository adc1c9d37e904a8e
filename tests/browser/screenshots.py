"""Pictures of the main pages into docs/, from a fresh demonstration: `make
screenshots`. With `--staff FOLDER`, those of staff_screenshots.py instead."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import configured, staff_screenshots  # noqa: F401
from tests.browser.chromium import launch
from tests.browser.conftest import NARROW, log_in, thanks, visit
from tests.browser.planting import plant
from tests.site import ROOT, Site, fetch

FOLDER = ROOT / "docs"
LARGEST = 150_000
PROFILE = "/organizations/amnesty-international-canada/"
PETITION = "/petitions/canada-sign-the-global-treaty-to-end-torture/"
RIVER = "/petitions/plant-trees-along-the-lower-bank/"
ARABIC = "/petitions/light-market-lane-at-night/"
WINDOW = {"width": 1200, "height": 900}


type Act = Callable[[Page, Site], None]


def going(path: str) -> Act:
    def go(page: Page, site: Site) -> None:
        page.goto(path)

    return go


def with_mistakes(path: str, name: str) -> Act:
    def go(page: Page, site: Site) -> None:
        page.goto(path)
        page.fill("#id_name", name)
        page.fill("#id_email", "maya at home")
        page.click("main form button.button--wide")

    return go


def thanked(petition: str, text: str = "") -> Act:
    def go(page: Page, site: Site) -> None:
        visit(page, thanks(site, petition.split("/")[2]) + text)

    return go


def invalidated(page: Page, site: Site) -> None:
    """A hundred thousand that came within an hour, before they are taken back."""
    log_in(page)
    page.goto("/admin/petitions/petition/?q=canada-sign")
    page.click("th.field-title a")
    link = page.get_by_role("link", name="Invalidate signatures…")
    # It opens a window of its own beside the form.
    page.goto(str(link.get_attribute("href")))
    page.get_by_label("Mail domain").fill("bots.test")
    page.get_by_label("Why").fill("One script within an hour")
    page.get_by_role("button", name="Show how many").click()
    page.get_by_text("100,000 signatures would be taken").wait_for(timeout=8000)


ON_A_PHONE = {"viewport": NARROW}
in_arabic = going(f"{ARABIC}ar/")
mistaken_in_arabic = with_mistakes(f"{ARABIC}ar/", "ليلى حداد")
thanked_in_arabic = thanked(ARABIC, "&text=ar")


# Name of the file: what is done, and how the browser looks at it.
PICTURES: dict[str, tuple[Act, dict[str, Any]]] = {
    "home": (going("/"), {}),
    "profile": (going(PROFILE), {}),
    "petition": (going(PETITION), {}),
    "form-error": (with_mistakes(PETITION, ""), {}),
    "thank-you": (thanked(RIVER), {}),
    "dark": (going(PETITION), {"color_scheme": "dark"}),
    "french": (going(f"/fr{PROFILE}"), {}),
    "arabic": (in_arabic, {}),
    "arabic-narrow": (in_arabic, ON_A_PHONE),
    "arabic-error": (mistaken_in_arabic, {}),
    "arabic-error-narrow": (mistaken_in_arabic, ON_A_PHONE),
    "arabic-thank-you": (thanked_in_arabic, {}),
    "arabic-thank-you-narrow": (thanked_in_arabic, ON_A_PHONE),
    "narrow": (going(PETITION), ON_A_PHONE),
    # The last of all: it adds the signatures that it shows.
    "invalidation": (invalidated, {}),
}
# Name of the file: the page whose link is shared.
SHARED = {"share-english": PETITION, "share-arabic": f"{ARABIC}ar/"}


def take(browser: Browser, site: Site, name: str) -> bytes:
    """A picture as PNG, in as few colours as it takes to be small."""
    act, options = PICTURES[name]
    if act is invalidated:
        plant(site, 100_000)
    context = browser.new_context(
        base_url=site.url, **{"viewport": WINDOW, "color_scheme": "light", **options}
    )
    page = context.new_page()
    act(page, site)
    # What the demonstration adds to every page would be in every picture.
    page.evaluate("document.querySelector('.demo-bar')?.remove()")
    page.wait_for_load_state("networkidle")
    narrow = options.get("viewport") == NARROW
    shot = page.screenshot(full_page=narrow, animations="disabled")
    context.close()
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    if narrow:
        picture = picture.crop((0, 0, picture.width, min(picture.height, 1600)))
    for colours in (256, 128, 64, 32):
        file = io.BytesIO()
        few = picture.quantize(
            colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        few.save(file, "PNG", optimize=True)
        if file.tell() <= LARGEST:
            return file.getvalue()
    raise AssertionError(f"{name} is larger than {LARGEST} bytes in 32 colours")


def share_picture(site: Site, name: str) -> bytes:
    """What stands beside a shared link, as the page names it."""
    page = fetch(site.url + SHARED[name]).text
    found = re.search(r'property="og:image" content="([^"]+)"', page)
    assert found
    with urlopen(found[1].replace("&amp;", "&")) as answer:
        png: bytes = answer.read()
    return png


def main() -> int:
    site = Site().start()
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            if sys.argv[1:2] == ["--staff"]:
                folder = Path(sys.argv[2])
                folder.mkdir(parents=True, exist_ok=True)
                staff_screenshots.take_all(browser, site, folder, sys.argv[3:])
                return 0
            for name in sys.argv[1:] or [*SHARED, *PICTURES]:
                file = FOLDER / f"{name}.png"
                shared = name in SHARED
                file.write_bytes(
                    share_picture(site, name) if shared else take(browser, site, name)
                )
                print(f"  {file.relative_to(ROOT)}  {file.stat().st_size:,} bytes")
            browser.close()
    finally:
        site.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
