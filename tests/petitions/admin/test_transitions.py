"""Everything that can happen to signatures, in any order and at the same time: a
machine that does it on real connections, and what must hold after each step."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from core.db.database import retry_once
from organizations.models import User
from petitions.abuse.rate_limits import RateLimits
from petitions.counts import folding, verifying
from petitions.identity import same_person
from petitions.identity.key_ring import email_key
from petitions.models import Invalidation, OutgoingMail, Petition, Signature
from petitions.signatures import (
    confirming,
    correcting,
    invalidating,
    my_data,
    quarantine,
    signing,
    withdrawing,
)
from petitions.signatures.confirming import Confirmation
from petitions.signatures.signing import SignerInput
from petitions.states import SignatureState
from tests.factories import make_petition, make_user
from tests.parallel import all_at_once

# More under `make faults`.
EXAMPLES = int(os.environ.get("FAULT_ROUNDS", "12"))

PEOPLE = ("maya", "zoe", "noah")
SPELLINGS = ("{}@example.org", "{}+news@example.org")

TABLES = (
    "petitions_signature petitions_mergedsignature petitions_outgoingmail petitions_countchange "
    "petitions_total petitions_dailytotal petitions_consent petitions_mailtally "
    "petitions_invalidation petitions_leftout petitions_mailingrecipient "
    "petitions_countleaf petitions_countsubtree petitions_checkpoint petitions_countreceipt"
).replace(" ", ", ")

# Who does something, and to which of their forms.
person = st.integers(0, len(PEOPLE) - 1)
which = st.integers(0, 3)


def key_of(who: int) -> Any:
    return email_key(SPELLINGS[0].format(PEOPLE[who]))


def form_of(who: int, which: int) -> Signature | None:
    """One of somebody's forms, whatever became of it."""
    rows = Signature.objects.select_related("petition__organization")
    forms = list(rows.filter(email_key=key_of(who)).order_by("pk"))
    return forms[which % len(forms)] if forms else None


def is_marked(who: int) -> bool:
    """Whether staff may give back something of theirs."""
    rows = Signature.objects.filter(email_key=key_of(who))
    return rows.filter(state=SignatureState.INVALID).exists()


class Sign:
    counts: bool | None = None
    """Whether its person is counted afterwards; None when that depends."""

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        email = SPELLINGS[which % 2].format(PEOPLE[who])
        given = SignerInput("Maya", email, "en", "number", wants_updates=which % 3 == 0)
        trapped = SignerInput("Maya", email, "en", "number", is_trapped=True)
        signing.sign(
            petition.pk,
            trapped if which == 3 else given,
            now=timezone.now(),
            rules=RateLimits(),
        )
        return False


class Confirm:
    counts = True

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        form = form_of(who, which)
        if form is None or form.quarantine_reason:
            return False
        outcome, _slug = confirming.confirm(form.pk, now=timezone.now())
        return outcome is Confirmation.COUNTED


class Correct:
    counts = True

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        form = form_of(who, which)
        if form is None or form.quarantine_reason:
            return False
        outcome, _slug = correcting.confirm_corrected(
            form, {"name": f"Maya {which}", "updates": False}, now=timezone.now()
        )
        return outcome is Confirmation.COUNTED


class Withdraw:
    counts = False

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        form = form_of(who, which)
        if form is not None:
            counted = same_person.counted_of_mailbox(form)
            withdrawing.withdraw(counted or form, now=timezone.now())
        return form is not None


class Erase:
    counts = False

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        """Both spellings: whoever has the one may not erase the other."""
        rows = Signature.objects.select_related("petition__organization")
        forms = list(rows.filter(email_key=key_of(who)).distinct("email"))
        for form in forms:
            my_data.erase_signature(form, now=timezone.now())
        return bool(forms)


class EraseAll:
    counts = False

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        for spelling in SPELLINGS:
            my_data.erase_all(
                my_data.DataSubject.owner(spelling.format(PEOPLE[who])),
                now=timezone.now(),
            )
        return True


