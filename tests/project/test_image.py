"""The Dockerfile's steps, run without Docker: in a clean folder, with the settings of
a production site, as the image's own user, against a real mail server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from devsite.embedded_postgres import free_port
from tests.mailserver import MailServer, body
from tests.site import Answer, fetch, until

ROOT = Path(__file__).parents[2]
HOST = "petitions.example.org"
NETWORK = re.compile(r"(?i)_proxy$|cert|_ca_|^pip_|^uv_")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="NOT TESTED HERE: the image's steps change owner and user; needs root and setpriv",
)


class Image:
    """The image that the Dockerfile builds, below a folder instead of below /."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.python = folder / "python"
        subprocess.run([sys.executable, "-m", "venv", self.python], check=True)
        self.stages: dict[str, Path] = {}
        self.user = ""
        self.command: list[str] = []
        self.healthcheck: list[str] = []
        self.stage = ""

    def place(self, text: str) -> str:
        """Return the text with the image's absolute paths moved below our folder."""
        return re.sub(r"(?<![\w./])/(app|venv|data)\b", rf"{self.root}/\1", text)

    def build(self, dockerfile: Path) -> None:
        for line in dockerfile.read_text().splitlines():
            if line and not line.startswith("#"):
                instruction, _, rest = line.partition(" ")
                getattr(self, f"do_{instruction.lower()}")(rest)

    # -- the instructions --

    def do_from(self, rest: str) -> None:
        if self.root.exists():
            self.stages[self.stage] = self.root.rename(self.root.with_name(self.stage))
        self.root.mkdir()
        self.stage = rest.partition(" AS ")[2]
        # Only those variables of this machine that it takes to reach a registry.
        self.environment = {k: v for k, v in os.environ.items() if NETWORK.search(k)}
        self.environment |= {
            "PATH": f"{self.python}/bin:/usr/bin:/bin",
            "HOME": str(self.root.parent),
        }
        self.folder = self.root

    def do_workdir(self, rest: str) -> None:
        self.folder = Path(self.place(rest))
        self.folder.mkdir(exist_ok=True)

    def do_env(self, rest: str) -> None:
        for pair in rest.split(" "):
            name, _, value = pair.partition("=")
            value = value.replace("$PATH", self.environment["PATH"])
            self.environment[name] = self.place(value)

    def do_copy(self, rest: str) -> None:
        *options, source, target = rest.split(" ")
        context = ROOT
        if options:
            context = self.stages[options[0].removeprefix("--from=")]
        found = context / source.lstrip("/")
        goal = self.folder / self.place(target)
        if target.endswith("/"):
            goal /= found.name
        if found.is_dir():
            ignored = () if options else ("__pycache__", "*.mo")
            shutil.copytree(
                found,
                goal,
                symlinks=True,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns(*ignored),
            )
        else:
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, goal)

    def do_run(self, rest: str) -> None:
        done = subprocess.run(
            ["/bin/sh", "-c", self.place(rest)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{rest}\n{done.stdout}{done.stderr}"

    def do_user(self, rest: str) -> None:
        self.user = rest

    def do_expose(self, rest: str) -> None:
        assert rest == "8000"

    def do_healthcheck(self, rest: str) -> None:
        self.healthcheck = json.loads(rest.partition("CMD ")[2])

    def do_cmd(self, rest: str) -> None:
        self.command = json.loads(rest)

    # -- running it --

    def as_user(self, command: list[str]) -> list[str]:
        """Return the command line that runs `command` as the image's user, who may read
        what root keeps (here the Python), but write only what is its own."""
        user, _, group = self.user.partition(":")
        return [
            "setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups",
            "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
            "--pdeathsig=TERM", *command,
        ]  # fmt: skip

    def execute(self, *command: str, **settings: str) -> str:
        """Return what a command prints; raise AssertionError when it fails."""
        done = subprocess.run(
            self.as_user(list(command)),
            cwd=self.folder,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def started(self, log: Path, *command: str, **settings: str) -> Iterator[None]:
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.as_user(list(command)),
                cwd=self.folder,
                env={**self.environment, **settings},
                stdout=output,
                stderr=output,
            )
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(20) == 0, log.read_text()


@pytest.fixture
def image() -> Iterator[Image]:
    folder = Path(tempfile.mkdtemp(prefix="petitions-image-"))
    folder.chmod(0o755)
    built = Image(folder)
    built.build(ROOT / "Dockerfile")
    yield built
    shutil.rmtree(folder)


@pytest.fixture
def database_url() -> Iterator[str]:
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS image")
        connection.execute("CREATE DATABASE image")
    yield urlsplit(server)._replace(path="/image").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE image WITH (FORCE)")


def test_the_image_serves_a_production_site(
    image: Image, database_url: str, tmp_path: Path
) -> None:
    mail = MailServer()
    mail.start()
    web = f"127.0.0.1:{free_port()}"
    settings = {
        "SECRET_KEY": "of a production site, and long enough: 8f0c2b7e41d96a35",
        "EMAIL_KEY": "another of a production site: 5b9e03d7c1842fa6, long enough",
        "SITE_URL": f"https://{HOST}",
        "DATABASE_URL": database_url,
        "MAIL_URL": f"smtp://127.0.0.1:{mail.port}",
        "MAIL_FROM": f"mail@{HOST}",
        "ALERT_EMAIL": f"admin@{HOST}",
        # We play the proxy.
        "TRUSTED_PROXIES": "127.0.0.1",
        "BIND": web,
    }

    def manage(*words: str) -> str:
        return image.execute("python", "manage.py", *words, **settings)

    def visit(path: str, data: dict[str, str] | None = None) -> Answer:
        headers = {"Host": HOST, "X-Forwarded-Proto": "https"}
        return fetch(f"http://{web}{path}", data, headers=headers)

    def supporters(slug: str) -> int:
        return int(
            json.loads(visit(f"/petitions/{slug}/count.json").text)["supporters"]
        )

    assert image.user
    assert image.user != "0:0"
    with pytest.raises(AssertionError, match="SECRET_KEY is not set"):
        image.execute("python", "manage.py", "migrate")
    with pytest.raises(AssertionError, match="Permission denied"):
        image.execute("touch", "manage.py")

    manage("migrate")
    manage("check", "--deploy", "--fail-level", "WARNING")
    manage("check_mail", "--to", f"admin@{HOST}")
    shown = manage("start_site", "--organization", "Harbour", "--owner", f"o@{HOST}")
    assert f"https://{HOST}/organizations/harbour/" in shown
    file = tmp_path / "harbour.json"
    petition = {
        "target": "Mayor of Harbour", "title": "Clean water", "text": "Please act.",
        "supporters": 4,
    }  # fmt: skip
    file.write_text(
        json.dumps(
            {
                "organization": {
                    "name": "Quay",
                    "description": "",
                    "petitions": [petition],
                }
            }
        )
    )
    manage("import_organization", str(file))

    worker = [image.environment["PATH"].split(":")[0] + "/python", "manage.py", "work"]
    with (
        image.started(tmp_path / "web.log", *image.command, **settings),
        image.started(tmp_path / "worker.log", *worker, **settings),
    ):
        until(lambda: is_healthy(image, settings))

        assert fetch(f"http://{web}/", headers={"Host": HOST}).status == 301
        page = visit("/petitions/clean-water/")
        assert page.status == 200
        assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
        static = re.findall(r'href="(/static/[^"]+)"', page.text)
        assert static
        assert visit(static[0]).headers["Cache-Control"].endswith("immutable")
        assert "Signez cette pétition" in visit("/fr/petitions/clean-water/").text

        form = {"name": "Maya Tremblay", "email": "maya@example.org"}
        assert visit("/petitions/clean-water/sign/", form).status == 303
        until(lambda: "maya@example.org" in mail.mailbox.recipients)
        text = body(mail.mailbox.messages[-1])
        link = next(line for line in text.splitlines() if "/confirm/" in line)
        assert link.startswith(f"https://{HOST}/confirm/")
        assert visit(urlsplit(link).path, {}).status == 303
        # Past the slot of 10 s that caches may keep the number for.
        until(lambda: supporters("clean-water") == 5, seconds=25)
        manage("verify_counts")

    log = (tmp_path / "web.log").read_text() + (tmp_path / "worker.log").read_text()
    assert "Traceback" not in log
    assert "maya" not in log.lower()
    assert urlsplit(link).path.split("/")[2] not in log
    # The test message, the owner's link, the confirmation.
    assert mail.mailbox.recipients == [f"admin@{HOST}", f"o@{HOST}", "maya@example.org"]
    mail.stop()


def is_healthy(image: Image, settings: dict[str, str]) -> bool:
    try:
        image.execute(*image.healthcheck, **settings)
    except AssertionError:
        return False
    return True
