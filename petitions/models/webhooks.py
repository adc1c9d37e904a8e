"""Newsletter tools that are told, by signed webhooks, who may be written to; the
mailboxes that each is still to be told of, and what it answered."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_address
from secrets import token_bytes
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.http.outgoing import PORT, is_public_address
from core.security import encryption
from organizations.models import Organization

TRIES_REFUSED = 10
"""How often a tool is sent a message that it refuses alone, over half a day."""
MOST_WEBHOOKS = 3
"""Webhooks of one organisation."""
# How long both secrets sign after a new one was made.
BOTH_SIGN = timedelta(days=1)


def new_secret() -> str:
    """Return a secret as Standard Webhooks writes them."""
    return f"whsec_{base64.b64encode(token_bytes(32)).decode()}"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def waiting(self) -> WebhookQuerySet:
        """Return those that are still to be told something."""
        return self.filter(Exists(WebhookEvent.objects.filter(webhook=OuterRef("pk"))))

    def due(self, now: datetime) -> WebhookQuerySet:
        """Return those that are to be told something now, if they need not wait
        themselves."""
        due = WebhookEvent.objects.due(now)
        return self.filter(Exists(due.filter(webhook=OuterRef("pk"))))

    def behind(self, since: datetime) -> WebhookQuerySet:
        """Return those that still have to be told of something before `since`, or are
        not told of all of it any more."""
        old = WebhookEvent.objects.filter(webhook=OuterRef("pk"), created_at__lt=since)
        return self.filter(Exists(old) | Q(incomplete_since__isnull=False))

    def in_trouble(self) -> WebhookQuerySet:
        """Return those that are not told what they should be, so that staff have to do
        something."""
        stuck = Q(failing_since__isnull=False) | Q(secret="") | Q(is_paused=True)
        incomplete = self.filter(incomplete_since__isnull=False)
        return incomplete | self.waiting().filter(stuck)


class Webhook(models.Model):
    """An address at which a newsletter tool of an organisation is told who may be
    written to, from when it was entered on.

    The database (petitions/sql/webhooks.sql) queues what it is to be told, also while
    it is paused.
    """

    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        related_name="webhooks",
        verbose_name=_("organisation"),
    )
    place = models.PositiveSmallIntegerField(default=1, editable=False)
    name = models.CharField(
        _("tool"),
        max_length=100,
        help_text=_("As “Mailchimp” or “CiviCRM”. For your colleagues."),
    )
    url = models.CharField(
        _("address"),
        max_length=500,
        help_text=_(
            "It begins with https://. The tool, or who runs it, gives it. It stays: "
            "for another one, enter another tool."
        ),
    )
    is_paused = models.BooleanField(
        _("paused"),
        default=False,
        help_text=_("Nothing is sent meanwhile. What happens is sent afterwards."),
    )
    # Both encrypted.
    secret = models.CharField(_("secret"), max_length=300, blank=True, editable=False)
    former_secret = models.CharField(
        _("former secret"), max_length=300, blank=True, editable=False
    )
    secret_since = models.DateTimeField(_("secret made at"), null=True, editable=False)
    made_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    # Not before this: between tries, and while a worker is sending.
    due_at = models.DateTimeField(default=timezone.now, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(_("fails since"), null=True, editable=False)
    incomplete_since = models.DateTimeField(
        _("incomplete since"), null=True, editable=False
    )

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = _("newsletter tool")
        verbose_name_plural = _("newsletter tools")
        ordering = ["organization", "place"]
        constraints = [
            models.CheckConstraint(
                condition=Q(url__regex=r"^https://[!-~]+$"),
                name="webhook_url_form",
                violation_error_message=_(
                    "Enter an address that begins with https:// and has no blanks."
                ),
            ),
            models.UniqueConstraint(
                fields=["organization", "url"],
                name="webhook_url_once",
                violation_error_message=_("This address is entered already."),
            ),
            models.UniqueConstraint(
                fields=["organization", "place"], name="webhook_place_once"
            ),
            models.CheckConstraint(
                condition=Q(place__gte=1, place__lte=MOST_WEBHOOKS),
                name="webhook_place",
            ),
            guards.readable("webhook", lines=["name"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.host})"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def address_shown(self) -> str:
        """The address as staff see it: what follows the host is often a secret of the
        tool's."""
        return f"https://{self.host}/…"

    def clean(self) -> None:
        super().clean()
        if why := why_url_unusable(self.url):
            raise ValidationError({"url": why})
        if self._state.adding and self.organization_id:
            others = Webhook.objects.filter(organization=self.organization_id)
            taken = set(others.values_list("place", flat=True))
            free = set(range(1, MOST_WEBHOOKS + 1)) - taken
            if not free:
                raise ValidationError(
                    _("An organisation has at most %(most)s newsletter tools here."),
                    params={"most": str(MOST_WEBHOOKS)},
                )
            self.place = min(free)

    def renew_secret(self, now: datetime) -> str:
        """Give it a new secret, which is returned this once; for a day the former one
        signs, too."""
        fresh = new_secret()
        self.former_secret, self.secret = self.secret, encryption.encrypt(fresh)
        self.secret_since = now
        return fresh

    def signing_secrets(self, now: datetime) -> list[str]:
        """Return the secrets that sign now; raise Unreadable when there is none, or
        SECRET_KEY was lost."""
        secrets = [encryption.decrypt(self.secret)]
        if self.secret_since and now < self.secret_since + BOTH_SIGN:
            with suppress(encryption.Unreadable):
                secrets.append(encryption.decrypt(self.former_secret))
        return secrets


