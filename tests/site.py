"""The whole site as `make run` starts it: real processes, on a port of its own."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psycopg

from devsite.embedded_postgres import free_port

ROOT = Path(__file__).parents[1]
PASSWORD = "correct horse battery"

# Settings of the test run, which must not leak into the site.
OWN = ("SECRET_KEY", "EMAIL_KEY", "SITE_URL", "DATABASE_URL", "MAIL_URL", "MAIL_FROM",
       "ALERT_EMAIL", "DEMO", "DEBUG", "DJANGO_SETTINGS_MODULE", "MAIL_WEBHOOKS",
       "ANYMAIL_WEBHOOK_SECRET")  # fmt: skip


def until[T](probe: Callable[[], T], seconds: float = 20, every: float = 0.05) -> T:
    """Return what `probe` returns once that is true; raise AssertionError when it never
    is within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {probe}")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


class Answer:
    """A response, whatever its status."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.text = body.decode(errors="replace")


opener = urllib.request.build_opener(NoRedirect)


def fetch(
    url: str,
    data: dict[str, str] | None = None,
    timeout: float = 10,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send a GET, or a POST as a browser sends a form; raise OSError when nobody
    answers."""
    body = urllib.parse.urlencode(data).encode() if data is not None else None
    request = urllib.request.Request(
        url, body, {"Sec-Fetch-Site": "same-origin", **(headers or {})}
    )
    try:
        try:
            with opener.open(request, timeout=timeout) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())
    except http.client.HTTPException as cut_short:
        raise ConnectionError from cut_short


def pairs(file: Path) -> dict[str, str]:
    """Return the NAME=value lines of a file as a dictionary."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


@functools.cache
def first_start() -> Path:
    """Return a folder with what a site's first start leaves: a database with the
    content, pictures, static files. It is made once, also for all processes that share
    FIRST_START, because it takes ten seconds of both cores."""
    shared = os.environ.get("FIRST_START")
    folder = Path(shared or tempfile.mkdtemp(prefix="petitions-first-"))
    if not shared:
        folder.chmod(0o755)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = folder / "made"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            site = Site().start()
            site.stop()
            for name in ("log", "mail"):
                shutil.rmtree(site.var / name)
            (site.var / "output").unlink()
            site.var.rename(made)
    return made


class Site:
    """A running site; `var` keeps its data between starts, `root` has its code."""

    root = ROOT
    launcher = "devsite.launcher"

    def __init__(self, **environment: str) -> None:
        self.var = Path(tempfile.mkdtemp(prefix="petitions-site-"))
        self.var.chmod(0o755)
        self.port = free_port()
        self.environment = environment
        self.process: subprocess.Popen[str] | None = None

    @classmethod
    def begun(cls, **environment: str) -> Site:
        """Return a site that was started before, so that its next start is a matter of
        seconds. The first start itself is tested in tests/project/test_launcher.py."""
        site = cls(**environment)
        # `cp -a` keeps the owner of PostgreSQL's files.
        subprocess.run(["cp", "-a", f"{first_start()}/.", site.var], check=True)
        return site

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def output(self) -> str:
        return (self.var / "output").read_text()

    def start(self, seconds: float = 240) -> Site:
        environment = {k: v for k, v in os.environ.items() if k not in OWN}
        environment |= {
            "VAR": str(self.var),
            "PORT": str(self.port),
            "DEMO_PASSWORD": PASSWORD,
            **self.environment,
        }
        with (self.var / "output").open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.launcher],
                cwd=self.root,
                env=environment,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        try:
            until(lambda: "Ctrl-C" in self.output or self._died(), seconds)
        except BaseException:
            self.stop()
            raise
        return self

    def is_ready(self) -> bool:
        """Return whether visitors can be served."""
        try:
            return fetch(f"{self.url}/readyz", timeout=3).status == 200
        except OSError:
            return False

    def _died(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the site did not start:\n{self.output}")
        return False

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Signal the launcher; return the seconds until nothing of the site runs any
        more."""
        assert self.process is not None
        family = [self.process.pid, *self.descendants()]
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        until(lambda: not any(is_running(pid) for pid in family), 20)
        self.process = None
        return time.monotonic() - started

    def remove(self) -> None:
        if self.process is not None:
            self.stop()
        shutil.rmtree(self.var, ignore_errors=True)

    def descendants(self) -> list[int]:
        """Return the ids of all processes below the launcher."""
        assert self.process is not None
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError):
                fields = stat.read_text().rpartition(")")[2].split()
                parents[int(stat.parent.name)] = int(fields[1])
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found[1:]

    def processes(self, word: str) -> list[int]:
        """Return the ids of processes below the launcher whose command line holds
        `word`."""
        found = []
        for pid in self.descendants():
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
                if word in command.replace("\0", " "):
                    found.append(pid)
        return found

    # -- what it holds --

    @property
    def settings(self) -> dict[str, str]:
        return pairs(self.var / "demo.env")

    @property
    def secrets(self) -> dict[str, str]:
        return pairs(self.var / "secrets.env")

    def sql(self, statement: str, *parameters: Any) -> list[Any]:
        with psycopg.connect(
            self.settings["DATABASE_URL"], autocommit=True
        ) as database:
            cursor = database.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a management command of the present code, whichever the site runs."""
        environment = {k: v for k, v in os.environ.items() if k not in OWN}
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={**environment, **self.settings},
            capture_output=True,
            text=True,
            check=False,
        )

    def mails(self, after: int = 0) -> list[EmailMessage]:
        """Return all mails that were sent, oldest first, without the first `after`."""
        found = []
        for file in sorted((self.var / "mail").glob("*.eml"))[after:]:
            message = message_from_bytes(file.read_bytes(), policy=policy.default)
            assert isinstance(message, EmailMessage)
            found.append(message)
        return found

    def link_for(self, email: str, seconds: float = 10) -> str:
        """Wait for the confirmation link in the newest mail to an address, and return
        it."""

        return until(lambda: self.link_in(email, "/confirm/"), seconds)

    def link_in(self, email: str, part: str) -> str:
        """Return the link with `part` in the newest mail to an address that has one; ""
        when none has."""
        for message in reversed(self.mails()):
            if message["To"].lower() == email.lower() and (
                link := link_of(message, part)
            ):
                return link
        return ""


def link_of(message: EmailMessage, part: str) -> str:
    """Return the link with `part` in a mail; "" when there is none."""
    body = message.get_body(("plain",))
    assert body is not None
    links = [line for line in body.get_content().splitlines() if part in line]
    return str(links[0]) if links else ""


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
