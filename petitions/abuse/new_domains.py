"""Limits for mail domains that are new to the site, that is, not ordinary ones
(`RateLimits.attempts`): whoever owns a domain has any number of addresses.

A campaign that goes viral is signed from thousands of networks, with addresses of
well-known providers, and of many small domains with a few people each. Ballot stuffing
uses many addresses of a few domains, or comes from a few networks. So no form waits
because its network is busy. Limited are the forms of one small domain, and, from one
network, those beyond a household's number for each such domain. Forms beyond these
limits are put in quarantine until staff have looked. `bench.viral` shows what this does
to campaigns and to attacks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import QuerySet, Sum
from django.utils import timezone

from core.db.cached_value import CachedValue
from core.mail.addresses import (
    ascii_domain,
    domain_of,
    registrable,
)
from petitions.models import MailTally, OrdinaryDomain, Signature, Total
from petitions.states import QuarantineReason

A_DAY = 15
"""How many forms of one domain pass at once for one petition; the bucket refills over a
day."""
SHARE = 500
"""One form passes for every so many supporters, if that is more than `A_DAY`: trusting
one domain never changes a count by more than this fraction of it."""
KNOWN_AFTER = timedelta(days=7)
"""A domain may bring as many forms as were confirmed with it from `KNOWN_FOR` ago until
this long ago."""
KNOWN_FOR = timedelta(days=90)
MOST_KNOWN = 50_000
"""The most domains whose counts are kept in memory."""
KNOWN_HELD_FOR = 300.0  # seconds

PROVIDERS = frozenset(
    line
    for line in Path(__file__).with_name("providers.txt").read_text().splitlines()
    if not line.startswith("#")
)


@dataclass(frozen=True, slots=True)
class Known:
    """The counts so far that raise a limit for new domains."""

    domains: dict[str, int] = field(default_factory=dict)
    """Confirmations by registrable domain."""
    petitions: dict[int, int] = field(default_factory=dict)
    """Confirmed signatures of the petitions with so many that `SHARE` matters, by
    id."""


def load_known() -> Known:
    """Read the counts from the database. Tallies of a few signatures lose the name of
    their domain after a while, so they are missing here; they would raise no limit."""
    today = timezone.localdate()
    days = MailTally.objects.filter(
        day__gt=today - KNOWN_FOR, day__lte=today - KNOWN_AFTER
    ).exclude(domain="")
    counted = days.values_list("domain").annotate(n=Sum("confirmed"))
    domains: dict[str, int] = {}
    for domain, number in counted.filter(n__gte=A_DAY // 2)[:MOST_KNOWN]:
        name = registrable(domain)
        domains[name] = domains.get(name, 0) + number
    large = Total.objects.filter(confirmed__gt=A_DAY * SHARE)
    return Known(domains, dict(large.values_list("petition_id", "confirmed")))


KNOWN = CachedValue(load_known, seconds=KNOWN_HELD_FOR)


def load_ordinary() -> frozenset[tuple[int, str]]:
    """Return pairs of organisation id and a domain that its staff have approved."""
    pairs = OrdinaryDomain.objects.values_list("organization_id", "domain")
    return frozenset((number, registrable(domain)) for number, domain in pairs)


def approve_domains(signatures: QuerySet[Signature], *, now: datetime) -> None:
    """Approve the mail domains of `signatures` that were quarantined as too many of a
    new domain, after staff have looked at them: more forms with these domains pass on
    petitions of the same organisation."""
    looked_at = signatures.filter(quarantine_reason=QuarantineReason.BURST).values_list(
        "petition__organization_id", "email"
    )
    known = {
        (organization, registrable(ascii_domain(domain_of(email))))
        for organization, email in looked_at
    }
    OrdinaryDomain.objects.bulk_create(
        [
            OrdinaryDomain(organization_id=organization, domain=domain, since=now)
            for organization, domain in sorted(known)
        ],
        ignore_conflicts=True,
    )
