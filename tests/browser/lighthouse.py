"""Lighthouse over the main pages: the median of several runs, in a table, and what keeps
a page from 100. `make lighthouse`, with RUNS=1 for a quick look."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.browser.chromium import QUIET, executable
from tests.site import ROOT, Site, fetch

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PETITION = "/petitions/canada-sign-the-global-treaty-to-end-torture/"
PAGES = {
    "home": "/",
    "profile": "/organizations/amnesty-international-canada/",
    "petition": PETITION,
    "list": "/petitions/",
}
LANGUAGES = ("", "/fr")
# Now and then Chromium gives Lighthouse no trace to score, and it asks for another run.
TRIES = 5


def addresses(site: Site) -> dict[str, str]:
    """What is measured; the page after signing as the form leads to it."""
    found = {}
    for prefix in LANGUAGES:
        for name, path in PAGES.items():
            found[f"{name} {prefix[1:]}".strip()] = prefix + path
        form = {"name": "Lee Lighthouse", "email": "lee@example.org"}
        signed = fetch(f"{site.url}{prefix}{PETITION}sign/", form)
        found[f"signed {prefix[1:]}".strip()] = signed.headers["Location"]
    return found


def package() -> Path:
    done = subprocess.run(
        ["sh", "scripts/node.sh", "lighthouse"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return Path(done.stdout.strip())


def measure(lighthouse: Path, url: str) -> dict[str, Any]:
    """One run's report; tried again where Lighthouse itself could not score any."""
    for _ in range(TRIES - 1):
        try:
            return report_of(lighthouse, url)
        except subprocess.CalledProcessError:
            print(f"No report of {url}: once more.", flush=True)
    return report_of(lighthouse, url)


def report_of(lighthouse: Path, url: str) -> dict[str, Any]:
    """Raises CalledProcessError where Lighthouse could not score the page."""
    flags = ["--headless=new", *QUIET, *([] if os.geteuid() else ["--no-sandbox"])]
    with tempfile.TemporaryDirectory(prefix="petitions-lighthouse-") as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            ["node", str(lighthouse / "cli" / "index.js"), url, "--quiet",
             "--output=json", f"--output-path={report}",
             f"--only-categories={','.join(CATEGORIES)}",
             f"--chrome-flags={' '.join(flags)}"],
            env={**os.environ, "CHROME_PATH": executable() or "", "TMPDIR": folder},
            check=True,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(report.read_text())
    return found


def scores(reports: list[dict[str, Any]]) -> dict[str, int]:
    """The median of each category, of 100."""
    return {
        name: round(
            100
            * statistics.median(r["categories"][name]["score"] or 0 for r in reports)
        )
        for name in CATEGORIES
    }


def complaints(report: dict[str, Any], categories: list[str]) -> set[str]:
    """The audits that keep those categories from 100."""
    return {
        f"{part['id']}: {audit['title']} {audit.get('displayValue', '')}".strip()
        for name in categories
        for part in report["categories"][name]["auditRefs"]
        if part["weight"] and (audit := report["audits"][part["id"]])["score"] != 1
        and audit["scoreDisplayMode"] not in {"notApplicable", "manual", "informative"}
    }  # fmt: skip


def main() -> int:
    for program in ("node", "npm"):
        if not shutil.which(program):
            print(f"Lighthouse needs {program}, which is not on the PATH.")
            return 1
    runs = int(os.environ.get("RUNS", "5"))
    lighthouse = package()
    site = Site()
    below: dict[str, set[str]] = {}
    try:
        site.start(180)
        # How fast the machine was just then: below some 1,000, or while others work
        # on it, performance says little.
        heads = (*CATEGORIES, "machine")
        print(f"\n{f'median of {runs}':14}" + "".join(f"{h:>16}" for h in heads))
        for name, path in addresses(site).items():
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            fetch(site.url + path)
            reports = [measure(lighthouse, site.url + path) for _ in range(runs)]
            found = scores(reports)
            # The page after signing is nobody's business, search engines' included.
            required = [c for c in CATEGORIES if c != "seo" or "signed" not in name]
            line = "".join(
                f"{found[c] if c in required else '-':>16}" for c in CATEGORIES
            )
            machine = statistics.median(
                r["environment"]["benchmarkIndex"] for r in reports
            )
            print(f"{name:14}{line}{machine:16,.0f}", flush=True)
            if missed := [c for c in required if found[c] < 100]:
                below[name] = set().union(*(complaints(r, missed) for r in reports))
    finally:
        site.remove()
    for name, reasons in below.items():
        print(f"\n{name}")
        for reason in sorted(reasons):
            print(f"  {reason}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
