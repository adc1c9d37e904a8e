"""Mistakes in the environment stop the start, each with a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECRET = "x" * 60
GOOD = {
    "SECRET_KEY": SECRET,
    "EMAIL_KEY": "y" * 60,
    "SITE_URL": "https://petitions.example.org",
    "DATABASE_URL": "postgresql://u:p@db:5432/petitions",
    "MAIL_URL": "smtp+tls://user:p%40ss@mail.example.org:587",
    "MAIL_FROM": "petitions@example.org",
}


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """A good one with `changes`."""
    wanted = {"PATH": os.environ["PATH"], **GOOD, **changes}
    return {name: value for name, value in wanted.items() if value is not None}


def start(
    changes: Mapping[str, str | None], code: str
) -> subprocess.CompletedProcess[str]:
    """Run `code` under production settings with `changes` to a good environment."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(changes),
        capture_output=True,
        text=True,
        check=False,
    )


SERVE = "import config.wsgi"


type Changes = dict[str, str | None]

MISTAKES: list[tuple[Changes, str]] = [
    ({"SECRET_KEY": "short"}, "SECRET_KEY has 5 characters. Set 50 or more"),
    ({"SECRET_KEY_FALLBACKS": "short"}, "SECRET_KEY_FALLBACKS holds one of less"),
    ({"EMAIL_KEY_FALLBACKS": "short"}, "EMAIL_KEY_FALLBACKS holds one of less"),
    ({"SITE_URL": "https://h:abc"}, "SITE_URL is 'https://h:abc'. Set scheme"),
    ({"SITE_URL": "https://h?x=1"}, "SITE_URL is 'https://h?x=1'. Set scheme"),
    ({"SITE_URL": "https://u@h"}, "SITE_URL is 'https://u@h'. Set scheme"),
    ({"DATABASE_URL": "postgresql://u:p@h:x/n"}, "DATABASE_URL cannot be read."),
    ({"DATABASE_URL": "postgresql://"}, "DATABASE_URL cannot be read."),
    ({"DATABASE_URL": "postgresql://u:p@h,i:x/n"}, "DATABASE_URL cannot be read."),
    ({"DATABASE_URL": "postgresql://u:p/w@h/n"}, "password, write / as %2F, # as %23"),
    ({"DATABASE_URL": "postgresql://u:p#w@h/n"}, "password, write / as %2F, # as %23"),
    ({"DATABASE_URL": "postgresql://u:p?w@h/n"}, "password, write / as %2F, # as %23"),
    ({"DATABASE_URL": "postgresql://u:p@w@h/n"}, "password, write / as %2F, # as %23"),
    ({"DATABASE_URL": "postgresql://u:100%@h/n"}, "password, write / as %2F, # as %23"),
    ({"MAIL_URL": "smtp://h?timeout=a"}, "MAIL_URL: its timeout is not a number"),
    ({"MAIL_FROM": "nonsense"}, "MAIL_FROM is 'nonsense'. Set an e-mail address"),
    ({"ALERT_EMAIL": "a@b.org,x"}, "ALERT_EMAIL is 'x'. Set an e-mail address"),
    ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is 'xml'. Set json or text."),
    ({"TIME_ZONE": "Mars/One"}, "TIME_ZONE is 'Mars/One'. Set a name such as"),
    ({"WEB_CONCURRENCY": "x"}, "WEB_CONCURRENCY is 'x'. Set a whole number"),
    ({"GRACEFUL_TIMEOUT": "x"}, "GRACEFUL_TIMEOUT is 'x'. Set a whole number"),
    ({"BIND": "8000"}, "BIND holds '8000'. Set host:port."),
    ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "TRUSTED_PROXIES holds '10.0.0.1/8'."),
    (
        {
            "DEMO": "1",
            "SITE_URL": "http://localhost:8000",
            "MAIL_URL": "folder:///tmp/mail",
            "BIND": "0.0.0.0:8000",
        },
        "DEMO is on and BIND lets others in.",
    ),
    ({"EMAIL_KEY": None}, "EMAIL_KEY is not set. Set it to 50 or more"),
    ({"EMAIL_KEY": SECRET}, "EMAIL_KEY equals SECRET_KEY. Set a different secret."),
    ({"SITE_URL": None}, "SITE_URL is not set. Set the public address"),
    ({"SITE_URL": "petitions.example.org"}, "SITE_URL is 'petitions.example.org'."),
    ({"SITE_URL": "https://example.org/petitions"}, "Set scheme and host only"),
    ({"SITE_URL": "http://example.org"}, "although it is public. Set an https://"),
    ({"DATABASE_URL": None}, "DATABASE_URL is not set. Set postgresql://"),
    ({"DATABASE_URL": "sqlite:///db"}, "DATABASE_URL does not name PostgreSQL."),
    ({"MAIL_URL": None}, "MAIL_URL is not set. Set smtp://"),
    ({"MAIL_URL": "http://mail"}, "MAIL_URL cannot be read."),
    ({"MAIL_URL": "smtp://mail:port"}, "MAIL_URL: its port is not a number."),
    ({"MAIL_FROM": None}, "MAIL_FROM is not set."),
    ({"DEBUG": "1"}, "DEBUG is on for a public SITE_URL. Set DEBUG=0."),
    ({"DEBUG": "perhaps"}, "DEBUG is 'perhaps'. Set it to 1 or 0."),
    ({"TRUSTED_PROXIES": "10.0.0.0/8,proxy"}, "TRUSTED_PROXIES holds 'proxy'."),
    ({"WEB_THREADS": "2"}, "WEB_THREADS is '2'. Set a whole number from 4 to 64."),
    ({"MAIL_RATE": "-1"}, "MAIL_RATE is '-1'. Set how many a second: 10, or 0.5"),
    ({"MAIL_RATE": "٣"}, "MAIL_RATE is '٣'."),
    ({"MAIL_CONNECTIONS": "0"}, "MAIL_CONNECTIONS is '0'. Set a whole number from"),
    ({"MAIL_CONNECTIONS": "9"}, "MAIL_CONNECTIONS is '9'."),
    ({"MAIL_WEBHOOKS": "hermes"}, "MAIL_WEBHOOKS is 'hermes'. Set a provider"),
    ({"MAIL_WEBHOOKS": "base"}, "MAIL_WEBHOOKS is 'base'."),
    ({"MAIL_WEBHOOKS": "postmark"}, "ANYMAIL_WEBHOOK_SECRET is missing or short"),
    (
        {"MAIL_WEBHOOKS": "postmark", "ANYMAIL_WEBHOOK_SECRET": "a:short"},
        "ANYMAIL_WEBHOOK_SECRET is missing or short",
    ),
    ({"DEMO": "1"}, "DEMO is on and SITE_URL is a public address."),
    ({"DEMO": "1"}, "DEMO is on and MAIL_URL is a real mail server."),
]

