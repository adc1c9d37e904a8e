"""What each kind of link in a mail lets in to, and nothing else: every kind at every
address; what mail programs make of them; whose address it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import override

from petitions.counts import verifying
from petitions.identity import key_ring
from petitions.models import (
    Consent,
    MergedSignature,
    OutgoingMail,
    Petition,
    Signature,
    Suppression,
)
from petitions.privacy import export
from petitions.privacy.layouts import ListLayout
from petitions.signatures import (
    confirming,
    links,
    withdrawing,
)
from petitions.signatures.tokens import (
    LEADS_TO,
    TokenPurpose,
)
from petitions.states import SignatureState
from petitions.urls import urlpatterns
from petitions.views.links import PAGES
from tests.clock import time_passes
from tests.factories import (
    make_organization,
    make_pending,
    make_petition,
    make_signature,
    make_user,
)
from tests.helpers import text_of
from tests.mailserver import MailServer, body
from tests.petitions.mail.helpers import send
from tests.petitions.signatures.invalidations import begin, work
from tests.petitions.views.helpers import page_of, token_of

pytestmark = pytest.mark.django_db

NAME, EMAIL, COMMENT = "Maya Tremblay", "maya@example.org", "Because of my brother"


@dataclass(frozen=True)
class Shows:
    """What a page may show: what somebody entered, and of which petitions."""

    details: bool = False
    others: bool = False


# Every kind of link at every address that takes one; any other pair opens nothing.
TABLE: dict[str, tuple[TokenPurpose, Shows, Shows]] = {
    # address: kind, shown before and after the signature was confirmed
    "confirm": (TokenPurpose.CONFIRM, Shows(details=True), Shows()),
    "correct": (TokenPurpose.CONFIRM, Shows(details=True), Shows()),
    "resend": (TokenPurpose.CONFIRM, Shows(details=True), Shows()),
    "not_me": (TokenPurpose.NOT_ME, Shows(), Shows()),
    "signature": (TokenPurpose.OWN, Shows(details=True), Shows(details=True)),
    "receipt": (TokenPurpose.OWN, Shows(), Shows()),
    "withdraw": (TokenPurpose.OWN, Shows(details=True), Shows()),
    "erase": (TokenPurpose.OWN, Shows(), Shows()),
    "signed": (TokenPurpose.ALL, Shows(others=True), Shows(others=True)),
    "download": (
        TokenPurpose.ALL,
        Shows(details=True, others=True),
        Shows(details=True, others=True),
    ),
    "erase_all": (TokenPurpose.ALL, Shows(), Shows()),
    "end_links": (TokenPurpose.ALL, Shows(others=True), Shows(others=True)),
    "never_again": (TokenPurpose.NEVER, Shows(), Shows()),
}
# Those that lead to signatures; offices have theirs (delivery/test_office.py).
SIGNERS = [
    TokenPurpose.CONFIRM, TokenPurpose.NOT_ME, TokenPurpose.OWN, TokenPurpose.ALL,
    TokenPurpose.NEVER,
]  # fmt: skip
OF_OFFICES = ["office", "office_answer", "office_file", "office_names"]
# Those of a mailing, about an answer to the organisation (test_unsubscribing.py) and
# about a recipient (test_one_press.py).
OF_MAILINGS = ["unsubscribe", "one_press"]
# What a POST may do to a signature that was confirmed.
CHANGES = {"signature", "withdraw", "erase", "erase_all", "end_links"}
OF_TOKENS = [
    pattern.name
    for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and "<str:token>" in str(pattern.pattern)
]


def path_of(name: str, purpose: TokenPurpose, signature: Signature, **how: Any) -> str:
    return reverse(f"petitions:{name}", args=[token_of(purpose, signature, **how)])


def stored() -> list[dict[str, Any]]:
    return [dict(row) for row in Signature.objects.order_by("pk").values()]


@pytest.fixture
def other() -> Petition:
    """What the same person signed elsewhere."""
    petition = make_petition(make_organization("Elsewhere"), title="Another matter")
    make_signature(petition, EMAIL)
    return petition


def test_the_table_has_every_address() -> None:
    assert sorted([*TABLE, *OF_OFFICES, *OF_MAILINGS]) == sorted(
        name for name in OF_TOKENS if name
    )
    assert {kind for kind, *_shows in TABLE.values()} == {*SIGNERS}


@pytest.mark.parametrize("is_confirmed", [False, True])
@pytest.mark.parametrize("purpose", TokenPurpose)
@pytest.mark.parametrize("name", TABLE)
def test_every_kind_of_link_at_every_address(
    visitor: Client,
    petition: Petition,
    other: Petition,
    name: str,
    purpose: TokenPurpose,
    is_confirmed: bool,
) -> None:
    make = make_signature if is_confirmed else make_pending
    mine = make(petition, EMAIL, name=NAME, comment=COMMENT)
    kind, *shows = TABLE[name]
    path, before = path_of(name, purpose, mine), stored()

    page = visitor.get(path, follow=True)

    assert stored() == before  # looking changes nothing
    text = page.content.decode()
    if purpose is not kind:
        assert page.status_code == 404
        assert visitor.post(path).status_code in (404, 405)
        assert stored() == before
        assert not Suppression.objects.exists()
    allowed = shows[is_confirmed] if purpose is kind else Shows()
    assert (COMMENT in text) is allowed.details
    if not allowed.details:
        assert NAME not in text
    assert (other.title in text) is allowed.others
    assert (EMAIL in text) is (name == "download" and purpose is kind)
    if is_confirmed and purpose is kind and name not in CHANGES:
        visitor.post(path, {"name": "Mallory"})
        assert stored() == before


@pytest.mark.parametrize("purpose", SIGNERS)
def test_a_page_holds_no_link_that_may_do_more(
    visitor: Client, petition: Petition, other: Petition, purpose: TokenPurpose
) -> None:
    """Followed to the end, also through what its buttons answer."""
    for mine in (
        make_signature(petition, EMAIL),
        make_pending(make_petition(), EMAIL),
        Signature.objects.get(petition=other),
    ):
        page = visitor.get(page_of(purpose, mine), follow=True)
        reached = {
            kind
            for kind in TokenPurpose
            if reverse(PAGES[kind], args=["x"]).removesuffix("x/")
            in page.content.decode().replace('"/signed/"', "")
        }
        allowed = {purpose} | LEADS_TO[purpose]
        if TokenPurpose.OWN in allowed and mine.state == SignatureState.PENDING:
            allowed |= {TokenPurpose.CONFIRM, TokenPurpose.NOT_ME}
        assert reached <= allowed


@pytest.mark.parametrize(
    ("purpose", "never"),
    [
        (
            TokenPurpose.CONFIRM,
            {TokenPurpose.OWN, TokenPurpose.ALL, TokenPurpose.NEVER},
        ),
        (
            TokenPurpose.NOT_ME,
            {
                TokenPurpose.CONFIRM,
                TokenPurpose.OWN,
                TokenPurpose.ALL,
                TokenPurpose.NEVER,
            },
        ),
        (TokenPurpose.OWN, {TokenPurpose.ALL, TokenPurpose.NEVER}),
        (
            TokenPurpose.NEVER,
            {TokenPurpose.CONFIRM, TokenPurpose.OWN, TokenPurpose.ALL},
        ),
    ],
)
def test_no_link_leads_to_more_by_any_way(
    purpose: TokenPurpose, never: set[TokenPurpose]
) -> None:
    """What the table allows: a mail about one petition opens nothing of another, and
    once it is confirmed, none that shows and changes it."""
    reached = {purpose}
    while more := {led for one in reached for led in LEADS_TO[one]} - reached:
        reached |= more

    assert not reached & never


def test_only_a_mail_or_an_opened_link_makes_another() -> None:
    """Otherwise a page could hold whatever it likes."""
    makers = {
        path.name
        for path in Path("petitions").rglob("*.py")
        if "make_token(" in path.read_text()
    }
    assert makers == {"tokens.py", "messages.py", "links.py", "office.py"}


# == After confirming ==


def test_a_used_link_says_that_it_counts_and_mails_another(
    server: MailServer, visitor: Client, petition: Petition
) -> None:
    mine = make_signature(petition, EMAIL, now=timezone.now() - timedelta(hours=1))
    OutgoingMail.objects.all().delete()
    path = page_of(TokenPurpose.CONFIRM, mine)

    text = text_of(visitor.get(path))
    pressed = visitor.post(f"{path}resend/")
    visitor.post(f"{path}resend/")
    send()

    assert "It has counted since" in text
    assert "E-mail me a link to see, correct or withdraw it" in text
    assert "Check your inbox" in text_of(visitor.get(pressed.headers["Location"]))
    (message,) = server.mailbox.messages
    assert message["To"] == EMAIL
    assert "/signed/" in body(message)


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("counts", "see, correct or withdraw it"),
        ("withdrawn", "see or erase it"),
        ("invalid", "see, withdraw or erase it"),
        ("petition gone", "see, withdraw or erase it"),
    ],
)
def test_the_mailed_link_is_offered_for_what_can_still_be_done(
    visitor: Client, petition: Petition, state: str, offered: str
) -> None:
    now = timezone.now()
    mine = make_signature(petition, EMAIL)
    if state == "withdrawn":
        withdrawing.withdraw(mine, now=now)
    elif state == "invalid":
        work(begin(petition, make_user(), domain="example.org"))
        mine.refresh_from_db()
        assert mine.state == SignatureState.INVALID
    elif state == "petition gone":
        petition.withdraw(now=now)

    for purpose in (TokenPurpose.CONFIRM, TokenPurpose.NOT_ME):
        text = text_of(visitor.get(page_of(purpose, mine)))
        assert re.findall("E-mail me a link to ([^.]+? it) ", text) == [offered]


# == A link ends, and what it leads to ends with it ==


@pytest.mark.parametrize(("days_old", "status"), [(13.9, 200), (14.1, 410)])
def test_what_a_link_leads_to_is_as_old_as_itself(
    visitor: Client, petition: Petition, days_old: float, status: int
) -> None:
    mine = make_signature(petition, EMAIL)
    page = visitor.get(page_of(TokenPurpose.ALL, mine, days_old=13.5)).content.decode()
    own = page.split('href="/signature/')[1].split("/")[0]
    later = timedelta(days=days_old - 13.5)

    with time_passes(later):
        answer = visitor.get(f"/signature/{own}/")

    assert answer.status_code == status


def test_its_owner_ends_the_earlier_ones(visitor: Client, petition: Petition) -> None:
    mine = make_signature(petition, EMAIL)
    elsewhere = make_signature(make_petition(), EMAIL)
    leaked = [
        page_of(kind, row, days_old=2)
        for kind in (TokenPurpose.ALL, TokenPurpose.OWN)
        for row in (mine, elsewhere)
    ]
    assert {visitor.get(path).status_code for path in leaked} == {200}
    newest = page_of(TokenPurpose.ALL, mine)

    answer = visitor.post(f"{newest}end-links/")

    page = visitor.get(answer.headers["Location"])
    assert "The links that we e-mailed you before this one no longer work." in text_of(
        page
    )
    own = page.content.decode().split('href="/signature/')[1].split("/")[0]
    assert visitor.get(f"/signature/{own}/").status_code == 200
    before = stored()
    for path in leaked:
        assert visitor.get(path).status_code == 410
        visitor.post(path + ("erase/"))
        assert stored() == before


# == The address authorises ==


@pytest.fixture
def bob(petition: Petition) -> Signature:
    """Counted under the same key as an address that is another mailbox where the
    server knows no +."""
    return make_signature(
        petition,
        "bob@alias.example",
        name="Bob Victim",
        comment=COMMENT,
        wants_updates=True,
    )


EVIL = "bob+evil@alias.example"


def test_another_spelling_opens_nothing(
    server: MailServer, visitor: Client, petition: Petition, bob: Signature
) -> None:
    OutgoingMail.objects.all().delete()
    evil = make_signature(make_petition(), EVIL, name="Evil", wants_updates=False)
    repeated = make_pending(petition, EVIL, name="Evil")
    before = Signature.objects.filter(pk=bob.pk).values().get()
    texts = ""

    send()
    for message in server.mailbox.messages:
        assert message["To"] == EVIL
        texts += body(message)
    for mine in (evil, repeated):
        for purpose in SIGNERS:
            page = visitor.get(page_of(purpose, mine), follow=True)
            texts += page.content.decode()
        visitor.post(page_of(TokenPurpose.CONFIRM, mine))
        texts += visitor.get(page_of(TokenPurpose.CONFIRM, mine)).content.decode()
        texts += visitor.get(
            f"{page_of(TokenPurpose.ALL, mine)}download/"
        ).content.decode()
        visitor.post(page_of(TokenPurpose.OWN, mine), {"name": "Mallory"})
        visitor.post(f"{page_of(TokenPurpose.OWN, mine)}withdraw/")
        visitor.post(page_of(TokenPurpose.NOT_ME, mine))
        visitor.post(page_of(TokenPurpose.NEVER, mine))
        visitor.post(f"{page_of(TokenPurpose.OWN, mine)}erase/")
    newer = make_signature(make_petition(), EVIL)
    visitor.post(f"{page_of(TokenPurpose.ALL, newer)}end-links/")
    visitor.post(f"{page_of(TokenPurpose.ALL, newer)}erase/")

    # Not “Bob”: three letters stand in a token now and then.
    assert "Victim" not in texts
    assert COMMENT not in texts
    assert "already signed" not in texts
    assert Signature.objects.filter(pk=bob.pk).values().get() == before
    assert list(Signature.objects.all()) == [bob]
    assert Consent.objects.get().email == "bob@alias.example"
    assert key_ring.suppressed(["bob@alias.example", EVIL]) == {EVIL}
    statement = export.list_statement(ListLayout.OURS)
    number, lines = export.lines_of_part(petition.organization, 0, 1, statement)
    assert number == 1
    assert str(lines).startswith("bob@alias.example,")
    assert all(proof.holds for proof in verifying.verify())


def test_confirming_one_spelling_leaves_the_links_of_the_other(
    petition: Petition,
) -> None:
    bob = make_pending(petition, "bob@alias.example")
    evil = make_pending(petition, EVIL)

    assert confirming.confirm(evil.pk, now=timezone.now())[0] is (
        confirming.Confirmation.COUNTED
    )
    # Counted once; his own form is still his.
    assert confirming.confirm(bob.pk, now=timezone.now())[0] is (
        confirming.Confirmation.COUNTED
    )
    assert Signature.objects.confirmed().get() == evil
    assert Signature.objects.pending().get() == bob
    assert not MergedSignature.objects.exists()


def test_the_same_address_in_two_forms_of_its_domain_is_one(
    visitor: Client, petition: Petition
) -> None:
    one = make_signature(petition, "ada@münchen.example")
    make_signature(make_petition(title="Elsewhere"), "ada@xn--mnchen-3ya.example")

    assert "Elsewhere" in text_of(visitor.get(page_of(TokenPurpose.ALL, one)))


def test_an_address_that_bounces_holds_no_other_back(
    server: MailServer, petition: Petition
) -> None:
    server.mailbox.refuse = lambda address: (
        "550 5.1.1 no such user" if "evil" in address else None
    )
    make_pending(petition, EVIL)
    send()
    make_pending(make_petition(), "bob@alias.example")
    make_pending(make_petition(), EVIL)
    send(timedelta(hours=1))

    assert server.mailbox.recipients == ["bob@alias.example"]


def test_each_spelling_is_mailed_its_own_list(
    server: MailServer, visitor: Client, petition: Petition, bob: Signature
) -> None:
    make_signature(make_petition(title="Elsewhere"), EVIL)
    OutgoingMail.objects.all().delete()

    visitor.post("/signed/", {"email": EVIL})
    send()
    send(timedelta(hours=1))

    found = {}
    for message in server.mailbox.messages:
        (link,) = [x for x in body(message).splitlines() if "/signed/" in x]
        page = visitor.get(link.removeprefix("http://testserver.localhost"))
        found[message["To"]] = (
            "Elsewhere" in text_of(page),
            bob.petition.title in text_of(page),
        )
    assert found == {EVIL: (True, False), "bob@alias.example": (False, True)}


# == What mail programs make of links ==

GLUED = [
    ">", "%3E", ".", ",", ")", "]", '"', "%22", "'", "%E2%80%9D", "%C2%BB", "%C2%A0%C2%BB",
    "&gt;", "&gt", "&#62;", "%E2%80%8B", ";", "!", "*", "_", "a", "=", "=3D", "=20",
    "%3E%3E", "%20", "%0D%0A", "/>", "//", "/.", "/%22", "/http://x.example/",
]  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "/fr"])
@pytest.mark.parametrize("purpose", TokenPurpose)
def test_what_is_glued_to_a_link_leads_to_its_page(
    visitor: Client, petition: Petition, purpose: TokenPurpose, prefix: str
) -> None:
    mine = make_pending(petition, EMAIL)
    with override(prefix[1:] or "en"):
        page = page_of(purpose, mine)
    assert page.startswith(f"{prefix}/")
    whole, token = page.rstrip("/"), page.rstrip("/").rpartition("/")[2]
    middle = whole[:-20], whole[-20:]
    for damaged in (
        *(f"{whole}{glued}" for glued in GLUED),
        *(f"{page}{glued}" for glued in GLUED if not glued.startswith("/")),
        *(f"{whole}{glued}/" for glued in GLUED),
        f"{page}{page}",
        f"{page}http://testserver.localhost{page}",
        f"{whole}{token}/",
        f"{middle[0]}=%0D%0A{middle[1]}/",
        f"{middle[0]}%0A{middle[1]}/",
        f"{middle[0]}%20{middle[1]}/",
        f"{middle[0]}%0D%0A%3E%20{middle[1]}/",
        f"{middle[0]}%0A%3E%3E%20{middle[1]}%3E/",
        f"{middle[0]}%C2%AD{middle[1]}/",
        f"{middle[0]}%E2%80%8B{middle[1]}/",
        f"{middle[0]}+{middle[1]}/",
        f"{middle[0]}%250D%250A{middle[1]}/",
        page.replace(token, token.replace(".", "%252E")),
        page.replace(token, f"/{token}"),
        f"http://localhost{prefix}/{page.removeprefix(prefix)}",
        page.replace(token, f"%3C{token}%3E"),
        page.replace(token, f"=3D{token}"),
    ):
        answer = visitor.get(damaged)
        assert answer.status_code == 302, damaged
        assert answer.headers["Location"] == page, damaged


@pytest.mark.parametrize("prefix", ["", "/fr"])
@pytest.mark.parametrize("purpose", SIGNERS)
def test_what_cannot_be_mended_offers_a_new_link(
    visitor: Client, petition: Petition, purpose: TokenPurpose, prefix: str
) -> None:
    mine = make_pending(petition, EMAIL)
    with override(prefix[1:] or "en"):
        page = page_of(purpose, mine)
    folder = page.rstrip("/").rpartition("/")[0]
    before = stored()
    for damaged in (
        page[:-20], page[:-6] + "/", page.upper(), page.upper() + "%3E", f"{folder}/%3E",
        f"{folder}/=", page[:-20] + "=%0D%0A",
    ):  # fmt: skip
        assert visitor.post(damaged).status_code in (404, 405)
        answer = visitor.get(damaged, follow=True)
        assert answer.status_code == 404, damaged
        text = answer.content.decode()
        assert f'<html lang="{prefix[1:] or "en"}"' in text, damaged
        assert 'name="email"' in text, damaged
    assert stored() == before


def test_each_link_stands_alone_on_its_line(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition, EMAIL)
    make_signature(make_petition(), EMAIL)
    links.ask_links(EMAIL, "all", now=timezone.now())  # type: ignore[arg-type]
    send()
    send(timedelta(hours=1))

    assert len(server.mailbox.messages) > 1
    for message in server.mailbox.messages:
        lines = [line for line in body(message).splitlines() if "://" in line]
        assert lines
        for line in lines:
            assert line.startswith("http://testserver.localhost/")
            assert line.endswith("/")
            assert " " not in line
