"""What holds back abuse, without holding back people.

Limits and lists are rows that administrators edit; each process holds them for a few
seconds. A limit is a bucket that refills evenly; all buckets of a form are drawn from
by the very statement that stores it, so that of any number of forms at once exactly as
many pass as should.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from core.db.batches import Batches
from core.db.cached_value import CachedValue
from core.mail.addresses import registrable
from core.security.client_network import Network
from petitions.abuse import new_domains
from petitions.abuse.contact_details import may_hold_a_contact
from petitions.models import Limit, ListedDomain, ListedNetwork
from petitions.states import LimitScope, Listing, QuarantineReason, WeakSign

# What a form beyond a limit is marked with: a weak sign, or, in bits that are stored
# nowhere, that the signature is set aside or not taken at all.
ADDRESS_FULL, CEILING_FULL, BURST = 1 << 8, 1 << 9, 1 << 10
MARKS = {
    LimitScope.ADDRESS: ADDRESS_FULL,
    LimitScope.NETWORK: int(WeakSign.BUSY_NETWORK),
    LimitScope.DOMAIN: int(WeakSign.BUSY_DOMAIN),
    LimitScope.CEILING: CEILING_FULL,
}
assert not (ADDRESS_FULL | CEILING_FULL | BURST) & sum(WeakSign)

MICROSECOND = timedelta(microseconds=1)
PURGING = Batches(first=500, most=5000)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A row of Limit, or a rule of ours, as the hot path takes it; times in
    microseconds."""

    number: int
    """Of a row; 0 and less of ours."""
    mark: int
    """What is said of a form that does not pass."""
    every: int
    """One passes in this time, once those at once have passed."""
    period: int
    queue: int = 0
    """Longer than this nobody waits in line: then it does not pass. 0 has no line."""

    def of(self, most: int) -> RateLimit:
        """The same for `most` in its period."""
        return replace(self, every=self.period // most)


def rate_limit(
    number: int, mark: int, most: int, hours: int, queue: int = 0
) -> RateLimit:
    """`most` at once, refilling evenly over `hours`."""
    return RateLimit(number, mark, hours * HOUR // most, hours * HOUR, queue * HOUR)


HOUR = timedelta(hours=1) // MICROSECOND
# Messages of one network: more would hide the others from those who read them.
MESSAGES = rate_limit(0, CEILING_FULL, 20, 1)
# Mails that one network makes the site send: two thousand people behind one address get
# theirs at once; who comes after them waits in line, and is asked to come back when the
# line is too long.
MAILS = rate_limit(-1, CEILING_FULL, 2000, 2, queue=3)
# For a request that causes a mail and can be made again: without a line.
MAILS_NOW = replace(MAILS, queue=0)
# The same with mail domains that are new here, which may be anybody's invention.
NEW_MAILS = rate_limit(-2, BURST, 300, 4, queue=3)
# Of one mail domain that is new here, for one petition.
NEW_DOMAIN = rate_limit(-3, BURST, new_domains.A_DAY, 24)
# So many of one domain from one network are a household; beyond it, a network has these
# for all such domains together.
HOUSEHOLD = rate_limit(-4, 0, 3, 7 * 24)
NEW_OF_NETWORK = rate_limit(-5, BURST, 20, 24)


@dataclass(frozen=True, slots=True)
class LimitDraws:
    """One form at all limits that apply to it; the lists run in parallel."""

    keys: list[str] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    """What is said of a form that does not pass."""
    every: list[int] = field(default_factory=list)
    """So long, in microseconds, a bucket takes to be full again after this form."""
    patience: list[int] = field(default_factory=list)
    """It passes when the bucket, before it, would be full so soon ..."""
    queue: list[int] = field(default_factory=list)
    """... and waits for its mail as long as it needed of this."""
    behind: list[str] = field(default_factory=list)
    """The key of the bucket that has to be empty for this one to matter, or NULL."""

    def add(self, rule: RateLimit, source: str, *, behind: str = "NULL") -> str:
        """Draw from the bucket of `rule` for `source`, too; returns its key."""
        key = hashed(f"{rule.number}:{source}")
        self.keys.append(key)
        self.marks.append(rule.mark)
        self.every.append(rule.every)
        self.patience.append(rule.period - rule.every + rule.queue)
        self.queue.append(rule.queue)
        self.behind.append(behind)
        return key

    def arrays(self) -> dict[str, str]:
        """The lists as PostgreSQL reads arrays. Lists written by psycopg cost as much
        as all that the statement does with them."""
        return {
            name: f"{{{','.join(map(str, getattr(self, name)))}}}"
            for name in LimitDraws.__slots__
        }


def hashed(source: str) -> str:
    """What a bucket is found by, as a UUID is written: nobody reads a network or an
    address out of it."""
    digest = keyed(settings.EMAIL_KEY).copy()
    digest.update(source.encode())
    return digest.hexdigest()


@lru_cache(maxsize=2)
def keyed(key: str) -> hashlib.blake2b:
    """The beginning that all buckets share; from it, each takes a microsecond."""
    return hashlib.blake2b(
        key=hashlib.sha256(key.encode()).digest(), digest_size=16, person=b"allowances"
    )


@dataclass(frozen=True, slots=True)
class RateLimits:
    """All limits and lists at one time."""

    limits: dict[LimitScope, tuple[RateLimit, ...]] = field(default_factory=dict)
    networks: dict[Network, Listing] = field(default_factory=dict)
    prefixes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The lengths that listed networks have, longest first, by IP version."""
    domains: dict[str, Listing] = field(default_factory=dict)
    of_newcomers: bool = False
    """Whether mail domains that are new here, and mails, are limited."""
    known: new_domains.Known = field(default_factory=new_domains.Known)
    ordinary: frozenset[tuple[int, str]] = frozenset()
    """Organisations, with the mail domains that their staff know."""
    turned_away: dict[Network, float] = field(default_factory=dict)
    """Networks that have reached a ceiling, and until when, by the monotonic clock: a
    flood of forms is answered without the database. Each process finds out for itself,
    by a form that the statement did not take, and forgets it with the rules."""

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

    def turn_away(self, network: Network | None) -> None:
        """Take nothing from a network that has reached a ceiling until that has room
        for another form."""
        if network is not None:
            ceilings = (*self.limits.get(LimitScope.CEILING, ()), MAILS)
            wait = min(rule.every for rule in ceilings)
            self.turned_away[network] = time.monotonic() + wait / 1e6

    def is_turned_away(self, network: Network | None) -> bool:
        """Whether this network still has to wait."""
        until = self.turned_away.get(network) if network is not None else None
        return until is not None and time.monotonic() < until

    def ceilings(self, network: Network | None) -> LimitDraws:
        """The limits beyond which a network is answered “try again later”."""
        attempts = LimitDraws()
        if network is not None and self.network(network) is not Listing.ALLOW:
            for rule in self.limits.get(LimitScope.CEILING, ()):
                attempts.add(rule, str(network))
        return attempts

    def attempts(
        self,
        petition_id: int,
        key: UUID,
        network: Network | None,
        domain: str,
        organization_id: int = 0,
    ) -> LimitDraws:
        """A form at every limit that applies to it."""
        sources = {LimitScope.ADDRESS: f"{petition_id}:{key}"}
        if network is not None and self.network(network) is not Listing.ALLOW:
            name = str(network)
            sources[LimitScope.CEILING] = name
            sources[LimitScope.NETWORK] = f"{petition_id}:{name}"
        owner = registrable(domain)
        # Many with these say nothing of who signs.
        is_ordinary = (
            self.domain(domain) is Listing.ALLOW
            or domain in new_domains.PROVIDERS
            or (organization_id, owner) in self.ordinary
        )
        if not is_ordinary:
            sources[LimitScope.DOMAIN] = f"{petition_id}:{domain}"
        attempts = LimitDraws()
        for scope, source in sources.items():
            for rule in self.limits.get(scope, ()):
                attempts.add(rule, source)
        if self.of_newcomers and (name := sources.get(LimitScope.CEILING, "")):
            if is_ordinary:
                attempts.add(MAILS, name)
            else:
                self.add_newcomer(attempts, petition_id, name, owner)
        return attempts

    def add_newcomer(
        self, attempts: LimitDraws, petition_id: int, network: str, domain: str
    ) -> None:
        """The limits of a form whose mail domain is no large provider's. One that was
        counted often before brings as many again."""
        before = self.known.domains.get(domain, 0)
        share = self.known.petitions.get(petition_id, 0) // new_domains.SHARE
        most = max(new_domains.A_DAY, before, share)
        attempts.add(NEW_DOMAIN.of(most), f"{petition_id}:{domain}")
        if before > new_domains.A_DAY:
            attempts.add(MAILS, network)
            return
        attempts.add(NEW_MAILS, network)
        home = attempts.add(HOUSEHOLD, f"{petition_id}:{network}:{domain}")
        attempts.add(NEW_OF_NETWORK, f"{petition_id}:{network}", behind=home)

    def aside(self, network: Network | None, domain: str) -> str:
        """Which list sets a form aside: a `QuarantineReason`, or ''."""
        if network is not None and self.network(network) is Listing.BLOCK:
            return QuarantineReason.NETWORK
        return QuarantineReason.DOMAIN if self.domain(domain) is Listing.BLOCK else ""


def load_limits() -> RateLimits:
    """Read limits and lists from the database."""
    networks: dict[Network, Listing] = {
        ipaddress.ip_network(network): Listing(listing)
        for network, listing in ListedNetwork.objects.values_list("network", "listing")
    }
    lengths: dict[int, Any] = {4: set(), 6: set()}
    for network in networks:
        lengths[network.version].add(network.prefixlen)
    limits: dict[LimitScope, tuple[RateLimit, ...]] = {}
    for limit in Limit.objects.all():
        scope = LimitScope(limit.scope)
        period = timedelta(minutes=limit.minutes)
        rule = RateLimit(
            limit.pk,
            MARKS[scope],
            period // limit.most // MICROSECOND,
            period // MICROSECOND,
        )
        limits[scope] = (*limits.get(scope, ()), rule)
    return RateLimits(
        limits,
        networks,
        {
            version: tuple(sorted(found, reverse=True))
            for version, found in lengths.items()
        },
        {
            domain: Listing(listing)
            for domain, listing in ListedDomain.objects.values_list("domain", "listing")
        },
        of_newcomers=True,
        known=new_domains.KNOWN.get(),
        ordinary=new_domains.load_ordinary(),
    )


RATE_LIMITS = CachedValue(load_limits)


DRAW = """
INSERT INTO petitions_allowance AS a (key, full_at, roof)
SELECT key, %(now)s + every * interval '1 us', %(now)s + patience * interval '1 us'
  FROM unnest(%(keys)s::uuid[], %(every)s::bigint[], %(patience)s::bigint[])
    AS n (key, every, patience)
 ORDER BY key
    ON CONFLICT (key) DO UPDATE
   SET full_at = excluded.full_at + GREATEST(a.full_at - %(now)s, interval '0')
 WHERE a.full_at <= excluded.roof
"""


def passes_ceiling(network: Network | None, now: datetime, *more: RateLimit) -> bool:
    """Whether something may still be asked from `network`, besides signing; counts
    as one form of it. It has to pass `more`, too."""
    if (
        network is None
        or (rules := RATE_LIMITS.get()).network(network) is Listing.ALLOW
    ):
        return True
    attempts = rules.ceilings(network)
    for rule in more:
        attempts.add(rule, str(network))
    if not attempts.keys:
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            DRAW,
            {**attempts.arrays(), "now": now},
        )
        return int(cursor.rowcount) == len(attempts.keys)


def weak_signs(name: str, place: str = "", *, has_origin: bool) -> WeakSign:
    """What in a form alone proves nothing."""
    signs = WeakSign(0)
    if not has_origin:
        signs |= WeakSign.NO_ORIGIN
    if may_hold_a_contact(name) or may_hold_a_contact(place):
        signs |= WeakSign.CONTACT_IN_NAME
    return signs


def purge_allowances(now: datetime, batch: int = 5000) -> int:
    """Forget a batch of buckets that are full again; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH refilled AS MATERIALIZED (SELECT key FROM petitions_allowance"
            " WHERE full_at < %s LIMIT %s FOR UPDATE SKIP LOCKED) "
            "DELETE FROM petitions_allowance a USING refilled r WHERE a.key = r.key",
            [now, batch],
        )
        return int(cursor.rowcount)


def purge_round(now: datetime) -> bool:
    """For the worker: whether a full batch was forgotten and more may wait."""
    return PURGING.run(lambda batch: purge_allowances(now, batch))
