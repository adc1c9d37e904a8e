"""What holds back abuse, without holding back people.

Limits and lists are rows that administrators edit; each process holds them for a few
seconds. A limit is a bucket that refills evenly; all buckets of a form are drawn from
by the very statement that stores it, so that of any number of forms at once exactly as
many pass as should.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from config.clients import Network
from config.held import Held
from petitions.models import Limit, ListedDomain, ListedNetwork
from petitions.states import Aside, Listing, Scope, WeakSign

LINK = re.compile(r"https?:|www\.", re.IGNORECASE)

# What is noted of a form beyond a limit; the other two scopes have their own effect.
SIGNS = {Scope.NETWORK: WeakSign.BUSY_NETWORK, Scope.DOMAIN: WeakSign.BUSY_DOMAIN}

PURGE_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of Limit, as the hot path takes it."""

    number: int
    scope: Scope
    every: timedelta
    """One passes in this time, once those at once have passed."""
    period: timedelta


@dataclass(frozen=True, slots=True)
class Attempts:
    """One form at all limits that apply to it; the lists run in parallel."""

    keys: list[UUID] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    signs: list[int] = field(default_factory=list)
    full_at: list[datetime] = field(default_factory=list)
    """When the bucket would be full again if this form were its first."""
    roofs: list[datetime] = field(default_factory=list)
    """It passes when the bucket, before it, would be full by then."""

    def add(self, rule: Rule, source: str, now: datetime) -> None:
        self.keys.append(hashed(f"{rule.number}:{source}"))
        self.scopes.append(rule.scope)
        self.signs.append(int(SIGNS.get(rule.scope, 0)))
        self.full_at.append(now + rule.every)
        self.roofs.append(now + rule.period - rule.every)

    def arrays(self) -> dict[str, str]:
        """The lists as PostgreSQL reads arrays. Lists written by psycopg cost as much
        as all that the statement does with them."""
        return {
            name: f"{{{','.join(map(str, getattr(self, name)))}}}"
            for name in Attempts.__slots__
        }


def hashed(source: str) -> UUID:
    """What a bucket is found by: nobody reads a network or an address out of it."""
    digest = hmac.digest(settings.EMAIL_KEY.encode(), source.encode(), "sha256")
    return UUID(bytes=digest[:16])


@dataclass(frozen=True, slots=True)
class Rules:
    """All limits and lists at one time."""

    limits: tuple[Rule, ...] = ()
    networks: dict[Network, Listing] = field(default_factory=dict)
    prefixes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The lengths that listed networks have, longest first, by IP version."""
    domains: dict[str, Listing] = field(default_factory=dict)

    def network(self, network: Network) -> Listing | None:
        """How the smallest listed network around this one is treated."""
        for length in self.prefixes.get(network.version, ()):
            found = self.networks.get(network.supernet(new_prefix=length))
            if found is not None:
                return found
        return None

    def domain(self, domain: str) -> Listing | None:
        """How this mail domain, or the closest listed above it, is treated."""
        if (found := self.domains.get(domain)) is not None:
            return found
        above = domain
        while "." in above:
            above = above.partition(".")[2]
            if (found := self.domains.get(f"*.{above}")) is not None:
                return found
        return None

    def allows(self, kind: str, source: str) -> bool:
        """Whether a source is listed as allowed: ("network", "192.0.2.0/24") or
        ("domain", "example.org")."""
        if not source:
            return False
        if kind == "network":
            return self.network(ipaddress.ip_network(source)) is Listing.ALLOW
        return self.domain(source) is Listing.ALLOW

    def ceilings(self, network: Network | None, now: datetime) -> Attempts:
        """The limits beyond which a network is answered “try again later”."""
        attempts = Attempts()
        if network is not None and self.network(network) is not Listing.ALLOW:
            for rule in self.limits:
                if rule.scope is Scope.CEILING:
                    attempts.add(rule, str(network), now)
        return attempts

    def attempts(
        self,
        petition_id: int,
        key: UUID,
        network: Network | None,
        domain: str,
        now: datetime,
    ) -> Attempts:
        """A form at every limit that applies to it."""
        attempts = self.ceilings(network, now)
        sources = {Scope.ADDRESS: str(key)}
        if network is not None and self.network(network) is not Listing.ALLOW:
            sources[Scope.NETWORK] = str(network)
        if self.domain(domain) is not Listing.ALLOW:
            sources[Scope.DOMAIN] = domain
        for rule in self.limits:
            if rule.scope in sources:
                attempts.add(rule, f"{petition_id}:{sources[rule.scope]}", now)
        return attempts

    def aside(self, network: Network | None, domain: str) -> str:
        """Which list sets a form aside: an `Aside`, or ''."""
        if network is not None and self.network(network) is Listing.BLOCK:
            return Aside.NETWORK
        return Aside.DOMAIN if self.domain(domain) is Listing.BLOCK else ""


def load() -> Rules:
    """Read limits and lists from the database."""
    networks: dict[Network, Listing] = {
        ipaddress.ip_network(network): Listing(listing)
        for network, listing in ListedNetwork.objects.values_list("network", "listing")
    }
    lengths: dict[int, Any] = {4: set(), 6: set()}
    for network in networks:
        lengths[network.version].add(network.prefixlen)
    return Rules(
        tuple(
            Rule(
                limit.pk,
                Scope(limit.scope),
                timedelta(minutes=limit.minutes) / limit.most,
                timedelta(minutes=limit.minutes),
            )
            for limit in Limit.objects.all()
        ),
        networks,
        {
            version: tuple(sorted(found, reverse=True))
            for version, found in lengths.items()
        },
        {
            domain: Listing(listing)
            for domain, listing in ListedDomain.objects.values_list("domain", "listing")
        },
    )


RULES = Held(load)


DRAW = """
INSERT INTO petitions_allowance AS a (key, full_at, roof)
SELECT * FROM unnest(%(keys)s::uuid[], %(full_at)s::timestamptz[],
                     %(roofs)s::timestamptz[]) AS n (key, full_at, roof)
 ORDER BY key
    ON CONFLICT (key) DO UPDATE
   SET full_at = excluded.full_at + GREATEST(a.full_at - %(now)s, interval '0')
 WHERE a.full_at <= excluded.roof
"""


def passes_ceiling(network: Network | None, now: datetime) -> bool:
    """Whether something may still be asked from `network`, besides signing; counts
    as one form of it."""
    attempts = RULES.get().ceilings(network, now) if network else Attempts()
    if not attempts.keys:
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            DRAW,
            {**attempts.arrays(), "now": now},
        )
        return int(cursor.rowcount) == len(attempts.keys)


def weak_signs(name: str, *, has_origin: bool) -> WeakSign:
    """What in a form alone proves nothing."""
    signs = WeakSign(0)
    if not has_origin:
        signs |= WeakSign.NO_ORIGIN
    if LINK.search(name):
        signs |= WeakSign.LINK_IN_NAME
    return signs


def purge(now: datetime) -> int:
    """Forget a batch of buckets that are full again; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM petitions_allowance WHERE key IN (SELECT key FROM "
            "petitions_allowance WHERE full_at < %s LIMIT %s FOR UPDATE SKIP LOCKED)",
            [now, PURGE_BATCH],
        )
        return int(cursor.rowcount)


def purge_round(now: datetime) -> bool:
    """For the worker: whether a full batch was forgotten and more may wait."""
    return purge(now) == PURGE_BATCH
