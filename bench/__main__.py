"""`make bench`: how fast the site is, as ratios against ceilings of the same run.

Slices of one server differ threefold on a shared machine, so absolute figures say
little. Each slice is paired with one of the bare view (two bytes, same URLs, same
middleware, same server) just before it; the figure is the median of the paired ratios.
Beside them stands what PostgreSQL does with the same statements alone (pgbench).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.load import Client, best_client
from bench.site import BenchSite

# In this order: what confirmations change on the page has settled before its ETag is
# asked for again.
BARS = {
    "page": 0.70,
    "profile": 0.70,
    "profile 10k": 0.70,
    "page, 304": 0.70,
    "sign": 0.18,
    "confirm": 0.20,
}


def measure(
    site: BenchSite, client: Client, rounds: int, seconds: int
) -> dict[str, Any]:
    """Requests a second of every slice, the bare one before it beside it."""
    slices: dict[str, list[tuple[float, float]]] = {name: [] for name in BARS}
    total = rounds * len(BARS) * 2
    done = 0
    for _ in range(rounds):
        for name in BARS:
            bare = client.run(site, "bare", seconds)
            rate = client.run(site, name, seconds)
            slices[name].append((rate, bare))
            done += 2
            progress(done, total)
    return {name: summary(pairs) for name, pairs in slices.items()}


def summary(pairs: list[tuple[float, float]]) -> dict[str, Any]:
    ratios = [rate / bare for rate, bare in pairs]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return {
        "ratio": round(middle, 3),
        "quartiles": [round(low, 3), round(high, 3)],
        "requests_per_second": round(statistics.median(rate for rate, _ in pairs)),
        "bare_per_second": round(statistics.median(bare for _, bare in pairs)),
        "slices": [[round(rate), round(bare)] for rate, bare in pairs],
    }


def progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r  slice {done} of {total}")
        sys.stderr.write("\n" if done == total else "")
        sys.stderr.flush()


def table(results: dict[str, Any], ceilings: dict[str, int]) -> str:
    head = ("of the bare view", "quartiles", "req/s", "bare/s", "bar")
    lines = ["{:12}{:>18}{:>16}{:>8}{:>8}{:>7}".format("", *head)]
    lines[0] += f"{'PostgreSQL alone':>18}"
    for name, found in results.items():
        low, high = found["quartiles"]
        ceiling = f"{ceilings[name]:,}/s" if name in ceilings else ""
        lines.append(
            f"{name:12}{found['ratio']:>17.0%} {f'{low:.0%}-{high:.0%}':>16}"
            f"{found['requests_per_second']:>8,}{found['bare_per_second']:>8,}"
            f"{BARS[name]:>7.0%}{ceiling:>18}"
            f"{'' if found['ratio'] >= BARS[name] else '  BELOW ITS BAR'}"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="slices of each kind")
    parser.add_argument("--seconds", type=int, default=3, help="length of a slice")
    parser.add_argument("--size", type=int, default=200_000, help="signatures")
    parser.add_argument("--json", type=Path, default=Path("var/bench.json"))
    options = parser.parse_args()
    client = best_client()
    with BenchSite(
        options.size, confirmations=options.rounds * options.seconds
    ) as site:
        for name in ("bare", *BARS):
            client.run(site, name, 1)  # warm
        results = measure(site, client, options.rounds, options.seconds)
        site.verify()
        ceilings = site.ceilings(options.seconds)
        report = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
            "client": client.name,
            "signatures": options.size,
            "postgresql": site.settings_in_use(),
            "results": results,
            "postgresql_alone_per_second": ceilings,
        }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(
        f"\n{options.size:,} signatures on the petition that is signed, ten petitions "
        f"on one profile and 10,000 on another; 2 gunicorn processes, 16 "
        f"connections ({client.name}); {options.rounds} pairs of {options.seconds} s "
        f"each; {report['machine']}; PostgreSQL {report['postgresql']}\n"
    )
    print(table(results, ceilings))
    print(f"\nAll figures: {options.json}")
    return int(any(found["ratio"] < BARS[name] for name, found in results.items()))


if __name__ == "__main__":
    sys.exit(main())
