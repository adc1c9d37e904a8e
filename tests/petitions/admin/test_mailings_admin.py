"""A mailing as staff order it: from the update's page to its results."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django import Settings

from core.models import AuditEntry
from organizations.models import Organization, Role, User
from petitions.mail import mailings
from petitions.models import Mailing, Petition, Update
from petitions.states import MailingState
from tests.factories import make_member, make_update_translation
from tests.helpers import text_of
from tests.mailserver import MailServer
from tests.petitions.mail.mailing import (
    BEGUN,
    make_supporter,
    news_of,
    ordered,
    prepared,
    rounds,
)

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


@pytest.fixture
def update(petition: Petition) -> Update:
    update = news_of(petition)
    make_update_translation(update, "fr", title="Ils sont libres")
    return update


def address(mailing: Mailing, page: str = "change") -> str:
    return f"/admin/petitions/mailing/{mailing.pk}/{page}/"


def press(client: Client, mailing: Mailing, page: str) -> str:
    """Press a button of the mailing's page; return what the page says then."""
    answer = client.post(address(mailing, page))
    assert answer["Location"] == address(mailing)
    mailing.refresh_from_db()
    return text_of(client.get(address(mailing)))


def test_from_the_update_to_the_results(
    server: MailServer, as_user: Login, update: Update, alice: User
) -> None:
    client = as_user(alice)
    for language in ("en", "fr"):
        make_supporter(update.petition, f"{language}@example.org", language=language)
    form = f"/admin/petitions/update/{update.pk}/mail/"
    link = client.get(f"/admin/petitions/update/{update.pk}/change/")
    assert form in link.content.decode()

    fields = {"scope": "petition", "languages": ["fr"]}
    page = text_of(client.post(form, {**fields, "count": ""}))
    assert "It would go to 1 person." in page
    assert not Mailing.objects.exists()
    answer = client.post(form, {"scope": "petition", "prepare": ""})
    mailing = Mailing.objects.get()
    assert answer["Location"] == address(mailing)

    page = text_of(client.get(address(mailing)))
    assert "It would go to 2 people." in page
    assert "Order it" not in page
    preview = f"{address(mailing, 'preview')}?language=fr&reading=fr"
    assert "Des **nouvelles** (fr)." in text_of(client.get(preview))
    part = client.get(f"{preview}&html=1")
    assert "<strong>nouvelles</strong>" in part.content.decode()
    assert "script-src 'none'" in part.headers["Content-Security-Policy"]

    assert "on its way" in press(client, mailing, "test")
    rounds(timezone.now())
    assert "was sent at" in text_of(client.get(address(mailing)))
    page = press(client, mailing, "order")
    assert mailing.state == MailingState.ORDERED
    assert "It begins at" in page
    assert "You can take this back until" in page
    rounds()
    page = text_of(client.get(address(mailing)))
    assert "To write to 2 Sent 2 Refused 0 Came back 0" in page
    assert "Unsubscribed 0 Signed through its links 0" in page
    assert sorted(server.mailbox.recipients)[-2:] == [
        "en@example.org",
        "fr@example.org",
    ]
    said = AuditEntry.objects.filter(
        table="petitions_mailing", account=alice.pk, now__state="ordered"
    )
    assert said.count() == 1


def test_the_page_says_how_many_go_today(
    as_user: Login, update: Update, alice: User, settings: Settings
) -> None:
    for number in range(3):
        make_supporter(update.petition, f"{number}@example.org")
    client, mailing = as_user(alice), prepared(update, alice)
    assert "Today: at most" not in text_of(client.get(address(mailing)))
    day = timezone.localdate()
    settings.MAIL_WARM_UP = (day, 2)

    page = text_of(client.get(address(mailing)))

    until = date_format(day + timedelta(days=1))
    assert f"Today: at most 2 of 3. All will have gone by {until}," in page


