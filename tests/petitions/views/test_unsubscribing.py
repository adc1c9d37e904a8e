"""The link at the end of each mail of a mailing."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from organizations.models import Organization, User
from petitions.identity import key_ring
from petitions.models import Consent, Petition
from petitions.signatures import consent, my_data
from petitions.signatures.tokens import TokenPurpose, make_token
from tests.factories import make_petition
from tests.mailserver import MailServer
from tests.petitions.mail.mailing import make_supporter, news_of, ordered, run

pytestmark = pytest.mark.django_db


def link_to(given: Consent) -> str:
    then = timezone.now() - timedelta(days=400)  # however old it is
    return f"/unsubscribe/{make_token(TokenPurpose.UNSUBSCRIBE, given.pk, now=then)}/"


@pytest.fixture
def given(petition: Petition) -> Consent:
    make_supporter(petition, "maya@example.org")
    return Consent.objects.get()


def says_yes(given: Consent) -> bool:
    return consent.newest_answer(given).wants_updates


def test_a_look_changes_nothing_and_the_button_ends_it(
    visitor: Client, given: Consent
) -> None:
    path = link_to(given)
    page = visitor.get(path)
    assert page.status_code == 200
    assert "maya@example.org" not in page.content.decode()
    assert says_yes(given)

    answer = visitor.post(path)

    # Neither a redirect nor a cookie: some mail programs follow none, and keep none.
    assert answer.status_code == 200
    assert not answer.cookies
    assert "You will get no more news" in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert not says_yes(given)
    assert key_ring.suppressed(["maya@example.org"]) == set()


def test_one_click_of_a_mail_provider(visitor: Client, given: Consent) -> None:
    for _ in range(2):
        answer = visitor.post(
            link_to(given),
            {"List-Unsubscribe": "One-Click"},
            headers={"sec-fetch-site": "cross-site"},
        )
        assert answer.status_code == 200
        assert not answer.cookies
    assert not says_yes(given)
    assert Consent.objects.count() == 2


def test_another_site_presses_no_button(visitor: Client, given: Consent) -> None:
    visitor.post(link_to(given), headers={"sec-fetch-site": "cross-site"})
    assert says_yes(given)


def test_it_is_about_one_organisation(
    visitor: Client, given: Consent, other_organization: Organization
) -> None:
    make_supporter(make_petition(other_organization), "maya@example.org")
    visitor.post(link_to(given))

    theirs = Consent.objects.get(organization=other_organization)
    assert says_yes(theirs)
    assert not says_yes(given)


def test_a_later_yes_is_ended_by_a_link_of_an_earlier_mail(
    visitor: Client, petition: Petition, given: Consent
) -> None:
    make_supporter(make_petition(petition.organization), "maya@example.org")
    visitor.post(link_to(given))
    assert not says_yes(given)


def test_a_clock_that_was_set_back_ends_it_all_the_same(
    visitor: Client, given: Consent
) -> None:
    Consent.objects.update(given_at=timezone.now() + timedelta(hours=1))
    visitor.post(link_to(given))
    assert not says_yes(given)


def test_an_erased_address_gets_nothing_any_more(
    visitor: Client, petition: Petition, given: Consent
) -> None:
    path = link_to(given)
    my_data.erase_signature(petition.signatures.get(), now=timezone.now())

    assert visitor.get(path).status_code == 410
    assert visitor.post(path).status_code == 410
    one_click = {"List-Unsubscribe": "One-Click"}
    assert visitor.post(path, one_click).status_code == 410


def test_who_unsubscribes_is_counted_in_the_results(
    visitor: Client, server: MailServer, petition: Petition, given: Consent, alice: User
) -> None:
    mailing = run(ordered(news_of(petition), by=alice))
    (message,) = server.mailbox.messages
    link = str(message["List-Unsubscribe"]).strip("<>")
    for _ in range(2):
        visitor.post(urlsplit(link).path, {"List-Unsubscribe": "One-Click"})

    mailing.refresh_from_db()
    assert mailing.unsubscribed == 1