def why_url_unusable(url: str) -> str:
    """Return what is wrong with the address of a webhook, "" when nothing is to be seen
    before its name is looked up."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return gettext("Enter a whole web address.")
    if "." not in host and ":" not in host:
        return gettext("Enter a whole web address.")
    if parts.username is not None or parts.fragment:
        return gettext("Enter it without a name before an “@”, and without a “#”.")
    if port not in (None, PORT):
        return gettext("Enter it without a port: this site goes to port 443 alone.")
    try:
        is_private = not is_public_address(ip_address(host))
    except ValueError:  # it is a name
        is_private = False
    return str(WebhookProblem.PRIVATE.label) if is_private else ""


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    def due(self, now: datetime) -> WebhookEventQuerySet:
        """Return those that need not wait by themselves."""
        return self.filter(Q(again_at=None) | Q(again_at__lte=now))


class WebhookEvent(models.Model):
    """A mailbox of which a webhook is to be told. What it is told is what holds when it
    is sent (petitions.privacy.webhooks), so no yes ever overtakes a later no.

    Written by triggers alone (petitions/sql/webhooks.sql).
    """

    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    email = models.CharField(max_length=254)
    ended_yes = models.BooleanField(
        help_text="A yes was erased: that there was one is seen here alone."
    )
    created_at = models.DateTimeField()
    refused = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="How often the tool would not have this one; in the end it is "
        "deleted.",
    )
    again_at = models.DateTimeField(
        null=True, help_text="When it is tried again after that."
    )

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["webhook", "id"], name="webhook_event_next"),
            models.Index(fields=["created_at"], name="webhook_event_age"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class WebhookProblem(models.TextChoices):
    """Why a delivery failed, in words for staff."""

    STATUS = "status", _("It did not answer with a status from 200 to 299.")
    NO_HOST = "no host", _("Its name leads nowhere.")
    PRIVATE = (
        "private",
        _("It is in a private network: this site only goes to public ones."),
    )
    CERTIFICATE = "tls", _("Its certificate is not valid, or it does not speak TLS.")
    LATE = "late", _("It did not answer in time.")
    CONNECTION = "connection", _("The connection failed.")
    SECRET = "secret", _("The secret can no longer be read here. Make a new one.")
    SET_ASIDE = (
        "set aside",
        _("It refused this one for the last time: it is not sent any more."),
    )
    OURS = "ours", _("An error of this site. Its log has more.")


class WebhookDelivery(models.Model):
    """A line in the log of a webhook: a try, and what came of it. Of whom it was is not
    in it."""

    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    message = models.CharField(_("message"), max_length=40)
    attempt = models.PositiveIntegerField(_("attempt"))
    tried_at = models.DateTimeField(_("sent at"))
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    problem = models.CharField(
        _("problem"), max_length=10, blank=True, choices=WebhookProblem.choices
    )

    class Meta:
        indexes = [
            models.Index(fields=["webhook", "-id"], name="webhook_delivery_of"),
            models.Index(fields=["tried_at"], name="webhook_delivery_age"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
