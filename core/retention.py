"""Data retention: what is kept about people, what for and how long. Each app declares
its rules beside its models; core.checks checks them, the privacy page prints them, and
this module carries them out."""

from __future__ import annotations

import calendar
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models, transaction
from django.db.models import QuerySet
from django.utils import timezone
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

# The maximum of rows erased in one transaction.
BATCH = 500
ROUND_EVERY = 600.0  # seconds
# The name of the heartbeat that says when nothing expired was left.
EXPIRED = "nothing past its time"
LATE_AFTER = timedelta(days=2)

# Columns by model: {"app.model": ("column", …)}.
type Columns = Mapping[str, tuple[str, ...]]


class Expiry(Protocol):
    """The way in which the expired rows of a rule are counted and erased."""

    def waiting(self, now: datetime) -> int:
        """Return how many rows have expired."""

    def erase(self, now: datetime, batch: int) -> int:
        """Erase at most `batch` of them and return how many; fewer than `batch` means
        that none is left."""


@dataclass(frozen=True)
class Rows:
    """An expiry of single rows: `past` finds the expired ones, oldest first, and `end`
    erases, or anonymises, the rows of a queryset."""

    past: Callable[[datetime], QuerySet[Any]]
    end: Callable[[QuerySet[Any]], object] = QuerySet.delete

    def waiting(self, now: datetime) -> int:
        return self.past(now).count()

    def erase(self, now: datetime, batch: int) -> int:
        rows = self.past(now)
        with transaction.atomic():
            # Rows that somebody else has locked are left to the next round.
            locked = rows.select_for_update(skip_locked=True, of=("self",))
            keys = list(locked.values_list("pk", flat=True)[:batch])
            if keys:
                self.end(rows.model._default_manager.filter(pk__in=keys))
        return len(keys)


@dataclass(frozen=True)
class RetentionRule:
    """A retention rule: personal data with one purpose and one end."""

    name: str
    """The rule's name in the output of the command and in the log."""
    columns: Columns
    what: StrOrPromise
    purpose: StrOrPromise
    kept: StrOrPromise
    """The time it is kept: a sentence for the people whom it is about."""
    expiry: Expiry | None = None
    """None where somebody decides, or where the rows go with those they belong to."""


RULES: list[RetentionRule] = []
# Columns of a free type that hold nothing about a person.
NOT_PERSONAL: dict[str, tuple[str, ...]] = {
    "config.heartbeat": ("name",),
    "config.alert": ("name",),
    "config.switch": ("name", "texts"),
    "contenttypes.contenttype": ("app_label", "model"),
    "auth.permission": ("name", "codename"),
    "auth.group": ("name",),
}
# Models whose rows are people: a foreign key to them is personal data, too.
PEOPLE: set[str] = set()


def declare_retention(
    rules: Sequence[RetentionRule], not_personal: Columns, people: Sequence[str]
) -> None:
    """Register an app's rules when it is ready. They go before the rules of the apps
    that it builds upon, in the order in which readers of the privacy page look for
    them."""
    RULES[:0] = rules
    NOT_PERSONAL.update(not_personal)
    PEOPLE.update(people)


# == The check ==

# Types that say nothing about who somebody is; a column of any other may.
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


def undeclared_columns() -> Iterator[tuple[str, str]]:
    """Yield model and column of everything that may be personal and has neither a rule
    nor a declaration that it is not."""
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
    """Yield model and column of every declaration of something that does not exist."""
    for columns in (*(rule.columns for rule in RULES), NOT_PERSONAL):
        for model, names in columns.items():
            for column in names:
                try:
                    apps.get_model(model)._meta.get_field(column)
                except (LookupError, FieldDoesNotExist):
                    yield model, column


# == Erasing ==


def months_before[D: date](now: D, months: int) -> D:
    """Return the same day `months` earlier, or that month's last day; for a moment, the
    same hour of that day in the site's time zone."""
    then: Any = timezone.localtime(now) if isinstance(now, datetime) else now
    year, month = divmod(then.year * 12 + then.month - 1 - months, 12)
    day = min(then.day, calendar.monthrange(year, month + 1)[1])
    day_before: D = then.replace(year=year, month=month + 1, day=day)
    return day_before


def months_after[D: date](then: D, months: int) -> D:
    """Return the same day `months` later, or that month's last day."""
    return months_before(then, -months)


def expire(now: datetime, batch: int = BATCH) -> dict[str, int]:
    """Erase a batch of every rule and return how many rows each erased. A rule that
    fails does not stop the others; the first error is raised at the end."""
    return expire_some(now, lambda rule: Batches(batch, batch))[0]


def expire_some(
    now: datetime, batches_of: Callable[[RetentionRule], Batches]
) -> tuple[dict[str, int], bool]:
    """Do the same as `expire` with batches of the size that `batches_of` a rule says;
    return also whether one was full, so that more may wait."""
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
    """Return the rule's own batch size: a row of one costs more than a row of
    another."""
    return _batches.setdefault(rule.name, Batches(first=50, most=BATCH))


def expire_round(now: datetime) -> bool:
    """Erase a batch of every rule, for the worker; return whether more may wait."""
    return expire_some(now, own_batches)[1]


def be_patient() -> None:
    """Raise the statement timeout: millions of rows may take longer than a visitor
    would wait."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '10min'")


EXPIRE = Loop("expiry", ROUND_EVERY, expire_round, be_patient)


@probe
def expiry(now: datetime) -> list[Reading]:
    """Report how long ago nothing expired was left."""
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
