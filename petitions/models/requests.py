"""The register of what supporters asked of an organisation by letter, by phone or in
person: their requests and dates, without the people."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.retention import months_after
from organizations.models import Organization, User
from petitions.states import CameBy, IdentityCheck, RequestKind, RequestOutcome

MONTHS_TO_ANSWER = 1
"""The time within which a request has to be answered (GDPR, article 12.3)."""
SOON = timedelta(days=7)


class SupporterRequestQuerySet(models.QuerySet["SupporterRequest"]):
    def open(self) -> SupporterRequestQuerySet:
        """Return the requests that are not answered yet, the oldest first."""
        return self.filter(outcome="").order_by("received_on", "pk")


class SupporterRequest(models.Model):
    """A request of a supporter for their data: an entry that names nobody, and leads to
    no signature.

    The database (petitions/sql/supporter_requests.sql) refuses to change one that was
    answered.
    """

    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="supporter_requests",
        verbose_name=_("organisation"),
    )
    kind = models.CharField(_("request"), max_length=10, choices=RequestKind.choices)
    came_by = models.CharField(_("came by"), max_length=10, choices=CameBy.choices)
    received_on = models.DateField(_("received on"))
    checked_by = models.CharField(
        _("how it was made sure that it is they"),
        max_length=10,
        choices=IdentityCheck.choices,
        blank=True,
    )
    check_note = models.CharField(
        _("note on how it was made sure"),
        max_length=120,
        blank=True,
        help_text=_("Without the person: no name, address, number or link."),
    )
    outcome = models.CharField(
        _("outcome"),
        max_length=10,
        choices=RequestOutcome.choices,
        blank=True,
        help_text=_("Leave it empty until the request is answered."),
    )
    number = models.PositiveIntegerField(
        _("signatures touched"), default=0, db_default=0
    )
    done_at = models.DateTimeField(_("answered"), null=True)
    done_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )

    objects = SupporterRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request of a supporter")
        verbose_name_plural = _("requests of supporters")
        ordering = ["-received_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=guards.one_of("kind", RequestKind.values)
                & guards.one_of("came_by", CameBy.values),
                name="supporter_request_kind",
            ),
            models.CheckConstraint(
                condition=Q(checked_by="")
                | Q(guards.one_of("checked_by", IdentityCheck.values)),
                name="supporter_request_checked_by",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(Q(outcome=""), Q(done_at=None)),
                name="supporter_request_done_at",
            ),
            models.CheckConstraint(
                condition=Q(outcome="")
                | Q(guards.one_of("outcome", RequestOutcome.values)),
                name="supporter_request_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=RequestOutcome.DONE) | ~Q(checked_by=""),
                name="supporter_request_made_sure",
                violation_error_message=_(
                    "Say how it was made sure that it is they who ask."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(check_note__contains="@")
                & ~Q(check_note__contains="://")
                & ~Q(check_note__regex="[0-9]{7}"),
                name="supporter_request_note_names_nobody",
                violation_error_message=_(
                    "Write it without the person: no address, number or link."
                ),
            ),
            guards.readable("supporter_request", lines=["check_note"]),
        ]
        indexes = [
            models.Index(
                fields=["organization", "received_on"],
                condition=Q(outcome=""),
                name="supporter_request_open",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def due_on(self) -> date:
        """The last day on which it may be answered."""
        return months_after(self.received_on, MONTHS_TO_ANSWER)

    def is_overdue(self, today: date) -> bool:
        return not self.outcome and self.due_on < today

    def is_due_soon(self, today: date) -> bool:
        return not self.outcome and today <= self.due_on <= today + SOON

    def answer(
        self, outcome: RequestOutcome, *, by: User, now: datetime, number: int = 0
    ) -> None:
        """Record that it was answered, and how many signatures that touched."""
        self.outcome, self.number = outcome, number
        self.done_by, self.done_at = by, now
        self.save()
