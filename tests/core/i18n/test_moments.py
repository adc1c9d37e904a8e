"""Who reads an hour knows where it is: the site's people are in one time zone, its
readers in all."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone, translation

from core.i18n.moments import hour_words, in_zone, machine_words

TEMPLATES = Path(__file__).parents[3] / "templates"
# Pages of staff, who chose the site's time zone, and of the demonstration.
FOR_STAFF = ("admin", "demo")
# Django's letters for hours and minutes, and its names of formats that have them.
HOURS = re.compile(r"""\|time\b|\|date:["']?(?:\w*TIME_FORMAT|[^"'}]*[gGhHifPu])""")


@pytest.mark.parametrize(
    ("language", "zone", "words"),
    [
        ("en", "America/Toronto", "5 December 2026, 18:00 (Eastern Standard Time)"),
        ("fr", "America/Toronto", "5 décembre 2026, 18:00 (heure normale de l’Est"),
        ("en", "Asia/Kathmandu", "6 December 2026, 04:45 (GMT+05:45)"),
    ],
)
def test_an_hour_has_its_time_zone(language: str, zone: str, words: str) -> None:
    with translation.override(language), timezone.override(zone):
        assert hour_words(datetime(2026, 12, 5, 23, 0, tzinfo=UTC)).startswith(words)


def test_machines_read_seconds() -> None:
    moment = datetime(2026, 12, 5, 23, 0, 1, 123456, tzinfo=UTC)
    with timezone.override("America/Toronto"):
        assert machine_words(moment) == "2026-12-05T18:00:01-05:00"


def test_readers_see_no_hour_without_its_time_zone() -> None:
    files = [
        path
        for path in TEMPLATES.rglob("*.*")
        if path.relative_to(TEMPLATES).parts[0] not in FOR_STAFF
    ]
    found = [
        f"{path.relative_to(TEMPLATES)}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if HOURS.search(line)
    ]

    assert len(files) > 100
    assert found == []


def test_a_column_of_hours_names_their_zone() -> None:
    for zone in ("America/Toronto", "UTC", "Asia/Kathmandu"):
        with timezone.override(zone):
            assert in_zone("When") == f"When ({zone})"
