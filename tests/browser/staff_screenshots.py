"""Pictures of what staff see of accounts, rights, the log and a supporter who calls, wide
and narrow, light and dark, in English and French, to be looked at:
`make screenshots ARGS='--staff FOLDER'`, with names of screens behind it for those alone.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Error, Page

from petitions.signatures.tokens import TokenPurpose
from tests.browser.conftest import sign, token
from tests.browser.staff import (
    ADDRESS,
    MAKE,
    WORDS,
    give_authenticator,
    give_password,
    log_out,
)
from tests.organizations.second_factors import code_of
from tests.site import Site, fetch

WIDE, NARROW = 1280, 390
TALLEST = 2600
CALLER = "zephyrine@example.org"
SUPPORTERS = "petitions/supporterrequest/"
LOG = "config/auditentry/"

# Somebody of each role, somebody who is invited, one who has lost a second factor, and
# one whose answer is withdrawn.
PLANT = f"""
{MAKE}
from datetime import timedelta
from django.utils import timezone
from organizations import invitations
from organizations.second_factor import factors, lost
from petitions.models import *
from petitions.states import *
User.objects.create_superuser('site@demo.example', '{WORDS}', name='Site Administrator')
here = Organization.objects.get(slug='riverbank-commons')
user.name = 'Samira Benali-Kowalczyk'
user.save()
Membership.objects.filter(user=user).delete()
Membership.objects.create(user=user, organization=here, role='owner')
for role in ('editor', 'moderator', 'writer', 'viewer'):
    one = User.objects.create_user(role + '@demo.example', '{WORDS}')
    Membership.objects.create(user=one, organization=here, role=role)