# Starts the site anew for each environment, but loads Django once for all of them.
STARTS = f"""
import json, os, sys
import django.core.wsgi, django.utils.csp, django_stubs_ext, environ

done = []
for environment in json.load(sys.stdin):
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.dup2(writing, 2)
        os.environ.clear()
        os.environ.update(environment)
        {SERVE}
        sys.exit()
    os.close(writing)
    with os.fdopen(reading) as errors:
        said = errors.read()
    done.append([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said])
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def starts() -> list[tuple[int, str]]:
    """What became of the start with each mistake: exit code and errors."""
    done = subprocess.run(
        [sys.executable, "-c", STARTS],
        cwd=ROOT,
        input=json.dumps([environment(changes) for changes, _sentence in MISTAKES]),
        capture_output=True,
        text=True,
        check=True,
    )
    return [(code, said) for code, said in json.loads(done.stdout)]


@pytest.mark.parametrize(("changes", "sentence"), MISTAKES)
def test_a_mistake_stops_the_start_with_a_sentence(
    starts: list[tuple[int, str]], changes: Changes, sentence: str
) -> None:
    code, said = starts[MISTAKES.index((changes, sentence))]

    assert code != 0
    assert sentence in said
    assert "Traceback" not in said


def test_all_mistakes_are_reported_together() -> None:
    done = start({"MAIL_URL": None, "SITE_URL": None, "SECRET_KEY": "x"}, SERVE)

    assert len(done.stderr.strip().splitlines()) == 3


def test_manage_py_says_the_same_without_a_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SECRET_KEY": "x"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "SITE_URL is not set." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_on_several_hosts_with_any_password() -> None:
    url = (
        "postgresql://u:%2F%23%40%3F@h1:5432,h2:6432/n"
        "?target_session_attrs=read-write&sslmode=require"
    )
    code = """
