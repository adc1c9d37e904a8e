"""Reminders: one, about a day later, and never another."""

from __future__ import annotations

import threading
import urllib.request
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from petitions import loops
from petitions.identity.key_ring import email_key
from petitions.mail import bounces
from petitions.mail.reminders import (
    AFTER,
    SWEEP_EVERY,
    ReminderSweep,
)
from petitions.models import OutgoingMail, Petition, Signature, Suppression
from petitions.models.mails import MailKind, MailState
from petitions.signatures import (
    consent,
    links,
    my_data,
)
from petitions.signatures.confirming import confirm
from petitions.states import ENDED_STATES, State
from tests.factories import make_pending, make_petition, make_signature
from tests.mailserver import MailServer, body
from tests.parallel import all_at_once
from tests.petitions.mail.helpers import reminded, send, sweep, waiting

pytestmark = pytest.mark.django_db

DAY_AGO = timedelta(days=1)
SITE = "http://testserver.localhost"


def test_a_reminder_arrives_once(server: MailServer, petition: Petition) -> None:
    petition.targets.update(name="Stéphane Dion")
    signature = waiting(petition, "maya@example.org")

    for hours in range(0, 24 * 20, 8):
        now = timezone.now() + timedelta(hours=hours)
        ReminderSweep().remind(now)
        send(timedelta(hours=hours))

    (message,) = server.mailbox.messages
    assert message["To"] == "maya@example.org"
    assert message["Subject"] == (
        "Your signature is not counted yet: “Free the prisoners”"
    )
    for kind in ("plain", "html"):
        text = body(message, kind)
        assert "You asked to sign this petition by Rights Now to Stéphane Dion" in text
        assert "We will not write to you about it again." in text
        assert f"{SITE}/confirm/" in text
        assert f"{SITE}/never-again/" in text
    assert reminded() == {signature.pk}


def test_the_link_in_it_counts_the_signature(
    server: MailServer, petition: Petition, visitor: Client
) -> None:
    waiting(petition)
    sweep()
    send()

    lines = body(server.mailbox.messages[0]).splitlines()
    (link,) = [line for line in lines if "/confirm/" in line]
    assert visitor.post(link.removeprefix(SITE)).status_code == 303
    assert Signature.objects.confirmed().count() == 1


def test_it_is_in_the_signers_language(server: MailServer, petition: Petition) -> None:
    waiting(petition, language="fr")
    sweep()
    send()

    (message,) = server.mailbox.messages
    assert message["Content-Language"] == "fr"
    assert f"{SITE}/fr/confirm/" in body(message)
    assert message["List-Unsubscribe"].startswith(f"<{SITE}/fr/never-again/")


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (AFTER - timedelta(minutes=1), 0),
        (AFTER + timedelta(minutes=1), 1),
        (timedelta(days=13, hours=23), 1),
        (timedelta(days=14, minutes=1), 0),
    ],
)
def test_when_it_is_due(petition: Petition, ago: timedelta, expected: int) -> None:
    waiting(petition, ago=ago)

    sweep()

    assert len(reminded()) == expected


# What somebody has signed is no draft again.
@pytest.mark.parametrize("state", sorted({*State} - {State.OPEN, State.DRAFT}))
def test_only_an_open_petition_reminds(petition: Petition, state: State) -> None:
    waiting(petition)
    Petition.objects.filter(pk=petition.pk).update(
        state=state, ended_at=timezone.now() if state in ENDED_STATES else None
    )

    sweep()

    assert reminded() == set()


def test_who_needs_none_gets_none(petition: Petition) -> None:
    now = timezone.now()
    make_signature(petition, "counted@example.org", now=now - timedelta(days=3))
    waiting(petition, "counted@example.org")
    waiting(petition, "silent@example.org")
    consent.suppress("silent@example.org", now=now)
    waiting(petition, "gone@example.org")
    bounces.record_bounce(email_key("gone@example.org"), "550 5.1.1", now=now)
    failed = waiting(petition)
    OutgoingMail.objects.filter(signature=failed).update(state=MailState.FAILED)
    make_pending(petition, now=now - DAY_AGO)  # its mail is still due
    confirmed = waiting(petition)
    confirm(confirmed.pk, now=now)
    ended = make_petition(closes_at=now + timedelta(hours=1))
    waiting(ended)
    Petition.objects.filter(pk=ended.pk).update(closes_at=now - timedelta(minutes=1))
    expected = waiting(petition, "maya@example.org")

    sweep()

    assert reminded() == {expected.pk}


def test_the_last_form_that_a_mailbox_saw_is_reminded_of(petition: Petition) -> None:
    waiting(petition, "maya@example.org", ago=timedelta(days=5), name="Mallory")
    newer = waiting(petition, "maya@example.org", ago=timedelta(days=2), name="Maya")
    waiting(petition, "other@example.org", ago=timedelta(days=5))
    waiting(petition, "other@example.org", ago=timedelta(hours=2))

    sweep()

    assert reminded() == {newer.pk}