def test_a_second_person_approves_in_the_page(
    as_user: Login, update: Update, alice: User, erin: User
) -> None:
    Organization.objects.update(mailing_approval_above=0)
    make_supporter(update.petition)
    mailing = ordered(update, by=alice)
    mine, theirs = as_user(alice), as_user(erin)
    assert "Somebody else has to approve it." in text_of(mine.get(address(mailing)))

    assert "than who ordered it" in press(mine, mailing, "approve")
    assert mailing.state == MailingState.WAITING
    press(theirs, mailing, "approve")
    assert (mailing.state, mailing.approved_by) == (MailingState.ORDERED, erin)
    press(theirs, mailing, "call-off")
    assert mailing.state == MailingState.CALLED_OFF


def test_buttons_that_come_too_late_say_so(
    as_user: Login, update: Update, alice: User
) -> None:
    make_supporter(update.petition)
    client, mailing = as_user(alice), ordered(update, by=alice)
    mailings.advance_mailing(timezone.now() + BEGUN)
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SENDING

    assert "Somebody else has changed this" in press(client, mailing, "call-off")
    press(client, mailing, "pause")
    assert mailing.state == MailingState.PAUSED
    press(client, mailing, "go-on")
    assert mailing.state == MailingState.SENDING
    press(client, mailing, "stop")
    assert mailing.state == MailingState.STOPPED
    assert "Somebody else has changed this" in press(client, mailing, "go-on")
    assert mailing.state == MailingState.STOPPED


def test_a_look_at_a_button_presses_nothing(
    as_user: Login, update: Update, alice: User
) -> None:
    make_supporter(update.petition)
    client, mailing = as_user(alice), ordered(update, by=alice)
    for page in ("test", "order", "approve", "call-off", "pause", "go-on", "stop"):
        assert client.get(address(mailing, page)).status_code == 302
    mailing.refresh_from_db()
    assert mailing.state == MailingState.ORDERED


def test_the_form_says_what_is_in_the_way(
    as_user: Login, update: Update, alice: User
) -> None:
    client = as_user(alice)
    form = f"/admin/petitions/update/{update.pk}/mail/"
    mailing = prepared(update, alice)
    page = client.get(form)
    assert "not over yet" in text_of(page)
    assert address(mailing) in page.content.decode()
    assert "not over yet" in text_of(client.post(form, {"scope": "petition"}))

    Organization.objects.update(postal_address="")
    assert "postal address" in text_of(client.get(form))


@pytest.mark.parametrize("role", list(Role))
def test_who_may_order_one(
    as_user: Login, update: Update, organization: Organization, role: Role
) -> None:
    client = as_user(make_member(organization, role))
    allowed = role in (Role.OWNER, Role.EDITOR)
    mailing = prepared(update)

    page = client.get(address(mailing))
    assert page.status_code == 200
    assert ("Send it to me" in text_of(page)) == allowed
    assert client.post(address(mailing, "test")).status_code == (
        302 if allowed else 403
    )
    link = f"/admin/petitions/update/{update.pk}/mail/"
    assert client.get(link).status_code == (200 if allowed else 403)


def test_the_languages_and_countries_that_are_offered(
    as_user: Login, update: Update, alice: User
) -> None:
    client = as_user(alice)
    form = f"/admin/petitions/update/{update.pk}/mail/"
    fields: Any = client.get(form).context["form"].fields
    assert [code for code, _name in fields["languages"].choices] == ["en", "fr"]
    assert "countries" not in fields

    Petition.objects.update(asks_country=True)
    assert "countries" in client.get(form).context["form"].fields


def test_one_whose_update_was_changed_says_what_to_do(
    as_user: Login, update: Update, alice: User
) -> None:
    make_supporter(update.petition)
    client, mailing = as_user(alice), ordered(update, by=alice)
    mailings.advance_mailing(timezone.now() + BEGUN)
    assert "Pause" in text_of(client.get(address(mailing)))
    Update.objects.update(title="Corrected")
    mailings.advance_mailing(timezone.now() + BEGUN)

    page = text_of(client.get(address(mailing)))
    assert "The update was changed since: stop this" in page
    assert "Resume" not in page
    assert "The update was changed since: stop this" in press(client, mailing, "go-on")
    assert mailing.state == MailingState.PAUSED
