"""Counting: permanent records, folded totals, and changes on their way between them.

The permanent records are confirmed signatures, count entries and people counted by
imports. Code that changes one appends a `CountChange` in the same transaction; a worker
loop folds changes into totals and deletes them. So signing never waits for a counter,
and `verify_counts` can prove at any time that totals + changes == confirmed signatures
+ entries + imported people. Public pages show what was counted up to one moment in each
slot (core/slots.py).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from core.db import guards
from petitions.states import Source

if TYPE_CHECKING:
    from petitions.models.petitions import Petition
    from petitions.models.signatures import Signature

ENTRY_SOURCES = (Source.PAPER, Source.IMPORTED)
MOST_IN_AN_ENTRY = 10_000_000
A_MINUTE = timedelta(minutes=1)


def check_day_of_counting(day: date | None, petition: Petition | None) -> None:
    """Raise ValidationError for a day, of the field `counted_at`, on which nobody can
    have been counted for a petition: one to come, or before it began. An import has
    no petition yet."""
    if day is None:
        return
    if day > timezone.localdate():
        raise ValidationError({"counted_at": _("That day has yet to come.")})
    began = petition.started_on if petition else None
    if began and day < began:
        sentence = _("The petition began on %(day)s: nobody was counted before.")
        raise ValidationError({"counted_at": sentence % {"day": date_format(began)}})


class CountEntry(models.Model):
    """Supporters not counted by a signature here but on paper, or elsewhere before;
    when negative, the correction of such an entry.

    The database (petitions/sql/counts.sql) refuses to change or delete one.
    """

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition", on_delete=models.PROTECT, related_name="count_entries"
    )
    source = models.CharField(
        _("where they were counted"),
        max_length=10,
        choices=[(source.value, source.label) for source in ENTRY_SOURCES],
        default=Source.PAPER,
    )
    number = models.IntegerField(
        _("number"),
        validators=[
            MinValueValidator(-MOST_IN_AN_ENTRY),
            MaxValueValidator(MOST_IN_AN_ENTRY),
        ],
        help_text=_("Below zero to correct an earlier entry."),
    )
    label = models.CharField(
        _("label"),
        max_length=200,
        help_text=_("What tells it from the others: “Sheets 1-40, Ottawa, 3 June”."),
    )
    counted_by = models.CharField(_("counted by"), max_length=200, blank=True)
    counted_at = models.DateField(_("counted on"), default=timezone.localdate)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("count entry")
        verbose_name_plural = _("count entries")
        ordering = ["counted_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "source", "label"],
                name="count_entry_once",
                violation_error_message=_(
                    "An entry with this label is there already. Was it counted twice?"
                ),
            ),
            models.CheckConstraint(
                condition=Q(source__in=[source.value for source in ENTRY_SOURCES]),
                name="count_entry_source",
                violation_error_message=_("Choose where they were counted."),
            ),
            models.CheckConstraint(
                condition=~Q(number=0)
                & Q(number__range=(-MOST_IN_AN_ENTRY, MOST_IN_AN_ENTRY)),
                name="count_entry_number",
                violation_error_message=_(
                    "Enter a number other than 0, of at most ten million."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(label=""),
                name="count_entry_label",
                violation_error_message=_("Give the entry a label."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.number}"

    def clean(self) -> None:
        super().clean()
        petition = self.petition if self.petition_id else None
        check_day_of_counting(self.counted_at, petition)
        if self.number and self.petition_id and self.number < 0:
            others = CountEntry.objects.filter(
                petition=self.petition_id, source=self.source
            )
            known = others.aggregate(sum=Sum("number"))["sum"] or 0
            if known + self.number < 0:
                raise ValidationError(
                    {"number": _("That is more than was ever counted there.")}
                )


class CountChangeQuerySet(models.QuerySet["CountChange"]):
    def up_to(self, moment: datetime) -> CountChangeQuerySet:
        """Return the changes made up to `moment`; any that the database's clock places
        more than A_MINUTE from now, too, so that a wrong clock hides none for long.
        Folding goes by the same rule, and what is folded stays shown. Only where the
        clock was put back while no worker folds, the number may fall: a change from
        more than A_MINUTE ahead is shown, until it is less, and again from its own
        moment on."""
        return self.exclude(
            made_at__gt=moment, made_at__range=(Now() - A_MINUTE, Now() + A_MINUTE)
        )


class CountChange(models.Model):
    """A change of the count that is not folded yet: `delta` more supporters on `day`
    from `source`; fewer when negative. `domain` and `via` are set by confirmations
    alone, for the tallies by mail domain and by link; `signature` by a change that one
    signature made, for its receipt (petitions/models/count_log.py).

    The database (petitions/sql/count_log.sql) appends a line to the count log for each
    that is deleted."""

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition", on_delete=models.PROTECT, related_name="changes"
    )
    day = models.DateField()
    source = models.CharField(max_length=10)
    delta = models.IntegerField()
    domain = models.CharField(max_length=255, blank=True)
    via = models.CharField(max_length=20, blank=True, default="", db_default="")
    # Without a constraint: the hot path has just written that row.
    signature: models.ForeignKey[Signature | None] = models.ForeignKey(
        "petitions.Signature",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    made_at = models.DateTimeField(db_default=Now())
    """Set by the database alone: when the statement that adds it began."""

    objects = CountChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=guards.one_of("source", Source.values) & ~Q(delta=0),
                name="change_source_and_delta",
            )
        ]

    def __str__(self) -> str:
        return f"{self.delta:+}"

    @classmethod
    def unfolded(cls, source: str, as_of: datetime | None = None) -> Subquery:
        """Return a subquery for petitions: the sum of their changes from `source`, all
        or those up to `as_of`."""
        changes = cls.objects.up_to(as_of) if as_of else cls.objects.all()
        return Subquery(
            changes.filter(petition=OuterRef("pk"), source=source)
            .order_by()
            .values("petition")
            .annotate(sum=Sum("delta"))
            .values("sum")
        )


class Total(models.Model):
    """The folded supporters of a petition, by source."""

    petition: models.OneToOneField[Petition] = models.OneToOneField(
        "petitions.Petition",
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="total",
    )
    confirmed = models.BigIntegerField(default=0)
    paper = models.BigIntegerField(default=0)
    imported = models.BigIntegerField(default=0)
    log_size = models.BigIntegerField(null=True)
    """The lines of the count log that these supporters stand on; None until it is
    begun."""

    class Meta:
        indexes = [
            # Finds the petitions with most supporters first, however many there are.
            models.Index(
                (F("confirmed") + F("paper") + F("imported")).desc(),
                F("petition").desc(),
                name="total_most",
            )
        ]

    def __str__(self) -> str:
        return f"{self.confirmed + self.paper + self.imported}"


class DailyTotal(models.Model):
    """The folded supporters that one day added to a petition, by source. Past days do
    not change: a withdrawal counts on its own day."""

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition", on_delete=models.PROTECT, related_name="daily_totals"
    )
    day = models.DateField()
    source = models.CharField(max_length=10, choices=Source.choices)
    number = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "day", "source"], name="daily_total_once"
            )
        ]
        # Finds what this week added, however many years there are.
        indexes = [models.Index(fields=["day"], name="daily_total_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.number:+}"
