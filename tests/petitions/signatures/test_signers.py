"""The signer is in charge: see, correct, withdraw, erase, download, be left alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from petitions.counts import verifying
from petitions.identity import same_person
from petitions.identity.key_ring import email_key
from petitions.models import (
    Consent,
    CountChange,
    OutgoingMail,
    Petition,
    Signature,
    Suppression,
)
from petitions.models.mails import MailKind, MailState, Priority
from petitions.signature_fields import OPTIONAL
from petitions.signatures import (
    links,
    withdrawing,
)
from petitions.signatures.tokens import (
    TokenPurpose,
)
from petitions.states import SignatureState
from tests.factories import (
    make_organization,
    make_pending,
    make_petition,
    make_signature,
    make_translation,
)
from tests.helpers import text_of
from tests.petitions.signatures.helpers import link

pytestmark = pytest.mark.django_db

FOREIGN = {"sec-fetch-site": "cross-site"}


@pytest.fixture
def mine(petition: Petition) -> Signature:
    return make_signature(
        petition, "maya@example.org", wants_updates=True, show_name=True
    )


# == One signature ==


def test_it_shows_what_is_stored(visitor: Client, mine: Signature) -> None:
    response = visitor.get(link(TokenPurpose.OWN, mine))

    text = text_of(response)
    page = response.content.decode()
    assert "for m•••@example.org" in text
    assert 'value="Maya Tremblay"' in page
    assert 'name="show_name" value="1" checked' in page
    assert 'value="yes" checked' in page
    assert "maya@example.org" not in page


def test_its_owner_corrects_it(visitor: Client, mine: Signature) -> None:
    form = {"name": "Maya T.", "comment": "New words", "updates": "no"}

    response = visitor.post(link(TokenPurpose.OWN, mine), form)

    assert response.status_code == 303
    assert "Saved." in text_of(visitor.get(response.headers["Location"]))
    mine.refresh_from_db()
    assert (mine.name, mine.comment, mine.show_name) == ("Maya T.", "New words", False)
    # Still the same signature, counted once.
    assert CountChange.objects.count() == 1
    assert mine.state == SignatureState.CONFIRMED


def seen_in(response: Any) -> str:
    found = re.search(r'name="_seen" value="([^"]*)"', response.content.decode())
    assert found is not None
    return unescape(found[1])


def test_a_window_that_was_left_open_takes_nothing_back(
    visitor: Client, mine: Signature
) -> None:
    """Sending an outdated form reverts neither a name that was hidden since nor a
    refusal of updates."""
    path = link(TokenPurpose.OWN, mine)
    as_opened = {
        "_seen": seen_in(visitor.get(path)),
        "name": "Maya Tremblay",
        "comment": "",
        "show_name": "1",
        "updates": "yes",
    }
    hidden = {"name": "Maya Tremblay", "comment": "Ours.", "updates": "no"}
    visitor.post(path, {**hidden, "_seen": seen_in(visitor.get(path))})

    # With a mistake first: the form still knows afterwards what it was opened with.
    again = visitor.post(path, {**as_opened, "name": "  "})
    assert again.status_code == 422
    later = {**as_opened, "name": "Maya T.", "_seen": seen_in(again)}
    assert visitor.post(path, later).status_code == 303

    mine.refresh_from_db()
    assert (mine.name, mine.comment) == ("Maya T.", "Ours.")
    assert (mine.show_name, mine.wants_updates) == (False, False)
    assert [row.wants_updates for row in Consent.objects.order_by("pk")] == [
        True,
        False,
    ]


def test_a_new_answer_is_a_consent_of_its_own(visitor: Client, mine: Signature) -> None:
    visitor.post(link(TokenPurpose.OWN, mine), {"name": "Maya", "updates": "no"})
    visitor.post(link(TokenPurpose.OWN, mine), {"name": "Maya Again", "updates": "no"})

    first, second = Consent.objects.order_by("pk")
    assert (first.wants_updates, second.wants_updates) == (True, False)
    assert (
        second.sender
        == first.sender
        == "Rights Now, 1 Main Street\nOttawa, " + ("contact@example.org")
    )


def test_no_answer_takes_nothing_back_and_gives_nothing(
    visitor: Client, mine: Signature
) -> None:
    visitor.post(link(TokenPurpose.OWN, mine), {"name": "Maya"})

    assert Consent.objects.count() == 1
    mine.refresh_from_db()
    assert mine.wants_updates is True


def test_a_changed_comment_is_read_again_before_it_is_shown(
    visitor: Client, petition: Petition
) -> None:
    mine = make_signature(petition, comment="Kind words", show_name=True)
    Signature.objects.update(comment_approved=True)
    same = {"name": "Maya", "comment": "Kind words", "show_name": "1"}

    visitor.post(link(TokenPurpose.OWN, mine), same)
    mine.refresh_from_db()
    assert mine.comment_approved

    visitor.post(link(TokenPurpose.OWN, mine), {**same, "comment": "Other words"})
    mine.refresh_from_db()
    assert not mine.comment_approved


def test_a_mistake_keeps_what_was_typed(visitor: Client, mine: Signature) -> None:
    response = visitor.post(
        link(TokenPurpose.OWN, mine), {"name": "", "comment": "My words"}
    )

    assert response.status_code == 422
    text = text_of(response)
    assert text.count("Enter your full name") == 2
    assert "My words" in text
    mine.refresh_from_db()
    assert mine.name == "Maya Tremblay"


def test_another_site_changes_nothing(visitor: Client, mine: Signature) -> None:
    form = {"name": "Mallory"}

    response = visitor.post(link(TokenPurpose.OWN, mine), form, headers=FOREIGN)

    assert response.status_code == 403
    assert "Mallory" in response.content.decode()
    visitor.post(link(TokenPurpose.OWN, mine) + "withdraw/", headers=FOREIGN)
    visitor.post(link(TokenPurpose.ALL, mine) + "erase/", headers=FOREIGN)
    visitor.post(link(TokenPurpose.NEVER, mine), headers=FOREIGN)
    mine.refresh_from_db()
    assert mine.name == "Maya Tremblay"
    assert mine.state == SignatureState.CONFIRMED
    assert not Suppression.objects.exists()


def test_withdrawing_lowers_the_count_and_says_so(
    visitor: Client, petition: Petition, mine: Signature
) -> None:
    make_signature(petition)
    assert visitor.get(link(TokenPurpose.OWN, mine) + "withdraw/").status_code == 200
    mine.refresh_from_db()
    assert mine.state == SignatureState.CONFIRMED

    for _ in range(2):
        response = visitor.post(link(TokenPurpose.OWN, mine) + "withdraw/")

    text = text_of(visitor.get(response.headers["Location"]))
    assert "Your signature is withdrawn" in text
    assert "The total is now 1." in text
    assert all(proof.holds for proof in verifying.verify())
    # A withdrawn signature cannot be changed any more, but its owner may sign again.
    visitor.post(link(TokenPurpose.OWN, mine), {"name": "Mallory"})
    mine.refresh_from_db()
    assert mine.name == "Maya Tremblay"
    make_signature(petition, "maya@example.org")
    assert Petition.objects.with_counts().get(pk=petition.pk).confirmed == 2


def test_what_waits_leads_to_its_confirmation(
    visitor: Client, petition: Petition
) -> None:
    pending = make_pending(petition)

    response = visitor.get(link(TokenPurpose.OWN, pending))

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/confirm/")


def test_the_link_in_a_second_mail_leads_to_the_counted_signature(
    visitor: Client, petition: Petition, mine: Signature
) -> None:
    again = make_pending(petition, "maya@example.org", name="Somebody Else")

    page = visitor.get(link(TokenPurpose.OWN, again)).content.decode()

    assert 'value="Maya Tremblay"' in page
    assert "Somebody Else" not in page
    visitor.post(link(TokenPurpose.OWN, again) + "withdraw/")
    mine.refresh_from_db()
    assert mine.state == SignatureState.WITHDRAWN


@pytest.mark.parametrize("purpose", [TokenPurpose.OWN, TokenPurpose.ALL])
def test_an_old_link_offers_a_new_one(
    visitor: Client, mine: Signature, purpose: TokenPurpose
) -> None:
    assert visitor.get(link(purpose, mine, days_old=13)).status_code == 200

    response = visitor.get(link(purpose, mine, days_old=15))

    assert response.status_code == 410
    assert "This link no longer works" in text_of(response)
    assert 'action="/signed/"' in response.content.decode()


def test_links_are_good_for_one_purpose(visitor: Client, mine: Signature) -> None:
    own = link(TokenPurpose.OWN, mine).split("/")[2]

    assert visitor.get(f"/signed/{own}/").status_code == 404
    assert visitor.get(f"/never-again/{own}/").status_code == 404
    assert visitor.get(f"/confirm/{own}/").status_code == 404
    assert visitor.get(f"/signature/{own[:-1]}/").status_code == 404


# == All of one person ==


def test_a_link_to_everything_is_mailed(
    visitor: Client, mine: Signature, django_assert_num_queries: Any
) -> None:
    OutgoingMail.objects.all().delete()
    answers = []

    for email in ("MAYA@example.org", "nobody@example.org", "maya@example.org"):
        # Whether it has signed is looked up later, so the time of the answer tells
        # nothing.
        with django_assert_num_queries(2):
            answers.append(visitor.post("/signed/", {"email": email}))
    links.answer_requests(timezone.now())

    assert {(a.status_code, a.headers["Location"]) for a in answers} == {
        (303, "/signed/?sent=1")
    }
    assert OutgoingMail.objects.get().signature == mine
    assert "Check your inbox" in text_of(visitor.get("/signed/?sent=1"))


@pytest.mark.parametrize("page", ["/signed/", "/new-link/"])
def test_an_address_sent_from_another_site_is_kept_with_a_word_why(
    visitor: Client, db: None, page: str
) -> None:
    answer = visitor.post(
        page, {"email": "ada@example.org"}, headers={"sec-fetch-site": "cross-site"}
    )

    assert answer.status_code == 403
    assert "sent from another site, so nothing was done" in text_of(answer)
    assert 'value="ada@example.org"' in answer.content.decode()


@pytest.mark.parametrize("typed", ["", "maya", "a@b@c.org"])
def test_what_is_no_address_is_said_beside_the_field(
    visitor: Client, typed: str
) -> None:
    response = visitor.post("/signed/", {"email": typed})

    assert response.status_code == 422
    assert "Enter an e-mail address such as name@example.org" in text_of(response)
    assert f'value="{typed}"' in response.content.decode()


def test_all_of_one_person_and_of_nobody_else(
    visitor: Client, petition: Petition, mine: Signature
) -> None:
    elsewhere = make_petition(make_organization("Elsewhere"), title="Another one")
    make_pending(elsewhere, "maya@example.org")
    make_signature(make_petition(title="Not mine"), "other@example.org")
    withdrawing.withdraw(
        make_signature(make_petition(title="Taken back"), "maya@example.org"),
        now=timezone.now(),
    )

    text = text_of(visitor.get(link(TokenPurpose.ALL, mine)))

    assert "Not mine" not in text
    assert "has counted since" in text
    assert "Another one" in text
    assert "not confirmed yet" in text
    assert "Taken back" in text
    assert "withdrawn on" in text


def test_a_long_list_costs_no_more_than_a_short_one(
    visitor: Client, petition: Petition, mine: Signature
) -> None:
    """Whatever has become of each; in petitions that two people may share, too."""
    costs = []
    for number in (1, 8):
        for at in range(number):
            for shared in (False, True):
                for make in (make_signature, make_pending):
                    theirs = make_organization()
                    theirs.descriptions.create(language="fr", name=f"Nom {at}")
                    another = make_petition(theirs, shared_addresses=shared)
                    make_translation(another, "fr")
                    make(another, "maya@example.org")
            withdrawing.withdraw(
                make_signature(make_petition(), "maya@example.org"), now=timezone.now()
            )
        with CaptureQueriesContext(connection) as queries:
            page = visitor.get(f"/fr{link(TokenPurpose.ALL, mine)}")
        assert page.content.decode().count('class="entry"') > 4 * number
        costs.append(len(queries))

    # The first also asks whether there is one organisation only.
    assert costs[1] <= costs[0]


def test_the_list_says_nothing_of_another_spelling_of_the_mailbox(
    visitor: Client, petition: Petition
) -> None:
    """The rule that makes two spellings one mailbox may be wrong about somebody."""
    make_signature(petition, "maya.roy@gmail.com")
    theirs = make_pending(petition, "mayaroy@gmail.com")

    text = text_of(visitor.get(link(TokenPurpose.ALL, theirs)))

    assert same_person.counted_sibling(theirs) is None
    assert same_person.counted_of_mailbox(theirs) is not None
    assert "See and confirm it" in text
    assert "See, correct or withdraw it" not in text


def test_everything_can_be_downloaded(visitor: Client, mine: Signature) -> None:
    make_signature(make_petition(title="Not mine"), "other@example.org")

    response = visitor.get(link(TokenPurpose.ALL, mine) + "download/")

    data = response.json()
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert [row["email"] for row in data["signatures"]] == ["maya@example.org"]
    assert data["signatures"][0]["name_shown"] is True
    assert data["answers_about_updates"][0]["updates"] is True
    assert len(data["mails"]) == 1


def test_moments_are_told_in_the_zone_of_the_site(
    visitor: Client, petition: Petition, settings: Settings
) -> None:
    settings.TIME_ZONE = "America/Toronto"
    moment = datetime(2026, 7, 1, 2, 30, 15, 123456, tzinfo=UTC)
    late = make_signature(petition, "maya@example.org", now=moment)

    data = visitor.get(link(TokenPurpose.ALL, late) + "download/").json()

    assert data["time_zone"] == "America/Toronto"
    for name in ("signed_at", "confirmed_at"):
        assert data["signatures"][0][name] == "2026-06-30T22:30:15-04:00"
    assert re.fullmatch(r"\S{19}-0[45]:00", data["mails"][0]["created_at"])


def test_every_column_about_a_person_is_in_the_download() -> None:
    """Whoever adds a column has to decide here whether it belongs in the download."""
    inner = {
        "id", "email_key", "email_key_version", "former_key", "person", "shared_address_slot", "text_version",
        "consent_version", "weak_signs", "comment_approved", "comment_rejected",
            "name_withheld",
        "quarantine_reason", "links_ended_at",
    }  # fmt: skip
    given = {
        "petition", "state", "name", "email", *(field.name for field in OPTIONAL),
        "comment", "show_name", "wants_updates", "language", "text_language", "delivery", "created_at",
        "confirmed_at", "withdrawn_at", "withdrawn_because", "network", "invalidation", "removal", "via",
    }  # fmt: skip

    assert {field.name for field in Signature._meta.concrete_fields} == inner | given


def test_erasing_all_takes_all_back_first(visitor: Client, mine: Signature) -> None:
    second = make_signature(make_petition(), "maya@example.org", wants_updates=True)
    make_pending(second.petition, "maya@example.org")
    other = make_signature(mine.petition, "other@example.org", wants_updates=True)
    page = text_of(visitor.get(link(TokenPurpose.ALL, mine) + "erase/"))
    assert "2 signatures of m•••@example.org will no longer count" in page
    assert Signature.objects.count() == 4

    response = visitor.post(link(TokenPurpose.ALL, mine) + "erase/")

    assert response.headers["Location"] == "/erased/all/"
    assert "under any petition here" in text_of(visitor.get("/erased/all/"))
    assert Signature.objects.get() == other
    assert Consent.objects.get().email == "other@example.org"
    assert not OutgoingMail.objects.filter(
        email_key=email_key("maya@example.org")
    ).exists()
    assert all(proof.holds for proof in verifying.verify())
    assert visitor.get(link(TokenPurpose.ALL, mine)).status_code == 410


def test_pages_that_ask_speak_of_what_will_be(visitor: Client, mine: Signature) -> None:
    asked = {
        "withdraw/": (TokenPurpose.OWN, "The count will go down by one"),
        "erase/": (TokenPurpose.OWN, "The button below will withdraw"),
        "": (TokenPurpose.NEVER, "We will stop e-mailing"),
    }
    for path, (purpose, sentence) in asked.items():
        assert sentence in text_of(visitor.get(link(purpose, mine) + path)), path


# == Never write again ==


def test_never_again_and_again(
    visitor: Client, petition: Petition, mine: Signature
) -> None:
    old = link(TokenPurpose.NEVER, mine, days_old=400)
    assert "Never write again" in text_of(visitor.get(old))
    assert not Suppression.objects.exists()

    visitor.post(old)
    visitor.post(old)

    assert Suppression.objects.get().pk == email_key("maya@example.org")
    assert "We have stopped e-mailing you" in text_of(visitor.get(old))
    mine.refresh_from_db()
    assert mine.state == SignatureState.CONFIRMED


def test_only_a_link_that_is_mailed_lets_mail_begin_again(
    visitor: Client, petition: Petition, mine: Signature
) -> None:
    """Who was forwarded a mail has its link, and not the mailbox."""
    never = link(TokenPurpose.NEVER, mine)
    visitor.post(never)

    page = visitor.get(never)
    assert "E-mail me a link to undo this" in text_of(page)
    answer = visitor.post(never, {"write": "again"})

    assert Suppression.objects.exists()
    assert answer.headers["Location"] == "/signed/?sent=1"
    mail = OutgoingMail.objects.get(kind=MailKind.ALL)
    assert (mail.priority, mail.state) == (Priority.FIRST, MailState.DUE)
    mailed = link(TokenPurpose.ALL, mine)
    assert "We do not e-mail you" in text_of(visitor.get(mailed))
    visitor.post(mailed, {"write": "again"})
    assert not Suppression.objects.exists()
    assert "We do not e-mail you" not in text_of(visitor.get(mailed))
