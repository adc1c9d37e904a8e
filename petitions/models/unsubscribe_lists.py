"""Lists of people who have unsubscribed from an organisation's mail elsewhere, or whose
mail came back: who took them in, and of each person the key of their address."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.db import guards
from organizations.models import Organization, User
from petitions.models.imports import FILE_KEPT


class UnsubscribeList(models.Model):
    """A file of people whom an organisation must not write to any more.

    It is read first, and changes nothing until staff take it in: then whoever said yes
    here is a no (petitions.importing.unsubscribing). Only their own new yes changes
    that.

    The database (petitions/sql/unsubscribe_lists.sql) refuses to delete what was taken
    in, and to undo that it was.
    """

    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="unsubscribe_lists",
        verbose_name=_("organisation"),
    )
    label = models.CharField(
        _("where they unsubscribed"),
        max_length=200,
        help_text=_("As “Mailchimp, until 3 June”. For your colleagues."),
    )
    file_name = models.CharField(_("file"), max_length=200)
    made_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    made_at = models.DateTimeField(_("uploaded at"))
    lines = models.PositiveIntegerField(_("lines read"))
    addresses = models.PositiveIntegerField(_("addresses"))
    left_out = models.PositiveIntegerField(_("left out: their line does not say no"))
    unreadable = models.PositiveIntegerField(_("lines without an address"))
    taken_in_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("taken in by"),
    )
    taken_in_at = models.DateTimeField(_("taken in at"), null=True)
    ended = models.PositiveIntegerField(
        _("had said yes here"),
        default=0,
        help_text=_("How many addresses it has turned from a yes into a no."),
    )

    class Meta:
        verbose_name = _("list of the unsubscribed")
        verbose_name_plural = _("lists of the unsubscribed")
        ordering = ["-pk"]
        constraints = [
            guards.readable("unsubscribe_list", lines=("file_name", "label")),
        ]

    def __str__(self) -> str:
        # Never what staff typed: this ends up in logs and audit trails.
        return str(self.pk)

    @property
    def erased_on(self) -> datetime:
        """The time at which it is erased unless it is taken in."""
        return self.made_at + FILE_KEPT


class UnsubscribedMailboxQuerySet(models.QuerySet["UnsubscribedMailbox"]):
    def in_force(self) -> UnsubscribedMailboxQuerySet:
        """Return those of lists that were taken in."""
        return self.filter(unsubscribe_list__taken_in_at__isnull=False)


class UnsubscribedMailbox(models.Model):
    """A mailbox on a list of the unsubscribed, by its key alone. It outlives everything
    else about its owner. Where the key is of a former version, nothing makes it anew
    without the address: it is found by the keys of all versions, as suppressions are.

    The database (petitions/sql/unsubscribe_lists.sql) refuses to delete or change one
    whose list was taken in.
    """

    unsubscribe_list = models.ForeignKey(
        UnsubscribeList,
        on_delete=models.CASCADE,
        related_name="mailboxes",
        db_index=False,
    )
    email_key = models.UUIDField()
    key_version = models.PositiveSmallIntegerField()

    objects = UnsubscribedMailboxQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unsubscribe_list", "email_key"], name="unsubscribed_once"
            )
        ]
        indexes = [models.Index(fields=["email_key"], name="unsubscribed_mailbox")]

    def __str__(self) -> str:
        return str(self.pk)
