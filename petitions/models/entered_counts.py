"""Entered counts: supporters whom staff have counted on paper or elsewhere, with a scan
that proves it; a large number waits until a second person has confirmed it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from organizations.models import User
from petitions.models.counts import (
    ENTRY_SOURCES,
    MOST_IN_AN_ENTRY,
    CountEntry,
    check_day_of_counting,
)
from petitions.models.petitions import Petition
from petitions.states import EnteredState, Source

LABEL_TAKEN = _("An entry with this label is there already. Was it counted twice?")
NO_NUMBER = _(
    "Enter a number from 1 to ten million; a correction is a count entry below zero."
)
LARGEST_SCAN = 20 * 10**6
"""The bytes of a scan (settings.STAFF_BODY_LIMIT takes a little more)."""


class EnteredCount(models.Model):
    """Supporters whom staff have counted on paper or elsewhere. It becomes a
    `CountEntry` at once, or once a second person has confirmed it.

    The database (petitions/sql/entered_counts.sql) refuses to change what was entered
    and decided, and to delete a row.
    """

    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        related_name="entered_counts",
        verbose_name=_("petition"),
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
            MinValueValidator(1, NO_NUMBER),
            MaxValueValidator(MOST_IN_AN_ENTRY, NO_NUMBER),
        ],
    )
    label = models.CharField(
        _("label"),
        max_length=200,
        help_text=_("What tells it from the others: “Sheets 1-40, Ottawa, 3 June”."),
    )
    place = models.CharField(_("place"), max_length=200, blank=True)
    counted_by = models.CharField(_("counted by"), max_length=200, blank=True)
    counted_at = models.DateField(_("counted on"), default=timezone.localdate)
    made_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("entered by"),
    )
    made_at = models.DateTimeField(_("entered at"))
    needs_second = models.BooleanField(_("needs a second person"), default=False)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=EnteredState.choices,
        default=EnteredState.WAITING,
    )
    decided_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    entry = models.OneToOneField(
        CountEntry,
        on_delete=models.PROTECT,
        null=True,
        related_name="entered",
        verbose_name=_("count entry"),
    )

    class Meta:
        verbose_name = _("entered count")
        verbose_name_plural = _("entered counts")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=guards.one_of("state", EnteredState.values),
                name="entered_state",
            ),
            models.CheckConstraint(
                condition=guards.one_of("source", [s.value for s in ENTRY_SOURCES]),
                name="entered_source",
                violation_error_message=_("Choose where they were counted."),
            ),
            models.CheckConstraint(
                condition=Q(number__range=(1, MOST_IN_AN_ENTRY)),
                name="entered_number",
                violation_error_message=NO_NUMBER,
            ),
            models.CheckConstraint(
                condition=~Q(label=""),
                name="entered_label",
                violation_error_message=_("Give the entry a label."),
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(state=EnteredState.COUNTED), Q(entry__isnull=False)
                ),
                name="entered_and_counted",
            ),
            models.CheckConstraint(
                condition=Q(needs_second=True) | Q(state=EnteredState.COUNTED),
                name="entered_alone_counts",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(decided_at__isnull=False),
                    Q(needs_second=True) & ~Q(state=EnteredState.WAITING),
                ),
                name="entered_decided",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | ~Q(decided_by=F("made_by"))
                | Q(state=EnteredState.REFUSED),
                name="entered_confirmed_by_another",
            ),
            models.UniqueConstraint(
                fields=["petition", "source", "label"],
                condition=~Q(state=EnteredState.REFUSED),
                name="entered_once",
                violation_error_message=LABEL_TAKEN,
            ),
            guards.readable("entered", lines=("label", "place", "counted_by")),
        ]

    def __str__(self) -> str:
        # Never what staff typed: this ends up in logs and audit trails.
        return str(self.pk)

    def clean(self) -> None:
        super().clean()
        check_day_of_counting(self.counted_at, self.petition)
        if self.has_label_of_another():
            raise ValidationError({"label": LABEL_TAKEN})

    def has_label_of_another(self) -> bool:
        """Return whether another number with this label counts, or waits."""
        same = {"petition": self.petition, "source": self.source, "label": self.label}
        others = EnteredCount.objects.filter(**same).exclude(pk=self.pk)
        return (
            CountEntry.objects.filter(**same).exclude(pk=self.entry_id or 0).exists()
            or others.exclude(state=EnteredState.REFUSED).exists()
        )

    @property
    def is_waiting(self) -> bool:
        return self.state == EnteredState.WAITING


class Scan(models.Model):
    """The scan of the sheets of an entered count: names and addresses as people wrote
    them. It is erased when the names of the petition are."""

    entered = models.OneToOneField(
        EnteredCount, on_delete=models.CASCADE, primary_key=True, related_name="scan"
    )
    kind = models.CharField(max_length=4)
    """The extension: one of KINDS in petitions/counts/entering.py."""
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()

    def __str__(self) -> str:
        return str(self.pk)
