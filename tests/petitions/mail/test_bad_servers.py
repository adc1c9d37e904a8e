"""Mail servers that drop connections, hang, accept only part of a batch or die: nothing
is lost, nobody is held up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from petitions.mail import leases, sending
from petitions.models import OutgoingMail, Petition
from tests.factories import make_pending
from tests.mailserver import MailServer, SilentServer, SlowServer
from tests.petitions.conftest import both_manners
from tests.petitions.mail.helpers import send, states

pytestmark = [pytest.mark.django_db, both_manners]


def signed_by(petition: Petition, number: int) -> list[str]:
    """Create `number` pending signatures; return their addresses, in order."""
    emails = [f"signer{n}@example.org" for n in range(number)]
    for email in emails:
        make_pending(petition, email)
    return emails


def ready() -> None:
    """Make every postponed mail due, as if time had passed."""
    OutgoingMail.objects.filter(state="due").update(due_at=timezone.now())


def test_a_server_that_says_nothing_holds_no_lease(
    petition: Petition, server: MailServer, settings: Settings
) -> None:
    signed_by(petition, 3)
    with SilentServer() as silent:
        settings.MAILERS["default"]["OPTIONS"]["port"] = silent.port
        with pytest.raises(OSError, match="timed out"):
            send()
    assert set(
        OutgoingMail.objects.values_list("leased_until", "attempts", "state")
    ) == {(None, 0, "due")}

    settings.MAILERS["default"]["OPTIONS"]["port"] = server.port
    send()

    assert states() == {"sent": 3}


def test_a_server_that_greets_late_gets_mail_nevertheless(
    petition: Petition,
    server: MailServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many let a stranger wait for longer than a batch lasts."""
    monkeypatch.setattr(sending, "BATCH_TIME", timedelta(seconds=0.5))
    signed_by(petition, 1)
    with SlowServer(delay=0.6) as slow:
        settings.MAILERS["default"]["OPTIONS"]["port"] = slow.port
        send()

        assert slow.messages == 1
    assert states() == {"sent": 1}


def test_a_mail_on_its_way_is_leased_for_as_long_as_it_takes(
    petition: Petition, server: MailServer, settings: Settings
) -> None:
    settings.MAILERS["default"]["OPTIONS"]["timeout"] = 300
    signed_by(petition, 1)
    assert len(leases.lease(timezone.now())) == 1

    send(timedelta(minutes=85))

    assert server.mailbox.envelopes == []


def test_a_server_that_takes_some_and_drops_the_line(
    petition: Petition, server: MailServer
) -> None:
    emails = signed_by(petition, 6)
    server.mailbox.die_before = lambda: len(server.mailbox.envelopes) == 3

    with pytest.raises(OSError, match=r"."):
        send()

    # Accepted mails are marked; the one at which the connection broke is postponed; the
    # others are due.
    assert states() == {"sent": 3, "due": 3}
    assert list(
        OutgoingMail.objects.filter(state="due")
        .order_by("pk")
        .values_list("attempts", "leased_until")
    ) == [(1, None), (0, None), (0, None)]

    server.mailbox.die_before = lambda: False
    send()
    assert states() == {"sent": 5, "due": 1}
    ready()
    send()
    assert sorted(server.mailbox.recipients) == emails
    assert states() == {"sent": 6}


def test_a_mail_that_goes_out_twice_is_one_to_mail_programs(
    petition: Petition, server: MailServer
) -> None:
    signed_by(petition, 1)
    server.mailbox.die_after = lambda: True
    with pytest.raises(OSError, match=r"."):
        send()
    server.mailbox.die_after = lambda: False
    ready()
    send()
    make_pending(petition, "other@example.org")
    send()

    first, again, other = (message["Message-ID"] for message in server.mailbox.messages)
    assert first == again != other
    assert states() == {"sent": 2}


def test_a_server_that_always_dies_at_one_mail_holds_up_no_other(
    petition: Petition, server: MailServer
) -> None:
    emails = signed_by(petition, 5)

    def die(address: str) -> str | None:
        return "421 not that one" if address == emails[0] else None

    server.mailbox.refuse = die
    for _ in range(3):
        try:
            send()
        except OSError:
            continue

    assert sorted(server.mailbox.recipients) == emails[1:]
    assert states() == {"sent": 4, "due": 1}


def test_each_pause_is_twice_as_long_up_to_an_hour(
    petition: Petition, server: MailServer
) -> None:
    server.mailbox.refuse = lambda address: "450 4.2.1 busy"
    signed_by(petition, 1)
    pauses = []
    for _ in range(9):
        ready()
        before = timezone.now()
        send(timedelta(seconds=1))
        due_at = OutgoingMail.objects.get().due_at
        pauses.append(round((due_at - before).total_seconds() / 30))

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    assert OutgoingMail.objects.get().attempts == 9


def test_a_refused_sender_holds_up_all_and_loses_none(
    petition: Petition, server: MailServer
) -> None:
    signed_by(petition, 4)
    server.mailbox.refuse_sender = lambda: "550 5.7.1 who are you"
    send()
    assert states() == {"due": 4}
    assert set(OutgoingMail.objects.values_list("attempts", flat=True)) == {1}

    server.mailbox.refuse_sender = lambda: None
    ready()
    send()
    assert states() == {"sent": 4}