factors.add_app(one, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP')
lost.ask_for_removal(one, user, timezone.now())
invitations.invite('colleague@elsewhere.example', here, 'writer', by=user, language='en')
petition = here.petitions.filter(state='won').first() or here.petitions.first()
answer = petition.answers.create(target=petition.targets.first(), text='We will.', answered_on=timezone.localdate(),
                                 created_at=timezone.now())
answer.withdraw('It named somebody who had not agreed.', by=user, now=timezone.now())
"""


MODES: list[tuple[int, Literal["light", "dark"]]] = [
    (WIDE, "light"),
    (WIDE, "dark"),
    (NARROW, "light"),
    (NARROW, "dark"),
]


class Screens:
    """Leads a page to each screen, in one language; the names of its methods are those
    of the screens."""

    def __init__(self, site: Site, page: Page, language: str) -> None:
        self.site, self.page = site, page
        self.prefix = {"en": "/admin/", "fr": "/admin/fr/"}[language]
        self.public = {"en": "", "fr": "/fr"}[language]
        self.secret = ""

    def go(self, path: str) -> None:
        self.page.goto(f"{self.prefix}{path}")

    def send(self, button: str = "#content form [type=submit]") -> None:
        with self.page.expect_navigation():
            self.page.locator(button).last.click()

    def number(self, table: str, where: str = "true") -> int:
        rows = self.site.sql(f"SELECT max(id) FROM {table} WHERE {where}")
        return int(rows[0][0])

    def of_organization(self, path: str) -> None:
        where = "slug = 'riverbank-commons'"
        number = self.number("organizations_organization", where)
        self.go(f"organizations/organization/{number}/{path}")

    def of_supporter(self, path: str = "") -> None:
        number = self.number("petitions_signature", f"email = '{CALLER}'")
        self.go(f"{SUPPORTERS}supporter/signature/{number}/{path}")

    # -- accounts --

    def factor_none(self) -> None:
        give_password(self.page)
        self.go("second-factor/")

    def factor_app(self) -> None:
        self.go("second-factor/app/")
        shown = self.page.locator(".account-secret").inner_text()
        self.secret = shown.replace(" ", "")

    def factor_codes(self) -> None:
        self.page.fill("#id_code", code_of(self.secret))
        self.send()

    def factor_passkey(self) -> None:
        self.go("second-factor/passkey/")

    def factors(self) -> None:
        self.page.fill("#id_name", "Blue key")
        self.page.click("#content form button")
        self.page.wait_for_selector("text=Blue key")
        self.go("second-factor/")

    def factor_at_login(self) -> None:
        log_out(self.page)
        give_password(self.page)
        self.go("login/code/")

    def factor_wrong(self) -> None:
        self.page.fill("#id_code", "000000")
        self.send()

    def account(self) -> None:
        self.go("login/code/")
        self.page.fill("#id_code", code_of(self.secret, -1))
        self.send()
        self.go("account/")

    def logins(self) -> None:
        self.go("logins/")

    def password_again(self) -> None:
        self.go("confirm/")

    def factor_kept(self) -> None:
        script = (
            "from organizations.models import FactorRemoval as F;"
            "from organizations.second_factor import lost;"
            "print(lost.calling_off_link(F.objects.first()))"
        )
        link = self.site.manage("shell", "-v0", "-c", script).stdout.strip()
        self.go(link[link.index("second-factor/") :])

    # -- members and rights --

    def members(self) -> None:
        self.of_organization("members/")

    def members_open(self) -> None:
        for found in self.page.locator("#content details").all():
            found.evaluate("one => { one.open = true }")

    def rights(self) -> None:
        self.of_organization("rights/")

    def organization(self) -> None:
        self.of_organization("change/")

    # -- a person who calls --

    def caller_search(self) -> None:
        self.go(f"{SUPPORTERS}found/")

    def caller_found(self) -> None:
        self.page.fill("#q", "Zéphyrine")
        self.send("#content form button")

    def caller_nothing(self) -> None:
        self.go(f"{SUPPORTERS}found/")
        self.page.fill("#q", "nobody@example.org")
        self.send("#content form button")

    def caller_page(self) -> None:
        self.of_supporter()

    def caller_access(self) -> None:
        self.of_supporter("access/")

    def caller_copy(self) -> None:
        self.of_supporter("copy/")

    def caller_correct(self) -> None:
        number = self.number("petitions_signature", f"email = '{CALLER}'")
        self.of_supporter(f"correct/{number}/")

    def caller_withdraw(self) -> None:
        self.of_supporter("withdraw/")

    def caller_never(self) -> None:
        self.of_supporter("never/")

    def caller_erase(self) -> None:
        self.of_supporter("erase/")

    def caller_erase_refused(self) -> None:
        self.send("#content form.asked button")

    def register_add(self) -> None:
        self.go(f"{SUPPORTERS}add/")

    def register(self) -> None:
        self.go(SUPPORTERS)

    # -- ways back --

    def bulk(self) -> None:
        self.go("petitions/petition/")
        self.page.locator("input.action-select").first.check()
        self.page.select_option("select[name=action]", "pause_selected")
        self.send("#changelist-form .actions button")

    def close(self) -> None:
        number = self.number("petitions_petition", "state = 'open'")
        self.go(f"petitions/petition/{number}/do/close/")

    def petition(self) -> None:
        number = self.number("petitions_petition", "state = 'open'")
        self.go(f"petitions/petition/{number}/change/")

    def tombstone(self) -> None:
        rows = self.site.sql(
            "SELECT slug FROM petitions_petition p JOIN petitions_answerwithdrawal w"
            " ON w.petition_id = p.id"
        )
        self.page.goto(f"{self.public}/petitions/{rows[0][0]}/")

    # -- the log --

    def log(self) -> None:
        self.go(LOG)

    def log_looks(self) -> None:
        self.go(f"{LOG}?action__exact=look")

    def log_of_petitions(self) -> None:
        self.go(f"{LOG}?table=petitions_petition")

    def log_entry(self) -> None:
        number = self.number(
            "config_auditentry",
            "\"table\" = 'petitions_petition' AND action = 'update'",
        )
        self.go(f"{LOG}{number}/change/")

    def history(self) -> None:
        number = self.number("petitions_petition", "state = 'open'")
        self.go(f"petitions/petition/{number}/history/")

    # -- the site --

    def operation(self) -> None:
        log_out(self.page)
        self.page.context.clear_cookies()
        give_password(self.page, "site@demo.example")
        self.go("operation/")

    def operation_switch(self) -> None:
        self.go("operation/read-only/")


NAMES = [name for name in vars(Screens) if name not in {
    "go", "send", "number", "of_organization", "of_supporter"
} and not name.startswith("_")]  # fmt: skip


def prepare(site: Site) -> None:
    """Plant what the screens show."""
    made = site.manage("shell", "-v0", "-c", PLANT)
    assert made.returncode == 0, made.stderr
    slugs = site.sql(
        "SELECT p.slug FROM petitions_petition p JOIN organizations_organization o "
        "ON o.id = organization_id WHERE p.state = 'open' "
        "AND o.slug = 'riverbank-commons' LIMIT 2"
    )
    for (slug,) in slugs:
        number = sign(site, slug, CALLER, "Zéphyrine Quastenflosser")
        link = f"/confirm/{token(site, TokenPurpose.CONFIRM, number, timezone.now())}/"
        assert fetch(site.url + link, {}).status == 303


def take_all(browser: Browser, site: Site, folder: Path, only: list[str]) -> None:
    """Take each screen in each mode and language; one picture has the four modes of a
    screen beside each other."""
    prepare(site)
    for language in ("en", "fr"):
        site.sql("DELETE FROM mfa_authenticator WHERE user_id = "
                 "(SELECT id FROM organizations_user WHERE email = %s)", ADDRESS)  # fmt: skip
        site.sql("DELETE FROM django_session")
        context = browser.new_context(base_url=site.url)
        context.set_default_timeout(8_000)
        page = context.new_page()
        give_authenticator(page)
        screens = Screens(site, page, language)
        for name in NAMES:
            page.set_viewport_size({"width": WIDE, "height": 900})
            try:
                getattr(screens, name)()
            except Error as error:
                print(f"  {name}: {error.message}")
            if only and name not in only:
                continue
            page.evaluate("document.querySelector('.demo-bar')?.remove()")
            file = folder / f"{name}.{language}.png"
            beside(page).save(file, optimize=True)
            print(f"  {file}")
        context.close()


def beside(page: Page) -> Image.Image:
    """Return a picture of the page in each mode, beside each other."""
    found = []
    for width, scheme in MODES:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        shot = page.screenshot(full_page=True, animations="disabled")
        found.append(Image.open(io.BytesIO(shot)).convert("RGB"))
    page.emulate_media(color_scheme="light")
    height = min(TALLEST, max(one.height for one in found))
    sheet = Image.new("RGB", (sum(one.width + 8 for one in found), height), "magenta")
    left = 0
    for one in found:
        sheet.paste(one, (left, 0))
        left += one.width + 8
    return sheet
