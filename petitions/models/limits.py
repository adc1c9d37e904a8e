"""Rate limits, lists of networks and mail domains, and tallies of where signatures come
from."""

from __future__ import annotations

import ipaddress

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.mail.addresses import registrable
from organizations.models import Organization
from petitions.addresses import DOMAIN, domain_pattern
from petitions.models.petitions import Petition
from petitions.states import LimitScope, Listing


def clean_network(field: str, typed: str) -> str:
    """Normalise a network as it is stored and compared, never narrower than what is
    known of visitors; raise ValidationError for `field` when it is not one."""
    try:
        network = ipaddress.ip_network(typed.strip(), strict=False)
    except ValueError:
        raise ValidationError(
            {field: _("Enter a network such as 192.0.2.0/24.")}
        ) from None
    narrowest = 24 if network.version == 4 else 48
    if network.prefixlen > narrowest:
        # Single addresses are nowhere stored, so they cannot be told apart.
        network = network.supernet(new_prefix=narrowest)
    if network.prefixlen < 8:
        raise ValidationError(
            {field: _("That is a large part of the internet: enter less.")}
        )
    return str(network)


def clean_domain(field: str, typed: str) -> str:
    """Normalise a mail domain, or *. and all below it, as in the DNS; raise
    ValidationError for `field` when it is not one."""
    domain = domain_pattern(typed)
    if not DOMAIN.fullmatch(domain.removeprefix("*.")):
        raise ValidationError(
            {field: _("Enter a domain such as example.org or *.example.org.")}
        )
    return domain


class Limit(models.Model):
    """A rate limit for forms from one source: a token bucket of `most`, which refills
    evenly over `minutes`. `scope` says what happens beyond it."""

    scope = models.CharField(
        _("what is limited"), max_length=10, choices=LimitScope.choices
    )
    most = models.PositiveIntegerField(
        _("at most"),
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text=_("Thousands of phones may share one network: be generous."),
    )
    minutes = models.PositiveIntegerField(
        _("within minutes"),
        validators=[MinValueValidator(1), MaxValueValidator(31 * 24 * 60)],
    )

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        ordering = ["scope", "minutes"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "minutes"],
                name="limit_once",
                violation_error_message=_("There is such a limit already: change it."),
            ),
            models.CheckConstraint(
                condition=Q(scope__in=LimitScope.values),
                name="limit_scope",
                violation_error_message=_("Choose what is limited."),
            ),
            models.CheckConstraint(
                condition=Q(most__gte=1, minutes__gte=1),
                name="limit_positive",
                violation_error_message=_("A limit lets at least one pass."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()}: {self.most} / {self.minutes} min"


class Listed(models.Model):
    """An entry of an allow list or block list of sources of signatures."""

    listing = models.CharField(_("is"), max_length=5, choices=Listing.choices)
    note = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(listing__in=Listing.values),
                name="%(class)s_listing",
                violation_error_message=_("Choose whether it is allowed or blocked."),
            )
        ]


class ListedNetwork(Listed):
    """A network that no limit touches, or whose signatures go into quarantine."""

    network = models.CharField(
        _("network"),
        max_length=43,
        unique=True,
        help_text=_(
            "192.0.2.0/24, or 2001:db8::/48; of several that hold a visitor, the "
            "smallest decides."
        ),
    )

    class Meta(Listed.Meta):
        verbose_name = _("listed network")
        verbose_name_plural = _("listed networks")
        ordering = ["network"]

    def __str__(self) -> str:
        return self.network

    def clean(self) -> None:
        super().clean()
        self.network = clean_network("network", self.network)


class ListedDomain(Listed):
    """A mail domain that no limit touches, or whose signatures go into quarantine."""

    domain = models.CharField(
        _("mail domain"),
        max_length=255,
        unique=True,
        help_text=_(
            "example.org, or *.example.org for all below it; the longest that fits "
            "decides."
        ),
    )

    class Meta(Listed.Meta):
        verbose_name = _("listed mail domain")
        verbose_name_plural = _("listed mail domains")
        ordering = ["domain"]

    def __str__(self) -> str:
        return self.domain

    def clean(self) -> None:
        super().clean()
        self.domain = clean_domain("domain", self.domain)


class OrdinaryDomain(models.Model):
    """A mail domain that staff know: their organisation's petitions take any number of
    signatures with it, as with that of a large provider. Made by releasing signatures
    from quarantine, or beforehand, when a union or a university is about to sign."""

    organization = models.ForeignKey(
        Organization,
        verbose_name=_("organisation"),
        on_delete=models.CASCADE,
        related_name="ordinary_domains",
    )
    domain = models.CharField(
        _("mail domain"),
        max_length=255,
        help_text=_("example.org, with all below it."),
    )
    since = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("mail domain that we know")
        verbose_name_plural = _("mail domains that we know")
        ordering = ["domain"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "domain"],
                name="ordinary_domain_once",
                violation_error_message=_("This mail domain is in the list already."),
            ),
            models.CheckConstraint(
                condition=~Q(domain=""), name="ordinary_domain_named"
            ),
        ]

    def __str__(self) -> str:
        return self.domain

    def clean(self) -> None:
        super().clean()
        self.domain = registrable(
            clean_domain("domain", self.domain.strip().removeprefix("*."))
        )


class RateLimitBucket(models.Model):
    """A token bucket (GCRA): what one source has left of one limit. Made and changed by
    the statement that signs. The table is unlogged, because losing it in a crash only
    means beginning anew."""

    key = models.UUIDField(
        primary_key=True,
        help_text="Keyed hash of limit and source: petitions.abuse.rate_limits",
    )
    tat = models.DateTimeField(
        help_text="Theoretical arrival time: the bucket is full again then."
    )
    # Says nothing of the bucket: ON CONFLICT can compare with columns alone, and this
    # one brings the draw's own limit along.
    tat_limit = models.DateTimeField(
        help_text="The latest `tat` with which the form that drew last would pass."
    )

    def __str__(self) -> str:
        return str(self.key)


class SourceTally(models.Model):
    """The number of people who signed a petition within an hour from one network, with
    addresses of one mail domain, or in all. Sources of a few signatures are not
    kept."""

    class Kind(models.TextChoices):
        ALL = "all", _("All")
        NETWORK = "network", _("Network")
        DOMAIN = "domain", _("Mail domain")

    petition = models.ForeignKey(
        Petition, on_delete=models.CASCADE, related_name="source_tallies"
    )
    hour = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.CharField(max_length=255, blank=True)
    signed = models.PositiveIntegerField()
    set_aside = models.PositiveIntegerField()
    confirmed = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "hour", "kind", "source"], name="source_tally_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["all", "network", "domain"]),
                name="source_tally_kind",
            ),
        ]
        indexes = [models.Index(fields=["hour"], name="source_tally_hour")]

    # Set by petitions.admin.figures.
    stands_out: bool

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}: {self.signed}"


class TalliedHour(models.Model):
    """An id that is smaller than those of all signatures of `hour`, for a tally to
    begin behind: without it, each would read the whole table."""

    hour = models.DateTimeField(primary_key=True)
    after_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}"
