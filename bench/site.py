"""A production site to measure: PostgreSQL, two gunicorn processes, real rows."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg

from config.embedded_postgres import Cluster, binaries, free_port

if TYPE_CHECKING:
    from organizations.models import Organization

ROOT = Path(__file__).parents[1]
SLUG = "the-petition-that-everybody-signs"
# More confirmations than this a second are not expected of one machine.
MOST_PER_SECOND = 6000
POSTGRES = ("shared_buffers=512MB", "wal_compression=on", "max_wal_size=4GB")

SIGNATURES = """
INSERT INTO petitions_signature (
    petition_id, state, name, email, email_key, email_key_version, person, place,
    postal_code, country, comment, comment_approved, show_name, updates, language,
    text_version, consent_version, delivery, weak_signs, created_at, confirmed_at)
SELECT %(petition)s, %(state)s::text, 'Signer ' || n,
       %(state)s::text || n || '@example.org', gen_random_uuid(), 1, '', '', '', '', '',
       false, n %% 20 = 0, n %% 2 = 0, 'en', 0, 1, 'number', 0,
       now() - n * interval '1 second',
       CASE WHEN %(state)s::text = 'confirmed' THEN now() - n * interval '1 second' END
  FROM generate_series(1, %(number)s) n
RETURNING id
"""


class BenchSite:
    """Made for one run, thrown away after it."""

    def __init__(self, size: int, confirmations: int) -> None:
        self.size = size
        # Each confirmation needs a pending signature of its own.
        self.pending = min(confirmations * MOST_PER_SECOND, 120_000)
        self.folder = Path(tempfile.mkdtemp(prefix="petitions-bench-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.cluster = Cluster(
            self.folder / "postgres",
            secrets.token_hex(),
            self.folder / "postgres.log",
            settings=POSTGRES,
        )
        self.used = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SECRET_KEY": "bench " * 10,
            "EMAIL_KEY": "key for the bench " * 4,
            "SITE_URL": f"http://localhost:{self.port}",
            "DATABASE_URL": self.cluster.url(),
            "MAIL_URL": f"folder://{self.folder}/mail",
            "MAIL_FROM": "bench@example.org",
            "STATIC_ROOT": str(self.folder / "static"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "BIND": f"127.0.0.1:{self.port}",
            "DEMO": "0",
            "DEBUG": "0",
        }

    def __enter__(self) -> Self:
        print("  a site to measure …")
        self.cluster.create()
        self.cluster.start()
        self.cluster.create_database()
        os.environ.update(self.environment)
        self._fill()
        with (self.folder / "web.log").open("wb") as log:
            self.web = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py",
                 "config.wsgi"],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )  # fmt: skip
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/livez", timeout=1)
                return self
            except OSError:
                time.sleep(0.1)
        raise SystemExit((self.folder / "web.log").read_text())

    def __exit__(self, *error: object) -> None:
        self.web.terminate()
        self.web.wait(20)
        self.cluster.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _fill(self) -> None:
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection
        from django.utils import timezone

        from config.translations import compile_all
        from petitions.counting import fold
        from petitions.tokens import Purpose, make_token
        from tests.factories import make_organization, make_petition

        compile_all()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        organization = make_organization("Bench")
        for _ in range(9):
            make_petition(organization, text="A paragraph of text.\n\n" * 12)
        self._add_many(make_organization("Many"), 10_000)
        self.petition = make_petition(
            organization, slug=SLUG, text="A paragraph of text.\n\n" * 30
        )
        now = timezone.now()
        with connection.cursor() as cursor:
            values = {"petition": self.petition.pk}
            cursor.execute(
                SIGNATURES, {**values, "state": "confirmed", "number": self.size}
            )
            cursor.execute(
                "INSERT INTO petitions_change (petition_id, day, source, delta,"
                " domain) VALUES (%s, current_date, 'confirmed', %s, '')",
                [self.petition.pk, self.size],
            )
            cursor.execute(
                SIGNATURES, {**values, "state": "pending", "number": self.pending}
            )
            self.ids = [number for (number,) in cursor.fetchall()]
        while fold():
            pass
        tokens = [make_token(Purpose.CONFIRM, number, now=now) for number in self.ids]
        paths = "\n".join(f"/confirm/{token}/" for token in tokens)
        (self.folder / "links").write_text(paths)
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        with psycopg.connect(self.cluster.url(), autocommit=True) as database:
            database.execute("VACUUM (ANALYZE)")
            database.execute("CHECKPOINT")

    @staticmethod
    def _add_many(organization: Organization, number: int) -> None:
        """Petitions with five supporters each."""
        from django.utils import timezone

        from petitions.models import Change, CountEntry, Petition, Target

        rows = Petition.objects.bulk_create(
            Petition(
                organization=organization,
                title=f"Petition {index}",
                slug=f"many-{index}",
                text="A paragraph of text.\n\n" * 12,
                state="open",
                opens_at=timezone.now(),
            )
            for index in range(number)
        )
        Target.objects.bulk_create(
            Target(petition=row, kind="person", name="Minister") for row in rows
        )
        counted: dict[str, Any] = {"source": "imported"}
        CountEntry.objects.bulk_create(
            CountEntry(petition=row, number=5, label="before", **counted)
            for row in rows
        )
        day = timezone.localdate()
        Change.objects.bulk_create(
            Change(petition=row, delta=5, day=day, **counted) for row in rows
        )

    def verify(self) -> None:
        """The load did what it was meant to: each link was pressed once and counted,
        and the proof holds."""
        from petitions.counting import verify

        rows = self.sql(
            "SELECT count(*) FROM petitions_signature WHERE state = 'confirmed' "
            f"AND petition_id = {self.petition.pk}"
        )
        counted = rows[0][0] - self.size
        if not 0 < counted <= self.used or self.used > len(self.ids):
            raise SystemExit(f"{self.used} links pressed, {counted} signatures counted")
        if not all(proof.holds for proof in verify()):
            raise SystemExit("The proof of the count fails.")

    def sql(self, statement: str) -> list[tuple[int, ...]]:
        with psycopg.connect(self.cluster.url(), autocommit=True) as database:
            return database.execute(statement).fetchall()

    def settings_in_use(self) -> str:
        names = ("server_version", "shared_buffers", "wal_compression", "fsync",
                 "synchronous_commit")  # fmt: skip
        with psycopg.connect(self.cluster.url()) as database:
            values = []
            for name in names:
                row = database.execute(f"SHOW {name}").fetchone()
                values.append(f"{name}={row[0]}" if row else name)
        return ", ".join(values).removeprefix("server_version=")

    # -- PostgreSQL alone --

    def ceilings(self, seconds: int) -> dict[str, int]:
        """Transactions a second of the same statements, sent by pgbench."""
        pgbench = binaries() / "pgbench"
        if not pgbench.exists():
            return {}
        from petitions import signing

        values = {
            "petition_id": str(self.petition.pk), "name": "'Maya Tremblay'",
            "email": "'maya@example.org'", "email_key": "gen_random_uuid()",
            "email_key_version": "1", "former_key": "NULL", "person": "''",
            "place": "''", "postal_code": "''", "country": "''", "comment": "''",
            "show_name": "false", "updates": "true", "language": "'en'",
            "text_version": "0", "consent_version": "1", "delivery": "'number'",
            "weak_signs": "0", "now": "now()", "day": "current_date",
            "grace": "interval '24 hours'", "id": ":id",
        }  # fmt: skip

        def script(name: str, *statements: str) -> Path:
            file = self.folder / f"{name}.sql"
            text = ";\n".join(
                re.sub(r"%\((\w+)\)s", lambda m: values[m[1]], statement).strip()
                for statement in statements
            )
            # pgbench knows no comments within a statement.
            file.write_text(re.sub(r"--.*", "", text) + ";\n")
            return file

        find = signing.FIND.replace("%s", f"'{SLUG}'")
        sign = script("sign", find, signing.SIGN)
        first = self.ids[min(self.used, len(self.ids) - 1)]
        step = f"\\set n :n + 16\n\\set id {first} + :n + :client_id\n"
        confirm = script("confirm", signing.CONFIRM)
        confirm.write_text(step + confirm.read_text())
        return {
            "sign": self._pgbench(pgbench, sign, seconds),
            "confirm": self._pgbench(pgbench, confirm, seconds, "-D", "n=0"),
        }

    def _pgbench(self, pgbench: Path, script: Path, seconds: int, *more: str) -> int:
        done = subprocess.run(
            [str(pgbench), "-n", "-f", str(script), "-c", "16", "-j", "2", "-T",
             str(seconds), "-M", "prepared", *more, self.cluster.url()],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if found is None:
            raise SystemExit(done.stderr)
        return round(float(found[1]))
