"""The order of "What has happened since": by real times, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from petitions.models import Answer, Handover, Petition
from petitions.states import State
from petitions.timeline import Event, events
from tests.factories import make_answer, make_handover, make_update

pytestmark = pytest.mark.django_db

HERE = ZoneInfo("America/Toronto")
DAY = datetime(2026, 3, 10, tzinfo=HERE)


@pytest.fixture(autouse=True)
def _here() -> Iterator[None]:
    with timezone.override(HERE):
        yield


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def told(petition: Petition) -> list[str]:
    """Return the names of the events, from the top of the page."""
    petition.refresh_from_db()
    answers = list(petition.answers.all())
    handovers = list(petition.handovers.all())
    updates = list(petition.updates.published(at(24 * 30)))
    withdrawals = list(petition.answer_withdrawals.all())
    found = events(petition, answers, withdrawals, handovers, updates)
    return [name_of(event) for event in found]


def name_of(event: Event) -> str:
    if event.update:
        return event.update.title
    if event.end:
        return event.end
    return "answer" if event.answer else "handover"


def ended(petition: Petition, state: State, moment: datetime) -> None:
    won_at = moment if state == State.WON else None
    rows = Petition.objects.filter(pk=petition.pk)
    rows.update(
        state=state, ended_at=moment, won_at=won_at, opens_at=at(-240),
        end_is_known=True, outcome="Signed.",
    )  # fmt: skip
    # An end that lies in the past is not entered; it is moved there.
    rows.update(ended_at=moment)


@pytest.mark.parametrize("state", [State.WON, State.CLOSED])
@pytest.mark.parametrize(
    ("hour", "order"),
    [
        (8, ["noon", "ten", "END"]),
        (11, ["noon", "END", "ten"]),
        (23.9, ["END", "noon", "ten"]),
    ],
)
def test_the_end_stands_at_its_hour(
    petition: Petition, state: State, hour: float, order: list[str]
) -> None:
    make_update(petition, title="ten", published_at=at(10))
    make_update(petition, title="noon", published_at=at(12))
    ended(petition, state, at(hour))

    assert told(petition) == [state if name == "END" else name for name in order]


def test_a_petition_that_closes_by_itself_closes_at_the_end_of_its_last_day(
    petition: Petition,
) -> None:
    make_update(petition, title="late", published_at=at(23.5))
    Petition.objects.filter(pk=petition.pk).update(opens_at=at(-240), closes_at=at(24))
    ended(petition, State.CLOSED, at(24))

    assert told(petition) == [State.CLOSED, "late"]


def test_what_has_a_day_alone_happened_before_it_was_entered(
    petition: Petition,
) -> None:
    make_update(petition, title="ten", published_at=at(10))
    make_update(petition, title="noon", published_at=at(12))
    make_update(petition, title="day before", published_at=at(-1))
    answer = make_answer(petition, answered_on=DAY.date())
    make_handover(petition, handed_on=DAY.date())
    ended(petition, State.WON, at(13))

    # Entered on another day: the hour is not known, and the day begins with it.
    Answer.objects.update(created_at=at(200))
    Handover.objects.update(created_at=at(200))
    assert told(petition) == [
        State.WON, "noon", "ten", "answer", "handover", "day before",
    ]  # fmt: skip

    Answer.objects.filter(pk=answer.pk).update(created_at=at(11))
    Handover.objects.update(created_at=at(15))
    assert told(petition) == [
        "handover", State.WON, "noon", "answer", "ten", "day before",
    ]  # fmt: skip
