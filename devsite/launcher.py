"""`make run`: the whole site from a fresh clone, in one foreground process.

It starts PostgreSQL, migrations, demonstration content, the web server and the worker,
restarts whatever dies, and ends all of it on Ctrl-C, SIGTERM or a closed terminal.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from devsite.embedded_postgres import (
    Cluster,
    NoPostgres,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("VAR", BASE_DIR / "var")).resolve()

# Everything ends within 5 seconds: the children have these, PostgreSQL the rest.
CHILDREN_END_WITHIN = 2.0

SECRETS = ("SECRET_KEY", "EMAIL_KEY", "CHECKPOINT_KEY", "POSTGRES_PASSWORD")


class CannotRun(RuntimeError):
    """Raised when the site cannot run; the message says what to do about it."""


class Ended(Exception):
    """Raised by a signal that asks us to stop."""


def say(text: str = "") -> None:
    """Print a line, unless the terminal was closed: that must not interrupt the
    shutdown."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


# == Settings of the demonstration ==


def chosen_port() -> int:
    value = os.environ.get("PORT", "8000")
    if not (value.isascii() and value.isdecimal() and 0 < int(value) < 65536):
        raise CannotRun(f"PORT is {value!r}. Set a number from 1 to 65535.")
    port = int(value)
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except PermissionError:
                raise CannotRun(
                    f"Port {port} is not for you. Try PORT=8000 make run"
                ) from None
            except OSError as error:
                if family == socket.AF_INET:
                    raise CannotRun(
                        f"Port {port} is taken ({error.strerror}). Stop what uses it, "
                        f"or choose another: PORT={port + 1} make run"
                    ) from None
    return port


def listen_addresses(port: int) -> str:
    """Return where the web server listens: on this machine only, at its IPv4 and, if it
    has one, its IPv6 address."""
    addresses = [f"127.0.0.1:{port}"]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        addresses.append(f"[::1]:{port}")
    return ",".join(addresses)


def make_folders() -> None:
    try:
        for folder in (VAR, VAR / "log", VAR / "mail", VAR / "media"):
            folder.mkdir(parents=True, exist_ok=True)
        (VAR / ".writable").touch()
    except OSError as error:
        raise CannotRun(
            f"Cannot write to {VAR} ({error.strerror}). Give yourself the right to, or "
            "keep the data elsewhere: VAR=/path/to/folder make run"
        ) from None


def only_one() -> IO[str]:
    """Return a lock that is held for as long as we run; the operating system releases
    it. Raise CannotRun when another run holds it."""
    lock = (VAR / "run.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CannotRun(
            "The site runs from this folder already. Use it, or end it first."
        ) from None
    return lock


def known_secrets() -> dict[str, str]:
    """Return the secrets of an earlier run; make those that it had no need of."""
    file = VAR / "secrets.env"
    lines = file.read_text().splitlines() if file.exists() else []
    pairs = dict(line.split("=", 1) for line in lines if line)
    missing = [name for name in SECRETS if name not in pairs]
    if missing:
        pairs |= {name: secrets.token_urlsafe(48) for name in missing}
        unfinished = VAR / ".secrets.env"
        unfinished.touch(mode=0o600)
        unfinished.write_text("".join(f"{k}={v}\n" for k, v in pairs.items()))
        unfinished.rename(file)
    return pairs


def write_settings(settings: dict[str, str]) -> None:
    """Write the settings to a file by which manage.py in another terminal finds the
    same site."""
    file = VAR / "demo.env"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


# == Children ==