class Release:
    counts = None

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        rows = Signature.objects.filter(email_key=key_of(who))
        quarantine.release_from_quarantine(rows, now=timezone.now())
        return False


class Fold:
    counts = None

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        folding.fold(batch=1 + which)
        return False


class Invalidate:
    """Staff take everybody from the count; or begin to, when others are at it."""

    counts = None

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        now = timezone.now()
        everybody = Invalidation(
            petition=petition, domain="example.org", reason="x", as_of=now, found=0
        )
        with suppress(invalidating.InvalidationRunning):
            invalidating.begin_invalidation(everybody, staff(), now=now)
        invalidating.advance_invalidation(now)
        return True


class Reverse:
    """Staff give back what they took first, or last."""

    counts = None

    @staticmethod
    def do(petition: Petition, who: int, which: int) -> bool:
        now = timezone.now()
        rows = Invalidation.objects.filter(state__in=("running", "done"))
        found = rows.order_by("pk" if which % 2 else "-pk").first()
        if found is not None:
            with suppress(invalidating.InvalidationRunning):
                invalidating.reverse_invalidation(found, staff(), "x", now=now)
        invalidating.advance_invalidation(now)
        return True


def staff() -> User:
    return User.objects.get()


DEEDS = (
    Sign,
    Sign,
    Confirm,
    Confirm,
    Correct,
    Withdraw,
    Erase,
    EraseAll,
    Release,
    Invalidate,
    Reverse,
    Fold,
)
BY_STAFF = (Invalidate, Reverse)
deed = st.tuples(st.sampled_from(DEEDS), person, which)


class Machine(RuleBasedStateMachine):
    """Does one deed after another, or some at once."""

    @initialize()
    def begin(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {TABLES} RESTART IDENTITY")
        self.petition = Petition.objects.get()
        self.counted: dict[int, bool | None] = dict.fromkeys(range(len(PEOPLE)), False)

    @rule(deed=deed)
    def one(self, deed: Any) -> None:
        self.some([deed])

    @rule(deeds=st.lists(deed, min_size=2, max_size=5))
    def some(self, deeds: list[Any]) -> None:
        jobs: list[Callable[[], bool]] = [
            partial(retry_once, partial(kind.do, self.petition, who, which))
            for kind, who, which in deeds
        ]
        marked = {who for who in self.counted if is_marked(who)}
        done = all_at_once(jobs) if len(jobs) > 1 else [jobs[0]()]
        for who in self.counted:
            ends = {
                kind.counts
                for (kind, whose, _which), did in zip(deeds, done, strict=True)
                if whose == who and did and kind.counts is not None
            }
            # Of a confirmation and a withdrawal at once, either may come last.
            if len(ends) == 1:
                self.counted[who] = ends.pop()
            elif ends:
                self.counted[who] = None
            # Staff move everybody, but for those who took back what they had signed.
            if any(kind in BY_STAFF for kind, _whose, _which in deeds) and (
                ends or who in marked or self.counted[who]
            ):
                self.counted[who] = None

    @invariant()
    def everybody_is_counted_once_or_not_at_all(self) -> None:
        if not hasattr(self, "counted"):
            return
        for who, expected in self.counted.items():
            rows = Signature.objects.filter(email_key=key_of(who))
            number = rows.filter(state=SignatureState.CONFIRMED).count()
            assert number <= 1
            if expected is None:
                self.counted[who] = number == 1
            else:
                assert number == expected, PEOPLE[who]

    @invariant()
    def the_ledger_agrees(self) -> None:
        assert all(proof.holds for proof in verifying.verify())
        if hasattr(self, "counted"):
            shown = Petition.objects.with_counts().get().confirmed
            assert shown == Signature.objects.confirmed().count()

    @invariant()
    def no_mail_hangs_in_the_air(self) -> None:
        unfinished = OutgoingMail.objects.filter(state__in=("due", "held"))
        assert not unfinished.filter(signature=None).exists()
        held = unfinished.filter(state="held")
        assert not held.filter(signature__quarantine_reason="").exists()


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_at_once_the_ledger_agrees() -> None:
    make_petition()
    make_user()

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
