"""Production sites to measure: one PostgreSQL server, a database for each size,
gunicorn and the worker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg

from bench.cluster import BenchCluster
from bench.rows import Loaded, load
from devsite.embedded_postgres import free_port

if TYPE_CHECKING:
    from organizations.models import Organization

ROOT = Path(__file__).parents[1]
SLUG = "the-petition-that-everybody-signs"
SMALL = 10_000
# More confirmations than this a second are not expected of one machine.
MOST_PER_SECOND = 3000
PYTHON = [sys.executable, "-m"]


@dataclass
class Database:
    """A site's database: one petition with `size` signatures, and links to press."""

    name: str
    url: str
    size: int
    folder: Path
    loaded: Loaded
    used: int = 0
    """How many of the confirmation links were pressed."""

    @property
    def confirm_links(self) -> Path:
        return self.folder / "confirm"

    @property
    def signed_links(self) -> Path:
        return self.folder / "signed"

    def write_links(self) -> None:
        from django.utils import timezone

        from petitions.signatures.tokens import (
            TokenPurpose,
            make_token,
        )

        now = timezone.now()
        self.folder.mkdir()
        for file, path, purpose, ids in (
            (self.confirm_links, "confirm", TokenPurpose.CONFIRM, self.loaded.pending),
            (self.signed_links, "signed", TokenPurpose.ALL, self.loaded.signers),
        ):
            tokens = (make_token(purpose, number, now=now) for number in ids)
            file.write_text("".join(f"/{path}/{token}/\n" for token in tokens))

    def execute(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement without the limits of the site's own connections; return the
        rows."""
        with psycopg.connect(self.url, autocommit=True) as database:
            cursor = database.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def fold(self) -> None:
        """Fold all changes, as the worker of a site does all the time."""
        from petitions.counts.folding import FOLD, fold_parameters

        while self.execute(FOLD, fold_parameters())[0][0]:
            pass

    def settle(self) -> None:
        """Fold, vacuum and checkpoint, so that what earlier slices left behind does not
        slow the next."""
        self.fold()
        self.execute("VACUUM (ANALYZE)")
        self.execute("CHECKPOINT")

    def verify(self) -> None:
        """Exit unless links that were pressed have been counted, no more than were
        pressed, and the proof of the count holds."""
        from petitions.counts.verifying import VERIFY, CountProof

        pending = self.loaded.pending
        ((counted,),) = self.execute(
            "SELECT count(*) FROM petitions_signature"
            " WHERE state = 'confirmed' AND id = ANY(%s)",
            [list(pending[: self.used])],
        )
        if self.used and not 0 < counted <= self.used:
            raise SystemExit(f"{self.used} links pressed, {counted} signatures counted")
        for proof in map(CountProof.of_row, self.execute(VERIFY)):
            if not proof.holds:
                raise SystemExit(f"The proof of the count fails in {self.name}.")


@dataclass
class Server:
    """Gunicorn on one database, in `processes` processes.

    Each is a gunicorn of its own, and the kernel deals the connections out to them.
    Processes of one gunicorn take them from one queue; when wrk opens all at once, the
    one that happens to be awake often takes all, and the other has nothing to do.
    """

    database: Database
    environment: dict[str, str]
    module: str = "config.wsgi"
    processes: int = 2
    port: int = field(default_factory=free_port)
    answered: int = 0
    """How many requests of slices it has answered."""

    def __enter__(self) -> Self:
        environment = self.environment | {
            "DATABASE_URL": self.database.url,
            "BIND": f"127.0.0.1:{self.port}",
            "WEB_CONCURRENCY": "1",
        }
        log = self.database.folder / f"{self.module}.log"
        words = ["gunicorn", "-c", "config/gunicorn.py", "--reuse-port", self.module]
        with log.open("wb") as file:
            self.running = [
                subprocess.Popen(
                    [*PYTHON, *words],
                    cwd=ROOT,
                    env=environment,
                    stdout=file,
                    stderr=file,
                )
                for _ in range(self.processes)
            ]
        for _ in range(600):
            if self._all_answer():
                return self
            time.sleep(0.1)
        self.__exit__()
        raise SystemExit(log.read_text())

    def __exit__(self, *error: object) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(20)

    def cpu(self) -> float:
        """Return the seconds of CPU that its processes have had together."""
        return sum(
            cpu_seconds(child) for each in self.running for child in children(each.pid)
        )

    def memory(self) -> float:
        """Return the memory of its processes together, in MB."""
        return sum(
            resident(child) for each in self.running for child in children(each.pid)
        )

    def _all_answer(self) -> bool:
        """Return whether each gunicorn has a child and requests are answered."""
        if not all(children(process.pid) for process in self.running):
            return False
        try:
            for _ in range(4 * self.processes):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/livez", timeout=5)
        except OSError:
            return False
        return True


@dataclass
class Worker:
    """`manage.py work` on one database."""

    database: Database
    environment: dict[str, str]

    def __enter__(self) -> Self:
        with (self.database.folder / "work.log").open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "work"],
                cwd=ROOT,
                env=self.environment | {"DATABASE_URL": self.database.url},
                stdout=file,
                stderr=file,
            )
        return self

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait(30)

    def memory(self) -> float:
        return resident(self.process.pid)


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def cpu_seconds(pid: int) -> float:
    """Return how many seconds of CPU a process has had, in user and in system mode."""
    # The name, in parentheses, may have spaces; the 14th and 15th fields are the ticks.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Return the memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Bench:
    """The sites of one run, thrown away after it: the server, a mail sink, and a
    database for each of `sizes`, alike but for the number of signatures."""

    def __init__(self, sizes: Iterable[int], confirm_seconds: int) -> None:
        self.sizes = list(sizes)
        # Each confirmation needs a pending signature of its own.
        self.pending = min(confirm_seconds * MOST_PER_SECOND, 200_000)
        self.folder = Path(tempfile.mkdtemp(prefix="petitions-bench-"))
        self.folder.chmod(0o755)
        self.cluster = BenchCluster(self.folder)
        self.databases: list[Database] = []

    @property
    def biggest(self) -> Database:
        """The last database, which Django in this process is connected to."""
        return self.databases[-1]

    def __enter__(self) -> Self:
        print("  sites to measure …")
        self.sink = subprocess.Popen(
            [*PYTHON, "bench.sink"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.sink.stdout is not None
        self.sink_port = int(self.sink.stdout.readline())
        self.cluster.begin()
        self.cluster.create_database()
        site = {
            "SECRET_KEY": "a key for the bench alone, 3f8a1c92d7b04e65, long enough",
            "EMAIL_KEY": "another for the bench alone, c06d5e9b12f7483a, long enough",
            "SITE_URL": "http://localhost:8000",
            "DATABASE_URL": self.cluster.url(),
            "MAIL_URL": f"smtp://127.0.0.1:{self.sink_port}",
            "MAIL_FROM": "bench@example.org",
            "STATIC_ROOT": str(self.folder / "static"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DEMO": "0",
            "DEBUG": "0",
        }
        os.environ.update(site)
        self.environment = dict(os.environ)
        self._fill()
        return self

    def __exit__(self, *error: object) -> None:
        self.sink.terminate()
        self.sink.wait(5)
        self.cluster.stop(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def another(self, name: str) -> Database:
        """Return a new database with the site as it was before any signatures were
        loaded."""
        self.cluster.copy_database("template", name)
        url = self.cluster.url(name)
        return Database(name, url, 0, self.folder / name, Loaded(range(0), [], 0.0))

    def server(
        self, database: Database, module: str = "config.wsgi", processes: int = 2
    ) -> Server:
        return Server(database, self.environment, module, processes)

    def worker(self, database: Database) -> Worker:
        return Worker(database, self.environment)

    def _fill(self) -> None:
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from core.i18n.translations import compile_all
        from petitions.counts.folding import fold
        from tests.factories import make_organization, make_petition

        compile_all()
        call_command("migrate", verbosity=0)
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        self.cluster.copy_database("petitions", "template")
        call_command("collectstatic", interactive=False, verbosity=0)
        organization = make_organization("Bench")
        others = [
            make_petition(organization, text="A paragraph of text.\n\n" * 12).pk
            for _ in range(9)
        ]
        add_many(make_organization("Many"), 10_000)
        petition = make_petition(
            organization, slug=SLUG, text="A paragraph of text.\n\n" * 30
        )
        self.petition = petition.pk
        while fold():
            pass
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        names = ["petitions"]
        for index in range(1, len(self.sizes)):
            names.insert(0, f"petitions{index}")
            self.cluster.copy_database("petitions", names[0])
        for name, size in zip(names, self.sizes, strict=True):
            url = self.cluster.url(name)
            loaded = load(
                url, self.petition, (others[0], others[1]), size, self.pending
            )
            database = Database(name, url, size, self.folder / name, loaded)
            database.write_links()
            database.fold()
            self.databases.append(database)

    def disk(self) -> str:
        """Return how large each database is and how long it took to load, in words."""
        size_rows = self.biggest.execute(
            "SELECT datname, pg_size_pretty(pg_database_size(datname))"
            "  FROM pg_database WHERE datname LIKE 'petitions%%'"
        )
        sizes = dict(size_rows)
        return ", ".join(
            f"{each.size:,} signatures: {sizes[each.name]}, loaded in "
            f"{each.loaded.seconds:.0f} s"
            for each in self.databases
        )


def add_many(organization: Organization, number: int) -> None:
    """Add `number` petitions with five supporters each."""
    from django.utils import timezone

    from petitions.models import CountChange, CountEntry, Petition, Target

    # In batches: each statement makes the search documents of its rows, too.
    rows = Petition.objects.bulk_create(
        (
            Petition(
                organization=organization,
                title=f"Petition {index}",
                slug=f"many-{index}",
                text="A paragraph of text.\n\n" * 12,
                state="open",
                opens_at=timezone.now(),
            )
            for index in range(number)
        ),
        batch_size=1000,
    )
    Target.objects.bulk_create(
        (Target(petition=row, kind="person", name="Minister") for row in rows),
        batch_size=1000,
    )
    counted: dict[str, Any] = {"source": "imported"}
    CountEntry.objects.bulk_create(
        CountEntry(petition=row, number=5, label="before", **counted) for row in rows
    )
    day = timezone.localdate()
    CountChange.objects.bulk_create(
        CountChange(petition=row, delta=5, day=day, **counted) for row in rows
    )
