"""Rate limits and lists that hold back abuse without holding back people.

Limits and lists are rows that administrators edit; each process caches them for a few
seconds. A limit is a token bucket (GCRA) that refills evenly. The statement that stores
a form also draws from all of its buckets, so that of any number of concurrent forms
exactly as many pass as should.
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
from core.security.buckets import CLOCKS_DIFFER
from core.security.client_network import Network
from petitions.abuse import new_domains
from petitions.abuse.contact_details import may_hold_a_contact
from petitions.models import Limit, ListedDomain, ListedNetwork
from petitions.states import LimitScope, Listing, QuarantineReason, WeakSign

# The mark of a form beyond a limit is one bit: a weak sign, which is stored, or one of
# these, which are not: beyond CEILING_FULL the form is not accepted, beyond the others
# its signature goes into quarantine.
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
    """A row of `Limit`, or a built-in rule, in the form that the hot path uses; times
    in microseconds."""

    number: int
    """The id of the row; 0 or less for built-in rules."""
    mark: int
    """The mark for a form that does not pass; 0 when that alone has no consequence."""
    emission_interval: int
    """The time in which one more form passes, once the bucket is empty."""
    period: int
    """The time in which an empty bucket is full again."""
    queue: int = 0
    """The longest time that a mail waits in line; a form whose mail would wait longer
    does not pass. 0: there is no line."""

    def with_most(self, most: int) -> RateLimit:
        """Return the same limit with `most` forms in its period."""
        return replace(self, emission_interval=self.period // most)


def rate_limit(
    number: int, mark: int, most: int, hours: int, queue: int = 0
) -> RateLimit:
    """Return a built-in limit: `most` forms at once, refilling evenly over `hours`;
    mail waits in line for at most `queue` hours."""
    return RateLimit(number, mark, hours * HOUR // most, hours * HOUR, queue * HOUR)


HOUR = timedelta(hours=1) // MICROSECOND
# Messages from one network: more would bury those of others.
MESSAGES = rate_limit(0, CEILING_FULL, 20, 1)
# Mails that one network causes: two thousand people behind one address get theirs at
# once; those after them wait in line, and are asked to come back later when the line is
# too long.
MAILS = rate_limit(-1, CEILING_FULL, 2000, 2, queue=3)
# The same bucket without a line, for requests that cause a mail and can simply be
# repeated.
MAILS_NOW = replace(MAILS, queue=0)
# As `MAILS`, for forms with mail domains that are new here, which anybody may have made
# up.
NEW_MAILS = rate_limit(-2, BURST, 300, 4, queue=3)
# Forms with one mail domain that is new here, for one petition.
NEW_DOMAIN = rate_limit(-3, BURST, new_domains.A_DAY, 24)
# This many forms with one domain from one network for one petition are a household's.
# Those beyond it draw from NEW_OF_NETWORK, which all new domains of a network share.
HOUSEHOLD = rate_limit(-4, 0, 3, 7 * 24)
NEW_OF_NETWORK = rate_limit(-5, BURST, 20, 24)


@dataclass(frozen=True, slots=True)
class LimitDraws:
    """The draws of one form from the buckets of all limits that apply to it; the lists
    run in parallel."""

    keys: list[str] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    """The mark for a form that does not pass this limit."""
    emission_interval: list[int] = field(default_factory=list)
    """By how many microseconds the form postpones the moment at which the bucket is
    full."""
    tolerance: list[int] = field(default_factory=list)
    """The form passes if the bucket, before it, would be full within this time;
    microseconds."""
    queue: list[int] = field(default_factory=list)
    """The longest wait in line for its mail, in microseconds; it is part of
    `tolerance`."""
    behind: list[str] = field(default_factory=list)
    """The key of another bucket of this form, which has to be empty before this limit
    applies; "NULL" when it always does."""

    def add(self, rule: RateLimit, source: str, *, behind: str = "NULL") -> str:
        """Add a draw from the bucket of `rule` for `source`; return the bucket's
        key."""
        key = bucket_key(f"{rule.number}:{source}")
        self.keys.append(key)
        self.marks.append(rule.mark)
        self.emission_interval.append(rule.emission_interval)
        self.tolerance.append(rule.period - rule.emission_interval + rule.queue)
        self.queue.append(rule.queue)
        self.behind.append(behind)
        return key

    def arrays(self) -> dict[str, str]:
        """Return the lists as PostgreSQL array literals. Adapting lists in psycopg
        would cost as much as all that the statement does with them."""
        return {
            name: f"{{{','.join(map(str, getattr(self, name)))}}}"
            for name in LimitDraws.__slots__
        }


def bucket_key(source: str) -> str:
    """Return the key of a bucket, as the hexadecimal digits of a UUID: a keyed hash
    from which nobody can read a network or an address."""
    digest = keyed_hash(settings.EMAIL_KEY).copy()
    digest.update(source.encode())
    return digest.hexdigest()


@lru_cache(maxsize=2)
def keyed_hash(key: str) -> hashlib.blake2b:
    """Return the hash, keyed with the secret `key`, that all bucket keys start from;
    copying it takes a microsecond."""
    return hashlib.blake2b(
        key=hashlib.sha256(key.encode()).digest(), digest_size=16, person=b"allowances"
    )


@dataclass(frozen=True, slots=True)
class RateLimits:
    """A snapshot of all limits and lists. Empty, it limits nothing."""

    limits: dict[LimitScope, tuple[RateLimit, ...]] = field(default_factory=dict)
    networks: dict[Network, Listing] = field(default_factory=dict)
    prefixes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The prefix lengths of the listed networks, longest first, by IP version."""
    domains: dict[str, Listing] = field(default_factory=dict)
    limits_new_domains: bool = False
    """Whether mail domains that are new here, and mails per network, are limited."""
    known: new_domains.Known = field(default_factory=new_domains.Known)
    ordinary: frozenset[tuple[int, str]] = frozenset()
    """Pairs of organisation id and a mail domain that its staff have approved."""
    turned_away: dict[Network, float] = field(default_factory=dict)
    """Networks that have reached a ceiling, with the end of their wait on the monotonic
    clock: a flood of forms is answered without the database. Each process learns of it
    from a form that the statement did not accept, and forgets it when the rules are
    read anew."""

    def network(self, network: Network) -> Listing | None:
        """Return how the smallest listed network that contains this one is treated;
        None if none does."""
        for length in self.prefixes.get(network.version, ()):
            limit = self.networks.get(network.supernet(new_prefix=length))
            if limit is not None:
                return limit
        return None

    def domain(self, domain: str) -> Listing | None:
        """Return how this mail domain, or the closest listed one above it, is treated;
        None if none is listed."""
        if (limit := self.domains.get(domain)) is not None:
            return limit
        above = domain
        while "." in above:
            above = above.partition(".")[2]
            if (limit := self.domains.get(f"*.{above}")) is not None:
                return limit
        return None

    def allows(self, kind: str, source: str) -> bool:
        """Return whether a source is on the allow list: ("network", "192.0.2.0/24") or
        ("domain", "example.org")."""
        if not source:
            return False
        if kind == "network":
            return self.network(ipaddress.ip_network(source)) is Listing.ALLOW
        return self.domain(source) is Listing.ALLOW

    def turn_away(self, network: Network | None) -> None:
        """Accept nothing more from a network that has reached a ceiling, until that has
        room for another form."""
        if network is not None:
            ceilings = (*self.limits.get(LimitScope.CEILING, ()), MAILS)
            wait = min(rule.emission_interval for rule in ceilings)
            self.turned_away[network] = time.monotonic() + wait / 1e6

    def is_turned_away(self, network: Network | None) -> bool:
        """Return whether this network still has to wait."""
        until = self.turned_away.get(network) if network is not None else None
        return until is not None and time.monotonic() < until

    def ceilings(self, network: Network | None) -> LimitDraws:
        """Return the draws for the ceilings of a network, beyond which it is answered
        “try again later”."""
        draws = LimitDraws()
        if network is not None and self.network(network) is not Listing.ALLOW:
            for rule in self.limits.get(LimitScope.CEILING, ()):
                draws.add(rule, str(network))
        return draws

    def draws(
        self,
        petition_id: int,
        key: UUID,
        network: Network | None,
        domain: str,
        organization_id: int = 0,
    ) -> LimitDraws:
        """Return the draws of a form from every limit that applies to it."""
        sources = {LimitScope.ADDRESS: f"{petition_id}:{key}"}
        if network is not None and self.network(network) is not Listing.ALLOW:
            name = str(network)
            sources[LimitScope.CEILING] = name
            sources[LimitScope.NETWORK] = f"{petition_id}:{name}"
        owner = registrable(domain)
        # Many forms with an ordinary domain are no sign of abuse.
        is_ordinary = (
            self.domain(domain) is Listing.ALLOW
            or domain in new_domains.PROVIDERS
            or (organization_id, owner) in self.ordinary
        )
        if not is_ordinary:
            sources[LimitScope.DOMAIN] = f"{petition_id}:{domain}"
        draws = LimitDraws()
        for scope, source in sources.items():
            for rule in self.limits.get(scope, ()):
                draws.add(rule, source)
        if self.limits_new_domains and (name := sources.get(LimitScope.CEILING, "")):
            if is_ordinary:
                draws.add(MAILS, name)
            else:
                self.add_new_domain(draws, petition_id, name, owner)
        return draws

    def add_new_domain(
        self, draws: LimitDraws, petition_id: int, network: str, domain: str
    ) -> None:
        """Add to `draws` the draws of a form from `network` whose mail `domain` is
        not an ordinary one. A domain that was counted often before may bring as many
        again."""
        before = self.known.domains.get(domain, 0)
        share = self.known.petitions.get(petition_id, 0) // new_domains.SHARE
        most = max(new_domains.A_DAY, before, share)
        draws.add(NEW_DOMAIN.with_most(most), f"{petition_id}:{domain}")
        if before > new_domains.A_DAY:
            draws.add(MAILS, network)
            return
        draws.add(NEW_MAILS, network)
        home = draws.add(HOUSEHOLD, f"{petition_id}:{network}:{domain}")
        draws.add(NEW_OF_NETWORK, f"{petition_id}:{network}", behind=home)

    def quarantine_reason(self, network: Network | None, domain: str) -> str:
        """Return why a block list puts a form in quarantine: a `QuarantineReason`, or
        ''."""
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
            version: tuple(sorted(prefixes, reverse=True))
            for version, prefixes in lengths.items()
        },
        {
            domain: Listing(listing)
            for domain, listing in ListedDomain.objects.values_list("domain", "listing")
        },
        limits_new_domains=True,
        known=new_domains.KNOWN.get(),
        ordinary=new_domains.load_ordinary(),
    )


