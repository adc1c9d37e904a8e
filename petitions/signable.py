"""When a petition can be signed: the one rule, for Python, for querysets and for SQL.

A petition is *open* when staff have it open, its opening date has come and its closing
date has not. While it is *running* (open or paused, not past its closing date), forms
that were sent can still be confirmed. tests/petitions/test_signable.py holds the three
spellings to each other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.db.models import Q

from petitions.states import ENDED_STATES, RUNNING_STATES, State


class Dated(Protocol):
    """A petition, or as much of it as was loaded."""

    @property
    def state(self) -> str: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...


# == Python ==


def has_begun(petition: Dated, now: datetime) -> bool:
    """Whether its opening date has come."""
    return petition.opens_at is not None and petition.opens_at <= now


def is_past_closing(petition: Dated, now: datetime) -> bool:
    """Whether its closing date has come, also before the worker has closed it."""
    return petition.closes_at is not None and petition.closes_at <= now


def has_ended(petition: Dated, now: datetime) -> bool:
    """Whether staff have ended it, or its closing date has come."""
    return petition.state in ENDED_STATES or is_past_closing(petition, now)


def is_running(petition: Dated, now: datetime) -> bool:
    """Whether it is open or paused, and not past its closing date."""
    return petition.state in RUNNING_STATES and not is_past_closing(petition, now)


def is_open(petition: Dated, now: datetime) -> bool:
    """Whether it can be signed at `now`."""
    return (
        petition.state == State.OPEN
        and has_begun(petition, now)
        and not is_past_closing(petition, now)
    )


# == Querysets ==


def past_closing(now: datetime) -> Q:
    """Open or paused petitions whose closing date has come."""
    return Q(state__in=RUNNING_STATES, closes_at__lte=now)


def open_at(now: datetime) -> Q:
    """Petitions that can be signed at `now`."""
    not_past = Q(closes_at=None) | Q(closes_at__gt=now)
    return Q(state=State.OPEN, opens_at__lte=now) & not_past


# == SQL, about a row `p` of petitions_petition and the parameter `now` ==

IS_RUNNING = """(p.state IN ('open', 'paused')
            AND (p.closes_at IS NULL OR %(now)s < p.closes_at))"""
IS_OPEN = """(p.state = 'open' AND p.opens_at <= %(now)s
            AND (p.closes_at IS NULL OR %(now)s < p.closes_at))"""
