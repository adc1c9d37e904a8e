"""Requests, compared with a bare view of the same server, and with the same site with
everything off that guards a signer."""

from __future__ import annotations

from bench.ceilings import ceilings
from bench.load import Client, settled_run
from bench.report import Figure, Ratios, Slice, pair
from bench.site import Bench, Server

# The order matters: what confirmations change on the page has settled before its ETag
# is asked for again.
BARE_BARS = {
    "page": 0.70,
    "profile": 0.70,
    "profile 10k": 0.70,
    "page, 304": 0.70,
    "sign": 0.18,
    "confirm": 0.20,
}
LEAN_BAR = 0.90
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


def against_bare(bench: Bench, client: Client, rounds: int, seconds: int) -> Ratios:
    """Measure each kind of request beside an answer of two bytes from the same
    server."""
    with bench.server(bench.biggest) as server:
        slices: dict[str, tuple[Slice, Slice]] = {}
        for kind in BARE_BARS:
            settled_run(client, server, kind, 1)  # warm
            measured = slice_of(client, server, kind, seconds)
            if kind == "confirm":
                measured = confirming(client, server, seconds)
            slices[kind] = (measured, slice_of(client, server, "bare", seconds))
        rates = pair(slices, rounds, "requests")
    alone = ceilings(bench, seconds)
    return Ratios(
        "web",
        "Requests, of what the same server answers with two bytes",
        ("of the bare view", "req/s", "bare/s"),
        [
            Figure(name, pairs, at_least=BARE_BARS[name])
            for name, pairs in rates.items()
        ],
        [f"PostgreSQL alone, {name}: {rate:,}/s" for name, rate in alone.items()],
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
