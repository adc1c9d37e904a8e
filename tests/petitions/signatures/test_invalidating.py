"""Invalidations: staff take signatures from the count, and give them back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from core.retention import expire
from organizations.models import User
from petitions.counts import folding
from petitions.identity import key_ring
from petitions.models import Invalidation, MailTally, Petition, Signature
from petitions.signatures import (
    confirming,
    invalidating,
    my_data,
    rekey_batch,
    rekeying,
    withdrawing,
)
from petitions.signatures.confirming import Confirmation
from petitions.signatures.tokens import (
    TokenPurpose,
    make_token,
)
from petitions.states import InvalidationState, SignatureState
from tests.factories import backdate, make_pending, make_petition, make_signature
from tests.helpers import text_of
from tests.parallel import all_at_once
from tests.petitions.signatures.invalidations import (
    begin,
    counted,
    make_invalidation,
    make_signatures,
    proved,
    work,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys_as_the_database_says() -> Iterator[None]:
    key_ring.forget_keyring()
    yield
    key_ring.forget_keyring()


def state(signature: Signature) -> str:
    signature.refresh_from_db()
    return signature.state


# == Which ==


@pytest.mark.parametrize(
    ("conditions", "matched"),
    [
        ({"network": "203.0.113.0/24"}, "ab"),
        ({"network": "203.0.113.77"}, "ab"),  # widened to what is known
        ({"network": "203.0.0.0/16"}, "ab"),
        ({"network": "2001:db8:7::/48"}, "c"),
        ({"network": "10.0.0.0/8"}, ""),
        ({"domain": "example.org"}, "a"),
        ({"domain": "EXAMPLE.org "}, "a"),
        ({"domain": "*.example.org"}, "b"),
        ({"domain": "xn--strae-oqa.test"}, "c"),
        ({"domain": "straße.test"}, "c"),
        ({"domain": "ample.org"}, ""),
        ({"name": "TREMBLAY"}, "ab"),
        ({"name": "zoe\u0308"}, "c"),
        ({"name": "%"}, ""),
        ({"name": "maya tremblay", "name_match": "equals"}, "a"),
        ({"name": "tremblay", "name_match": "equals"}, ""),
        ({"since": timedelta(hours=-3)}, "bc"),
        ({"until": timedelta(hours=-3)}, "a"),
        ({"since": timedelta(hours=-3), "until": timedelta(hours=-1)}, "b"),
        ({"network": "203.0.113.0/24", "name": "mayo"}, "b"),
    ],
)
def test_a_set_is_described(
    petition: Petition, conditions: dict[str, Any], matched: str
) -> None:
    now = timezone.now()
    for name, email, network, hours in (
        ("Maya Tremblay", "a@Example.ORG", "203.0.113.0/24", 4),
        ("Mayo Tremblay-Roy", "b@mail.example.org", "203.0.113.0/24", 2),
        ("Zoë Nuñez", "c@straße.test", "2001:db8:7::/48", 0),
    ):
        given = ip_network(network)
        when = now - timedelta(hours=hours)
        make_signature(petition, email, name=name, network=given, now=when)
    make_signature(make_petition(petition.organization), "a@example.org")
    times = {
        field: now + value if isinstance(value, timedelta) else value
        for field, value in conditions.items()
    }

    seen = invalidating.preview_invalidation(
        make_invalidation(petition, as_of=now, **times)
    )

    assert "".join(sorted(row.email[0] for row in seen.sample)) == matched
    assert seen.found == len(matched)


def test_a_preview_counts_and_changes_nothing(petition: Petition) -> None:
    make_signatures(petition, 30)
    Signature.objects.filter(name__endswith="7").update(weak_signs=2)
    make_pending(petition, "late@bots.test")
    before = list(Signature.objects.order_by("pk").values())

    seen = invalidating.preview_invalidation(
        make_invalidation(petition, domain="bots.test")
    )

    assert (seen.found, seen.weak, seen.pending) == (30, 3, 1)
    assert len(seen.sample) == invalidating.SAMPLE
    assert list(Signature.objects.order_by("pk").values()) == before


def test_an_empty_condition_is_refused(petition: Petition, erin: User) -> None:
    row = make_invalidation(petition, name_match="equals")
    with pytest.raises(ValidationError, match="at least one of network"):
        row.full_clean(exclude=["made_by", "up_to"])

    with pytest.raises(IntegrityError, match="invalidation_condition"):
        invalidating.begin_invalidation(row, erin, now=timezone.now())


# == Taking out, giving back ==


@pytest.mark.django_db(transaction=True)
def test_a_hundred_thousand_leave_the_count_and_come_back_exactly(
    petition: Petition, erin: User
) -> None:
    make_signatures(petition, 100_000)
    make_signatures(petition, 500, "example.org")
    folding.fold()
    before = list(
        Signature.objects.order_by("pk").values("pk", "state", "confirmed_at")
    )

    row = begin(petition, erin, domain="bots.test")
    assert row.found == 100_000
    assert counted(petition) == 100_500
    progress = [0]
    while invalidating.advance_invalidation(timezone.now()):
        row.refresh_from_db()
        progress.append(row.marked)
        assert counted(petition) == 100_500 - row.marked
        if len(progress) % 10 == 0:
            folding.fold()
            assert proved(petition)

    assert row.state == InvalidationState.DONE
    assert progress == sorted(progress)
    assert len(progress) > 50
    assert (row.marked, counted(petition)) == (100_000, 500)
    assert proved(petition)

    assert invalidating.reverse_invalidation(row, erin, "A school", now=timezone.now())
    while invalidating.advance_invalidation(timezone.now()):
        row.refresh_from_db()
        assert counted(petition) == 500 + row.restored

    assert row.state == InvalidationState.REVERSED
    assert (row.restored, row.left_out, row.taken_back) == (100_000, 0, 0)
    assert counted(petition) == 100_500
    assert proved(petition)
    after = list(Signature.objects.order_by("pk").values("pk", "state", "confirmed_at"))
    assert after == before
    # The mail tallies count none of these as confirmations.
    folding.fold()
    assert not MailTally.objects.exists()


def test_what_was_not_seen_in_the_preview_is_not_touched(
    petition: Petition, erin: User
) -> None:
    waiting = make_pending(petition, "waiting@bots.test")
    make_signatures(petition, 3)
    row = make_invalidation(petition, domain="bots.test", found=3)
    confirming.confirm(waiting.pk, now=timezone.now())
    later = make_signature(petition, "later@bots.test")

    invalidating.begin_invalidation(row, erin, now=timezone.now())
    work(row)

    assert row.marked == 3
    assert state(waiting) == state(later) == SignatureState.CONFIRMED
    assert counted(petition) == 2


def test_only_one_is_at_work_under_a_petition(petition: Petition, erin: User) -> None:
    make_signatures(petition, 3)
    first = begin(petition, erin, domain="bots.test")

    with pytest.raises(invalidating.InvalidationRunning):
        begin(petition, erin, name="Signer 1")
    begin(make_petition(petition.organization), erin, name="Signer 1")

    work(first)
    second = begin(petition, erin, name="Signer 1")
    with pytest.raises(invalidating.InvalidationRunning):
        invalidating.reverse_invalidation(first, erin, "No", now=timezone.now())
    work(second)
    assert invalidating.reverse_invalidation(first, erin, "Yes", now=timezone.now())
    assert not invalidating.reverse_invalidation(
        first, erin, "Twice", now=timezone.now()
    )


def test_it_can_be_stopped_on_the_way(
    petition: Petition, erin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_signatures(petition, 10)
    monkeypatch.setattr(invalidating, "BATCH", 4)
    row = begin(petition, erin, domain="bots.test")
    invalidating.advance_invalidation(timezone.now())
    assert counted(petition) == 6

    invalidating.reverse_invalidation(row, erin, "Mistaken", now=timezone.now())
    work(row)

    assert (row.state, row.restored, counted(petition)) == ("reversed", 4, 10)


def test_only_what_still_carries_the_mark_comes_back(
    petition: Petition, erin: User
) -> None:
    one, two, three, four = (
        make_signature(petition, f"{name}@bots.test") for name in "abcd"
    )
    row = begin(petition, erin, domain="bots.test")
    work(row)
    assert counted(petition) == 0

    now = timezone.now()
    withdrawing.withdraw(one, now=now)
    my_data.erase_signature(two, now=now)
    again = make_signature(petition, "C@bots.test")
    assert counted(petition) == 1
    invalidating.reverse_invalidation(row, erin, "Real people", now=now)
    work(row)

    assert (row.restored, row.left_out, row.taken_back) == (1, 1, 2)
    assert counted(petition) == 2
    assert state(one) == SignatureState.WITHDRAWN
    assert not Signature.objects.filter(pk=two.pk).exists()
    assert state(three) == SignatureState.INVALID
    assert state(four) == state(again) == SignatureState.CONFIRMED
    assert four.invalidation is None


def test_who_signs_again_and_takes_it_back_is_not_brought_back(
    petition: Petition, erin: User
) -> None:
    first = make_signature(petition, "a@bots.test")
    row = begin(petition, erin, domain="bots.test")
    work(row)
    second = make_signature(petition, "a@bots.test")

    withdrawing.withdraw(second, now=timezone.now())
    invalidating.reverse_invalidation(row, erin, "Real people", now=timezone.now())
    work(row)

    assert state(first) == state(second) == SignatureState.WITHDRAWN
    assert counted(petition) == 0


def test_the_mark_and_the_state_go_together(petition: Petition, erin: User) -> None:
    signature = make_signature(petition)
    row = begin(petition, erin, name="Maya")

    for change in ({"state": "invalid"}, {"invalidation": row}):
        with (
            pytest.raises(IntegrityError, match="signature_invalid_is_marked"),
            transaction.atomic(),
        ):
            Signature.objects.filter(pk=signature.pk).update(**change)


def test_two_people_at_one_address_come_back_as_two_and_never_three(
    petition: Petition, erin: User
) -> None:
    shared = make_petition(petition.organization, shared_addresses=True)
    for name in ("Maya", "Noah"):
        make_signature(shared, "home@bots.test", name=name)
    make_signature(shared, "flat@bots.test", name="Ada")
    row = begin(shared, erin, domain="bots.test")
    work(row)
    for name in ("Lea", "Maya"):
        make_signature(shared, "home@bots.test", name=name)
    make_signature(shared, "flat@bots.test", name="Ben")

    invalidating.reverse_invalidation(row, erin, "Families", now=timezone.now())
    work(row)

    assert (row.restored, row.left_out) == (1, 2)
    names = (
        Signature.objects.confirmed()
        .order_by("name")
        .values_list("name", "shared_address_slot")
    )
    assert [name for name, _seat in names] == ["Ada", "Ben", "Lea", "Maya"]
    assert {
        shared_address_slot
        for name, shared_address_slot in names
        if name in ("Ada", "Ben")
    } == {1, 2}
    assert counted(shared) == 4


@pytest.mark.django_db(transaction=True)
def test_nothing_comes_back_while_a_rekey_runs(petition: Petition, erin: User) -> None:
    first = make_signature(petition, "a@bots.test")
    row = begin(petition, erin, domain="bots.test")
    work(row)
    invalidating.reverse_invalidation(row, erin, "A school", now=timezone.now())
    again = make_signature(petition, "a@bots.test")
    version = rekeying.start_version(now=timezone.now())
    ring = key_ring.current_keyring()
    # One signature has its new key already, the other still has the former one.
    rekey_batch.rekey_rows([first.pk], ring, now=timezone.now())
    assert invalidating.advance_invalidation(timezone.now()) is False
    assert state(first) == SignatureState.INVALID

    list(rekeying.rekey_signatures(rekeying.outdated(ring), ring, now=timezone.now()))
    rekeying.finish_version(version, now=timezone.now())
    work(row)

    assert (row.state, row.restored, row.left_out) == ("reversed", 0, 1)
    assert state(again) == SignatureState.CONFIRMED
    assert counted(petition) == 1
    assert proved(petition)


def test_the_same_person_is_told_when_sharing_an_address_was_allowed_meanwhile(
    petition: Petition, erin: User
) -> None:
    make_signature(petition, "a@bots.test", name="Maya")
    row = begin(petition, erin, domain="bots.test")
    work(row)
    Petition.objects.filter(pk=petition.pk).update(shared_addresses=True)
    make_signature(petition, "a@bots.test", name="Maya")

    invalidating.reverse_invalidation(row, erin, "A school", now=timezone.now())
    work(row)

    assert (row.restored, row.left_out, counted(petition)) == (0, 1, 1)


def test_what_became_of_names_that_are_past_their_time(
    petition: Petition, erin: User
) -> None:
    """Anonymised signatures stay counted; invalidated ones are deleted, and the name
    that staff typed is cleared."""
    now = timezone.now()
    make_signatures(petition, 3)
    make_signature(petition, "real@example.org")
    petition.close(now=now)
    row = begin(petition, erin, name="Signer 1")
    work(row)
    backdate(petition, ended_at=now - timedelta(days=3650), erasable_from=now)
    while max(expire(now).values()):
        pass

    row.refresh_from_db()
    assert row.name == invalidating.NO_NAME
    assert Signature.objects.count() == counted(petition) == 3
    everybody = begin(petition, erin, until=now)
    assert everybody.found == 0
    work(everybody)
    invalidating.reverse_invalidation(row, erin, "A school", now=now)
    work(row)
    assert (row.restored, row.taken_back, counted(petition)) == (0, 1, 3)


# == Killed, and at the same time ==

ROUND = """
import django, os, signal
django.setup()
from django.db import connection
from django.utils import timezone
from petitions.signatures import invalidating
rounds = 0
while invalidating.advance_invalidation(timezone.now()):
    rounds += 1
    if rounds == 2:
        # In the middle of the third batch: its signatures are marked, its change is
        # written, nothing is committed.
        change_count = invalidating.change_count
        def killed(job, delta, now):
            change_count(job, delta, now)
            if delta:
                os.kill(os.getpid(), signal.SIGKILL)
        invalidating.change_count = killed
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_in_a_batch_loses_nothing_and_doubles_nothing(
    petition: Petition, erin: User
) -> None:
    size = 4 * invalidating.BATCH
    make_signatures(petition, size)
    row = begin(petition, erin, domain="bots.test")
    url = connection.settings_dict
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": (
            f"postgresql://{url['USER']}:{url['PASSWORD']}@{url['HOST']}:{url['PORT']}"
            f"/{url['NAME']}"
        ),
    }

    def worker() -> int:
        command = [sys.executable, "-c", ROUND]
        return subprocess.run(command, env=environment, check=False).returncode

    for done in (2, 4):
        assert worker() == (-signal.SIGKILL if done == 2 else 0)
        row.refresh_from_db()
        assert row.marked == done * invalidating.BATCH
        assert counted(petition) == size - row.marked
        assert proved(petition)

    invalidating.reverse_invalidation(row, erin, "A school", now=timezone.now())
    for done in (2, 4):
        assert worker() == (-signal.SIGKILL if done == 2 else 0)
        row.refresh_from_db()
        assert row.restored == done * invalidating.BATCH
        assert counted(petition) == row.restored
        assert proved(petition)
    assert row.state == InvalidationState.REVERSED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["there", "back"])
