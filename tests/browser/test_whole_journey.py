"""The whole way of a supporter, without JavaScript: read, sign, open the mail, confirm,
correct, hide, withdraw, see all, unsubscribe, erase. In English and French, with the
mouse in a wide window and with the keyboard alone in the narrowest."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import NARROW, WIDE
from tests.browser.journey import FAMILIES, PROFILE, has_supporters
from tests.site import Site, until

pytestmark = pytest.mark.browser

TITLES = {
    "en": "Help reunite families divided by prison walls",
    "fr": "Aidez à réunir les familles que des murs de prison séparent",
}
HEADINGS = {
    "en": {
        "inbox": "One more step: open your e-mail",
        "thanks": "Thank you. Your signature counts.",
        "sent": "Check your inbox",
        "all": "All I have signed here",
        "own": "Your signature",
        "withdrawn": "Your signature is withdrawn",
        "never": "We have stopped e-mailing you",
        "erased": "Erased",
    },
    "fr": {
        "inbox": "Encore une étape : ouvrez votre courriel",
        "thanks": "Merci. Votre signature compte.",
        "sent": "Vérifiez vos courriels",
        "all": "Tout ce que j’ai signé ici",
        "own": "Votre signature",
        "withdrawn": "Votre signature est retirée",
        "never": "Nous ne vous écrivons plus",
        "erased": "Effacé",
    },
}
# Whether what has the focus can be seen: on the screen, uncovered, with an outline.
IN_SIGHT = """element => {
  const box = element.getClientRects()[0];
  const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return at !== null && (element.contains(at) || at.contains(element))
    && getComputedStyle(element).outlineStyle !== "none";
}"""


class Mouse:
    """Somebody who points."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        with self.page.expect_navigation():
            target.click()

    def fill(self, target: Locator, text: str) -> None:
        target.fill(text)

    def tick(self, target: Locator) -> None:
        target.click()

    def reveal(self, target: Locator) -> None:
        """Open what it is folded into, if it is."""
        if not target.is_visible():
            self.tick(self.page.locator("details", has=target).locator("summary"))


class Keyboard(Mouse):
    """Somebody who has keys alone: Tab, Space, Enter and letters."""

    def press(self, target: Locator) -> None:
        self.reach(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def fill(self, target: Locator, text: str) -> None:
        self.reach(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def tick(self, target: Locator) -> None:
        self.reach(target)
        self.page.keyboard.press("Space")

    def reach(self, target: Locator) -> None:
        """Tab until it has the focus; all on the way there must be in sight."""
        wanted = target.element_handle()
        assert wanted is not None
        for _ in range(120):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
            focus = self.page.evaluate_handle("document.activeElement").as_element()
            assert focus is not None
            if focus.evaluate("element => element !== document.body"):
                assert focus.evaluate(IN_SIGHT), focus.evaluate("e => e.outerHTML")
        raise AssertionError(f"Tab never reached {target}")


def recorded(site: Site) -> int:
    """How many have signed, by the records: the public count may lag behind those who
    came before."""
    rows = site.sql(
        "SELECT count(*) FROM petitions_signature s JOIN petitions_petition p "
        "ON p.id = s.petition_id WHERE s.state = 'confirmed' AND p.slug = %s",
        FAMILIES.strip("/").rpartition("/")[2],
    )
    return int(rows[0][0])


WAYS = {"mouse": (Mouse, WIDE), "keyboard": (Keyboard, NARROW)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("language", HEADINGS)
def test_from_reading_to_nothing_left(
    open_context: Callable[..., BrowserContext], site: Site, language: str, way: str
) -> None:
    hand_of, viewport = WAYS[way]
    # Without motion: what is scrolled to is there at once.
    page = open_context(
        java_script_enabled=False, viewport=viewport, reduced_motion="reduce"
    ).new_page()
    hand = hand_of(page)
    heading = HEADINGS[language]
    prefix = "" if language == "en" else "/fr"
    email = f"whole.{language}.{way}@example.org"
    before = recorded(site)

    def arrive(name: str) -> None:
        expect(page.locator("h1")).to_have_text(heading[name])
        assert page.locator("html").get_attribute("lang") == language

    # Read and sign.
    page.goto(f"{prefix}{PROFILE}")
    hand.press(page.locator("main a", has_text=TITLES[language]).first)
    expect(page.locator("h1")).to_have_text(TITLES[language])
    hand.fill(page.locator("#id_name"), "Wanda Whole")
    hand.fill(page.locator("#id_email"), email)
    hand.reveal(page.locator("#id_comment"))
    hand.fill(page.locator("#id_comment"), "Because it could be any of us.")
    hand.tick(page.locator("#id_show_name"))
    hand.tick(page.locator("#id_updates_yes"))
    hand.press(page.locator("main form button.button--wide"))
    arrive("inbox")

    # Open the mail and confirm.
    link = urlsplit(site.link_for(email)).path
    assert link.startswith(f"{prefix}/confirm/")
    page.goto(link)
    hand.press(page.locator("main form button").first)
    arrive("thanks")
    assert "confirm" not in page.url
    until(partial(has_supporters, site, FAMILIES, before + 1), 30, 0.5)

    # Ask for all that was signed.
    hand.press(page.locator(f"main a[href='{prefix}/signed/']"))
    hand.fill(page.locator("#id_email"), email.upper())
    hand.press(page.locator("main form button"))
    arrive("sent")
    page.goto(urlsplit(until(partial(site.link_in, email, "/signed/"), 10)).path)
    arrive("all")
    everything = urlsplit(page.url).path
    hand.press(page.locator("main .entry a[href*='/signature/']"))
    arrive("own")

    # Correct it, hide it.
    hand.fill(page.locator("#id_name"), "Wanda Corrected")
    hand.press(page.locator("main .button--wide"))
    expect(page.locator("main [role=status]")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value("Wanda Corrected")
    expect(page.locator("#id_show_name")).to_be_checked()
    hand.tick(page.locator("#id_show_name"))
    hand.press(page.locator("main .button--wide"))
    expect(page.locator("#id_show_name")).not_to_be_checked()

    # Withdraw it.
    hand.press(page.locator("main a[href$='/withdraw/']"))
    hand.press(page.locator("main form button"))
    arrive("withdrawn")
    until(partial(has_supporters, site, FAMILIES, before), 30, 0.5)

    # A link to one leads to no other: by the mailed one, be left alone, erase everything.
    page.goto(everything)
    arrive("all")
    hand.press(page.locator("main a[href*='/never-again/']"))
    hand.press(page.locator("main form button"))
    arrive("never")
    page.goto(everything)
    hand.press(page.locator("main a[href$='/erase/']"))
    hand.press(page.locator("main form button"))
    arrive("erased")
    expect(page).to_have_url(re.compile(f"{prefix}/erased/all/$"))

    for table in ("signature", "consent"):
        query = f"SELECT 1 FROM petitions_{table} WHERE email ILIKE %s"
        assert site.sql(query, email) == [], table
    assert site.manage("verify_counts").returncode == 0
