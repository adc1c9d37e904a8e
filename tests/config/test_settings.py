"""Mistakes in the environment stop the start, each with a sentence."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.config.helpers import ROOT, SECRET, environment


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
    ({"SECRET_KEY": "a" * 50}, "SECRET_KEY repeats itself, so it can be guessed. Set"),
    ({"SECRET_KEY": "changeme-" * 6}, "SECRET_KEY repeats itself"),
    ({"EMAIL_KEY": "0123456789" * 5}, "EMAIL_KEY repeats itself"),
    (
        {"SECRET_KEY_FALLBACKS": "ab" * 30},
        "or that repeats itself: it would be as good",
    ),
    ({"METRICS_TOKEN": "a" * 20}, "METRICS_TOKEN can be guessed, or not be sent."),
    ({"EMAIL_KEY_FALLBACKS": "short"}, "EMAIL_KEY_FALLBACKS holds one of less"),
    ({"SITE_URL": '"https://h"'}, "SITE_URL begins and ends with a quotation mark."),
    ({"MAIL_RATE": "'5'"}, "MAIL_RATE begins and ends with a quotation mark. Leave"),
    ({"SITE_URL": "https://a b.org"}, "SITE_URL is 'https://a b.org'. Set scheme"),
    ({"SITE_URL": "https://*.example.org"}, "SITE_URL is 'https://*.example.org'. Set"),
    ({"SITE_URL": "https://a..org"}, "SITE_URL is 'https://a..org'. Set scheme"),
    ({"SITE_URL": "https://a_b.org"}, "SITE_URL is 'https://a_b.org'. Set scheme"),
    ({"SITE_URL": "https://-a.org"}, "SITE_URL is 'https://-a.org'. Set scheme"),
    ({"MAIL_URL": "smtp://u:p@ h"}, "MAIL_URL cannot be read. Set smtp://"),
    ({"SITE_URL": "https://h:abc"}, "SITE_URL is 'https://h:abc'. Set scheme"),
    ({"SITE_URL": "https://h?x=1"}, "SITE_URL is 'https://h?x=1'. Set scheme"),
    ({"SITE_URL": "https://u@h"}, "SITE_URL is 'https:…@h'. Set scheme"),
    ({"DATABASE_URL": "postgresql://u:p@h:x/n"}, "cannot be read: a port is no number"),
    ({"DATABASE_URL": "postgresql://u:p@h:65536/n"}, "no number from 1 to 65535"),
    ({"DATABASE_URL": "postgresql://u:p@::1:5432/n"}, "IPv6 stands in brackets"),
    ({"DATABASE_URL": "postgresql://"}, "cannot be read: it names no database."),
    ({"DATABASE_URL": "postgresql://u:p@h,i:x/n"}, "cannot be read: a port is no"),
    ({"DATABASE_URL": "postgresql://u@h/n?sslmode=y"}, "sslmode is 'y'. Set disable"),
    ({"DATABASE_URL": "postgresql://u@h/n?sslmoed=y"}, "it knows no sslmoed. Set"),
    (
        {"DATABASE_URL": "postgresql://u@h/n?options=-c a=b"},
        "cannot be read: write options=… with = as %3D, a space as %20. Set",
    ),
    ({"DATABASE_URL": "postgresql://u@h/n?sslmode"}, "cannot be read: write sslmode=…"),
    ({"MAIL_URL": "smtp://u:p#w@h"}, "password, write / as %2F, # as %23"),
    ({"MAIL_URL": "smtp://u:p@w@h"}, "password, write / as %2F, # as %23"),
    ({"MAIL_URL": "smtp://u@o.org:p@h"}, "password, write / as %2F, # as %23"),
    ({"MAIL_URL": "smtp://u:100%@h"}, "password, write / as %2F, # as %23"),
    ({"MAIL_URL": "smtps://u:50%zz@h"}, "password, write / as %2F, # as %23"),
    ({"MAIL_URL": "smtp://u:p@h?tls=1"}, "MAIL_URL: it knows no 'tls'. Set"),
    ({"METRICS_TOKEN": "x"}, "METRICS_TOKEN can be guessed, or not be sent. Set 20"),
    ({"MEDIA_ROOT": "media"}, "MEDIA_ROOT is 'media'. Set the whole path"),
    ({"DATABASE_URL": "postgresql://u:p/w@h/n"}, "password, write / as %2F, # as %23"),
    ({"DATABASE_URL": "postgresql://u:p#w@h/n"}, "password, write / as %2F, # as %23"),
    ({"DATABASE_URL": "postgresql://u:p?w@h/n"}, "password, write / as %2F, # as %23"),
    ({"DATABASE_URL": "postgresql://u:p@w@h/n"}, "password, write / as %2F, # as %23"),
    ({"DATABASE_URL": "postgresql://u:100%@h/n"}, "password, write / as %2F, # as %23"),
    ({"MAIL_URL": "smtp://h?timeout=a"}, "MAIL_URL: its timeout is not a number"),
    ({"MAIL_URL": "smtp://h?timeout=301"}, "MAIL_URL: its timeout is not a number"),
    ({"MAIL_FROM": "nonsense"}, "MAIL_FROM is 'nonsense'. Set an e-mail address"),
    ({"ALERT_EMAIL": "a@b.org,x"}, "ALERT_EMAIL is 'x'. Set an e-mail address"),
    ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is 'xml'. Set json or text."),
    ({"TIME_ZONE": "Mars/One"}, "TIME_ZONE is 'Mars/One'. Set a name such as"),
    ({"WEB_CONCURRENCY": "x"}, "WEB_CONCURRENCY is 'x'. Set a whole number"),
    ({"GRACEFUL_TIMEOUT": "x"}, "GRACEFUL_TIMEOUT is 'x'. Set a whole number"),
    ({"BIND": "8000"}, "BIND holds '8000'. Set host:port:"),
    ({"HOSTING": "A\x1b[2J"}, "HOSTING has a character that cannot be printed on a"),
    ({"OPERATOR_FR": "x" * 501}, "OPERATOR_FR has 501 characters. Set at most 500."),
    ({"OPERATOR": "A", "OPERATOR_EN": "B"}, "OPERATOR and OPERATOR_EN are both set"),
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
    ({"ALERT_URL": "ftp://chat.example.org/x"}, "ALERT_URL cannot be read."),
    ({"ALERT_URL": "https://me:pw@chat.example.org/x"}, "ALERT_URL cannot be read."),
    ({"ALERT_URL": "https://chat.example.org/é"}, "ALERT_URL cannot be read."),
    ({"ALERT_URL": "https://chat.example.org/a b"}, "ALERT_URL cannot be read."),
    ({"MAIL_URL": "http://mail"}, "MAIL_URL cannot be read."),
    ({"MAIL_URL": "smtp://mail:port"}, "MAIL_URL cannot be read."),
    ({"MAIL_FROM": None}, "MAIL_FROM is not set."),
    ({"DEBUG": "1"}, "DEBUG is on for a public SITE_URL. Set DEBUG=0."),
    ({"DEBUG": "perhaps"}, "DEBUG is 'perhaps'. Set it to 1 or 0."),
    ({"TRUSTED_PROXIES": "10.0.0.0/8,proxy"}, "TRUSTED_PROXIES holds 'proxy'."),
    ({"TRUSTED_PROXIES": "0.0.0.0/0"}, "TRUSTED_PROXIES holds '0.0.0.0/0'. List"),
    ({"TRUSTED_PROXIES": "::ffff:0:0/96"}, "TRUSTED_PROXIES holds '::ffff:0:0/96'"),
    ({"TRUSTED_PROXIES": "::/0"}, "TRUSTED_PROXIES holds '::/0'. List addresses"),
    (
        {"MEDIA_ROOT": "/srv/static/media", "STATIC_ROOT": "/srv/static"},
        "MEDIA_ROOT lies in STATIC_ROOT, which every update empties. Set another",
    ),
    (
        {"MEDIA_ROOT": "/srv/both/", "STATIC_ROOT": "/srv/both"},
        "MEDIA_ROOT lies in STATIC_ROOT",
    ),
    ({"WEB_THREADS": "2"}, "WEB_THREADS is '2'. Set a whole number from 4 to 64."),
    ({"MAIL_RATE": "-1"}, "MAIL_RATE is '-1'. Set how many a second: 10, or 0.5"),
    ({"MAIL_RATE": "٣"}, "MAIL_RATE is '٣'."),
    ({"MAIL_CONNECTIONS": "0"}, "MAIL_CONNECTIONS is '0'. Set a whole number from"),
    ({"MAIL_CONNECTIONS": "9"}, "MAIL_CONNECTIONS is '9'."),
    ({"MAIL_PER_DAY": "1e4"}, "MAIL_PER_DAY is '1e4'. Set a whole number from 0 to"),
    ({"MAIL_WARM_UP": "400"}, "MAIL_WARM_UP is '400'. Set the first day and how many"),
    ({"MAIL_WARM_UP": "2027-02-30:400"}, "MAIL_WARM_UP is '2027-02-30:400'."),
    ({"MAIL_WARM_UP": "2027-03-01:0"}, "MAIL_WARM_UP is '2027-03-01:0'."),
    ({"BOUNCE_ADDRESS": "bounces"}, "BOUNCE_ADDRESS is 'bounces'. Set an address"),
    ({"BOUNCE_ADDRESS": "Us <b@example.org>"}, "BOUNCE_ADDRESS is 'us <b@"),
    ({"BOUNCE_ADDRESS": "b+c@example.org"}, "BOUNCE_ADDRESS is 'b+c@example.org'."),
    ({"BOUNCE_ADDRESS": "unsubscribe@example.org"}, "BOUNCE_ADDRESS is 'unsub"),
    ({"BOUNCE_ADDRESS": f"{'b' * 18}@example.org"}, "BOUNCE_ADDRESS is 'bbb"),
    ({"MAIL_WEBHOOKS": "hermes"}, "MAIL_WEBHOOKS is 'hermes'. Set a provider"),
    ({"MAIL_WEBHOOKS": "base"}, "MAIL_WEBHOOKS is 'base'."),
    ({"MAIL_WEBHOOKS": "postmark"}, "ANYMAIL_WEBHOOK_SECRET is missing, short"),
    (
        {"MAIL_WEBHOOKS": "postmark", "ANYMAIL_WEBHOOK_SECRET": "a:short"},
        "ANYMAIL_WEBHOOK_SECRET is missing, short or",
    ),
    (
        {"MAIL_WEBHOOKS": "postmark", "ANYMAIL_WEBHOOK_SECRET": "a:" + "b" * 20},
        "ANYMAIL_WEBHOOK_SECRET is missing, short or repeats itself",
    ),
    ({"DEMO": "1"}, "DEMO is on and SITE_URL is a public address."),
    ({"DEMO": "1"}, "DEMO is on and MAIL_URL is a real mail server."),
]

# What nobody may see again of a value that was wrong.
HIDDEN = "s3cr3tpw"
# Wrong for every variable that is not named below.
WRONG = [
    "nonsense!", "-1", "²", f"https://u:{HIDDEN}@[::1", f"smtp://u:{HIDDEN}#@h:25",
    f"postgresql://u:{HIDDEN}/x@h/n", "'in quotes'", "a b", "$HOME", "x" * 5000,
]  # fmt: skip
LONG = "x" * 5000  # a former key, or a file's name
WRONG_FOR = {
    "EMAIL_KEY_FALLBACKS": [value for value in WRONG if value != LONG],
    "CHECKPOINT_KEY": ["x", "a b", "y" * 49, "ab" * 40],
    "METRICS_TOKEN": ["x", "é" * 30, "a b" * 10, "y" * 19, "$HOME"],
    "DATABASE_URL": [
        *WRONG,
        f"postgresql://u:{HIDDEN}@h/n?sslmode=requre",
        f"postgresql://u:{HIDDEN}@h/n?sslmoed=require",
        f"postgresql://u:{HIDDEN}@h/n?connect_timeout=soon",
        f"postgresql://u:{HIDDEN}@h/n?target_session_attrs=writable",
        f"postgresql://u:{HIDDEN}@h:99999/n",
        f"postgresql://u:{HIDDEN}@h:0/n",
        f"postgresql://u:{HIDDEN}@h",
        f"postgres//u:{HIDDEN}@h/n",
    ],
    "MAIL_URL": [
        *WRONG,
        f"smtp://u:#{HIDDEN}@h:25",
        f"smtp://u:/{HIDDEN}@h:25",
        f"smtp://u:?{HIDDEN}@h:25",
        f"smtp://u:{HIDDEN} @h:25",
        f"smtp+tls://u:{HIDDEN}@h:0",
        f"smtp+tls://u:{HIDDEN}@h:99999",
        f"smtp+tls://u:{HIDDEN}@h:587?tmeout=10",
        f"smtp+tls://u:{HIDDEN}@h:587/inbox",
        f"smpt://u:{HIDDEN}@h:587",
        "folder://tmp/mail",
    ],
    **{
        name: [LONG, f"{HIDDEN}\x1b[2J", f"Two\n{HIDDEN}"]
        for name in (
            "OPERATOR",
            "HOSTING",
            "MAIL_SERVICE",
            "LEGAL_BASIS",
            "PRIVACY_OFFICER",
            "OPERATOR_EN",
            "OPERATOR_FR",
            "PRIVACY_OFFICER_FR",
        )
    },
    "BIND": [*WRONG, "8000", "127.0.0.1:0", "127.0.0.1:70000", f"u:{HIDDEN}@h:25"],
}
NAMES = [
    "SITE_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "CHECKPOINT_KEY", "EMAIL_KEY",
    "EMAIL_KEY_FALLBACKS", "DATABASE_URL", "MAIL_URL", "MAIL_RATE", "MAIL_CONNECTIONS",
    "MAIL_PER_DAY", "MAIL_WARM_UP", "BOUNCE_ADDRESS", "MAIL_WEBHOOKS", "ANYMAIL_WEBHOOK_SECRET", "MAIL_FROM", "ALERT_EMAIL", "ALERT_URL",
    "SECURITY_CONTACT", "TRUSTED_PROXIES", "TIME_ZONE", "MEDIA_ROOT", "STATIC_ROOT",
    "SECOND_FACTOR", "AUDIT_MONTHS", "OPERATOR", "HOSTING", "MAIL_SERVICE",
    "LEGAL_BASIS", "PRIVACY_OFFICER", "OPERATOR_EN", "OPERATOR_FR",
    "PRIVACY_OFFICER_FR",
    "RETENTION_MONTHS", "METRICS_TOKEN", "BIND", "WEB_CONCURRENCY", "WEB_THREADS",
    "GRACEFUL_TIMEOUT", "LOG_FORMAT", "DEMO", "DEBUG",
]  # fmt: skip
REQUIRED = {"SITE_URL", "SECRET_KEY", "EMAIL_KEY", "DATABASE_URL", "MAIL_URL",
            "MAIL_FROM"}  # fmt: skip
BESIDES: dict[str, Changes] = {"ANYMAIL_WEBHOOK_SECRET": {"MAIL_WEBHOOKS": "postmark"}}
WRONGLY_SET: list[tuple[str, str]] = [
    (name, value) for name in NAMES for value in WRONG_FOR.get(name, WRONG)
]
NOTHING: list[tuple[str, str]] = [
    (name, value) for name in NAMES for value in ("", "  ") if name not in BESIDES
]

# Starts the site anew for each environment, but loads Django once for all of them.
STARTS = f"""
import json, os, sys
import django.core.wsgi, django.utils.csp, django_stubs_ext, environ
import config.environment, core.http.styles, core.observability.logs

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


