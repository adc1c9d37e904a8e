"""A real Chromium on a real site: gunicorn, worker and PostgreSQL, as `make run` starts
them, with the demonstration's content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.signing import Signer, TimestampSigner
from django.utils import timezone
from django.utils.http import int_to_base36
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from petitions.signatures.tokens import TokenPurpose
from tests.browser import crawl
from tests.browser.chromium import launch
from tests.site import PASSWORD, Site, fetch

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 320, "height": 640}


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    site = Site.begun().start()
    yield site
    site.remove()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_context(
    browser: Browser, site: Site
) -> Iterator[Callable[..., BrowserContext]]:
    """A function that opens a browser context with options of Playwright; errors and
    warnings on its consoles fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(**options: Any) -> BrowserContext:
        options.setdefault("viewport", WIDE)
        context = browser.new_context(base_url=site.url, **options)
        context.set_default_timeout(15_000)
        context.on("console", lambda message: note(message.type, message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    def note(kind: str, text: str) -> None:
        # A page may be shown with an error status; that is no mistake of the page.
        if kind in {"error", "warning"} and "the server responded with" not in text:
            complaints.append(text)

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    """A page with JavaScript."""
    return open_context().new_page()


@pytest.fixture
def plain(open_context: Callable[..., BrowserContext]) -> Page:
    """A page without JavaScript."""
    return open_context(java_script_enabled=False).new_page()


@pytest.fixture
def staff(open_context: Callable[..., BrowserContext]) -> Page:
    """A page on which the demonstration's staff have logged in."""
    page = open_context().new_page()
    log_in(page)
    return page


def log_in(page: Page) -> None:
    page.goto("/admin/")
    page.fill("#id_username", "staff@demo.example")
    page.fill("#id_password", PASSWORD)
    with page.expect_navigation():
        page.click("input[type=submit]")


def visit(page: Page, path: str) -> None:
    """Go to `path` from a page of the site: the thank-you page is for those who come
    from the button, and sends others to the petition."""
    page.goto("/erased/")
    with page.expect_navigation():
        page.evaluate("path => { location.href = path }", path)


def token(site: Site, purpose: TokenPurpose, signature: int, made: datetime) -> str:
    """Return a link's token as the site would have made it at the time `made`."""
    signer = Signer(key=site.settings["SECRET_KEY"], salt=purpose, sep=".")
    seconds = int_to_base36(int(made.timestamp()))
    return signer.sign(f"{int_to_base36(signature)}.{seconds}")


def thanks(site: Site, petition: str) -> str:
    """Return the address of the page that thanks for a signature that counts."""
    signer = TimestampSigner(
        key=site.settings["SECRET_KEY"], salt="petitions.thank-you"
    )
    return f"/petitions/{petition}/thank-you/?counted={signer.sign(petition)}"


def sign(site: Site, petition: str, email: str, name: str = "Maya Tremblay") -> int:
    """Send the form; return the id of the signature."""
    answer = fetch(
        f"{site.url}/petitions/{petition}/sign/", {"name": name, "email": email}
    )
    assert answer.status == 303
    rows = site.sql("SELECT max(id) FROM petitions_signature WHERE email = %s", email)
    return int(rows[0][0])


# The room of an office, with an answer that waits to be confirmed.
ANSWERED = """
from datetime import timedelta
from django.utils import timezone
from petitions.models import *
from petitions.states import *
now = timezone.now()
petition = Petition.objects.get(slug='plant-trees-along-the-lower-bank')
pack = Pack.objects.create(
    petition=petition, target=petition.targets.all()[0], made_at=now, as_of=now,
    state=PackState.DONE, finished_at=now, names=3, number_only=1200,
    countries={'CA': 1100, 'FR': 90, '': 13})
link = OfficeLink.objects.create(
    pack=pack, mailboxes='example.org', made_at=now, ends_at=now + timedelta(days=30))
OfficeAnswer.objects.create(
    link=link, name='Anna Minister', email='anna@example.org', language='en',
    text='We will.', sent_at=now, mailed_at=now)
"""


# Two mails to one supporter: one names a petition to be signed with one press, the
# other one that is signed.
ONE_PRESS = """
from django.utils import timezone
from petitions.models import Mailing, MailingRecipient, Petition, Signature, Update
from petitions.models.mailings import update_words
from petitions.signatures.consent import record_consent
now = timezone.now()
row = Signature.objects.select_related('petition__organization').get(pk={signature})
record_consent(row, wants_updates=True, now=now)
new = Petition.objects.create(
    organization=row.petition.organization, language='en', title='Count the swifts',
    text='Please do.', state='open', opens_at=now)
for following in (new, row.petition):
    update = Update.objects.create(petition=row.petition, title='News', text='News.')
    mailing = Mailing.objects.create(
        petition=row.petition, update=update, next_petition=following,
        words=update_words(update), made_at=now, state='called_off', finished_at=now)
    mail = MailingRecipient.objects.create(
        mailing=mailing, update=update, signature=row, email_key=row.email_key,
        state='sent', due_at=now, created_at=now, finished_at=now)
    print(mail.pk)
"""


@pytest.fixture(scope="session")
def states(site: Site) -> dict[str, str]:
    """A path for each state that a public page can be in, made with real rows."""
    now = timezone.now()
    # Nothing here changes what the reference profile shows: the tour looks at that.
    river = "plant-trees-along-the-lower-bank"
    phone = "tell-myanmars-government-to-free-peaceful-activist-phyoe-phyoe-aung"
    canada = "canada-sign-the-global-treaty-to-end-torture"

    bridge = "/petitions/open-the-old-footbridge-again/"
    families = "/petitions/help-reunite-families-divided-by-prison-walls/"

    purposes = {
        "confirm": TokenPurpose.CONFIRM,
        "not-me": TokenPurpose.NOT_ME,
        "signature": TokenPurpose.OWN,
        "signed": TokenPurpose.ALL,
        "never-again": TokenPurpose.NEVER,
    }

    def link(kind: str, signature: int, days: float = 0) -> str:
        purpose = purposes[kind]
        made = now - timedelta(days=days)
        return f"/{kind}/{token(site, purpose, signature, made)}/"

    pending = sign(site, canada, "pending@example.org", "Zoë “Z” O'Brien-Ñuñez")
    counted = sign(site, river, "counted@example.org")
    assert fetch(site.url + link("confirm", counted), {}).status == 303
    back = sign(site, river, "taken-back@example.org")
    assert fetch(site.url + link("confirm", back), {}).status == 303
    assert fetch(site.url + link("signature", back) + "withdraw/", {}).status == 303
    fetch(site.url + link("never-again", back), {})
    gone = sign(site, canada, "gone@example.org")
    fetch(site.url + link("not-me", gone), {})
    inbox = fetch(
        f"{site.url}/petitions/{canada}/sign/",
        {"name": "Maya", "email": "maya@gmial.com"},
    )
    site.sql(
        "INSERT INTO petitions_petition (organization_id, language, title, slug, ask, "
        "summary, text, text_format, image, image_description, state, opens_at, ended_at,"
        " outcome, asks_place, asks_postal_code, asks_country, delivery, created_at) "
        "SELECT organization_id, 'fr', 'Une pétition ' || s, s, 'Faites-le.', 'Résumé', "
        "'Un texte.', 'markdown', '', '', s, now() - interval '9 days', "
        "CASE WHEN s = 'withdrawn' THEN now() END, 'Une phrase.', true, true, true, "
        "'comments', now() FROM petitions_petition, "
        "unnest(ARRAY['paused', 'withdrawn', 'open']) s WHERE slug = %s",
        river,
    )
    crawl.tell_story(site)
    assert site.manage("shell", "-c", ANSWERED).returncode == 0
    ((room, answer),) = site.sql(
        "SELECT max(link_id), max(id) FROM petitions_officeanswer"
    )
    (given,), (taken,) = site.sql(
        "INSERT INTO petitions_consent (organization_id, email, email_key, "
        "email_key_version, wants_updates, wording_version, language, sender, source, "
        "given_at) SELECT o.id, y || '@news.example.org', gen_random_uuid(), 1, y, 1, "
        "'en', 'Us', 'petition:0', now() FROM organizations_organization o, "
        "unnest(ARRAY[true, false]) y WHERE o.slug = 'riverbank-commons' "
        "ORDER BY y DESC RETURNING id"
    )

    planted = site.manage("shell", "-c", ONE_PRESS.format(signature=counted))
    assert planted.returncode == 0, planted.stderr
    offered, signed = map(int, planted.stdout.split()[-2:])

    def one_press(recipient: int, days: float = 0) -> str:
        made = now - timedelta(days=days)
        return f"/one-press/{token(site, TokenPurpose.ONE_PRESS, recipient, made)}/"

    def unsubscribe(consent: int) -> str:
        return f"/unsubscribe/{token(site, TokenPurpose.UNSUBSCRIBE, consent, now)}/"

    return {
        "home": "/",
        "unsubscribe": unsubscribe(given),
        "unsubscribe, so it is": unsubscribe(taken),
        "unsubscribe, erased": unsubscribe(0),
        "one press": one_press(offered),
        "one press, counted": one_press(signed),
        "one press, ended": one_press(offered, 31),
        "office": f"/office/{token(site, TokenPurpose.OFFICE, room, now)}/",
        "office, ended": "/office/not-whole/",
        "office, answer": (
            f"/office-answer/{token(site, TokenPurpose.OFFICE_ANSWER, answer, now)}/"
        ),
        "list": "/petitions/",
        "search": "/petitions/?q=torture",
        "search without result": "/petitions/?q=nothing-at-all",
        "search for a mistyped word": "/petitions/?q=mianmar",
        "topic": "/topics/torture/",
        "profile, searched": "/organizations/riverbank-commons/?q=bridge",
        "profile": "/organizations/amnesty-international-canada/",
        "profile with won and closed": "/organizations/riverbank-commons/",
        "organisations": "/organizations/",
        "petition": f"/petitions/{canada}/",
        "petition with one supporter": f"/petitions/{phone}/",
        "petition with all fields": "/petitions/open/",
        "petition in Arabic": "/petitions/open/ar/",
        "petition, curve": f"/petitions/{river}/history/",
        "petition, reasons": f"/petitions/{river}/reasons/",
        "petition without reasons": "/petitions/open/reasons/",
        "petition, updates": "/petitions/open/updates/",
        "petition without updates": f"/petitions/{phone}/updates/",
        "petition, update": "/petitions/open/updates/1/",
        "petition, update in Arabic": "/petitions/open/updates/1/?text=ar",
        "petition, update with a picture": f"{bridge}updates/2/",
        "petition for other sites": "/petitions/open/embed/",
        "card": f"/embed/{river}/",
        "card closed": "/embed/keep-the-reading-room-at-the-lock-open-on-sundays/",
        "card with form": f"/embed/{river}/form/",
        "developers": "/developers/",
        "petition closed": "/petitions/keep-the-reading-room-at-the-lock-open-on-sundays/",
        "petition won": "/petitions/open-the-old-footbridge-again/",
        "petition paused": "/petitions/paused/",
        "petition withdrawn": "/petitions/withdrawn/",
        "check inbox": inbox.headers["Location"],
        "check inbox without address": f"/petitions/{canada}/check-inbox/",
        "confirm": link("confirm", pending),
        "confirm counted": link("confirm", counted),
        "confirm gone": link("confirm", gone),
        "confirm expired": link("confirm", pending, days=15),
        "confirm broken": "/confirm/nothing/",
        "confirm broken, with more behind it": "/confirm/nothing/more",
        "not me": link("not-me", pending),
        "not me counted": link("not-me", counted),
        "thank you": thanks(site, canada),
        "thank you, but no proof": f"/petitions/{canada}/thank-you/",
        "thank you, another petition": thanks(site, families.split("/")[2]),
        "thank you, donation": thanks(site, phone),
        "poster": f"/petitions/{canada}/poster/",
        "sheet": f"/petitions/{canada}/sheet/",
        "erased": "/erased/",
        "erased all": "/erased/all/",
        "signature": link("signature", counted),
        "signature saved": link("signature", counted) + "?saved=1",
        "signature withdrawn": link("signature", back),
        "signature, old link": link("signature", counted, days=15),
        "withdraw": link("signature", counted) + "withdraw/",
        "erase one": link("signature", counted) + "erase/",
        "ask for all signed": "/signed/",
        "ask for all signed, sent": "/signed/?sent=1",
        "all signed": link("signed", counted),
        "erase all": link("signed", counted) + "erase/",
        "never again": link("never-again", counted),
        "never again, so it is": link("never-again", back),
        "new link": "/new-link/",
        "new link sent": "/new-link/?sent=1",
        "how we count": "/how-we-count/",
        "check": "/check/",
        "privacy": "/privacy/",
        "about": "/about/",
        "accessibility": "/accessibility/",
        "contact": "/contact/",
        "contact about a barrier": "/contact/?reason=access",
        "contact, sent": "/contact/?sent=1",
        "report": f"/petitions/{canada}/report/",
        "report, sent": f"/petitions/{canada}/report/?sent=1",
        "card paused": "/embed/paused/",
        "card withdrawn": "/embed/withdrawn/",
        "nothing here": "/petitions/no-such-petition/",
        "tour": "/demo/",
        "mailbox": "/demo/mail/",
        "proof": "/demo/proof/",
    }


@pytest.fixture(scope="session")
def documents(site: Site, states: dict[str, str]) -> list[crawl.Document]:
    """Every page in every state and both languages, as it was served."""
    return list(crawl.collect(site, states))