def test_confirmed_or_ended_in_the_meantime_it_is_not_sent(
    server: MailServer, petition: Petition
) -> None:
    first = waiting(petition, "first@example.org")
    second = waiting(petition, "second@example.org")
    sibling = waiting(petition, "third@example.org", ago=timedelta(days=3))
    waiting(petition, "third@example.org", name="Other")
    elsewhere = make_petition()
    waiting(elsewhere, "fourth@example.org")
    sweep()
    now = timezone.now()
    assert len(reminded()) == 4

    confirm(first.pk, now=now)
    my_data.erase_signature(second, now=now)
    confirm(sibling.pk, now=now)
    elsewhere.close(now=now)
    send()

    assert server.mailbox.envelopes == []
    assert not OutgoingMail.objects.filter(state="due").exists()


def test_erasing_the_form_does_not_make_room_for_another_reminder(
    server: MailServer, petition: Petition
) -> None:
    signature = waiting(petition, "victim@example.org")
    sweep()
    send()
    my_data.erase_signature(signature, now=timezone.now())
    loops.clock(timezone.now() + timedelta(days=2))
    waiting(petition, "victim@example.org")

    sweep()

    assert reminded() == {None}  # the first one, whose signature is gone


def test_a_sweep_goes_page_by_page_and_begins_again(petition: Petition) -> None:
    now = timezone.now()
    signatures = [waiting(petition) for _ in range(5)]
    walk = ReminderSweep(page=2)

    assert [walk.remind(now) for _ in range(3)] == [True, True, False]
    assert reminded() == {signature.pk for signature in signatures}

    late = waiting(petition)
    assert walk.remind(now + SWEEP_EVERY - timedelta(seconds=1)) is False
    assert late.pk not in reminded()
    walk.remind(now + SWEEP_EVERY)
    walk.remind(now + SWEEP_EVERY)
    walk.remind(now + SWEEP_EVERY)
    assert late.pk in reminded()


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_write_one_reminder(petition: Petition) -> None:
    for number in range(10):
        waiting(petition, f"signer{number}@example.org")
    now = timezone.now()

    all_at_once([partial(ReminderSweep().remind, now) for _ in range(8)])

    assert OutgoingMail.objects.filter(kind=MailKind.REMIND).count() == 10


def test_the_database_refuses_a_second_reminder(petition: Petition) -> None:
    signature = waiting(petition)
    sweep()
    row = OutgoingMail.objects.get(kind=MailKind.REMIND)
    row.pk = None

    with (
        pytest.raises(IntegrityError, match="mail_reminder_once"),
        transaction.atomic(),
    ):
        row.save()
    assert reminded() == {signature.pk}


@pytest.mark.django_db(transaction=True)
def test_a_signature_that_is_being_confirmed_is_passed_over(petition: Petition) -> None:
    from django.db import connection

    busy, other = waiting(petition), waiting(petition)
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Signature.objects.select_for_update().get(pk=busy.pk)
            locked.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)
    sweep()
    done.set()
    holder.join()

    assert reminded() == {other.pk}


# == RFC 8058 ==


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_one_click_unsubscribes(
    server: MailServer, petition: Petition, live_server: LiveServer, language: str
) -> None:
    """Unsubscribe as a mail provider does: its server posts only the body that RFC 8058
    defines."""
    waiting(petition, "maya@example.org", language=language)
    sweep()
    send()
    (message,) = server.mailbox.messages
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = message["List-Unsubscribe"]
    assert link[0] + link[-1] == "<>"
    address = link[1:-1].replace(SITE, live_server.url)
    assert link[1:-1] in body(message)

    request = urllib.request.Request(
        address, data=b"List-Unsubscribe=One-Click", method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 200
        assert response.url == address  # a redirect would not be followed
        assert "Set-Cookie" not in response.headers
        assert response.headers["Cache-Control"] == "no-store"

    assert Suppression.objects.get().pk == email_key("maya@example.org")


def test_one_click_may_come_as_a_form_with_parts(
    server: MailServer, petition: Petition
) -> None:
    waiting(petition)
    sweep()
    send()
    path = server.mailbox.messages[0]["List-Unsubscribe"][1:-1].removeprefix(SITE)

    answer = Client(headers={"host": "localhost"}, enforce_csrf_checks=True).post(
        path, {"List-Unsubscribe": "One-Click"}
    )

    assert answer.status_code == 200
    assert Suppression.objects.exists()


def test_opening_the_link_unsubscribes_nobody(
    server: MailServer, petition: Petition, visitor: Client
) -> None:
    waiting(petition)
    sweep()
    send()
    path = server.mailbox.messages[0]["List-Unsubscribe"][1:-1].removeprefix(SITE)

    assert visitor.get(path).status_code == 200
    assert visitor.get(f"{path}?List-Unsubscribe=One-Click").status_code == 200

    assert not Suppression.objects.exists()


def test_what_was_asked_for_offers_no_unsubscribing(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition)
    signed = make_signature(petition)
    assert signed.email_key is not None
    links.send_signed([signed.email_key], now=timezone.now())
    send()

    assert len(server.mailbox.messages) == 2
    for message in server.mailbox.messages:
        assert message["List-Unsubscribe"] is None
        assert message["List-Unsubscribe-Post"] is None
