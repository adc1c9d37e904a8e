"""The life of a petition as its page tells it: updates, handovers and answers, why
people sign, and how the count grew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from petitions.counts import by_day
from petitions.counts.curve import (
    Curve,
    curve,
)
from petitions.models import (
    Answer,
    AnswerWithdrawal,
    Handover,
    Petition,
    Signature,
    Update,
)
from petitions.states import State

SHOWN_UPDATES = 3
SHOWN_REASONS = 4
SHOWN_NAMES = 12
SHOWN_OTHERS = 3
# The curve beside the text is small.
SHOWN_POINTS = 40


@dataclass(frozen=True)
class Event:
    """An entry of "What has happened since": an update, a handover, an answer, that one
    was withdrawn, or the end."""

    day: date
    at: datetime
    """When it happened, as far as that is known: an answer or a handover has a day
    alone, and happened before it was entered; on another day, it comes first."""
    update: Update | None = None
    handover: Handover | None = None
    answer: Answer | None = None
    withdrawal: AnswerWithdrawal | None = None
    end: str = ""
    """State.CLOSED or State.WON when the event is the end of the petition."""

    @property
    def is_good(self) -> bool:
        return self.end == State.WON


def of_page(petition: Petition, now: datetime) -> dict[str, Any]:
    """Return the template context of a petition's page about its life."""
    answers = list(answers_of(petition))
    handovers = list(handovers_of(petition))
    withdrawals = list(petition.answer_withdrawals.all())
    updates = list(petition.updates.published(now)[: SHOWN_UPDATES + 1])
    return {
        "answers": answers,
        "withdrawn_answers": withdrawals,
        "handovers": handovers,
        "events": events(
            petition, answers, withdrawals, handovers, updates[:SHOWN_UPDATES]
        ),
        "more_updates": len(updates) > SHOWN_UPDATES,
        "curve": curve_of(petition, now, SHOWN_POINTS),
        "others": others(petition, now),
        **visible_supporters(petition),
    }


def answers_of(petition: Petition) -> QuerySet[Answer]:
    """Return the answers in all their languages, with their former wordings."""
    rows = petition.answers.select_related("target")
    return rows.prefetch_related("translations", "revisions__target")


def handovers_of(petition: Petition) -> QuerySet[Handover]:
    """Return the handovers in all their languages."""
    rows = petition.handovers.select_related("target")
    return rows.prefetch_related("translations")


def events(
    petition: Petition,
    answers: list[Answer],
    withdrawals: list[AnswerWithdrawal],
    handovers: list[Handover],
    updates: list[Update],
) -> list[Event]:
    """Return the events, latest first. Of those at one time, what came of the petition
    stands above its handover."""
    events = [
        Event(row.handed_on, entered_at(row.handed_on, row.created_at), handover=row)
        for row in handovers
    ]
    events += [
        Event(row.answered_on, entered_at(row.answered_on, row.created_at), answer=row)
        for row in answers
    ]
    events += [
        Event(timezone.localdate(row.withdrawn_at), row.withdrawn_at, withdrawal=row)
        for row in withdrawals
    ]
    events += [
        Event(update.day, update.published_at, update=update)
        for update in reversed(updates)
        if update.published_at is not None
    ]
    day, at = petition.decided_on, petition.decided_at
    if petition.has_ended and day is not None and at is not None:
        won = petition.state == State.WON
        events.append(Event(day, at, end=State.WON if won else State.CLOSED))
    return sorted(events, key=lambda event: (event.day, event.at))[::-1]


def entered_at(day: date, created_at: datetime) -> datetime:
    """Return when an event of this `day` was entered, or the beginning of that day if
    it was not entered on it."""
    if timezone.localdate(created_at) == day:
        return created_at
    return timezone.make_aware(datetime.combine(day, time.min))


def visible_supporters(petition: Petition) -> dict[str, Any]:
    """Return the latest reasons and names of supporters who wish to be seen."""
    shown = Signature.objects.shown().filter(petition=petition)
    latest = shown.order_by("-confirmed_at")[: SHOWN_NAMES + SHOWN_REASONS]
    reasons = list(reasons_of(petition)[: SHOWN_REASONS + 1])
    names = [signature for signature in latest if signature not in reasons]
    return {
        "reasons": reasons[:SHOWN_REASONS],
        "more_reasons": len(reasons) > SHOWN_REASONS,
        "names": names[:SHOWN_NAMES],
    }


def reasons_of(petition: Petition) -> QuerySet[Signature]:
    """Return signatures whose comment staff have approved, the latest first."""
    return petition.signatures.reasons().order_by("-confirmed_at", "-pk")


def curve_of(petition: Petition, now: datetime, points: int) -> Curve | None:
    """Return the curve of those who signed here and on paper, up to today or, once it
    has ended, to its end. It starts at the number counted elsewhere, which has no
    history."""
    ended = petition.end_day if petition.has_ended else None
    return curve(
        by_day.signed_by_day(petition),
        until=ended or timezone.localdate(now),
        total=petition.supporters,
        before=petition.imported,
        points=points,
    )


def others(petition: Petition, now: datetime) -> list[Petition]:
    """Return other open petitions of its organisation once it has ended; until then,
    none."""
    if not petition.has_ended or petition.organization_id is None:
        return []
    open_ones = Petition.objects.open(now).filter(organization=petition.organization_id)
    return open_ones.in_profile_order()[:SHOWN_OTHERS].complete()
