"""Mail domains that are new to the site: whoever owns one has any number of addresses.

A campaign gone viral comes from thousands of networks, with addresses of providers that
everybody knows, and of many small domains with a few people each. Ballots are stuffed
with many addresses of few domains, or from few networks. So no form waits because its
network is busy; what is counted is how many come of one small domain, and, of one
network, how many more than a household's with each. What is beyond that is set aside
until staff have looked. `bench.viral` says what it does to campaigns and to attacks.
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
"""Forms of one domain for one petition: at once, and refilling over a day."""
SHARE = 500
"""Or one for each so many supporters, when that is more: what is taken for true of one
domain never changes a count by more than this part of it."""
KNOWN_AFTER = timedelta(days=7)
"""A domain brings as many as were counted with it before the last days ..."""
KNOWN_FOR = timedelta(days=90)
"""... and since these."""
MOST_KNOWN = 50_000
KNOWN_HELD_FOR = 300.0  # seconds

PROVIDERS = frozenset(
    line
    for line in Path(__file__).with_name("providers.txt").read_text().splitlines()
    if not line.startswith("#")
)


@dataclass(frozen=True, slots=True)
class Known:
    """What has been counted, as far as it lets more pass."""

    domains: dict[str, int] = field(default_factory=dict)
    """By domain that somebody registered."""
    petitions: dict[int, int] = field(default_factory=dict)


def load_known() -> Known:
    """Read it from the database. Days on which fewer than ten signed a petition with a
    domain are not named there for long, and would let nothing pass."""
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
    """Organisations, with the domains that their staff know."""
    pairs = OrdinaryDomain.objects.values_list("organization_id", "domain")
    return frozenset((number, registrable(domain)) for number, domain in pairs)


def learn(signatures: QuerySet[Signature], *, now: datetime) -> None:
    """Staff have looked at what was set aside as too much of a new mail domain, and it
    is in order: more with it passes, under petitions of their organisation."""
    looked_at = signatures.filter(aside=QuarantineReason.BURST).values_list(
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
