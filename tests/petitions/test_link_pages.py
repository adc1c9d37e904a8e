"""The pages behind the links in mails: tab and heading say the same of each state, and
what comes late is stored nowhere."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.retention import expire
from petitions.models import OutgoingMail, Petition, Signature
from petitions.signatures import (
    my_data,
    withdrawing,
)
from petitions.signatures.tokens import (
    TokenPurpose,
    make_token,
)
from petitions.states import State, Withdrawal
from tests.factories import (
    backdate,
    make_pending,
    make_petition,
    make_signature,
    make_user,
)
from tests.helpers import text_of
from tests.petitions.mail.helpers import reminded, sweep, waiting
from tests.petitions.signatures.invalidations import begin, work

pytestmark = pytest.mark.django_db

FOLDERS = {
    TokenPurpose.CONFIRM: "confirm",
    TokenPurpose.OWN: "signature",
    TokenPurpose.NOT_ME: "not-me",
}


def link(purpose: TokenPurpose, signature: Signature) -> str:
    token = make_token(purpose, signature.pk, now=timezone.now())
    return f"/{FOLDERS[purpose]}/{token}/"


def in_state(petition: Petition, name: str) -> Signature:
    """A signature, or a petition, to which this has happened."""
    now = timezone.now()
    if name in {"waits", "paused", "too late"}:
        signature = make_pending(petition, now=now - timedelta(days=5))
    else:
        signature = make_signature(petition)
    match name:
        case "paused":
            backdate(petition, state=State.PAUSED)
        case "too late" | "counted and closed":
            then = now - timedelta(days=2)
            backdate(
                petition,
                opens_at=now - timedelta(days=9),
                state=State.CLOSED,
                ended_at=then,
            )
        case "withdrawn":
            withdrawing.withdraw(signature, now=now)
        case "not counted":
            work(begin(petition, make_user(), domain="example.org"))
        case "petition withdrawn":
            backdate(petition, state=State.WITHDRAWN, ended_at=now)
    return signature


CONFIRM, OWN, NOT_ME = TokenPurpose.CONFIRM, TokenPurpose.OWN, TokenPurpose.NOT_ME


@pytest.mark.parametrize(
    ("state", "purpose", "english", "french"),
    [
        ("waits", CONFIRM, "Confirm your signature", "Confirmez votre signature"),
        ("paused", CONFIRM, "Confirm your signature", "Confirmez votre signature"),
        ("counts", CONFIRM, "Your signature counts", "Votre signature compte"),
        ("counted and closed", CONFIRM, "Your signature counts", "Votre signature compte"),
        ("too late", CONFIRM, "The petition has closed", "La pétition est terminée"),
        ("withdrawn", CONFIRM, "Your signature is withdrawn", "Votre signature est retirée"),
        (
            "not counted", CONFIRM,
            "Your signature is not counted", "Votre signature n’est pas comptée",
        ),
        (
            "petition withdrawn", CONFIRM,
            "This petition was withdrawn", "Cette pétition a été retirée",
        ),
        ("counts", OWN, "Your signature", "Votre signature"),
        ("counted and closed", OWN, "Your signature", "Votre signature"),
        ("withdrawn", OWN, "Your signature is withdrawn", "Votre signature est retirée"),
        (
            "not counted", OWN,
            "Your signature is not counted", "Votre signature n’est pas comptée",
        ),
        (
            "petition withdrawn", OWN,
            "This petition was withdrawn", "Cette pétition a été retirée",
        ),
        ("waits", NOT_ME, "Erase my address", "Effacer mon adresse"),
        (
            "counts", NOT_ME,
            "This signature was confirmed", "Cette signature a été confirmée",
        ),
    ],
)  # fmt: skip
def test_tab_and_heading_say_what_has_become_of_it(
    visitor: Client,
    petition: Petition,
    state: str,
    purpose: TokenPurpose,
    english: str,
    french: str,
) -> None:
    path = link(purpose, in_state(petition, state))

    for prefix, words in (("", english), ("/fr", french)):
        page = visitor.get(f"{prefix}{path}").content.decode()
        heading = re.search(r"<h1>(.*?)</h1>", page)
        title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
        assert heading is not None
        assert title is not None
        assert heading[1].strip() == words
        assert " ".join(title[1].split()).startswith(words)


# == Taken back ==


def test_withdrawing_forgets_what_waits_of_the_same_mailbox(petition: Petition) -> None:
    mine = make_signature(petition, "maya@example.org")
    again = make_pending(petition, "maya@example.org")
    other = make_pending(petition, "other@example.org")
    elsewhere = make_pending(make_petition(), "maya@example.org")

    withdrawing.withdraw(mine, now=timezone.now())

    left = set(Signature.objects.pending().values_list("pk", flat=True))
    assert left == {other.pk, elsewhere.pk}
    assert not OutgoingMail.objects.filter(signature=again.pk).exists()


def test_who_withdrew_is_not_reminded(petition: Petition) -> None:
    """Neither of a form that is forgotten with it, nor of one that stays, as when the
    mail came back."""
    now = timezone.now()
    for address, because in (
        ("own@example.org", ""),
        ("bounced@example.org", Withdrawal.BOUNCED),
    ):
        mine = make_signature(petition, address, now=now - timedelta(days=3))
        waiting(petition, address)
        withdrawing.withdraw(mine, now=now, because=because)
    expected = waiting(petition, "still@example.org")

    sweep()

    assert reminded() == {expected.pk}


# == Sent too late ==


@pytest.mark.parametrize(
    ("state", "status"),
    [("too late", 409), ("withdrawn", 409), ("petition withdrawn", 409), ("gone", 410)],
)
def test_a_correction_that_comes_late_is_stored_nowhere(
    visitor: Client, petition: Petition, state: str, status: int
) -> None:
    if state == "gone":
        signature = in_state(petition, "waits")
        path = link(CONFIRM, signature)
        my_data.erase_signature(signature, now=timezone.now())
    else:
        signature = in_state(petition, state)
        path = link(CONFIRM, signature)

    form = {"name": "Ada Lovelace", "comment": "At last."}
    response = visitor.post(f"{path}correct/", form)

    assert response.status_code in {status, 410}
    assert not Signature.objects.filter(name="Ada Lovelace").exists()
    if state != "gone":
        assert "came too late: none of it was stored" in text_of(response)
        assert "What you had typed Name Ada Lovelace Comment At last." in text_of(
            response
        )


# == Pressed twice, and what has happened meanwhile ==


@pytest.mark.parametrize(
    ("folder", "purpose", "page"),
    [
        ("signature", TokenPurpose.OWN, "/erased/"),
        ("signed", TokenPurpose.ALL, "/erased/all/"),
    ],
)
def test_erasing_twice_is_answered_as_the_first_time(
    visitor: Client, petition: Petition, folder: str, purpose: TokenPurpose, page: str
) -> None:
    token = make_token(purpose, make_signature(petition).pk, now=timezone.now())
    path = f"/{folder}/{token}/erase/"

    answers = [visitor.post(path) for _ in range(2)]

    assert [answer.headers["Location"] for answer in answers] == [page, page]
    assert not Signature.objects.exists()
    assert visitor.get(path).status_code == 410
    foreign = visitor.post(path, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 410


def test_what_is_nobodys_any_more_but_counts_is_not_called_erased(
    visitor: Client, petition: Petition
) -> None:
    signature = make_signature(petition)
    path = link(OWN, signature) + "erase/"
    backdate(
        petition, state=State.CLOSED, ended_at=timezone.now() - timedelta(days=900)
    )
    expire(timezone.now())

    assert Signature.objects.filter(pk=signature.pk).exists()
    assert visitor.post(path).status_code == 410


def test_a_petition_that_was_withdrawn_is_not_called_closed(
    visitor: Client, petition: Petition
) -> None:
    signature = make_pending(petition)
    backdate(petition, state=State.WITHDRAWN, ended_at=timezone.now())

    page = visitor.post(link(CONFIRM, signature))

    assert page.status_code == 410
    assert "has closed" not in page.content.decode()
    assert text_of(page).count("This petition was withdrawn") == 2


@pytest.mark.parametrize("purpose", [CONFIRM, OWN])
def test_what_nobody_can_read_any_more_is_not_offered(
    visitor: Client, petition: Petition, purpose: TokenPurpose
) -> None:
    path = link(purpose, in_state(petition, "withdrawn"))
    assert "Read the petition" in text_of(visitor.get(path))

    backdate(petition, state=State.WITHDRAWN, ended_at=timezone.now())

    page = text_of(visitor.get(path))
    assert "Your signature is withdrawn" in page
    assert "Read the petition" not in page


def test_who_has_signed_is_thanked_under_the_new_address(
    visitor: Client, petition: Petition
) -> None:
    thanks = visitor.post(link(CONFIRM, make_pending(petition))).headers["Location"]
    petition.slug = "free-them"
    petition.save()

    page = visitor.get(thanks, follow=True)

    assert page.redirect_chain[0][0].startswith("/petitions/free-them/thank-you/")
    assert "Your signature counts" in text_of(page)
