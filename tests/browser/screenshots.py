"""Pictures of the main pages into docs/, from a fresh demonstration: `make
screenshots`."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import launch
from tests.browser.conftest import NARROW, visit
from tests.site import ROOT, Site

FOLDER = ROOT / "docs"
LARGEST = 150_000
PROFILE = "/organizations/amnesty-international-canada/"
PETITION = "/petitions/canada-sign-the-global-treaty-to-end-torture/"
RIVER = "/petitions/plant-trees-along-the-lower-bank/"
WINDOW = {"width": 1200, "height": 900}


def going(path: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.goto(path)

    return go


def with_mistakes(page: Page) -> None:
    page.goto(PETITION)
    page.fill("#id_email", "maya at home")
    page.click("main form button.button--wide")


def thanked(page: Page) -> None:
    visit(page, f"{RIVER}thank-you/")


def in_arabic(page: Page) -> None:
    """The first petition that has a text in Arabic."""
    page.goto("/petitions/")
    paths = [str(link.get_attribute("href")) for link in page.locator("h3 a").all()]
    for path in paths:
        answer = page.goto(f"{path}ar/")
        if answer is not None and answer.status == 200:
            return
    raise AssertionError("No petition of the demonstration has a text in Arabic.")


# Name of the file: what is done, and how the browser looks at it.
PICTURES: dict[str, tuple[Callable[[Page], None], dict[str, Any]]] = {
    "home": (going("/"), {}),
    "profile": (going(PROFILE), {}),
    "petition": (going(PETITION), {}),
    "form-error": (with_mistakes, {}),
    "thank-you": (thanked, {}),
    "dark": (going(PETITION), {"color_scheme": "dark"}),
    "french": (going(f"/fr{PROFILE}"), {}),
    "arabic": (in_arabic, {}),
    "narrow": (going(PETITION), {"viewport": NARROW}),
}


def take(browser: Browser, site: Site, name: str) -> bytes:
    """A picture as PNG, in as few colours as it takes to be small."""
    act, options = PICTURES[name]
    context = browser.new_context(
        base_url=site.url, **{"viewport": WINDOW, "color_scheme": "light", **options}
    )
    page = context.new_page()
    act(page)
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


def main() -> int:
    site = Site().start()
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            for name in sys.argv[1:] or PICTURES:
                file = FOLDER / f"{name}.png"
                file.write_bytes(take(browser, site, name))
                print(f"  {file.relative_to(ROOT)}  {file.stat().st_size:,} bytes")
            browser.close()
    finally:
        site.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
