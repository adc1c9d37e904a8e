"""The rule for when a petition can be signed, written for Python, for querysets and for
SQL.

A petition is *open* when its state is open, its opening date has come and its closing
date has not. While it is *running* (open or paused, not past its closing date), forms
that were sent can still be confirmed. tests/petitions/test_signable.py compares the
three versions with each other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.db.models import Q

from petitions.states import ENDED_STATES, RUNNING_STATES, State


class Dated(Protocol):
    """A petition, or any object with its state and dates."""

    @property
    def state(self) -> str: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...


# == Python ==


def has_begun(petition: Dated, now: datetime) -> bool:
    """Return whether the opening date has come."""
    return petition.opens_at is not None and petition.opens_at <= now


def is_scheduled(petition: Dated, now: datetime) -> bool:
    """Return whether it is published, but its opening date is still to come."""
    return (
        petition.state in RUNNING_STATES
        and petition.opens_at is not None
        and petition.opens_at > now
    )


def is_past_closing(petition: Dated, now: datetime) -> bool:
    """Return whether the closing date has come, also before the worker has closed
    it."""
    return petition.closes_at is not None and petition.closes_at <= now


def has_ended(petition: Dated, now: datetime) -> bool:
    """Return whether staff have ended the petition, or its closing date has come."""
    return petition.state in ENDED_STATES or is_past_closing(petition, now)


def is_running(petition: Dated, now: datetime) -> bool:
    """Return whether it is open or paused, and not past its closing date."""
    return petition.state in RUNNING_STATES and not is_past_closing(petition, now)


def is_open(petition: Dated, now: datetime) -> bool:
    """Return whether it can be signed at `now`."""
    return (
        petition.state == State.OPEN
        and has_begun(petition, now)
        and not is_past_closing(petition, now)
    )


# == Querysets ==


def past_closing(now: datetime) -> Q:
    """Return the condition for open or paused petitions whose closing date has come."""
    return Q(state__in=RUNNING_STATES, closes_at__lte=now)


def open_at(now: datetime) -> Q:
    """Return the condition for petitions that can be signed at `now`."""
    not_past = Q(closes_at=None) | Q(closes_at__gt=now)
    return Q(state=State.OPEN, opens_at__lte=now) & not_past


def scheduled_at(now: datetime) -> Q:
    """Return the condition for petitions that are published, but open later."""
    return Q(state__in=RUNNING_STATES, opens_at__gt=now)


# == SQL, about a row `p` of petitions_petition and the parameter `now` ==

IS_RUNNING = """(p.state IN ('open', 'paused')
            AND (p.closes_at IS NULL OR %(now)s < p.closes_at))"""
IS_OPEN = """(p.state = 'open' AND p.opens_at <= %(now)s
            AND (p.closes_at IS NULL OR %(now)s < p.closes_at))"""
