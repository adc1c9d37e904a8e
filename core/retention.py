"""What is kept about people, what for, and how long: declared by each app beside its
models, checked (core.checks), printed on the privacy page, and carried out here."""

from __future__ import annotations

import calendar
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models, transaction
from django.db.models import QuerySet
from django_stubs_ext import StrOrPromise

from core.db.batches import Batches
from core.models import Heartbeat
from core.observability.probes import (
    STARTED_AT,
    Reading,
    probe,
)
from core.worker.loops import Loop

logger = logging.getLogger(__name__)

# Rows erased in one transaction, at most.
BATCH = 500
ROUND_EVERY = 600.0  # seconds
# The heartbeat that says when nothing was left that is past its time.
EXPIRED = "nothing past its time"
LATE_AFTER = timedelta(days=2)

# Columns by model: {"app.model": ("column", …)}.
type Columns = Mapping[str, tuple[str, ...]]


class Expiry(Protocol):
    """How the time of some data ends."""

    def waiting(self, now: datetime) -> int:
        """How many rows are past their time."""

    def erase(self, now: datetime, batch: int) -> int:
        """Erase at most `batch` of them; returns how many. Fewer than `batch` mean
        that none is left."""


@dataclass(frozen=True)
class Rows:
    """Rows that stand for themselves: `past` finds those past their time, oldest
    first, and `end` takes what is left of them from a queryset."""

    past: Callable[[datetime], QuerySet[Any]]
    end: Callable[[QuerySet[Any]], object] = QuerySet.delete

    def waiting(self, now: datetime) -> int:
        return self.past(now).count()

    def erase(self, now: datetime, batch: int) -> int:
        rows = self.past(now)
        with transaction.atomic():
            # What somebody else holds just now is left to the next round.
            locked = rows.select_for_update(skip_locked=True, of=("self",))
            found = list(locked.values_list("pk", flat=True)[:batch])
            if found:
                self.end(rows.model._default_manager.filter(pk__in=found))
        return len(found)


@dataclass(frozen=True)
class RetentionRule:
    """Some personal data with one purpose and one end."""

    name: str
    """For the command and the log."""
    columns: Columns
    what: StrOrPromise
    purpose: StrOrPromise
    kept: StrOrPromise
    """How long: a sentence for those whom it is about."""
    expiry: Expiry | None = None
    """None where somebody decides, or the rule of a whole ends its parts."""


RULES: list[RetentionRule] = []
# Columns of free form that hold nothing about a person.
NOT_PERSONAL: dict[str, tuple[str, ...]] = {
    "config.heartbeat": ("name",),
    "config.alert": ("name",),
    "contenttypes.contenttype": ("app_label", "model"),
    "auth.permission": ("name", "codename"),
    "auth.group": ("name",),
}
# Models of which each row is somebody: what refers to them is about somebody, too.
PEOPLE: set[str] = set()


def declare(
    rules: Sequence[RetentionRule], not_personal: Columns, people: Sequence[str]
) -> None:
    """For apps, when they are ready; each stands before those that it builds upon, as
    readers of the privacy page look for it."""
    RULES[:0] = rules
    NOT_PERSONAL.update(not_personal)
    PEOPLE.update(people)


# == The check ==

# What these hold says nothing about who somebody is; every other kind of column may.
HARMLESS = (
    models.BooleanField,
    models.IntegerField,
    models.DecimalField,
    models.FloatField,
    models.DateField,
    models.TimeField,
    models.DurationField,
)


def may_be_personal(field: models.Field[Any, Any]) -> bool:
    if isinstance(field, models.ForeignKey):
        return str(field.related_model._meta.label_lower) in PEOPLE
    return not isinstance(field, HARMLESS)


def undeclared() -> Iterator[tuple[str, str]]:
    """Model and column of all that may be personal and has neither a rule nor a
    declaration that it is not."""
    declared = {
        (model, column)
        for columns in (*(rule.columns for rule in RULES), NOT_PERSONAL)
        for model, names in columns.items()
        for column in names
    }
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy:
            continue
        for field in model._meta.local_concrete_fields:
            place = (model._meta.label_lower, field.name)
            if may_be_personal(field) and place not in declared:
                yield place


def unknown() -> Iterator[tuple[str, str]]:
    """Model and column of what is declared but does not exist."""
    for columns in (*(rule.columns for rule in RULES), NOT_PERSONAL):
        for model, names in columns.items():
            for column in names:
                try:
                    apps.get_model(model)._meta.get_field(column)
                except (LookupError, FieldDoesNotExist):
                    yield model, column


# == Carrying it out ==


def months_before(now: datetime, months: int) -> datetime:
    """The same day of an earlier month, or its last one."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def months_after(then: datetime, months: int) -> datetime:
    """The same day of a later month, or its last one."""
    return months_before(then, -months)


def expire(now: datetime, batch: int = BATCH) -> dict[str, int]:
    """A batch of every rule; returns how many rows each erased. A rule that fails
    does not keep the others from their work; its error is raised after them."""
    return expire_some(now, lambda rule: Batches(batch, batch))[0]


def expire_some(
    now: datetime, batches_of: Callable[[RetentionRule], Batches]
) -> tuple[dict[str, int], bool]:
    """The same, of each rule as many rows as its batches have; and whether one was
    full, so that more may wait."""
    erased: dict[str, int] = {}
    failures: list[Exception] = []
    more = False
    for rule in RULES:
        if rule.expiry is None:
            continue

        def erase(batch: int, rule: RetentionRule = rule) -> int:
            assert rule.expiry is not None
            erased[rule.name] = rule.expiry.erase(now, batch)
            return erased[rule.name]

        try:
            more |= batches_of(rule).run(erase)
        except Exception as error:
            failures.append(error)
            continue
        if erased[rule.name]:
            logger.info("Expired: %s, %d rows", rule.name, erased[rule.name])
    if failures:
        raise failures[0]
    if not more:
        Heartbeat.objects.update_or_create(name=EXPIRED, defaults={"beat_at": now})
    return erased, more


_batches: dict[str, Batches] = {}


def own_batches(rule: RetentionRule) -> Batches:
    """Those of a rule: what one row costs differs."""
    return _batches.setdefault(rule.name, Batches(first=50, most=BATCH))


def expire_round(now: datetime) -> bool:
    """For the worker: whether a rule filled its batch and more may wait."""
    return expire_some(now, own_batches)[1]


def be_patient() -> None:
    """Millions of rows may take longer than a visitor would wait."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '10min'")


EXPIRE = Loop("expiry", ROUND_EVERY, expire_round, be_patient)


@probe
def expiry(now: datetime) -> list[Reading]:
    """How long ago nothing was left that is past its time."""
    last = Heartbeat.objects.filter(name=EXPIRED).first()
    age = now - (last.beat_at if last else min(STARTED_AT, now))
    return [
        Reading(
            "expiry_age_seconds",
            age.total_seconds(),
            "Time since all that is past its time was erased",
            "What is past its time has not been erased for more than two days. See "
            "the worker's log, and what `manage.py expire` says."
            if age > LATE_AFTER
            else "",
        )
    ]
