"""Finding a Chromium: the system's, otherwise the one that Playwright has fetched."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without these it asks hosts of its maker at every start.
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def executable() -> str | None:
    """The system's Chromium."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def options(*more: str) -> dict[str, Any]:
    """Return what to start it with, `more` arguments included."""
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    return {"executable_path": executable(), "args": [*QUIET, *sandbox, *more]}


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(**options())


if __name__ == "__main__":
    if not executable():
        with sync_playwright() as playwright:
            sys.exit(not Path(playwright.chromium.executable_path).exists())
