"""The outbox of mails to supporters, tallies of what became of them, and the mailboxes
not to be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db import guards
from petitions.models.petitions import Petition
from petitions.models.signatures import Signature

if TYPE_CHECKING:
    from petitions.identity.key_ring import (
        Keyring,
        KeyringVersion,
    )


class MailKind(models.TextChoices):
    """The kind of a mail: about one signature, or about all of one person's; in words
    for that person. ASK goes to people of an import, who have not signed here
    themselves."""

    CONFIRM = "confirm", _("To confirm a signature")
    ALL = "all", _("With a link to all that was signed")
    REMIND = "remind", _("Reminder to confirm")
    ASK = "ask", _("To ask whether a signature elsewhere shall count here")


class MailState(models.TextChoices):
    """The state of a mail. DUE until the server took it (SENT) or refused it for good
    (FAILED); COVERED when another mail to the same person said the same; BOUNCED when
    it was taken and came back later; HELD while its signature is in quarantine. In
    words for whom it is to."""

    DUE = "due", _("Waits to be sent")
    HELD = "held", _("Held, while the signature is set aside")
    SENT = "sent", _("The mail server took it")
    FAILED = "failed", _("The mail server refused it")
    COVERED = "covered", _("Not sent: another mail said the same")
    BOUNCED = "bounced", _("It came back")


class Priority(models.IntegerChoices):
    """The order in which due mails are sent: all of a lower number before any of a
    higher one, however long those have waited."""

    FIRST = 0
    """Confirmations."""
    LATER = 1
    """Confirmations from a busy network, and lists that somebody asked for."""
    LAST = 2
    """Reminders."""
    BULK = 3
    """Mails that staff have ordered: people of an import are asked to confirm."""


UNFINISHED = (MailState.DUE, MailState.HELD)


class OutgoingMail(models.Model):
    """A mail in the outbox, caused by a signature: written with it, sent by the worker.
    What it says is decided when it is sent: only the mailbox learns who has signed."""

    # Always the petition of the signature, whose foreign key the database checks.
    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    # None once the signature was erased: that a mail went out still counts for the rate
    # limits of its mailbox, for a day.
    signature = models.ForeignKey(
        Signature, on_delete=models.SET_NULL, null=True, related_name="mails"
    )
    email_key = models.UUIDField()
    kind = models.CharField(max_length=10, default=MailKind.CONFIRM)
    state = models.CharField(max_length=10, default=MailState.DUE)
    priority = models.PositiveSmallIntegerField(
        default=Priority.FIRST, db_default=Priority.FIRST
    )
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    reply = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["priority", "due_at"],
                condition=Q(state=MailState.DUE),
                name="mail_due",
            ),
            # Finds what one person was lately sent, for the rate limits.
            models.Index(fields=["email_key", "finished_at"], name="mail_person"),
            # Finds those past their retention period.
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
                name="mail_finished",
            ),
        ]
        constraints = [
            # Only one, however many workers look at the same time.
            models.UniqueConstraint(
                fields=["petition", "email_key"],
                condition=Q(kind=MailKind.REMIND),
                name="mail_reminder_once",
            ),
            models.CheckConstraint(
                condition=guards.one_of("state", MailState.values)
                & guards.one_of("kind", MailKind.values),
                name="mail_state_and_kind",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(finished_at=None), guards.one_of("state", UNFINISHED)
                ),
                name="mail_finished_at",
            ),
            # An unfinished mail is about a signature. Once that is erased, no reply is
            # kept: a mail server may quote the address in it.
            models.CheckConstraint(
                condition=Q(signature__isnull=False)
                | Q(finished_at__isnull=False, reply=""),
                name="mail_of_nobody_is_over",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class LinkRequest(models.Model):
    """A request to be sent links, for an address that somebody typed. The worker
    answers it, so that not even the response time tells whether the address has
    signed."""

    email_keys = ArrayField(models.UUIDField())
    kind = models.CharField(max_length=10)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[MailKind.CONFIRM.value, MailKind.ALL.value]),
                name="link_request_kind",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class MailTally(models.Model):
    """Numbers of mails per petition, day and mail domain, by which staff see whether
    mail arrives."""

    petition = models.ForeignKey(
        Petition, on_delete=models.PROTECT, related_name="mail_tallies"
    )
    day = models.DateField()
    # '' once it is no longer needed; see petitions.privacy.expiry.
    domain = models.CharField(max_length=255)
    signed = models.PositiveIntegerField(default=0)
    handed_over = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    confirmed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "day", "domain"], name="mail_tally_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["day"], condition=~Q(domain=""), name="mail_tally_domain"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.domain}"


class OfAddressesQuerySet[M: "OfAddresses"](models.QuerySet[M]):
    """Rows of OfAddresses, by whose addresses they are found and changed."""

    def add_address(self, address: str, version: KeyringVersion, **values: Any) -> None:
        """Record that the row of this mailbox is about this address, too; create the
        row with `values` when there is none."""
        own = version.address_key(address)
        with transaction.atomic(self.db):
            row, created = self.select_for_update().get_or_create(
                email_key=version.key(address),
                defaults={**values, "address_keys": [own]},
            )
            if not created and own not in (row.address_keys or [own]):
                row.address_keys = [*(row.address_keys or []), own]
                row.save(update_fields=["address_keys"])

    def drop_address(self, address: str, ring: Keyring) -> None:
        """Forget that rows are about this address. A row that names no other address,
        or is about the whole mailbox, is deleted."""
        own = ring.address_keys(address)
        with transaction.atomic(self.db):
            for row in self.select_for_update().filter(pk__in=ring.all_keys(address)):
                left = [key for key in row.address_keys or [] if key not in own]
                if left:
                    row.address_keys = left
                    row.save(update_fields=["address_keys"])
                else:
                    row.delete()


class OfAddresses(models.Model):
    """A fact about a mailbox, known by its key alone. Two people's addresses may count
    as one mailbox, so a row may be about some of them only: `address_keys`."""

    email_key = models.UUIDField(primary_key=True)
    address_keys = ArrayField(
        models.UUIDField(),
        null=True,
        help_text="Version.address_key of each; none for a row that is about all",
    )

    objects = OfAddressesQuerySet.as_manager()

    class Meta:
        abstract = True


class Suppression(OfAddresses):
    """“Never write to me again”: a mailbox that this site writes to no more, known by
    its key alone. It outlives everything else about its owner. Where a re-key has no
    address left to make a new key of, the row stays and its former secret is still
    needed. Newsletter tools are told of it (petitions/sql/suppressions.sql)."""

    key_version = models.PositiveSmallIntegerField(default=1, db_default=1)
    carried_over = models.BooleanField(
        default=False, db_default=False, help_text="A re-key has made a newer one of it"
    )
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"since {self.since:%Y-%m-%d}"


class Bounce(OfAddresses):
    """A mailbox that does not exist, as mail servers say, known by its key alone.
    Nothing is sent to it for a while (`petitions.mail.bounces`); then it is tried
    again, since a mistyped domain may come to life and a closed mailbox be opened.
    Newsletter tools are told of both (petitions/sql/bounces.sql)."""

    since = models.DateTimeField()
    reason = models.CharField(
        max_length=20, help_text="Reply code and status, never the server's words."
    )

    def __str__(self) -> str:
        return f"{self.reason} since {self.since:%Y-%m-%d}"
