"""What readers are told of days and hours, and of those that nobody knows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from core.http.public_data import iso_local
from petitions import loops
from petitions.counts import folding
from petitions.dates import closing_words
from petitions.importing import FileProblem, import_file
from petitions.models import Petition
from petitions.states import State
from tests.factories import (
    backdate,
    make_entry,
    make_petition,
    make_signature,
    make_translation,
)
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

PAGE = "/petitions/free-the-prisoners/"
DAY = timedelta(days=1)


# == Until when ==


@pytest.mark.parametrize(
    ("zone", "moment", "en", "fr"),
    [
        # At midnight, the day before was the last one.
        ("UTC", "2026-12-05T00:00:00", "4 December 2026", "4 décembre 2026"),
        ("UTC", "2026-12-05T00:00:01", "4 December 2026", "4 décembre 2026"),
        ("UTC", "2026-12-05T23:59:59", "5 December 2026", "5 décembre 2026"),
        (
            "UTC", "2026-12-05T18:00:00",
            "5 December 2026, 18:00 (Coordinated Universal Time)",
            "5 décembre 2026, 18:00 (temps universel coordonné)",
        ),
        ("America/Toronto", "2026-12-05T05:00:00", "4 December 2026", "4 décembre 2026"),
        (
            "America/Toronto", "2026-12-05T00:00:00",
            "4 December 2026, 19:00 (Eastern Standard Time)",
            "4 décembre 2026, 19:00 (heure normale de l’Est nord-américain)",
        ),
        # Twice 1:30 in the night in which clocks are set back.
        (
            "America/Toronto", "2026-11-01T05:30:00",
            "1 November 2026, 01:30 (Eastern Daylight Time)",
            "1er novembre 2026, 01:30 (heure d’été de l’Est nord-américain)",
        ),
        (
            "America/Toronto", "2026-11-01T06:30:00",
            "1 November 2026, 01:30 (Eastern Standard Time)",
            "1er novembre 2026, 01:30 (heure normale de l’Est nord-américain)",
        ),
        # Midnight of a day of 25 hours, and of one of 23.
        ("America/Toronto", "2026-11-01T04:00:00", "31 October 2026", "31 octobre 2026"),
        ("America/Toronto", "2026-11-02T05:00:00", "1 November 2026", "1er novembre 2026"),
        ("America/Toronto", "2026-03-09T04:00:00", "8 March 2026", "8 mars 2026"),
    ],
)  # fmt: skip
def test_a_closing_is_told_in_the_words_of_the_reader(
    zone: str, moment: str, en: str, fr: str
) -> None:
    closes_at = datetime.fromisoformat(moment).replace(tzinfo=UTC)

    with timezone.override(zone):
        for language, words in (("en", en), ("fr", fr)):
            with translation.override(language):
                assert closing_words(closes_at) == words


def midnight_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def test_the_last_day_that_is_told_is_one_on_which_people_can_sign(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    day = timezone.localdate() + 5 * DAY
    closes_at = midnight_of(day)
    Petition.objects.update(closes_at=closes_at)
    last = day - DAY

    page = visitor.get(PAGE)

    assert f"open until {last.day} {last:%B %Y}" in text_of(page)
    assert f'<time datetime="{closes_at.isoformat()}">' in page.content.decode()
    petition.refresh_from_db()
    assert petition.is_open(closes_at - timedelta(seconds=1))
    backdate(
        petition,
        opens_at=midnight_of(day - 90 * DAY),
        closes_at=midnight_of(day - 30 * DAY),
    )
    loops.clock(timezone.now())
    petition.refresh_from_db()
    assert petition.end_day == day - 31 * DAY


def test_the_hour_stands_there_where_it_matters(
    visitor: Client, petition: Petition
) -> None:
    closes_at = datetime(2031, 12, 5, 18, 0, tzinfo=UTC)
    Petition.objects.update(closes_at=closes_at)
    make_translation(petition, "fr")

    assert "open until 5 December 2031, 18:00 (Coordinated Universal Time)" in text_of(
        visitor.get(PAGE)
    )
    assert "5 décembre 2031, 18:00 (temps universel coordonné)" in text_of(
        visitor.get(f"/fr{PAGE}")
    )
    data = visitor.get("/petitions/free-the-prisoners.json").json()
    assert datetime.fromisoformat(data["closes"]) == closes_at


# == What came from elsewhere ==


def bring(**values: Any) -> Petition:
    """Import one petition with these values."""
    petition = {"title": "Free the prisoners", "text": "Text", "target": None, **values}
    text = {"organization": {"name": "From elsewhere", "petitions": [petition]}}
    import_file(json.dumps(text).encode(), now=timezone.now())
    while folding.fold():
        pass
    return Petition.objects.for_reading().get()


def test_what_ended_before_it_came_here_did_not_start_here(visitor: Client) -> None:
    bring(state="closed", ended_on="2016-06-01", supporters=5)

    page = visitor.get(PAGE)
    text = text_of(page)
    assert "started" not in text.split("Closed on")[0]
    assert "here since" not in text
    assert "Closed on 1 June 2016 with 5 supporters." in text
    assert visitor.get("/petitions/free-the-prisoners.json").json()["started"] is None
    assert '"datePublished"' not in page.content.decode()  # it was, but when?


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_data_name_the_day_that_the_page_names(
    visitor: Client, settings: Any, zone: str
) -> None:
    """Wherever the site is: 14 hours before London, 11 hours behind."""
    settings.TIME_ZONE = zone
    bring(state="closed", ended_on="2016-02-29", supporters=5)

    assert "Closed on 29 February 2016" in text_of(visitor.get(PAGE))
    data = visitor.get("/petitions/free-the-prisoners.json").json()
    assert data["ended"].startswith("2016-02-29T00:00:00")
    ended = datetime.fromisoformat(data["ended"])
    assert timezone.localdate(ended) == date(2016, 2, 29)


def test_a_moment_of_sun_time_is_written_so_that_programs_read_it(
    settings: Any,
) -> None:
    settings.TIME_ZONE = "Pacific/Kiritimati"
    noon = datetime(1850, 6, 1, 12, tzinfo=UTC)
    assert iso_local(noon) == "1850-06-01T12:00:00+00:00"
    assert iso_local(date(1850, 6, 1)) == "1850-06-01"


@pytest.mark.parametrize(
    ("more", "day"),
    [
        ({"state": "closed", "ended_on": "2016-06-01"}, "2016-06-01"),
        ({"state": "won", "ended_on": "2016-06-01"}, "2016-06-01"),
        (
            {"state": "closed", "ended_on": "2016-06-01", "counted_at": "2015-01-31"},
            "2015-01-31",
        ),
        ({"state": "closed"}, None),
        ({"started_on": "2014-05-31"}, None),
    ],
)
def test_a_number_from_elsewhere_was_reached_by_the_end(
    visitor: Client, more: dict[str, Any], day: str | None
) -> None:
    """What ended years ago gained nobody on the day of its import."""
    bring(supporters=5, **more)

    data = visitor.get("/petitions/free-the-prisoners.json").json()

    today = timezone.localdate().isoformat()
    assert data["by_day"] == [{"day": day or today, "supporters": 5}]


@pytest.mark.parametrize("state", ["closed", "won"])
def test_nobody_invents_the_day_of_an_end(visitor: Client, state: str) -> None:
    bring(state=state, supporters=4_150_260, counted_at="2017-01-31", outcome="Done.")
    today = timezone.localdate()

    text = text_of(visitor.get(PAGE))

    assert ("Closed with 4,150,260 supporters." in text) is (state == "closed")
    assert f"{today.day} {today:%B %Y}" not in text
    assert visitor.get("/petitions/free-the-prisoners.json").json()["ended"] is None
    assert "over time" not in text
    history = text_of(visitor.get(f"{PAGE}history/"))
    assert "there is a number, but no history" in history


def test_what_is_open_here_and_began_elsewhere_is_here_since(visitor: Client) -> None:
    petition = bring(supporters=5)
    assert petition.opens_at is not None

    text = text_of(visitor.get(PAGE))

    day = timezone.localdate(petition.opens_at)
    assert f"here since {day.day} {day:%B %Y}" in text
    assert "started" not in text.split("here since")[0]


def test_an_imported_number_is_below_the_curve_and_no_part_of_it(
    visitor: Client, petition: Petition
) -> None:
    now = timezone.now()
    make_entry(petition, 4000, counted_at=timezone.localdate(now) - 400 * DAY)
    for days in (3, 2):
        make_signature(petition, now=now - days * DAY)
    while folding.fold():
        pass

    page = visitor.get(f"{PAGE}history/")
    text = " ".join(page.content.decode().split())

    first = timezone.localdate(now) - 3 * DAY
    assert (
        f"From 4,000, counted elsewhere before, on {first.day} {first:%B %Y} to 4,002"
        in text
    )
    assert "4,001" in text_of(page)


def test_a_withdrawal_is_dated_by_itself(visitor: Client) -> None:
    petition = bring(state="closed", ended_on="2016-06-01")
    petition.withdraw(now=timezone.now())
    today = timezone.localdate()

    page = visitor.get(PAGE)

    assert page.status_code == 410
    assert f"withdrew it on {today.day} {today:%B %Y} ." in text_of(page)
    profile = text_of(visitor.get(petition.organization.get_absolute_url()))
    assert f"{today.day} {today:%B %Y}" in profile
    assert "2016" not in profile
    problem = visitor.get("/petitions/free-the-prisoners.json").json()
    assert str(today) in problem["detail"]


@pytest.mark.parametrize(
    ("values", "where", "sentence"),
    [
        (
            {"state": "closed", "started_on": "2016-01-02", "ended_on": "2016-01-01"},
            "ended_on", "is before it started.",
        ),
        ({"state": "won", "ended_on": "2999-01-01"}, "ended_on", "still to come"),
        ({"state": "won", "ended_on": "9999-12-31"}, "ended_on", "still to come"),
        ({"state": "closed", "ended_on": "0001-01-01"}, "ended_on", "check the year"),
        ({"started_on": "2099-01-01"}, "started_on", "still to come"),
        ({"started_on": "0001-01-01"}, "started_on", "check the year"),
        ({"supporters": 5, "counted_at": "2099-01-01"}, "counted_at", "still to come"),
        (
            {"supporters": 5, "counted_at": "2016-01-01", "started_on": "2016-01-02"},
            "counted_at", "is before it started.",
        ),
        ({"supporters": 5, "counted_at": "0001-01-01"}, "counted_at", "check the year"),
    ],
)  # fmt: skip
def test_an_import_refuses_impossible_days(
    db: None, values: dict[str, Any], where: str, sentence: str
) -> None:
    with pytest.raises(FileProblem, match=rf"line \d+: .*{where}: .*{sentence}"):
        bring(**values)
    assert not Petition.objects.exists()


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_today_is_a_possible_end_in_every_zone(zone: str) -> None:
    with timezone.override(zone):
        today = f"{timezone.localdate()}"
        petition = bring(state="closed", started_on=today, ended_on=today)
    assert petition.state == State.CLOSED


def test_an_opening_here_is_a_start(visitor: Client) -> None:
    petition = make_petition(title="Free the prisoners")
    assert petition.opens_at is not None
    day = timezone.localdate(petition.opens_at)

    assert f"started {day.day} {day:%B %Y}" in text_of(visitor.get(PAGE))
