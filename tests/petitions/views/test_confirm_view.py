"""The link in the mail: GET shows, POST acts, and every way a link can go wrong."""

from __future__ import annotations

import html
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.i18n.moments import hour_words
from petitions.counts import folding
from petitions.dates import closing_words
from petitions.identity import key_ring
from petitions.models import Consent, CountChange, OutgoingMail, Petition, Signature
from petitions.signatures import (
    confirming,
    links,
    withdrawing,
)
from petitions.signatures.tokens import (
    LIFETIME,
    TokenPurpose,
    make_token,
)
from petitions.states import SignatureState, State
from petitions.views.thanks import THANKED, thanks_query
from tests.factories import (
    backdate,
    make_entry,
    make_pending,
    make_petition,
    make_signature,
)
from tests.helpers import text_of
from tests.petitions.views.helpers import link

pytestmark = pytest.mark.django_db

THANKS = "/petitions/free-the-prisoners/thank-you/"


def not_me_link(signature: Signature) -> str:
    token = make_token(TokenPurpose.NOT_ME, signature.pk, now=timezone.now())
    return f"/not-me/{token}/"


def test_whoever_does_not_confirm_now_is_told_how_long_it_waits(
    visitor: Client, petition: Petition
) -> None:
    signature = make_pending(petition)
    made = timezone.now() - timedelta(days=3)
    token = make_token(TokenPurpose.CONFIRM, signature.pk, now=made)
    page = text_of(visitor.get(f"/confirm/{token}/"))
    end = hour_words((made + LIFETIME).replace(second=0, microsecond=0))

    assert "Until you press the button, nothing is counted." in page
    assert f"The link in our e-mail works until {end}." in page

    # A petition that closes earlier gives a day more, and no longer.
    closes = timezone.now() + timedelta(days=2)
    Petition.objects.update(closes_at=closes)
    end = closing_words((closes + confirming.GRACE).replace(second=0, microsecond=0))
    assert f"works until {end}." in text_of(visitor.get(f"/confirm/{token}/"))

    visitor.post(f"/confirm/{token}/")
    assert "works until" not in text_of(visitor.get(f"/confirm/{token}/"))


def test_the_page_names_the_signer_and_has_a_button(
    visitor: Client, petition: Petition
) -> None:
    signature = make_pending(
        petition,
        "maya@example.org",
        comment="Because",
        wants_updates=True,
        show_name=True,
    )

    response = visitor.get(link(signature))

    text = text_of(response)
    assert "You are signing as Maya Tremblay , m•••@example.org ." in text
    assert "Comment Because" in text
    assert "Your name on the page Shown" in text
    assert "E-mail from Rights Now Yes" in text
    assert "Not Maya Tremblay ? Sign in your own name" in text
    assert "I did not ask for this: erase my address" in text
    first_form = response.content.decode().split("<form")[1].split("</form>")[0]
    assert 'method="post"' in first_form
    assert "Confirm my signature" in first_form
    assert response.headers["Cache-Control"] == "no-store"


def test_getting_the_link_ten_times_changes_nothing(
    visitor: Client, petition: Petition
) -> None:
    signature = make_pending(petition)
    stored = Signature.objects.values().get()

    for _ in range(10):
        assert visitor.get(link(signature)).status_code == 200
        assert visitor.head(link(signature)).status_code == 200

    assert Signature.objects.values().get() == stored
    assert not CountChange.objects.exists()


def test_pressing_the_button_counts_and_thanks(
    visitor: Client, petition: Petition
) -> None:
    make_entry(petition, 15_261)
    while folding.fold():
        pass
    signature = make_pending(petition, wants_updates=False)

    response = visitor.post(link(signature))

    assert response.status_code == 303
    assert response.headers["Location"].startswith(f"{THANKS}?counted=")
    thanks = visitor.get(response.headers["Location"])
    text = text_of(thanks)
    assert "15,262 supporters, you included." in text
    assert "Will you ask three people to sign?" in text
    assert "E-mail me a link to see, correct or withdraw it" in text
    page = thanks.content.decode()
    for way in ("https://wa.me/?text=", "sms:?", "mailto:?subject="):
        assert way in page
    assert "http://testserver.localhost/petitions/free-the-prisoners/" in page
    assert Consent.objects.get().wants_updates is False


