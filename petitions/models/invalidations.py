"""Invalidations, by which staff take signatures from the count: which signatures, why,
by whom, and how far they have come."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any

import idna
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Lookup, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organizations.models import User
from petitions.models.limits import clean_domain, clean_network
from petitions.models.petitions import Petition
from petitions.models.signatures import Signature, SignatureQuerySet
from petitions.states import InvalidationState, NameMatch

# Nothing was signed earlier, and Python cannot read all times that PostgreSQL stores.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class Within(Lookup[Any]):
    """A lookup for addresses within a network, by PostgreSQL's own comparison."""

    lookup_name = "within"
    prepare_rhs = False

    def as_sql(
        self, compiler: Any, connection: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        address, parameters = self.process_lhs(compiler, connection)
        return f"{address} <<= %s::inet", (*parameters, self.rhs)


class InvalidationQuerySet(models.QuerySet["Invalidation"]):
    def unfinished(self) -> InvalidationQuerySet:
        return self.filter(
            state__in=[InvalidationState.RUNNING, InvalidationState.REVERSING]
        )


class Invalidation(models.Model):
    """A set of confirmed signatures under one petition that staff took from the count,
    described by conditions that must all fit.

    The worker marks them in batches and, on reversal, gives back those that still carry
    the mark. The conditions hold only what staff typed; which signatures they met is
    known by the mark alone.
    """

    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        related_name="invalidations",
        verbose_name=_("petition"),
    )
    network = models.CharField(
        _("network"),
        max_length=43,
        blank=True,
        help_text=_("192.0.2.0/24, or 2001:db8::/48. Networks are kept for 30 days."),
    )
    domain = models.CharField(
        _("mail domain"),
        max_length=255,
        blank=True,
        help_text=_("example.org, or *.example.org for all below it."),
    )
    name_match = models.CharField(
        _("the name"),
        max_length=10,
        choices=NameMatch.choices,
        default=NameMatch.CONTAINS,
    )
    name = models.CharField(
        _("this text"),
        max_length=200,
        blank=True,
        help_text=_("Upper and lower case are the same."),
    )
    since = models.DateTimeField(_("signed from"), null=True, blank=True)
    until = models.DateTimeField(_("signed before"), null=True, blank=True)
    reason = models.CharField(
        _("why"),
        max_length=500,
        help_text=_("For your colleagues and for whoever asks later."),
    )
    made_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    made_at = models.DateTimeField(_("made at"))
    as_of = models.DateTimeField(
        _("previewed at"), help_text="What was confirmed later is not touched."
    )
    found = models.PositiveIntegerField(_("found in the preview"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=InvalidationState.choices,
        default=InvalidationState.RUNNING,
    )
    up_to = models.BigIntegerField(
        help_text="The highest number of a signature when it was made."
    )
    last_id = models.BigIntegerField(
        default=0, help_text="The batches have come as far as this signature."
    )
    marked = models.PositiveIntegerField(_("taken from the count"), default=0)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    reversal_reason = models.CharField(_("why reversed"), max_length=500, blank=True)
    reversed_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("reversed by"),
    )
    reversed_at = models.DateTimeField(_("reversed at"), null=True)
    restored = models.PositiveIntegerField(_("given back"), default=0)
    left_out = models.PositiveIntegerField(
        _("not given back"), default=0, help_text="They had signed again meanwhile."
    )
    restored_at = models.DateTimeField(_("all given back at"), null=True)

    objects = InvalidationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invalidation")
        verbose_name_plural = _("invalidations")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(
                    network="", domain="", name="", since__isnull=True,
                    until__isnull=True,
                ),
                name="invalidation_condition",
                violation_error_message=_(
                    "Describe which signatures you mean: at least one of network, "
                    "mail domain, name and time."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="invalidation_reason",
                violation_error_message=_("Say why."),
            ),
            models.CheckConstraint(
                condition=Q(since=None) | Q(until=None) | Q(since__lt=F("until")),
                name="invalidation_times",
                violation_error_message=_("The end lies before the beginning."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=InvalidationState.values),
                name="invalidation_state",
            ),
            models.CheckConstraint(
                condition=Q(name_match__in=NameMatch.values),
                name="invalidation_name_match",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[InvalidationState.RUNNING, InvalidationState.DONE],
                    reversed_at=None,
                )
                | Q(
                    state__in=[InvalidationState.REVERSING, InvalidationState.REVERSED],
                    reversed_at__isnull=False,
                ),
                name="invalidation_reversed_at",
            ),
            # Two at once could mark two signatures of one person, and then neither
            # could be reversed on its own.
            models.UniqueConstraint(
                fields=["petition"],
                condition=Q(
                    state__in=[InvalidationState.RUNNING, InvalidationState.REVERSING]
                ),
                name="invalidation_one_at_a_time",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        # Never what was typed: this ends up in logs and audit trails.
        return str(self.pk)

    def clean(self) -> None:
        super().clean()
        if self.network:
            self.network = clean_network("network", self.network)
        if self.domain:
            self.domain = clean_domain("domain", self.domain)
        self.name = unicodedata.normalize("NFC", self.name)
        for field in ("since", "until"):
            time: datetime | None = getattr(self, field)
            if time is not None and time < EARLIEST:
                raise ValidationError({field: _("Enter a time of this century.")})
            if time is not None and time > timezone.now():
                raise ValidationError({field: _("That time has yet to come.")})

    @property
    def is_unfinished(self) -> bool:
        return self.state in (InvalidationState.RUNNING, InvalidationState.REVERSING)

    @property
    def is_reversible(self) -> bool:
        return self.state in (InvalidationState.RUNNING, InvalidationState.DONE)

    @property
    def given_back(self) -> int:
        """The number of marked signatures that a reversal has dealt with: restored, or
        left out because their owners count already."""
        return self.restored + self.left_out

    @property
    def taken_back(self) -> int:
        """The number of signatures, once it is reversed, that their owners had
        withdrawn or erased meanwhile."""
        return self.marked - self.given_back

    def matching(self) -> SignatureQuerySet:
        """Return the signatures that the conditions describe, in whatever state."""
        rows = Signature.objects.filter(petition=self.petition_id)
        if self.network:
            rows = rows.filter(Within(F("network"), self.network))
        if self.domain:
            rows = rows.filter(of_domain(self.domain))
        if self.name:
            equals = self.name_match == NameMatch.EQUALS
            how = "name__iexact" if equals else "name__icontains"
            rows = rows.filter(**{how: self.name})
        if self.since:
            rows = rows.filter(created_at__gte=self.since)
        if self.until:
            rows = rows.filter(created_at__lt=self.until)
        return rows

    def counted(self) -> SignatureQuerySet:
        """Return the signatures that it takes from the count: confirmed by `as_of`, and
        with their personal data."""
        known = self.matching().confirmed().known()
        return known.filter(confirmed_at__lte=self.as_of)


def of_domain(domain: str) -> Q:
    """Return the condition for addresses whose mail domain is `domain`, or lies below
    it when it begins with *. Addresses are stored in letters, and `domain` is as in the
    DNS, so both spellings are looked for."""
    below = domain.startswith("*.")
    bare = domain.removeprefix("*.")
    try:
        spelled = idna.decode(bare)
    except idna.IDNAError:
        spelled = bare
    mark = "." if below else "@"
    return Q(email__iendswith=mark + bare) | Q(email__iendswith=mark + spelled)
