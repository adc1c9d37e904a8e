"""Figures of a petition: whether mail arrives, by day and mail domain, and where
signatures come from."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext

from petitions.abuse.source_tallies import outliers
from petitions.channels import OF_MAILING, Channel
from petitions.models import Petition, SourceTally

DAYS = 60
DOMAINS = 50
SOURCES = 100
SOURCE_HOURS = timedelta(hours=48)

SUMS = {name: Sum(name) for name in ("signed", "handed_over", "failed", "confirmed")}


def read_tables(petition: Petition, day: str, now: datetime) -> dict[str, Any]:
    """Return the rows of the tables; `day` (ISO) narrows mail domains and links to one
    day."""
    tallies = petition.mail_tallies.all()
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError:
        chosen = None
    of_day = tallies.filter(day=chosen) if chosen else tallies
    return {
        "days": tallies.values("day").annotate(**SUMS).order_by("-day")[:DAYS],
        "domains": of_day.values("domain")
        .annotate(**SUMS)
        .order_by("-signed", "domain")[:DOMAINS],
        "chosen": chosen,
        "channels": channels(petition, chosen),
        "sources": busiest_sources(petition, now),
    }


def channels(petition: Petition, chosen: date | None) -> list[dict[str, Any]]:
    """Return the links that brought signatures, on the chosen day or in all: the number
    of confirmations, and the share of all confirmations then, in per cent."""
    tallies = petition.channel_tallies.all()
    if chosen:
        tallies = tallies.filter(day=chosen)
    found = tallies.values("via").annotate(confirmed=Sum("confirmed"))
    rows = list(found.order_by("-confirmed", "via"))
    everything = sum(row["confirmed"] for row in rows)
    names = dict(Channel.choices)
    return [
        {
            "name": names.get(row["via"]) or name_of_link(row["via"]),
            "confirmed": row["confirmed"],
            "share": 100 * row["confirmed"] / everything,
        }
        for row in rows
    ]


def name_of_link(tag: str) -> str:
    """Return the name of a link that is none of our own pages."""
    if tag.startswith(OF_MAILING):
        number = tag.removeprefix(OF_MAILING)
        return gettext("Mailing no. %(number)s") % {"number": number}
    return tag


def busiest_sources(petition: Petition, now: datetime) -> list[SourceTally]:
    """Return the networks and mail domains that brought most signatures within an hour
    of the last two days; `stands_out` says which are outliers."""
    since = now - SOURCE_HOURS
    tallies = petition.source_tallies.filter(hour__gt=since)
    rows = list(
        tallies.exclude(kind=SourceTally.Kind.ALL).order_by("-signed", "-hour", "pk")[
            :SOURCES
        ]
    )
    odd = {
        (found.hour, found.kind, found.source)
        for found in outliers(since)
        if found.petition == petition
    }
    for row in rows:
        row.stands_out = (row.hour, row.kind, row.source) in odd
    return rows