def all_started(environments: list[Changes], code: str) -> list[tuple[int, str]]:
    """What became of each start: exit code and errors."""
    done = subprocess.run(
        [sys.executable, "-c", STARTS.replace(SERVE, code)],
        cwd=ROOT,
        input=json.dumps([environment(changes) for changes in environments]),
        capture_output=True,
        text=True,
        check=True,
    )
    return [(code, said) for code, said in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def starts() -> list[tuple[int, str]]:
    return all_started([changes for changes, _sentence in MISTAKES], SERVE)


@pytest.mark.parametrize(("changes", "sentence"), MISTAKES)
def test_a_mistake_stops_the_start_with_a_sentence(
    starts: list[tuple[int, str]], changes: Changes, sentence: str
) -> None:
    code, said = starts[MISTAKES.index((changes, sentence))]

    assert code != 0
    assert sentence in said
    assert "Traceback" not in said


def test_every_wrong_value_is_named_with_what_to_set_and_never_shown() -> None:
    environments: list[Changes] = [
        {**BESIDES.get(name, {}), name: value} for name, value in WRONGLY_SET
    ]
    for (name, value), (code, said) in zip(
        WRONGLY_SET, all_started(environments, SERVE), strict=True
    ):
        asked = (name, value[:60], said[:500])
        assert code != 0, asked
        assert said.startswith(name), asked
        assert re.search(r"\b(Set|write|List|Leave it out)\b", said), asked
        assert "Traceback" not in said, asked
        assert HIDDEN not in said, asked
        # All that is wrong, and nothing that follows from it.
        assert len(said) < 700, asked
        assert {line.split(" ")[0].rstrip(":") for line in said.splitlines()} == {name}


def test_what_is_empty_is_not_set() -> None:
    """As a line without a value in a file of them has it."""
    environments: list[Changes] = [{name: value} for name, value in NOTHING]
    settings = "import config.settings"
    for (name, _value), (code, said) in zip(
        NOTHING, all_started(environments, settings), strict=True
    ):
        if name in REQUIRED:
            assert f"{name} is not set." in said
        else:
            assert (code, said) == (0, ""), name


def test_a_secret_keeps_quotes_that_it_was_begun_with() -> None:
    """Without them, EMAIL_KEY would be another one, and no mailbox be known."""
    key = f"'{SECRET}'"
    done = start(
        {"SECRET_KEY": key}, "import config.settings as s; print(s.SECRET_KEY)"
    )

    assert done.stdout.strip() == key, done.stderr


def test_a_secret_that_begins_with_a_dollar_is_one() -> None:
    key = f"${SECRET}"
    done = start(
        {"SECRET_KEY": key}, "import config.settings as s; print(s.SECRET_KEY)"
    )

    assert done.stdout.strip() == key, done.stderr


def test_every_variable_of_the_table_is_tried() -> None:
    others = {
        "POSTGRES_PASSWORD", "HOUR", "DAYS", "PORT", "DEMO_PASSWORD", "VAR",
        "POSTGRES_BIN",
    }  # fmt: skip
    text = (ROOT / "docs/configuration.md").read_text()
    table = text.partition("| variable |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([A-Z_]{3,})`", table)) - {"ANYMAIL_"}

    assert named - others - set(NAMES) == set()


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


def test_the_table_of_the_documentation_names_every_variable() -> None:
    source = "".join(
        (ROOT / name).read_text()
        for name in (
            "config/settings.py",
            "config/gunicorn.py",
            "devsite/launcher.py",
        )
    )
    read = set(re.findall(r'(?:env\.\w+|environ\.get)\(\s*"([A-Z_]+)"', source))
    text = (ROOT / "docs/configuration.md").read_text()

    assert {name for name in read if f"`{name}`" not in text} == set()
