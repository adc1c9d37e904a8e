"""The effect of limits on new mail domains on campaigns and on stuffed ballots.

`.venv/bin/python -m bench.viral` prints the table of docs/operations.md. Forms pass the
very rules that the site applies (petitions.abuse.rate_limits), over token buckets in
memory; a test checks that these do what the database does. The signers are invented,
with a fixed seed: networks and mail domains are drawn from long-tailed distributions, a
few with very many and many with one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

if __name__ == "__main__":
    django.setup()

from petitions.abuse.new_domains import (
    KNOWN_AFTER,
    Known,
)
from petitions.abuse.rate_limits import (
    BURST,
    CEILING_FULL,
    HOUR,
    LimitDraws,
    RateLimits,
)

SEED = 20261127
DAY = 24 * HOUR
# The share of addresses at large providers in lists of supporters; the rest have the
# domain of an employer, a university or a small provider, or their own.
AT_PROVIDERS = 0.87


@dataclass(frozen=True, slots=True)
class Sent:
    """A form: when it is sent (microseconds), from which network, with which mail
    domain."""

    at: int
    network: int
    domain: str
    is_stuffed: bool = False


@dataclass(slots=True)
class Buckets:
    """The token buckets (GCRA) of the database, in memory; `draw` does what
    signing.SIGN does."""

    tat: dict[str, int] = field(default_factory=dict)

    def draw(self, draws: LimitDraws, now: int) -> tuple[int, int]:
        """Return the marks that a form gets, and how long its mail waits
        (microseconds)."""
        marks, wait, empty = 0, 0, set()
        order = sorted(range(len(draws.keys)), key=lambda n: draws.behind[n] != "NULL")
        for n in order:
            key, behind = draws.keys[n], draws.behind[n]
            if behind != "NULL" and behind not in empty:
                continue
            tat = self.tat.get(key, now)
            if tat > now + draws.tolerance[n]:
                marks |= draws.marks[n]
                empty.add(key)
                continue
            self.tat[key] = after = draws.emission_interval[n] + max(tat, now)
            if draws.queue[n]:
                period = (
                    draws.emission_interval[n] + draws.tolerance[n] - draws.queue[n]
                )
                wait = max(wait, after - period - now)
        return marks, wait


@dataclass
class Outcome:
    """The results of the forms of one petition."""

    people: int = 0
    held: int = 0
    """People in quarantine until staff have looked."""
    turned_away: int = 0
    late: int = 0
    """People whose mail waits for more than five minutes."""
    longest: int = 0
    stuffed: int = 0
    counted: int = 0
    """Stuffed ballots that pass."""
    mails: int = 0
    """The most mails that one network caused within an hour."""


def run(forms: list[Sent], known: Known | None = None) -> Outcome:
    """Send the forms of one petition in order of time; return what became of them."""
    rules = RateLimits(limits_new_domains=True, known=known or Known())
    buckets, outcome = Buckets(), Outcome()
    mails: dict[tuple[int, int], int] = {}
    for form in sorted(forms, key=lambda form: form.at):
        network = IPv4Network((0x0B000000 + (form.network << 8), 24))
        draws = rules.draws(1, UUID(int=0), network, form.domain)
        marks, wait = buckets.draw(draws, form.at)
        passes = not marks & (BURST | CEILING_FULL)
        if form.is_stuffed:
            outcome.stuffed += 1
            outcome.counted += passes
        else:
            outcome.people += 1
            outcome.held += bool(marks & BURST)
            outcome.turned_away += bool(marks & CEILING_FULL)
            if passes:
                outcome.late += wait > HOUR // 12
                outcome.longest = max(outcome.longest, wait)
        if passes:
            hour = (form.network, (form.at + wait) // HOUR)
            mails[hour] = mails.get(hour, 0) + 1
    outcome.mails = max(mails.values(), default=0)
    return outcome


# == Who signs ==


def long_tailed(chance: random.Random, number: int, exponent: float) -> int:
    """Return a random index below `number`, the first far more often than the last."""
    power = 1 - exponent
    return int((chance.random() * (number**power - 1) + 1) ** (1 / power)) - 1


def domain(chance: random.Random, small: int, at_providers: float) -> str:
    """Return the domain of a well-known provider, or one of `small` others."""
    if chance.random() < at_providers:
        return "gmail.com"
    return f"d{long_tailed(chance, small, 0.75)}.example"


def crowd(
    chance: random.Random, number: int, hours: float, *, networks: int, small: int
) -> Iterator[Sent]:
    """Yield the forms of a campaign that grows to its peak in a third of its time and
    ebbs away."""
    for _ in range(number):
        at = int(chance.triangular(0, hours, hours / 3) * HOUR)
        network = long_tailed(chance, networks, 0.8)
        yield Sent(at, network, domain(chance, small, AT_PROVIDERS))


def behind_one_address(
    chance: random.Random, number: int, minutes: float, small: float
) -> Iterator[Sent]:
    """Yield forms of a square, a stadium, a mobile network: a share `small` have small
    domains, each rarely twice."""
    for _ in range(number):
        at = int(chance.uniform(0, minutes) * HOUR / 60)
        name = "gmail.com"
        if chance.random() < small:
            name = f"own{chance.randrange(number * 20)}.example"
        yield Sent(at, 9, name)


def colleagues(
    chance: random.Random, number: int, hours: float, networks: int
) -> Iterator[Sent]:
    """Yield forms of people of one employer or union, asked by mail: one domain, new to
    the site."""
    for _ in range(number):
        at = int(chance.triangular(0, hours, 0) * HOUR)
        yield Sent(at, chance.randrange(networks), "union.example")


def stuffer(
    number: int, seconds: float, networks: int, domains: int, name: str = "all{}.test"
) -> Iterator[Sent]:
    """Yield stuffed ballots, spread evenly over `seconds`, from so many networks and
    domains."""
    for each in range(number):
        moment = int(each * seconds / number * HOUR / 3600)
        yield Sent(moment, 70_000 + each % networks, name.format(each % domains), True)


def established(chance: random.Random) -> Known:
    """Return the mail domains that a site knows after a year: those that earlier
    campaigns brought often."""
    domains: dict[str, int] = {}
    for _ in range(40_000):
        name = domain(chance, 30_000, 0)
        domains[name] = domains.get(name, 0) + 1
    return Known({name: number for name, number in domains.items() if number >= 7})


def scenarios() -> Iterator[tuple[str, list[Sent], Known | None]]:
    """Yield what happens, the forms that are sent, and the mail domains known
    before."""
    chance = random.Random(SEED)
    viral = list(crowd(chance, 100_000, 72, networks=60_000, small=30_000))
    known = established(chance)
    yield "100,000 in three days, a new site", viral, None
    yield "the same on a site of a year", viral, known
    quick = list(crowd(chance, 20_000, 6, networks=20_000, small=30_000))
    yield "20,000 in six hours, a new site", quick, None
    yield "the same on a site of a year", quick, known
    square = list(behind_one_address(chance, 2_000, 10, 0.13))
    yield "2,000 behind one address in ten minutes", square, None
    hour = list(behind_one_address(chance, 8_000, 240, 0.13))
    yield "2,000 an hour behind one address, four hours", hour, None
    union = list(colleagues(chance, 400, 24, 350))
    yield "400 of a union, a new domain, in a day", union, None
    office = list(colleagues(chance, 60, 2, 1))
    yield "60 of one office, a new domain, in two hours", office, None
    attacks = [
        ("700 of 14 domains, one machine, half a minute", (700, 30, 1, 14)),
        ("the same, changing networks", (700, 30, 700, 14)),
        ("700 of one domain, changing networks", (700, 30, 700, 1)),
        ("700 of one domain, one machine", (700, 30, 1, 1)),
        ("3,000 of 14 domains, changing networks, a week",
         (3_000, KNOWN_AFTER.total_seconds(), 3_000, 14)),
        ("6,000 invented domains, one machine, an hour", (6_000, 3600, 1, 6_000)),
    ]  # fmt: skip
    for what, (number, seconds, networks, domains) in attacks:
        yield what, list(stuffer(number, seconds, networks, domains)), None
    flood = list(stuffer(6_000, 3600, 1, 1, "gmail.com"))
    yield "6,000 at a large provider, one machine, an hour", flood, None
    both = viral + list(stuffer(700, 30, 1, 14))
    yield "100,000 people, and 700 of 14 domains, one machine", both, None


def table() -> Iterator[str]:
    """Yield the lines of the table, in Markdown."""
    heads = (
        "", "people set aside", "mail after 5 min", "told to try again",
        "stuffed ballots that pass", "most mails of one network in an hour",
    )  # fmt: skip
    yield f"| {' | '.join(heads)} |"
    yield "|---|---|---|---|---|---|"
    for what, forms, known in scenarios():
        outcome = run(forms, known)
        people = outcome.people or 1
        cells = [what]
        if outcome.people:
            cells.append(f"{outcome.held:,} ({100 * outcome.held / people:.2f}%)")
            longest = f", the longest {outcome.longest / HOUR:.1f} h" * bool(
                outcome.late
            )
            cells.append(f"{outcome.late:,}{longest}")
            cells.append(f"{outcome.turned_away:,}")
        else:
            cells += ["", "", ""]
        cells.append(
            f"{outcome.counted:,} of {outcome.stuffed:,}" if outcome.stuffed else ""
        )
        cells.append(f"{outcome.mails:,}")
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for line in table():
        print(line)
