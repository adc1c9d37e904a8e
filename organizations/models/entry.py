"""Staff access: invitations, the outbox of mail to staff, and known networks."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.mail.address_fields import AddressColumn
from organizations.models.organization import Organization
from organizations.models.staff import Role, User


class Invitation(models.Model):
    """An owner's invitation to whoever has a mailbox to become a member. It names no
    account: the inviter does not learn whether there is one, and nobody is a member
    before they accept."""

    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        related_name="invitations",
        verbose_name=_("organisation"),
    )
    email = AddressColumn(_("e-mail address"), max_length=254)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    invited_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("invited by"),
    )
    language = models.CharField(max_length=10, default=settings.LANGUAGE_CODE)
    invited_at = models.DateTimeField(_("invited"), default=timezone.now)
    mailed_at = models.DateTimeField(null=True)
    reply = models.CharField(max_length=200, blank=True, default="")
    """The reason the mail server gave for refusing the mail."""

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invited, have not accepted yet")
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                name="organizations_invitation_once",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="organizations_invitation_email_lower",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values),
                name="organizations_invitation_role",
            ),
            guards.mail_address("organizations_invitation", "email"),
            guards.language("organizations_invitation"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def progress(self) -> str:
        """The progress of the invitation, in words for the inviter."""
        if self.mailed_at is not None:
            return gettext("The mail is out; not accepted yet.")
        if self.reply:
            return gettext("The mail server refused the mail: %(reply)s") % {
                "reply": self.reply
            }
        return gettext("The mail is about to be sent.")


class StaffMailPurpose(models.TextChoices):
    """The purpose of a mail to staff."""

    PASSWORD = "password"  # noqa: S105
    INVITATION = "invitation"
    FAILURES = "failures"
    """Somebody keeps trying passwords for the account."""
    NETWORK = "network"
    """Somebody logged in from a network that is new to the account."""
    CODES = "codes"
    """Somebody who knows the password keeps trying codes."""
    FACTOR = "factor"
    """A second factor of the account was added, renewed or removed."""
    REMOVAL = "removal"
    """An owner asked that the second factors of the account be removed."""


class StaffMail(models.Model):
    """A mail to staff in the outbox, deleted once it is sent. It is written for any
    address that somebody typed, and the worker finds out whether there is an account:
    so no response, and no response time, tells."""

    purpose = models.CharField(max_length=10, choices=StaffMailPurpose.choices)
    address = models.CharField(max_length=254)
    invitation = models.ForeignKey(
        Invitation, on_delete=models.CASCADE, null=True, related_name="mails"
    )
    network = models.CharField(max_length=43, blank=True, default="")
    language = models.CharField(max_length=10, default=settings.LANGUAGE_CODE)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="organizations_mail_due")]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=StaffMailPurpose.values),
                name="organizations_staffmail_purpose",
            ),
            guards.language("organizations_staffmail"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"


class SeenNetwork(models.Model):
    """A network from which an account has logged in: from there its owner is not locked
    out by whoever guesses its password elsewhere."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="networks")
    network = models.CharField(max_length=43)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "network"], name="organizations_seennetwork_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.pk}"
