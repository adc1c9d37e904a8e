"""The cost of growth: the same measurements on 10,000 signatures and on many more."""

from __future__ import annotations

import time
from contextlib import ExitStack

from bench.load import Client
from bench.report import Figure, Ratios, Slice, pair
from bench.site import SMALL, Bench, Database, Server, Worker
from bench.web import confirming, slice_of

BAR = 1.3
# Memory that grows by more than this is not flat.
FLAT = 1.2
KINDS = ("sign", "confirm", "page", "profile", "signed")
NAMES = {"signed": "all I have signed"}
RENDERED = ("page", "profile")
WORK_SECONDS = 8


def growth(bench: Bench, client: Client, rounds: int, seconds: int) -> Ratios:
    """Measure slices on the small and the big site in turn, each the only load
    meanwhile; then the memory of web processes and workers."""
    small, big = bench.databases[0], bench.biggest
    for database in (small, big):
        database.settle()
    with ExitStack() as stack:
        sites = [stack.enter_context(bench.server(each)) for each in (small, big)]
        fresh = [
            stack.enter_context(bench.server(each, "bench.fresh", processes=1))
            for each in (small, big)
        ]
        slices: dict[str, tuple[Slice, Slice]] = {}
        for kind in KINDS:
            make = confirming if kind == "confirm" else None
            for site in sites:
                client.run(site, kind, 1)  # warm
            measured, beside = (
                make(client, site, seconds)
                if make
                else slice_of(client, site, kind, seconds)
                for site in reversed(sites)
            )
            slices[NAMES.get(kind, kind)] = (measured, beside)
        for kind in RENDERED:
            measured, beside = (
                rendering(client, site, kind, seconds) for site in reversed(fresh)
            )
            slices[f"{kind}, rendered"] = (measured, beside)
        before = [site.memory() for site in sites]
        rates = pair(slices, rounds, f"{big.size:,} signatures")
        after = [site.memory() for site in sites]
    figures = [Figure(name, pairs, at_most=BAR) for name, pairs in rates.items()]
    for what, database, first, last in (
        ("web", small, before[0], after[0]),
        ("web", big, before[1], after[1]),
        ("worker", small, *worker_memory(bench, small)),
        ("worker", big, *worker_memory(bench, big)),
    ):
        name = f"{what}, MB, {database.size:,}"
        figures.append(
            Figure(name, [(first, last)], at_most=FLAT, note="after, of before")
        )
    return Ratios(
        "growth",
        f"{big.size:,} signatures on one petition, of {SMALL:,}: times, then memory",
        ("time, of small", "big/s", "small/s"),
        figures,
        [
            (
                "rendered: without the page cache, one connection; memory: before and"
                " after, of the web processes by this load, of the worker by the mails"
                " and changes that it left"
            ),
            bench.disk(),
        ],
    )


def rendering(client: Client, server: Server, kind: str, seconds: int) -> Slice:
    """Return a slice of pages rendered anew each time, on one connection: two would
    share one rendering."""
    client.run(server, kind, 1, 1)  # warm
    return lambda: client.run(server, kind, seconds, 1)


def worker_memory(bench: Bench, database: Database) -> tuple[float, float]:
    """Return the worker's memory in MB, once it has settled in and after it has worked
    for WORK_SECONDS."""
    with bench.worker(database) as worker:
        wait_for_first_mail(database, worker)
        before = worker.memory()
        time.sleep(WORK_SECONDS)
        return before, worker.memory()


def wait_for_first_mail(database: Database, worker: Worker) -> None:
    """Wait until the worker has sent a batch of outgoing mails; exit if it sends
    none."""
    ((due,),) = database.execute(DUE)
    for _ in range(300):
        if worker.process.poll() is not None:
            raise SystemExit((database.folder / "work.log").read_text())
        if database.execute(DUE)[0][0] <= max(0, due - 200):
            return
        time.sleep(0.1)
    raise SystemExit("The worker sends nothing.")


DUE = "SELECT count(*) FROM petitions_outgoingmail WHERE state = 'due'"