RATE_LIMITS = CachedValue(load_limits)


# What a draw does to a bucket `a` that is there, and when it passes: in time, or when
# the bucket was drawn from while the clock was ahead (core/security/buckets.py).
AHEAD = f"a.tat - excluded.tat > excluded.tat_limit - %(now)s + {CLOCKS_DIFFER}"
DRAW_AGAIN = f"""
   SET tat = CASE WHEN {AHEAD} THEN excluded.tat
                  ELSE excluded.tat + GREATEST(a.tat - %(now)s, interval '0') END
 WHERE a.tat <= excluded.tat_limit OR {AHEAD}"""
DRAW = f"""
INSERT INTO petitions_ratelimitbucket AS a (key, tat, tat_limit)
SELECT key, %(now)s + emission_interval * interval '1 us',
       %(now)s + tolerance * interval '1 us'
  FROM unnest(%(keys)s::uuid[], %(emission_interval)s::bigint[],
              %(tolerance)s::bigint[])
    AS n (key, emission_interval, tolerance)
 ORDER BY key
    ON CONFLICT (key) DO UPDATE {DRAW_AGAIN}
"""  # noqa: S608 - a fragment of ours


def passes_ceiling(network: Network | None, now: datetime, *more: RateLimit) -> bool:
    """Draw a request of `network` other than signing from its ceilings, and from the
    limits `more`; return whether it passes all of them."""
    if (
        network is None
        or (rules := RATE_LIMITS.get()).network(network) is Listing.ALLOW
    ):
        return True
    draws = rules.ceilings(network)
    for rule in more:
        draws.add(rule, str(network))
    if not draws.keys:
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            DRAW,
            {**draws.arrays(), "now": now},
        )
        return int(cursor.rowcount) == len(draws.keys)


def weak_signs(name: str, place: str = "", *, has_origin: bool) -> WeakSign:
    """Return the weak signs of abuse in a form; one alone proves nothing."""
    signs = WeakSign(0)
    if not has_origin:
        signs |= WeakSign.NO_ORIGIN
    if may_hold_a_contact(name) or may_hold_a_contact(place):
        signs |= WeakSign.CONTACT_IN_NAME
    return signs


def purge_rate_limit_buckets(now: datetime, batch: int = 5000) -> int:
    """Delete a batch of buckets that are full again; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Not by key: where statistics are older than a rush, each would be compared
            # with all. One that is drawn from meanwhile is in another place, and stays.
            "WITH refilled AS MATERIALIZED (SELECT ctid FROM petitions_ratelimitbucket"
            " WHERE tat < %s LIMIT %s FOR UPDATE SKIP LOCKED) "
            "DELETE FROM petitions_ratelimitbucket b USING refilled r"
            " WHERE b.ctid = r.ctid",
            [now, batch],
        )
        return int(cursor.rowcount)


def purge_round(now: datetime) -> bool:
    """Delete one batch of full buckets for the worker; return whether more may be
    waiting."""
    return PURGING.run(lambda batch: purge_rate_limit_buckets(now, batch))
