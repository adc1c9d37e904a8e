"""Asking people of an import by mail to confirm here: who ordered it, and how far it
has come."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.db import guards
from petitions.models.imports import SignatureImport
from petitions.models.mailings import CALL_OFF_WITHIN, staff
from petitions.models.petitions import Petition
from petitions.states import AskingState, ImportState

GOES_ON = (AskingState.WAITING, AskingState.ORDERED, AskingState.PAUSED)


class AskingQuerySet(models.QuerySet["Asking"]):
    def unfinished(self) -> AskingQuerySet:
        return self.filter(state__in=GOES_ON)

    def to_advance(self, now: datetime) -> AskingQuerySet:
        """Return those that the worker is to go on with."""
        return self.filter(
            state=AskingState.ORDERED,
            begins_at__lte=now,
            signature_import__state=ImportState.DONE,
        )


class Asking(models.Model):
    """One mail to each of the people of an import who has a name and an address: they
    may confirm their signature here (petitions.mail.asking). Whoever does nothing
    stays counted elsewhere, and is never asked again.

    The worker reads the file once more, which is kept until then, and makes of each
    line a signature that waits for its confirmation, as the sign form does.
    """

    signature_import = models.ForeignKey(
        SignatureImport,
        on_delete=models.PROTECT,
        related_name="askings",
        verbose_name=_("import of signatures"),
    )
    platform = models.CharField(
        _("where they signed, as the mail says it"),
        max_length=100,
        help_text=_("As “Change.org”. The mail says: You signed this on Change.org."),
    )
    state = models.CharField(_("state"), max_length=10, choices=AskingState.choices)
    ordered_by = staff(_("ordered by"))
    ordered_at = models.DateTimeField(_("ordered at"))
    # As they were counted just before.
    number = models.PositiveIntegerField(_("people when it was ordered"))
    needs_approval = models.BooleanField(_("needs a second person"), default=False)
    approved_by = staff(_("approved by"))
    approved_at = models.DateTimeField(_("approved at"), null=True)
    begins_at = models.DateTimeField(_("begins at"))
    position = models.BigIntegerField(
        default=0, help_text="The file is read as far as this byte."
    )
    line = models.BigIntegerField(default=0, help_text="And as far as this line.")
    asked = models.PositiveIntegerField(_("asked"), default=0)
    last_at = models.DateTimeField(
        null=True, help_text="When its turn was: several take turns."
    )
    finished_at = models.DateTimeField(_("over since"), null=True)

    objects = AskingQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail that asks people of an import")
        verbose_name_plural = _("mails that ask people of imports")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=guards.one_of("state", AskingState.values),
                name="asking_state",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(finished_at=None), guards.one_of("state", GOES_ON)
                ),
                name="asking_finished_at",
            ),
            models.CheckConstraint(
                condition=Q(begins_at__gte=F("ordered_at") + CALL_OFF_WITHIN),
                name="asking_begins_later",
            ),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | Q(approved_at__isnull=False)
                | ~Q(state__in=[AskingState.ORDERED, AskingState.DONE]),
                name="asking_approved",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("ordered_by")),
                name="asking_approved_by_another",
            ),
            models.UniqueConstraint(
                fields=["signature_import"],
                condition=~Q(state=AskingState.CALLED_OFF),
                name="asking_once",
            ),
            guards.readable("asking", lines=("platform",)),
        ]

    def __str__(self) -> str:
        # Never what staff typed: this ends up in logs and audit trails.
        return str(self.pk)


class AskedMailbox(models.Model):
    """A mailbox whose owner was asked, by the key that its import knows it by alone: so
    no other import of the petition asks them again, whatever became of the first one.
    As keys of imports, those of a former version stay, and are found by the keys of all
    versions."""

    asking = models.ForeignKey(
        Asking, on_delete=models.PROTECT, related_name="mailboxes"
    )
    petition = models.ForeignKey(
        Petition, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    email_key = models.UUIDField()
    key_version = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["petition", "email_key"], name="asked_once")
        ]

    def __str__(self) -> str:
        return str(self.pk)
