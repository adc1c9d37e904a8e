"""Requests, compared with a bare Django view (bench/bare.py), and with the same site
with everything off that guards a signer."""

from __future__ import annotations

from bench.ceilings import ceilings
from bench.load import Client, make_ready, settled_run
from bench.report import Figure, Ratios, Slice, pair
from bench.site import Bench, Server

# The order matters: what confirmations change on the page has settled before its ETag
# is asked for again.
BARE_BARS: dict[str, float | None] = {
    "page": 2.0,
    "page, 304": 2.0,
    "profile": 2.0,
    "profile 10k": 2.0,
    "list": 2.0,
    "count.json": 2.0,
    # What a form costs has its bars in CPU.
    "sign": None,
    "confirm": None,
}
# The most CPU that a request may take, as a multiple of the bare view's.
CPU_BARS = {
    "page": 1.0,
    "page, 304": 1.0,
    "profile": 1.0,
    "profile 10k": 1.0,
    "list": 1.0,
    "count.json": 1.0,
    "sign": 12.0,
    "confirm": 10.0,
}
LEAN_BAR = 0.90
# The smallest CPU time, in seconds, that the kernel tells apart.
TICK = 0.01
# Seconds of a load before it is measured: whatever first touches a page of an index
# after a checkpoint writes the page whole, which a site that runs does once in minutes.
WARM = 4


def slice_of(client: Client, server: Server, kind: str, seconds: int) -> Slice:
    return lambda: settled_run(client, server, kind, seconds)


def confirming(client: Client, server: Server, seconds: int) -> Slice:
    """Return a slice of confirmations; what they changed is folded after the clock was
    read."""

    def measure() -> float:
        rate = client.run(server, "confirm", seconds)
        server.database.fold()
        return rate

    return measure


class Costs:
    """Slices of a server, of which it notes how many requests it answered for each
    second of CPU that its processes had."""

    def __init__(self) -> None:
        self.of_slices: list[float] = []

    def noting(self, server: Server, kind: str, measure: Slice) -> Slice:
        def noted() -> float:
            make_ready(server, kind)
            cpu, answered = server.cpu(), server.answered
            rate = measure()
            # A slice in which nothing was answered may take less than a tick.
            spent = max(server.cpu() - cpu, TICK)
            self.of_slices.append((server.answered - answered) / spent)
            return rate

        return noted


def against_bare(
    bench: Bench, client: Client, rounds: int, seconds: int
) -> tuple[Ratios, Ratios]:
    """Measure each kind of request beside a bare view of another server: the rates, and
    the CPU in the servers' processes, which noise hardly moves. A worker runs beside
    them."""
    database = bench.biggest
    with (
        bench.server(database) as server,
        bench.server(database, "bench.bare") as bare,
        bench.worker(database),
    ):
        slices: dict[str, tuple[Slice, Slice]] = {}
        costs = {kind: (Costs(), Costs()) for kind in BARE_BARS}
        for kind in BARE_BARS:
            settled_run(client, server, kind, 1)  # warm
            measured = slice_of(client, server, kind, seconds)
            if kind == "confirm":
                measured = confirming(client, server, seconds)
            slices[kind] = (
                costs[kind][0].noting(server, kind, measured),
                costs[kind][1].noting(
                    bare, "bare", slice_of(client, bare, "bare", seconds)
                ),
            )
        rates = pair(slices, rounds, "requests")
    alone = ceilings(bench, seconds)
    return (
        Ratios(
            "web",
            "Requests, of a bare Django view of two bytes without middleware",
            ("of the bare view", "req/s", "bare/s"),
            [
                Figure(name, pairs, at_least=BARE_BARS[name])
                for name, pairs in rates.items()
            ],
            [f"PostgreSQL alone, {name}: {rate:,}/s" for name, rate in alone.items()],
        ),
        Ratios(
            "cpu",
            "CPU of a request in the web processes, as a multiple of the bare view's",
            ("of the bare view", "req/s of CPU", "bare/s of CPU"),
            [
                Figure(
                    name,
                    list(zip(one.of_slices, other.of_slices, strict=True)),
                    at_most=CPU_BARS[name],
                )
                for name, (one, other) in costs.items()
            ],
            multiples=True,
        ),
    )


def against_lean(bench: Bench, client: Client, rounds: int, seconds: int) -> Ratios:
    """Measure signing and confirming with rate limits, lists, honeypot, outbox and
    consent, beside the same without any of these."""
    database = bench.biggest
    with bench.server(database) as full, bench.server(database, "bench.lean") as lean:
        slices: dict[str, tuple[Slice, Slice]] = {
            "sign": (
                slice_of(client, full, "sign", seconds),
                slice_of(client, lean, "sign", seconds),
            ),
            "confirm": (
                confirming(client, full, seconds),
                confirming(client, lean, seconds),
            ),
            # All wait for one bucket, and are flagged: this has no bar, but must work.
            "sign, one network": (
                slice_of(client, full, "sign, one network", seconds),
                slice_of(client, lean, "sign, one network", seconds),
            ),
        }
        for server in (full, lean):
            for kind in slices:
                client.run(server, kind, WARM)
        rates = pair(slices, rounds, "on and off")
    bars = {"sign": LEAN_BAR, "confirm": LEAN_BAR}
    return Ratios(
        "lean",
        "With limits, honeypot, consent and due mail, of the same with them off",
        ("on, of off", "on, req/s", "off, req/s"),
        [Figure(name, pairs, at_least=bars.get(name)) for name, pairs in rates.items()],
    )