def test_owners_do_what_they_want_while_a_batch_is_at_work(
    petition: Petition, erin: User, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(invalidating, "BATCH", 3)
    now = timezone.now()
    rows = [make_signature(petition, f"s{n}@bots.test") for n in range(24)]
    copies = [make_pending(petition, f"s{n}@bots.test") for n in range(16, 24)]
    job = begin(petition, erin, domain="bots.test")
    if way == "back":
        work(job)
        invalidating.reverse_invalidation(job, erin, "A school", now=now)

    def owners(do: Callable[[Signature], None], those: list[Signature]) -> None:
        for row in those:
            do(row)

    def staff() -> None:
        while Invalidation.objects.unfinished().exists():
            invalidating.advance_invalidation(timezone.now())

    def confirm(row: Signature) -> None:
        confirming.confirm(row.pk, now=now)

    jobs: list[Callable[[], None]] = [
        staff,
        staff,
        partial(owners, partial(withdrawing.withdraw, now=now), rows[:8]),
        partial(owners, partial(my_data.erase_signature, now=now), rows[8:16]),
        partial(owners, confirm, copies),
        partial(owners, confirm, copies[::-1]),
    ]
    all_at_once(jobs)

    assert proved(petition)
    job.refresh_from_db()
    assert job.state == ("done" if way == "there" else "reversed")
    states = dict(Signature.objects.values_list("email", "state"))
    assert {state(row) for row in rows[:8]} == {SignatureState.WITHDRAWN}
    assert not any(f"s{n}@bots.test" in states for n in range(8, 16))
    # Each person counts once: with the first signature or with the later one.
    confirmed = Signature.objects.confirmed().values_list("email", flat=True)
    assert len(confirmed) == len(set(confirmed)) == counted(petition)
    if way == "back":
        assert len(confirmed) == 8


# == What its owner sees ==


@pytest.fixture
def mine(petition: Petition, erin: User) -> Signature:
    """A signature that staff have invalidated."""
    signature = make_signature(petition, "maya@bots.test", show_name=True)
    work(begin(petition, erin, domain="bots.test"))
    signature.refresh_from_db()
    return signature


def link(purpose: TokenPurpose, folder: str, row: Signature) -> str:
    return f"/{folder}/{make_token(purpose, row.pk, now=timezone.now())}/"


def test_its_owner_is_told_whom_to_ask(visitor: Client, mine: Signature) -> None:
    own = link(TokenPurpose.OWN, "signature", mine)

    for path in (own, link(TokenPurpose.CONFIRM, "confirm", mine)):
        text = text_of(visitor.get(path))
        assert "Your signature is not counted" in text
        assert "Rights Now removed this signature from the count on" in text
        assert "contact@example.org" in text
    pressed = visitor.post(link(TokenPurpose.CONFIRM, "confirm", mine), follow=True)
    assert "Your signature is not counted" in text_of(pressed)
    everything = visitor.get(link(TokenPurpose.ALL, "signed", mine))
    assert "removed from the count by the organisation on" in text_of(everything)
    download = link(TokenPurpose.ALL, "signed", mine) + "download/"
    (stored,) = visitor.get(download).json()["signatures"]
    assert stored["state"] == "invalid"
    assert mine.invalidation is not None
    made_at = mine.invalidation.made_at.replace(microsecond=0)
    assert datetime.fromisoformat(stored["invalidated_at"]) == made_at
    assert "Maya" not in text_of(visitor.get(mine.petition.get_absolute_url()))


def test_its_owner_withdraws_or_erases_it(visitor: Client, mine: Signature) -> None:
    withdraw = link(TokenPurpose.OWN, "signature", mine) + "withdraw/"

    assert "It is not counted now" in text_of(visitor.get(withdraw))
    visitor.post(withdraw)
    assert state(mine) == SignatureState.WITHDRAWN
    visitor.post(link(TokenPurpose.OWN, "signature", mine) + "erase/")
    assert not Signature.objects.exists()
    assert counted(mine.petition) == 0
    assert proved(mine.petition)


def test_its_owner_cannot_change_it(visitor: Client, mine: Signature) -> None:
    visitor.post(link(TokenPurpose.OWN, "signature", mine), {"name": "Somebody"})

    mine.refresh_from_db()
    assert mine.name == "Maya Tremblay"


def test_its_owner_signs_again_and_counts(visitor: Client, mine: Signature) -> None:
    again = make_pending(mine.petition, "maya@bots.test")

    outcome, _slug = confirming.confirm(again.pk, now=timezone.now())

    assert outcome is Confirmation.COUNTED
    assert counted(mine.petition) == 1
    # The old links lead to the signature that counts.
    assert confirming.explain_refusal(mine.pk)[0] is Confirmation.COUNTED
    for path in (
        link(TokenPurpose.OWN, "signature", mine),
        link(TokenPurpose.CONFIRM, "confirm", mine),
    ):
        assert "It has counted since" in text_of(visitor.get(path))
