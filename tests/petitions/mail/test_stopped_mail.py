"""Stopped mail waits: none is lost, none goes twice, and none is late for good."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Heartbeat, SwitchName
from core.operation import turn_off, turn_on
from core.switches import SWITCHES
from core.worker import loops
from petitions.loops import LOOPS
from petitions.mail import sending
from petitions.models import OutgoingMail, Petition
from petitions.models.mails import MailState
from tests.factories import make_pending
from tests.mailserver import MailServer
from tests.petitions.conftest import both_manners
from tests.petitions.mail.helpers import send, states

MAIL = next(loop for loop in LOOPS if loop.name == "mail")


def on(name: SwitchName) -> None:
    turn_on(name, {}, now=timezone.now(), by=None)


def until(condition: object, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [SwitchName.STOP_MAIL, SwitchName.READ_ONLY])
def test_the_loop_of_mail_pauses_and_goes_on(
    server: MailServer, petition: Petition, name: SwitchName
) -> None:
    on(name)
    make_pending(petition, "maya@example.org")
    stop = threading.Event()
    threads = loops.start_threads([MAIL], stop)
    try:
        until(lambda: Heartbeat.objects.filter(name="mail").exists())
        time.sleep(2)
        assert server.mailbox.recipients == []
        assert states() == {MailState.DUE: 1}

        turn_off(name, by=None)
        until(lambda: states() == {MailState.SENT: 1}, 5)
    finally:
        stop.set()
        for thread in threads:
            thread.join(5)
    assert server.mailbox.recipients == ["maya@example.org"]


@pytest.mark.django_db
@both_manners
def test_a_batch_under_way_ends_and_what_it_has_not_begun_is_put_back(
    server: MailServer, petition: Petition
) -> None:
    for number in range(5):
        make_pending(petition, f"maya{number}@example.org")

    def stop_at_the_third(address: str) -> None:
        if len(server.mailbox.envelopes) == 2:
            SWITCHES._value = (stopped, float("inf"))

    on(SwitchName.STOP_MAIL)
    stopped = SWITCHES.get()
    turn_off(SwitchName.STOP_MAIL, by=None)
    server.mailbox.refuse = stop_at_the_third
    send()

    # The third was under way.
    assert len(server.mailbox.recipients) == 3
    assert states() == {MailState.SENT: 3, MailState.DUE: 2}
    left = OutgoingMail.objects.filter(state=MailState.DUE)
    assert set(left.values_list("leased_until", "attempts")) == {(None, 0)}

    SWITCHES.forget()
    server.mailbox.refuse = lambda address: None
    send()
    assert sorted(server.mailbox.recipients) == [
        f"maya{number}@example.org" for number in range(5)
    ]


@pytest.mark.django_db
@both_manners
def test_a_batch_under_way_ends_with_the_worker(
    server: MailServer, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it would send after its process has ended is not marked, and goes twice."""
    ending = threading.Event()
    monkeypatch.setattr(sending, "ENDING", ending)
    for number in range(5):
        make_pending(petition, f"maya{number}@example.org")

    def end_at_the_third(address: str) -> None:
        if len(server.mailbox.envelopes) == 2:
            ending.set()

    server.mailbox.refuse = end_at_the_third
    send()

    assert len(server.mailbox.recipients) == 3
    assert states() == {MailState.SENT: 3, MailState.DUE: 2}
    left = OutgoingMail.objects.filter(state=MailState.DUE)
    assert set(left.values_list("leased_until", "attempts")) == {(None, 0)}


@pytest.mark.django_db
def test_a_mail_that_was_stopped_for_days_gets_its_tries(
    server: MailServer, petition: Petition
) -> None:
    """The server is busy just when mail is sent again."""
    server.mailbox.refuse = lambda address: "451 4.3.0 busy"
    now = timezone.now()
    make_pending(petition, now=now - sending.GIVE_UP_AFTER - timedelta(days=1))

    send()

    assert states() == {MailState.DUE: 1}
    OutgoingMail.objects.update(due_at=now, attempts=sending.TRIES)
    send()
    assert states() == {MailState.FAILED: 1}


def test_which_loops_stop_for_mail_and_which_for_nothing() -> None:
    """Links for a password go on: who has to act needs them. So do alerts."""
    assert {loop.name for loop in LOOPS if loop.mails} == {
        "asks", "mail", "mailings", "office", "reports", "undelivered", "waiting",
        "webhook notices",
    }  # fmt: skip
    assert {loop.name for loop in LOOPS if loop.works_always} == {"watch"}


@pytest.mark.django_db
@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.name)
def test_loops_pause_while_the_site_is_read_only(loop: loops.Loop) -> None:
    assert not loop.is_paused
    on(SwitchName.READ_ONLY)
    assert loop.is_paused is not loop.works_always