def test_nobody_is_thanked_whose_signature_does_not_count(
    visitor: Client, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in a browser either that does not say where somebody comes from."""
    make_petition(title="Another matter")
    long_ago = time.time() - THANKED.total_seconds() - 60
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: long_ago)
        former = thanks_query(petition.slug)
    of_another = thanks_query("another-matter")
    for query in (
        "", "?counted=1", "?counted=free-the-prisoners", "?counted=", "?counted=%00",
        "?counted=free-the-prisoners:1xyz:abc", f"{thanks_query(petition.slug)}x",
        former, of_another,
    ):  # fmt: skip
        for prefix in ("", "/fr"):
            page = visitor.get(f"{prefix}{THANKS}{query}")
            text = text_of(page)
            assert page.status_code == 200
            for claim in (
                "ignature counts",
                "signature compte",
                "you included",
                "Merci",
            ):
                assert claim not in text, (query, claim)
    fresh = visitor.get(THANKS + thanks_query(petition.slug))
    assert "Your signature counts" in text_of(fresh)
    # So it is in the other language.
    there = re.search(r'href="(/fr/[^"]*thank-you/[^"]*)"', fresh.content.decode())
    assert there is not None
    assert "signature compte" in text_of(visitor.get(html.unescape(there[1])))


@pytest.mark.parametrize("site", ["none", "cross-site", "same-site"])
def test_nobody_is_thanked_for_a_link_that_was_passed_on(
    visitor: Client, petition: Petition, site: str
) -> None:
    path = f"{petition.get_absolute_url()}thank-you/"

    response = visitor.get(path, headers={"sec-fetch-site": site})

    assert response.status_code == 302
    assert response.headers["Location"] == petition.get_absolute_url()


def test_pressing_it_again_is_the_same(visitor: Client, petition: Petition) -> None:
    signature = make_pending(petition)

    answers = [visitor.post(link(signature)) for _ in range(3)]

    for answer in answers:
        assert answer.headers["Location"].startswith(f"{THANKS}?counted=")
    assert CountChange.objects.count() == 1
    assert "Your signature counts" in text_of(visitor.get(link(signature)))


def test_the_owner_corrects_what_somebody_typed(
    visitor: Client, petition: Petition
) -> None:
    signature = make_pending(
        petition, name="Mallory", comment="Rubbish", show_name=True
    )

    response = visitor.post(
        f"{link(signature)}correct/", {"name": "Maya Tremblay", "updates": "yes"}
    )

    assert response.status_code == 303
    signature.refresh_from_db()
    assert signature.state == SignatureState.CONFIRMED
    assert (signature.name, signature.comment, signature.show_name) == (
        "Maya Tremblay", "", False,
    )  # fmt: skip
    assert Consent.objects.get().wants_updates is True


def test_a_correction_with_a_mistake_is_shown_again(
    visitor: Client, petition: Petition
) -> None:
    signature = make_pending(petition)

    response = visitor.post(
        f"{link(signature)}correct/", {"name": "", "comment": "Mine"}
    )

    assert response.status_code == 422
    assert "There is a problem Enter your full name" in text_of(response)
    assert "<details" in response.content.decode()
    assert "Mine</textarea>" in response.content.decode()
    signature.refresh_from_db()
    assert (signature.state, signature.name) == ("pending", "Maya Tremblay")


def test_a_counted_signature_cannot_be_corrected_by_the_old_link(
    visitor: Client, petition: Petition
) -> None:
    signature = make_signature(petition)

    visitor.post(f"{link(signature)}correct/", {"name": "Somebody Else"})

    signature.refresh_from_db()
    assert signature.name == "Maya Tremblay"


def test_another_site_cannot_press_the_button(petition: Petition) -> None:
    signature = make_pending(petition)
    client = Client(headers={"host": "localhost", "origin": "https://evil.example"})

    for path in (link(signature), f"{link(signature)}correct/", not_me_link(signature)):
        response = client.post(path, {"name": "Somebody Else"})
        assert response.status_code in (200, 403)
    signature.refresh_from_db()
    assert (signature.state, signature.name) == ("pending", "Maya Tremblay")


def test_an_expired_link_offers_a_new_one(visitor: Client, petition: Petition) -> None:
    signature = make_pending(petition)
    OutgoingMail.objects.update(state="sent", finished_at=timezone.now())

    expired = visitor.get(link(signature, days_old=14.1))
    pressed = visitor.post(link(signature, days_old=14.1))
    response = visitor.post(f"{link(signature, days_old=14.1)}resend/")

    assert expired.status_code == pressed.status_code == 410
    assert "This link no longer works" in text_of(expired)
    assert "Nothing is lost: your signature is waiting." in text_of(expired)
    assert response.status_code == 303
    assert OutgoingMail.objects.filter(state="due", signature=signature).count() == 1
    signature.refresh_from_db()
    assert signature.state == SignatureState.PENDING


def test_a_link_of_thirteen_days_works(visitor: Client, petition: Petition) -> None:
    assert visitor.post(link(make_pending(petition), days_old=13.9)).status_code == 303


@pytest.mark.parametrize("kind", ["cut", "invented", "other purpose", "changed"])
def test_a_broken_link_offers_a_new_one(
    visitor: Client, petition: Petition, kind: str
) -> None:
    signature = make_pending(petition)
    good = link(signature)
    path = {
        "cut": good[:-6] + "/",
        "invented": "/confirm/nothing/",
        "other purpose": not_me_link(signature).replace("not-me", "confirm"),
        "changed": good.replace("/confirm/", "/confirm/1"),
    }[kind]

    for response in (visitor.get(path), visitor.post(path)):
        assert response.status_code == 404
        assert "Send me a new one" in text_of(response)
    signature.refresh_from_db()
    assert signature.state == SignatureState.PENDING


def test_a_new_link_by_address_is_silent_about_who_has_signed(
    visitor: Client, petition: Petition, django_assert_num_queries: Any
) -> None:
    make_pending(petition, "maya@example.org")
    make_signature(petition, "done@example.org")
    OutgoingMail.objects.update(state="sent", finished_at=timezone.now())
    answers = []

    for email in ("MAYA@example.org", "done@example.org", "nobody@example.org"):
        # Whether it has signed is looked up later: the time tells nothing.
        with django_assert_num_queries(2):
            answers.append(visitor.post("/new-link/", {"email": email}))
    assert links.answer_requests(timezone.now()) is False

    assert {(a.status_code, a.headers["Location"]) for a in answers} == {
        (303, "/new-link/?sent=1")
    }
    due = OutgoingMail.objects.filter(state="due").select_related("signature")
    assert [mail.signature and mail.signature.email for mail in due] == [
        "maya@example.org"
    ]


def test_a_new_link_needs_an_address(visitor: Client, db: None) -> None:
    response = visitor.post("/new-link/", {"email": "maya at home"})

    assert response.status_code == 422
    assert "Enter an e-mail address such as name@example.org" in text_of(response)
    assert 'value="maya at home"' in response.content.decode()


def test_too_late_says_so_and_erases(visitor: Client, petition: Petition) -> None:
    now = timezone.now()
    Petition.objects.update(opens_at=now - timedelta(days=9))
    signature = make_pending(petition, now=now - timedelta(days=5))
    ended_at = now - timedelta(days=2)
    backdate(petition, state=State.CLOSED, ended_at=ended_at)

    path = link(signature)
    page = visitor.get(path)
    response = visitor.post(path)

    assert page.status_code == 410
    assert "The petition has closed" in text_of(page)
    assert "Confirm my signature" not in text_of(page)

    assert response.status_code == 410
    assert (
        "This petition closed before your signature was confirmed, so it is not counted. "
        "We have erased your details."
    ) in text_of(response)
    assert not Signature.objects.exists()
    assert visitor.get(link(signature)).status_code == 410


def test_what_came_too_late_counts_when_the_end_is_taken_back(
    visitor: Client, petition: Petition
) -> None:
    now = timezone.now()
    signature = make_pending(petition, now=now - timedelta(days=5))
    petition.close(now=now)
    ended_at = now - timedelta(days=2)
    backdate(petition, opens_at=now - timedelta(days=9), ended_at=ended_at)

    response = visitor.post(link(signature))

    assert response.status_code == 410
    assert "If it is opened again within seven days" in text_of(response)
    petition.take_back(now=now)
    assert visitor.post(link(signature)).status_code == 303
    assert Signature.objects.confirmed().count() == 1


def test_not_me_erases_only_after_the_button(
    visitor: Client, petition: Petition
) -> None:
    signature = make_pending(petition, "victim@example.org")
    make_pending(petition, "victim@example.org")

    page = visitor.get(not_me_link(signature))
    assert Signature.objects.count() == 2
    response = visitor.post(not_me_link(signature))

    assert (
        "Somebody entered the address v•••@example.org . No signature is counted."
        in text_of(page)
    )
    assert response.status_code == 303
    assert response.headers["Location"] == "/erased/"
    assert not Signature.objects.exists()
    assert not OutgoingMail.objects.exists()
    assert visitor.get(not_me_link(signature)).headers["Location"] == "/erased/"


def test_whoever_erases_can_end_all_mail_in_the_same_step(
    visitor: Client, petition: Petition
) -> None:
    """The link below it in the mail has no address left to stop then, and says so."""
    signature = make_pending(petition, "victim@example.org")
    never = make_token(TokenPurpose.NEVER, signature.pk, now=timezone.now())
    assert "Erase it, and never write again" in text_of(
        visitor.get(not_me_link(signature))
    )

    visitor.post(not_me_link(signature), {"write": "never"})

    assert not Signature.objects.exists()
    assert key_ring.suppressed(["victim@example.org"])
    for prefix, words in (("", "nobody here writes to it"), ("/fr", "ne lui écrit")):
        page = visitor.get(f"{prefix}/never-again/{never}/")
        assert page.status_code == 410
        assert words in text_of(page)


def test_what_was_confirmed_is_not_erased_by_a_mail_that_was_passed_on(
    visitor: Client, petition: Petition
) -> None:
    signature = make_signature(petition)
    OutgoingMail.objects.all().delete()

    page = visitor.get(not_me_link(signature))
    response = visitor.post(not_me_link(signature))

    assert "This signature was confirmed" in text_of(page)
    assert response.headers["Location"] == "/signed/?sent=1"
    assert OutgoingMail.objects.get().kind == "all"
    signature.refresh_from_db()
    assert signature.state == SignatureState.CONFIRMED


def test_a_withdrawn_signature_stays_withdrawn(
    visitor: Client, petition: Petition
) -> None:
    signature = make_signature(petition)
    withdrawing.withdraw(signature, now=timezone.now())

    assert "Your signature is withdrawn" in text_of(visitor.get(link(signature)))
    visitor.post(link(signature))

    signature.refresh_from_db()
    assert signature.state == SignatureState.WITHDRAWN


def test_confirming_over_http_is_one_statement(
    visitor: Client, petition: Petition, django_assert_num_queries: Any
) -> None:
    path = link(make_pending(petition))

    with django_assert_num_queries(1):
        visitor.post(path)


def test_to_be_thanked_asks_nothing_more_of_the_database(
    visitor: Client, petition: Petition
) -> None:
    path = THANKS
    asked = []
    for query in ("", thanks_query(petition.slug)):
        with CaptureQueriesContext(connection) as found:
            page = visitor.get(path + query)
        assert ("Your signature counts" in text_of(page)) == bool(query)
        asked.append(len(found))

    assert asked[0] == asked[1]
