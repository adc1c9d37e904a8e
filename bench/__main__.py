"""`make bench`: how fast the site is, as ratios against ceilings of the same run.

Slices of one server differ threefold on a shared machine, so absolute figures say
little. Each slice is paired with one of what it is compared with, just before or after
it; a figure is the median of the paired ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.answers import answers
from bench.exporting import exporting
from bench.folding import folding
from bench.growth import growth
from bench.importing import importing
from bench.load import CONNECTIONS, best_client
from bench.mails import mails
from bench.packing import packing
from bench.report import Part
from bench.searching import search
from bench.site import SMALL, Bench
from bench.web import WARM, against_bare, against_lean

PARTS = ("mails", "fold", "answers", "lean", "web", "search", "pack", "export",
         "import", "growth")  # fmt: skip


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--size", type=int, default=200_000, help="signatures")
    parser.add_argument("--rounds", type=int, default=5, help="slices of each kind")
    parser.add_argument("--seconds", type=int, default=2, help="length of a slice")
    parser.add_argument("--tries", type=int, default=500, help="forms of each signer")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--json", type=Path, default=Path("var/bench.json"))
    return parser.parse_args()


def main() -> int:
    chosen = options()
    # However the run is ended, its servers end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rounds, seconds = chosen.rounds, chosen.seconds
    client = best_client()
    sizes = [SMALL] if "growth" in chosen.only else []
    parts: list[Part] = []
    # Each confirmation needs a pending signature; more would make the small site big.
    # pgbench takes the second share of "web".
    confirming = {"lean": 2, "web": 2, "growth": 1}
    times = sum(confirming.get(name, 0) for name in chosen.only)
    with Bench(
        [*sizes, chosen.size], confirm_seconds=times * (rounds * seconds + WARM)
    ) as bench:
        for name in PARTS:
            if name not in chosen.only:
                continue
            match name:
                case "mails":
                    parts.append(mails(bench, rounds))
                case "fold":
                    parts.append(folding(bench, rounds))
                case "answers":
                    parts.append(answers(bench, chosen.tries))
                case "lean":
                    parts.append(against_lean(bench, client, rounds, seconds))
                case "web":
                    parts += against_bare(bench, client, rounds, seconds)
                case "search":
                    parts.append(search(bench, rounds, seconds))
                case "pack":
                    parts.append(packing(bench, rounds))
                case "export":
                    parts.append(exporting(bench, rounds))
                case "import":
                    parts.append(importing(bench, rounds))
                case "growth":
                    parts.append(growth(bench, client, rounds, seconds))
        for database in bench.databases:
            database.verify()
        report = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
            "client": client.name,
            "signatures": chosen.size,
            "postgresql": bench.cluster.settings_in_use(),
            "parts": {part.name: part.data() for part in parts},
        }
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(report, indent=1) + "\n")
    print(
        f"\n{chosen.size:,} signatures on the petition that is signed, ten petitions "
        f"on one profile and 10,000 on another; 2 gunicorn processes, {CONNECTIONS} "
        f"connections ({client.name}); {rounds} pairs of {seconds} s each; "
        f"{report['machine']}; PostgreSQL {report['postgresql']}"
    )
    for part in parts:
        print(f"\n{part.table()}")
    print(f"\nAll figures: {chosen.json}")
    return int(any(part.missed for part in parts))


if __name__ == "__main__":
    sys.exit(main())
