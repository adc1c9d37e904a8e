"""Decisions of staff about many signatures set aside: asked first, done in batches, and
resumed where they stopped."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.db import batches
from core.models import AuditAction, AuditEntry
from core.retention import expire
from organizations.models import Organization, User
from petitions.abuse import new_domains
from petitions.models import OutgoingMail, Petition, Removal, Signature
from petitions.models.mails import MailState
from petitions.models.petition_lifecycle import WAIT
from petitions.signatures import quarantine
from tests.factories import make_pending, make_petition
from tests.helpers import notes, text_of
from tests.petitions.admin.helpers import Login, decide

pytestmark = pytest.mark.django_db

LIST = "/admin/petitions/signature/"
ALL = {"_selected_action": ["1"], "select_across": "1"}


def put_aside(petition: Petition, number: int) -> list[Signature]:
    rows = [make_pending(petition, f"{n}@{petition.pk}.test") for n in range(number)]
    numbers = [row.pk for row in rows]
    Signature.objects.filter(pk__in=numbers).update(quarantine_reason="burst")
    OutgoingMail.objects.filter(signature__in=numbers).update(state=MailState.HELD)
    return rows


@pytest.fixture
def aside(petition: Petition) -> list[Signature]:
    return put_aside(petition, 7)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time for one batch of four a request."""
    ticks = iter(range(0, 10**6, 15))
    monkeypatch.setattr(quarantine, "BATCH", 16)

    class Time:
        monotonic = staticmethod(lambda: next(ticks))

    monkeypatch.setattr(batches, "time", Time)


def answered(client: Client, action: str, asked: Any) -> Any:
    """Press the button of the page that asks."""
    hidden: dict[str, Any] = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text(asked))
    )
    assert hidden["action"] == action
    return client.post(LIST, {**hidden, **ALL, "confirmed": "1"}, follow=True)


def text(response: Any) -> str:
    return str(response.content.decode())


def mails(state: MailState) -> int:
    return OutgoingMail.objects.filter(state=state).count()


@pytest.mark.parametrize("action", ["release", "remove"])
def test_the_mail_domains_that_it_names_are_a_look_on_record(
    as_user: Login,
    erin: User,
    organization: Organization,
    aside: list[Signature],
    action: str,
) -> None:
    make_pending(aside[0].petition)

    asked = as_user(erin).post(LIST, {"action": action, **ALL})

    assert f"{aside[0].petition_id}.test (7)" in text_of(asked)
    looks = AuditEntry.objects.filter(action=AuditAction.LOOK).order_by("pk")
    assert {(look.organization, look.table) for look in looks} == {
        (organization.pk, "petitions_signature")
    }
    # The list, and what it asks.
    assert [look.now for look in looks] == [
        {"kind": "list", "rows": 8}, {"kind": "list", "rows": 7},
    ]  # fmt: skip


def test_a_release_asks_first_how_many_of_which_petitions(
    as_user: Login, erin: User, organization: Organization, aside: list[Signature]
) -> None:
    other = make_petition(organization, title="Save the harbour")
    put_aside(other, 2)
    client = as_user(erin)

    asked = client.post(LIST, {"action": "release", **ALL})

    page = text_of(asked)
    assert "The links of 9 signatures are mailed" in page
    assert re.search(r"Free the prisoners [^0-9]* 7 Save the harbour [^0-9]* 2", page)
    assert Signature.objects.quarantined().count() == 9
    assert mails(MailState.DUE) == 0

    put_aside(other, 1)
    done = answered(client, "release", asked)

    assert "9 signatures released; their links are on their way." in text_of(done)
    assert Signature.objects.quarantined().count() == 1
    assert (mails(MailState.DUE), mails(MailState.HELD)) == (9, 1)
    assert set(notes()) == {
        "Released: 7 signatures set aside", "Released: 2 signatures set aside",
    }  # fmt: skip