@dataclass
class Child:
    """A child process that is restarted when it ends."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = 0.2
    start_at: float = 0.0

    @property
    def log(self) -> Path:
        return VAR / "log" / f"{self.name}.log"

    def start(self) -> None:
        setpriv = shutil.which("setpriv")
        command = (
            [setpriv, "--pdeathsig=TERM", *self.command] if setpriv else self.command
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=BASE_DIR,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def look_after(self) -> None:
        """Restart the process if it has ended, after a longer pause each time it ends
        at once."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self.end(signal.SIGKILL)  # its own children would keep the port
            code, self.process = self.process.returncode, None
            self.pause = 0.2 if now - self.started_at > 10 else min(self.pause * 2, 5)
            self.start_at = now + self.pause
            say(f"  {self.name} ended ({code}); starting it again. See {self.log}")
        if self.process is None and now >= self.start_at:
            self.start()

    def end(self, number: signal.Signals) -> None:
        """Send a signal to the process and everything it has started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


@dataclass
class DevSite:
    """The database and the child processes of the site."""

    port: int
    cluster: Cluster | None = None
    children: list[Child] = field(default_factory=list)

    def look_after(self) -> None:
        """Restart whatever has died; called several times a second."""
        if self.cluster is not None:
            process = self.cluster.process
            if process is None or process.poll() is not None:
                say(f"  postgres ended; starting it again. See {self.cluster.log}")
                try:
                    self.cluster.start()
                except NoPostgres:
                    # What the killed server left behind takes a moment to disappear.
                    time.sleep(0.3)
        for child in self.children:
            child.look_after()

    def end(self) -> None:
        """End everything, the database last."""
        for child in self.children:
            child.end(signal.SIGTERM)
        deadline = time.monotonic() + CHILDREN_END_WITHIN
        for child in self.children:
            if child.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.05, deadline - time.monotonic()))
            child.end(signal.SIGKILL)
        if self.cluster is not None:
            self.cluster.stop(1.5)


# == Steps ==


def prepare_site(password: str) -> None:
    """Prepare translations, migrations, content and static files; quick the second
    time."""
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError, call_command
    from django.db import OperationalError

    from core.i18n.translations import compile_all

    compile_all()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    try:
        django.setup()
    except ImproperlyConfigured as problem:
        raise CannotRun(str(problem)) from None
    log_to(VAR / "log" / "start.log")
    try:
        call_command("migrate", verbosity=0)
    except OperationalError as error:
        raise CannotRun(
            f"The database that DATABASE_URL names does not answer: {error}".strip()
        ) from None
    except CommandError as error:
        raise CannotRun(f"{error}\nThe folder is {VAR}") from None
    call_command("load_demo", password=password)
    collect_static()
    from django.db import connections

    connections["default"].close()
    connections["default"].close_pool()  # type: ignore[attr-defined]


def log_to(file: Path) -> None:
    """Send this process's log to a file beside those of its children: the terminal is
    for messages to people."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(file.open("a"))


def collect_static() -> None:
    """Compress and hash the static files, if any has changed."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    state = hashlib.sha256(django.__version__.encode())
    for file in sorted((BASE_DIR / "static").rglob("*")):
        if file.is_file():
            state.update(str(file).encode() + file.read_bytes())
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    if stamp.exists() and stamp.read_text() == state.hexdigest():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(state.hexdigest())


def wait_for_web(site: DevSite) -> None:
    for _ in range(300):
        site.look_after()
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{site.port}/livez", timeout=1),
        ):
            return
        time.sleep(0.1)
    raise CannotRun(f"The web server does not answer; see {VAR / 'log' / 'web.log'}")


def trim_logs() -> None:
    for file in (VAR / "log").glob("*.log"):
        if file.stat().st_size > 10 * 2**20:
            file.write_bytes(file.read_bytes()[-(2**20) :])


def run_site(site: DevSite, lock: IO[str]) -> None:
    """Start everything, and restart what dies until a signal comes."""
    trim_logs()
    known = known_secrets()
    password = os.environ.get("DEMO_PASSWORD") or secrets.token_urlsafe(9)
    database_url = os.environ.get("DATABASE_URL", "")
    if not database_url:
        say("  database …")
        site.cluster = Cluster(
            VAR / "postgres", known["POSTGRES_PASSWORD"], VAR / "log" / "postgres.log"
        )
        site.cluster.create()
        site.cluster.start()
        site.cluster.create_database()
        database_url = site.cluster.url()
    settings = {
        "DEMO": "1",
        "SITE_URL": f"http://localhost:{site.port}",
        "DATABASE_URL": database_url,
        "MAIL_URL": os.environ.get("MAIL_URL") or f"folder://{VAR / 'mail'}",
        "MAIL_FROM": os.environ.get("MAIL_FROM", "petitions@demo.example"),
        "MEDIA_ROOT": str(VAR / "media"),
        "STATIC_ROOT": str(VAR / "static"),
        "SECRET_KEY": known["SECRET_KEY"],
        "EMAIL_KEY": known["EMAIL_KEY"],
        "CHECKPOINT_KEY": known["CHECKPOINT_KEY"],
    }
    write_settings(settings)
    os.environ.update(settings)
    say("  content …")
    prepare_site(password)
    environment = {"BIND": listen_addresses(site.port), "GRACEFUL_TIMEOUT": "1"}
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py"]
    site.children = [
        Child("web", [*gunicorn, "config.wsgi"], environment),
        Child("worker", [sys.executable, "manage.py", "work"], {}),
    ]
    wait_for_web(site)
    welcome(site.port, password)
    while not lock.closed:
        site.look_after()
        time.sleep(0.2)


def welcome(port: int, password: str) -> None:
    site = f"http://localhost:{port}"
    say(
        f"""
  Petitions, a demonstration   {site}/
  A tour in five steps         {site}/demo/
  Its mail                     {site}/demo/mail/
  Staff                        {site}/admin/
                               staff@demo.example   {password}

  Ctrl-C ends it. Data and logs are kept in {VAR}
"""
    )


def main() -> int:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Ended

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    site: DevSite | None = None
    try:
        make_folders()
        lock = only_one()  # first, so that a second `make run` is told so
        site = DevSite(chosen_port())
        run_site(site, lock)
    except (CannotRun, NoPostgres) as problem:
        say(f"\n{problem}\n")
        return 1
    except Ended:
        say("\n  ending …")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if site is not None:
            site.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
