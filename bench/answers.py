"""How long the answer to a form takes, for each kind of signer: the time must not tell
anybody who has signed.

For every two kinds, the probability that an answer to one takes longer than one to the
other (Mann-Whitney): 0.5 when nothing can be told from the time.
"""

from __future__ import annotations

import gc
import random
import socket
import time
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from bench.load import FORM, PATHS, a_domain, a_visitor, post, read_answer
from bench.report import Progress
from bench.site import Bench

LOW, HIGH = 0.45, 0.55
KINDS = ("new", "repeated", "confirmed", "withdrawn", "limited")


@dataclass
class Answers:
    """The response times in seconds, by kind of signer."""

    times: dict[str, list[float]]
    name: str = "answers"

    @property
    def chances(self) -> dict[tuple[str, str], float]:
        return {
            (one, other): chance(self.times[one], self.times[other])
            for one, other in combinations(KINDS, 2)
        }

    @property
    def missed(self) -> bool:
        return any(not LOW <= found <= HIGH for found in self.chances.values())

    def table(self) -> str:
        tries = len(self.times[KINDS[0]])
        # Of the probability itself, when both kinds are alike.
        error = ((2 * tries + 1) / (12 * tries * tries)) ** 0.5
        lines = [
            (
                f"The time of the answer, {tries} tries of each kind in turn; by two"
                f" kinds, the chance that the first takes longer: {LOW} to {HIGH}"
            ),
            f"{'':12}{'median':>10}" + "".join(f"{kind:>12}" for kind in KINDS[1:]),
        ]
        chances = self.chances
        for number, one in enumerate(KINDS):
            ordered = sorted(self.times[one])
            line = f"{one:12}{ordered[tries // 2] * 1000:>7.2f} ms"
            for other in KINDS[1:]:
                shown = ""
                if KINDS.index(other) > number:
                    chance = chances[one, other]
                    shown = f"{chance:.3f}{'' if LOW <= chance <= HIGH else ' !'}"
                line += f"{shown:>12}"
            lines.append(line)
        end = "  MISSED" if self.missed else ""
        return "\n".join([*lines, f"  standard error of each: {error:.3f}{end}"])

    def data(self) -> dict[str, Any]:
        chances = self.chances.items()
        return {
            "chances": {f"{one}/{other}": round(p, 3) for (one, other), p in chances},
            "milliseconds": {
                kind: [round(taken * 1000, 3) for taken in times]
                for kind, times in self.times.items()
            },
            "missed": self.missed,
        }


def chance(one: list[float], other: list[float]) -> float:
    """Return the probability that a value of `one` is greater than one of `other`; ties
    count half."""
    ranked = sorted([(value, True) for value in one] + [(v, False) for v in other])
    total = 0.0
    start = 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        rank = (start + 1 + end) / 2
        total += rank * sum(is_one for _, is_one in ranked[start:end])
        start = end
    return (total - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


def answers(bench: Bench, tries: int) -> Answers:
    """Send one form after the other on one connection, in each round every kind once in
    random order; return the times."""
    people = {kind: make_people(bench, kind, tries) for kind in KINDS}
    bench.biggest.settle()
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    progress = Progress("answers", tries)
    chance = random.Random(tries)
    gc.disable()
    with (
        bench.server(bench.biggest, processes=1) as server,
        socket.create_connection(("127.0.0.1", server.port)) as connection,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")

        def ask(email: str) -> float:
            body = FORM.replace("maya{0}%40{1}", email.replace("@", "%40"))
            request = post(PATHS["sign"], body, a_visitor())
            started = time.perf_counter()
            connection.sendall(request)
            if not read_answer(stream, b" 303"):
                raise SystemExit("A form was not taken.")
            return time.perf_counter() - started

        for number in range(200):
            ask(f"warm{number}@gmail.com")
        for index in range(tries):
            for kind in chance.sample(KINDS, len(KINDS)):
                times[kind].append(ask(people[kind][index]))
            progress.add(1)
    gc.enable()
    progress.end()
    check(bench, tries)
    return Answers(times)


def make_people(bench: Bench, kind: str, number: int) -> list[str]:
    """Return addresses of signers of this kind, made by the site's own functions."""
    from django.utils import timezone

    from petitions.abuse import rate_limits
    from petitions.models import Limit, Signature
    from petitions.signatures import (
        confirming,
        signing,
        withdrawing,
    )
    from petitions.states import LimitScope

    emails = [f"{kind}{index}@{a_domain()}" for index in range(number)]
    rules = rate_limits.RATE_LIMITS.get()
    most = Limit.objects.filter(scope=LimitScope.ADDRESS).order_by("most")[0].most
    forms = {"new": 0, "limited": most}.get(kind, 1)
    for email in emails:
        now = timezone.now()
        for _ in range(forms):
            given = signing.SignerInput(
                name="Maya Tremblay",
                email=email,
                language="en",
                delivery="number",
                wants_updates=True,
            )
            signed = signing.sign(bench.petition, given, now=now, rules=rules)
        if kind in {"confirmed", "withdrawn"}:
            assert signed is not None
            confirming.confirm(signed, now=now)
        if kind == "withdrawn":
            assert signed is not None
            withdrawing.withdraw(Signature.objects.get(pk=signed), now=now)
    return emails


def check(bench: Bench, tries: int) -> None:
    """Exit unless the rate limit was reached by those that it should hold, and by
    nobody else."""
    rows = bench.biggest.execute(
        "SELECT substring(email FROM '^[a-z]+'), count(*) FROM petitions_signature"
        " WHERE quarantine_reason = 'limit' GROUP BY 1"
    )
    if rows != [("limited", tries)]:
        raise SystemExit(f"Set aside because of a limit: {rows}")
