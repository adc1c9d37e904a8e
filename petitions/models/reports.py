"""Messages from visitors that something is wrong with a petition, or with the site."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db import guards
from petitions.models.petitions import Petition
from petitions.states import ReportReason

if TYPE_CHECKING:
    from organizations.models import User


class ReportQuerySet(models.QuerySet["Report"]):
    def untold(self) -> ReportQuerySet:
        """Return the messages about which staff are still to be notified."""
        return self.filter(told_at=None, handled_at=None, is_trapped=False)

    def received_by(self, organization_id: int | None) -> ReportQuerySet:
        """Return the messages for an organisation; with None, those for the site."""
        if organization_id is None:
            return self.filter(petition=None)
        return self.filter(petition__organization_id=organization_id)

    def receivers(self) -> list[int | None]:
        """Return the ids of the organisations that these are for; None stands for the
        site."""
        numbers = self.order_by().values_list("petition__organization_id", flat=True)
        return list(numbers.distinct())

    def legible(self) -> ReportQuerySet:
        """Return the messages whose words are not erased yet."""
        return self.exclude(text="")

    def erase_words(self) -> None:
        """Empty what a visitor or staff wrote; the rows stay."""
        self.update(text="", email="", note="")


class Report(models.Model):
    """A message from a visitor. One about a petition goes to its organisation, one
    about the site to those who run it."""

    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        null=True,
        related_name="reports",
        verbose_name=_("petition"),
    )
    reason = models.CharField(
        _("what it is about"), max_length=20, choices=ReportReason.choices
    )
    text = models.CharField(_("message"), max_length=3000)
    email = models.CharField(_("e-mail for an answer"), max_length=254, blank=True)
    language = models.CharField(_("language"), max_length=10)
    is_trapped = models.BooleanField(
        _("by a program"),
        default=False,
        help_text=_("It filled in what people do not see. Nobody is written to."),
    )
    created_at = models.DateTimeField(_("came"))
    told_at = models.DateTimeField(null=True)
    handled_at = models.DateTimeField(_("handled"), null=True)
    handled_by = models.ForeignKey(
        "organizations.User",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("handled by"),
    )
    note = models.CharField(
        _("what was done"),
        max_length=500,
        blank=True,
        help_text=_("For your colleagues. It is erased with the message."),
    )

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("message from a visitor")
        verbose_name_plural = _("messages from visitors")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=ReportReason.values),
                name="report_reason",
                violation_error_message=_("Choose what it is about."),
            ),
            models.CheckConstraint(
                condition=Q(handled_at__isnull=False) | Q(handled_by=None, note=""),
                name="report_handled_at",
                violation_error_message=_("Only what is handled has a note."),
            ),
            guards.language("report"),
            guards.mail_address("report", "email"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=~Q(text=""), name="report_legible"
            )
        ]

    def __str__(self) -> str:
        # Never what was typed: this ends up in logs and audit trails.
        return str(self.pk)

    @property
    def is_erased(self) -> bool:
        """Whether its words were erased at the end of their retention."""
        return self.text == ""

    @property
    def is_handled(self) -> bool:
        return self.handled_at is not None

    def handle(self, *, by: User, note: str, now: datetime) -> None:
        """Record that somebody has dealt with it, and what was done."""
        self.handled_at = self.handled_at or now
        self.handled_by = by
        self.note = note
        self.save(update_fields=["handled_at", "handled_by", "note"])

    def reopen(self) -> None:
        """Record that it is not dealt with after all."""
        self.handled_at, self.handled_by, self.note = None, None, ""
        self.save(update_fields=["handled_at", "handled_by", "note"])