@pytest.mark.parametrize("action", ["release", "remove"])
def test_what_there_was_no_time_for_is_asked_about_again(
    as_user: Login, erin: User, aside: list[Signature], hurried: None, action: str
) -> None:
    client = as_user(erin)
    asked = client.post(LIST, {"action": action, **ALL})
    put_aside(aside[0].petition, 1)

    rest = answered(client, action, asked)

    assert "There was no time for all of them. This is the rest:" in text_of(rest)
    assert re.search("(4 signatures released|4 signatures will be)", text_of(rest))
    # The rest is that of what was asked about, and waits as before.
    assert f'name="newest" value="{aside[-1].pk}"' in text(rest)
    assert re.search(r"Free the prisoners [^0-9]* 3 Their mail", text_of(rest))
    assert Signature.objects.quarantined().count() == 4
    look = AuditEntry.objects.filter(action=AuditAction.LOOK).latest("pk")
    assert look.now == {"kind": "list", "rows": 3}
    done = mails(MailState.DUE) if action == "release" else 0
    assert done == (4 if action == "release" else 0)

    end = answered(client, action, rest)

    assert re.search("(3 signatures released|3 signatures will be)", text_of(end))
    assert Signature.objects.quarantined().count() == 1


def test_each_part_of_a_removal_waits_its_own_seven_days(
    as_user: Login, erin: User, aside: list[Signature], hurried: None
) -> None:
    client = as_user(erin)
    rest = decide_all(client, "remove")
    Removal.objects.update(made_at=timezone.now() - timedelta(days=3))
    answered(client, "remove", rest)

    def left_after(days: int) -> int:
        for _ in range(3):
            expire(timezone.now() + timedelta(days=days, minutes=1))
        return Signature.objects.count()

    assert left_after(WAIT.days - 4) == 7
    assert left_after(WAIT.days - 3) == 3
    assert left_after(WAIT.days - 1) == 3
    assert left_after(WAIT.days) == 0
    assert not Removal.objects.exists()


def decide_all(client: Client, action: str) -> Any:
    asked = client.post(LIST, {"action": action, **ALL})
    return answered(client, action, asked)


def test_what_fails_half_way_leaves_what_was_done(
    as_user: Login, erin: User, aside: list[Signature],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The batches before are committed, the one that failed is not."""
    monkeypatch.setattr(quarantine, "BATCH", 16)
    learn, calls = new_domains.approve_domains, list[None]()

    def failing(*args: Any, **options: Any) -> None:
        calls.append(learn(*args, **options))
        if len(calls) == 2:
            raise RuntimeError("the plug is pulled")

    monkeypatch.setattr(new_domains, "approve_domains", failing)
    client = as_user(erin)
    with pytest.raises(RuntimeError):
        decide_all(client, "release")

    assert Signature.objects.quarantined().count() == 3
    assert (mails(MailState.DUE), mails(MailState.HELD)) == (4, 3)


def test_a_removal_that_is_called_off_at_work_stops(
    erin: User, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_aside(petition, 7)
    monkeypatch.setattr(quarantine, "BATCH", 16)
    note = batches.Batches.note
    seen: list[int] = []

    def called_off(self: Any, taken: int, seconds: float) -> None:
        if not seen:
            seen.append(Removal.objects.get().pk)
            quarantine.call_off_removal(Removal.objects.get())
        note(self, taken, seconds)

    monkeypatch.setattr(batches.Batches, "note", called_off)

    made = quarantine.schedule_removal(
        Signature.objects.all(), erin, now=timezone.now()
    )

    assert seen
    assert made == []
    assert Signature.objects.quarantined().count() == 7
    assert not Removal.objects.exists()


def test_calling_off_goes_on_where_it_stopped(
    as_user: Login, erin: User, aside: list[Signature], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_user(erin)
    decide(client, {"action": "remove", **ALL})
    ticks = iter(range(0, 10**6, 15))

    class Time:
        monotonic = staticmethod(lambda: next(ticks))

    monkeypatch.setattr(batches, "time", Time)
    monkeypatch.setattr(quarantine, "BATCH", 16)

    def call_off() -> str:
        (path,) = re.findall(
            r'action="(/admin/[^"]*/call-off/)"', text(client.get(LIST))
        )
        return text_of(client.post(path, follow=True))

    first = call_off()
    assert "Called off: 4 signatures are set aside" in first
    assert "There was no time for all of them: call the rest off, too." in first
    assert "The forms of 3 people that were set aside" in first
    second = call_off()
    assert "Called off: 3 signatures are set aside" in second
    assert "no time" not in second
    assert Signature.objects.quarantined().count() == 7
    assert not Removal.objects.exists()