import json, config.settings as s
d = s.DATABASES["default"]
print(json.dumps([d["HOST"], d["PORT"], d["NAME"], d["USER"], d["PASSWORD"],
    d["OPTIONS"]["target_session_attrs"], d["OPTIONS"]["sslmode"]]))
"""
    done = start({"DATABASE_URL": url}, code)

    assert json.loads(done.stdout) == [
        "h1,h2", "5432,6432", "n", "u", "/#@?", "read-write", "require",
    ], done.stderr  # fmt: skip


def test_a_site_without_scheme_is_one_mistake() -> None:
    done = start({"SITE_URL": "petitions.example.org"}, SERVE)

    assert "Set scheme and host only" in done.stderr
    assert "http://" not in done.stderr


def check(**changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--no-database"],
        cwd=ROOT,
        env=environment(changes),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ALERT_EMAILS", "ALERT_EMAIL"),
        ("SECRET_KEY_FALLBACK", "SECRET_KEY_FALLBACKS"),
        ("MAIL_RATES", "MAIL_RATE"),
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
        ("media_root", "MEDIA_ROOT"),
    ],
)
def test_a_misspelt_variable_is_named(name: str, meant: str) -> None:
    done = check(**{name: "/tmp"})

    assert done.returncode == 0
    assert f"{name} is set, which this site does not know, and {meant}" in done.stderr


def test_variables_of_others_are_nobodys_mistake() -> None:
    assert "does not know" not in check(HOME="/tmp", LANG="C", PORT="80").stderr


def test_production_settings_are_secure() -> None:
    code = """
import django, json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from django.conf import settings as s
print(json.dumps([s.DEBUG, s.DEMO, s.ALLOWED_HOSTS, s.SECURE_SSL_REDIRECT,
    s.SECURE_HSTS_SECONDS >= 31536000, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
    s.SESSION_COOKIE_NAME, s.MAILERS["default"]["OPTIONS"]["host"],
    s.MAILERS["default"]["OPTIONS"]["port"], s.MAILERS["default"]["OPTIONS"]["use_tls"],
    s.MAILERS["default"]["OPTIONS"]["password"]]))
"""
    done = start({}, code)

    assert done.stderr == ""
    assert done.stdout.strip() == (
        '[false, false, ["petitions.example.org"], true, true, true, true, '
        '"__Host-session", "mail.example.org", 587, true, "p@ss"]'
    )


def test_a_demonstration_stays_on_this_machine() -> None:
    demo = {
        "DEMO": "1",
        "SITE_URL": "http://localhost:8000",
        "MAIL_URL": "folder:///tmp/mail",
    }

    assert start(demo, "import config.settings").returncode == 0
    local = {**demo, "MAIL_URL": "smtp://127.0.0.1:2525"}
    assert start(local, "import config.settings").returncode == 0


def test_the_table_in_the_readme_names_every_variable() -> None:
    import re

    source = "".join(
        (ROOT / "config" / name).read_text()
        for name in ("settings.py", "gunicorn.py", "launcher.py")
    )
    read = set(re.findall(r'(?:env\.\w+|environ\.get)\(\s*"([A-Z_]+)"', source))
    readme = (ROOT / "README.md").read_text()

    assert {name for name in read if f"`{name}`" not in readme} == set()


def test_a_site_without_static_files_does_not_start(tmp_path: Path) -> None:
    done = start({"STATIC_ROOT": str(tmp_path)}, SERVE)

    assert done.returncode == 1
    assert "No static files in STATIC_ROOT" in done.stderr
    assert "sh scripts/build.sh" in done.stderr
    assert "Traceback" not in done.stderr
