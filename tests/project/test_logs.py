"""Every journey is made with data that nobody can mistake, and all logs are searched
for it: the web server's, the worker's, gunicorn's own, PostgreSQL's."""

from __future__ import annotations

import contextlib
import html
import http.cookiejar
import json
import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import pytest

from tests.mailserver import MailServer
from tests.site import PASSWORD, Answer, NoRedirect, Site, fetch, link_of, until

PETITION = "canada-sign-the-global-treaty-to-end-torture"
SIGN = f"/petitions/{PETITION}/sign/"
NAME = "Zebedéé O’Quillfeather"
EMAIL = "Wimblethorpe+x@gobbledok.example.org"
COMMENT = "Snickersnee, for my aunt Fotheringay"
REFUSED = "blunderbuss@refusals.example.org"
BROKEN = "discombobulated@rules.example.org"
TWICE = "flabbergasted@keys.example.org"
# None of these words stands anywhere in the code or the demonstration.
WORDS = (
    "zebed", "quillfeather", "wimblethorpe", "gobbledok", "snickersnee", "fotheringay",
    "blunderbuss", "discombobulated", "flabbergasted",
)  # fmt: skip
FORM = {"name": NAME, "email": EMAIL, "comment": COMMENT, "updates": "yes"}

ROUTE = "/petitions/<uslug:slug>/sign/"
EXPECTED = {
    ("POST", ROUTE, 303, "stored"),
    ("POST", ROUTE, 422, "invalid"),
    ("POST", ROUTE, 403, "foreign"),
    ("POST", ROUTE, 409, "reworded"),
    ("POST", ROUTE, 409, "not open"),
    ("POST", "(no route)", 413, None),
    ("POST", ROUTE, 415, None),
    ("POST", ROUTE, 500, None),
    ("GET", "/petitions/<uslug:slug>/check-inbox/", 200, None),
    ("GET", "/petitions/", 200, None),
    ("GET", "/confirm/<str:token>/", 200, None),
    ("GET", "/confirm/<str:token>/", 404, None),
    ("POST", "/confirm/<str:token>/", 303, "counted"),
    ("POST", "/confirm/<str:token>/correct/", 303, "counted"),
    ("POST", "/confirm/<str:token>/resend/", 303, None),
    ("POST", "/not-me/<str:token>/", 303, "erased"),
    ("POST", "/signature/<str:token>/", 303, "corrected"),
    ("POST", "/signature/<str:token>/withdraw/", 303, "withdrawn"),
    ("POST", "/signed/", 303, None),
    ("POST", "/new-link/", 303, None),
    ("GET", "/signed/<str:token>/", 200, None),
    ("GET", "/signed/<str:token>/download/", 200, None),
    ("POST", "/signed/<str:token>/erase/", 303, "erased all"),
    ("POST", "/never-again/<str:token>/", 303, "never again"),
    ("GET", "/never-again/<str:token>/", 410, None),
    ("POST", "/admin/login/", 200, None),
    ("POST", "/admin/login/", 302, None),
    ("GET", "/admin/petitions/signature/", 200, None),
    ("GET", "(no route)", 404, None),
}


@dataclass
class Journey:
    """A site that everything happened on, and the secrets that it gave out."""

    site: Site
    tokens: set[str]


@pytest.fixture(scope="module")
def journey() -> Iterator[Journey]:
    server = MailServer()
    server.mailbox.refuse = lambda address: (
        f"550 5.1.1 <{address}> unknown" if address == REFUSED else None
    )
    server.start()
    site = Site.begun(LOG_FORMAT="json", MAIL_URL=f"smtp://127.0.0.1:{server.port}")
    try:
        yield Journey(site.start(), Walk(site, server).all())
    finally:
        site.remove()
        server.stop()


class Walk:
    """Everything that signers, staff and strangers do."""

    def __init__(self, site: Site, server: MailServer) -> None:
        self.site = site
        self.server = server
        self.tokens: set[str] = set()

    def all(self) -> set[str]:
        self.refused_forms()
        self.one_signature()
        self.strangers()
        self.staff()
        self.failures()
        return self.tokens

    def get(self, path: str) -> Answer:
        return fetch(self.site.url + path)

    def post(self, path: str, data: dict[str, str], **headers: str) -> Answer:
        return fetch(self.site.url + path, data, headers=headers)

    def link(self, part: str, email: str = EMAIL, after: int = 0) -> str:
        """Return the path of the newest link with `part` that was mailed to an address,
        in a message after the first `after`."""

        def newest() -> str:
            for message in reversed(self.server.mailbox.since(after)):
                link = link_of(message, part)
                if message["To"] == email and link:
                    return urlsplit(link).path
            return ""

        path = until(newest)
        self.keep(path)
        return path

    def link_on(self, path: str, part: str) -> str:
        """Return the first link with `part` on a page of the site."""
        page = self.get(path).text
        self.keep(page)
        found = re.search(rf'"({part}[^"]+)"', page)
        assert found, page
        return found[1]

    def keep(self, text: str) -> None:
        """Remember the tokens in some text."""
        self.tokens |= set(re.findall(r"[0-9a-z]+\.[0-9a-z]+\.[\w-]{30,}", text))

    def forget_caps(self) -> None:
        """Let the next mail out at once; the caps have tests of their own."""
        self.site.sql(
            "UPDATE petitions_outgoingmail SET finished_at = now() - '2 days'::interval WHERE state <> 'due'"
        )
        self.site.sql(
            "UPDATE petitions_outgoingmail SET due_at = now() - '1 day'::interval WHERE state = 'due'"
        )

    def all_sent(self) -> int:
        """Wait until no mail is due; return how many came."""
        due = "SELECT count(*) FROM petitions_outgoingmail WHERE state = 'due'"
        until(lambda: self.site.sql(due) == [(0,)])
        return len(self.server.mailbox.messages)

    def refused_forms(self) -> None:
        self.post(SIGN, {**FORM, "name": ""})
        self.post(SIGN, {**FORM, "email": "wimblethorpe\n@gobbledok"})
        self.post(SIGN, FORM, **{"Sec-Fetch-Site": "cross-site"})
        self.post(SIGN, {**FORM, "version": "0.1.number.00000000"})
        self.post(SIGN, {**FORM, "comment": COMMENT * 5000})
        self.post(SIGN, FORM, **{"Content-Type": "text/plain"})
        closed = "keep-the-reading-room-at-the-lock-open-on-sundays"
        self.post(f"/petitions/{closed}/sign/", FORM)
        self.get(f"/petitions/?q={quote(NAME)}")
        self.get(f"/{quote(EMAIL)}/{quote(NAME)}")

    def one_signature(self) -> None:
        inbox = self.post(SIGN, FORM)
        self.get(inbox.headers["Location"])
        self.tokens.add(inbox.headers["Location"].partition("to=")[2])
        confirm = self.link("/confirm/")
        self.keep(self.get(confirm).text)
        not_me = self.link("/not-me/")
        self.get(not_me)
        self.get(confirm[:-8] + "/")
        self.post(confirm + "resend/", {})
        self.forget_caps()
        self.post("/new-link/", {"email": EMAIL})
        confirm = self.link("/confirm/")
        self.post(confirm, {})
        self.forget_caps()
        self.post(confirm + "resend/", {})
        own = self.link_on(self.link("/signed/"), "/signature/")
        self.get(own)
        self.post(own, {**FORM, "name": NAME + " II", "comment": COMMENT + "!"})
        self.keep(self.get(own).text)
        self.post(own + "withdraw/", {})
        self.forget_caps()
        # Again, corrected this time.
        before = self.all_sent()
        self.post(SIGN, {**FORM, "comment": COMMENT * 2})
        again = self.link("/confirm/", after=before)
        self.post(again + "correct/", {**FORM, "name": NAME + " III"})
        self.forget_caps()
        self.post("/signed/", {"email": EMAIL})
        everything = self.link("/signed/")
        page = self.get(everything).text
        self.keep(page)
        self.get(everything + "download/")
        never = self.link("/never-again/")
        self.get(never)
        self.post(never, {})
        self.post(everything + "erase/", {})
        self.get(never)

    def strangers(self) -> None:
        self.post(SIGN, {**FORM, "email": "fotheringay@gobbledok.example.org"})
        self.forget_caps()
        not_me = self.link("/not-me/", "fotheringay@gobbledok.example.org")
        self.post(not_me, {})
        self.post(SIGN, {**FORM, "email": REFUSED})
        until(lambda: "refused" in (self.site.var / "log/worker.log").read_text())
        token = max(self.tokens)
        for raw in (
            f"GET /confirm/{token}/ HTTP/9.9\r\n\r\n",
            f"GET /confirm/{token}/?{EMAIL}\r\n\r\n",
            f"GET /confirm/{token}/ HTTP/1.1\r\nHost: localhost\r\nWimblethorpe x: y\r\n\r\n",
            f"WIMBLE /confirm/{token}/ HTTP/1.1\r\nHost: gobbledok.example.org\r\n\r\n",
            f"GET /confirm/{token}/ HTTP/1.1\r\nHost: gobbledok.example.org\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", self.site.port), 5) as line:
                line.sendall(raw.encode())
                with contextlib.suppress(OSError):
                    line.settimeout(2)
                    line.recv(1000)

    def staff(self) -> None:
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(
            NoRedirect, urllib.request.HTTPCookieProcessor(jar)
        )

        def visit(path: str, data: dict[str, str] | None = None) -> None:
            body = None
            if data is not None:
                csrf = next(c.value for c in jar if "csrf" in c.name)
                body = urlencode({**data, "csrfmiddlewaretoken": csrf or ""}).encode()
            headers = {"Sec-Fetch-Site": "same-origin", "Origin": self.site.url}
            request = urllib.request.Request(self.site.url + path, body, headers)
            with contextlib.suppress(urllib.error.HTTPError):
                browser.open(request, timeout=10).close()

        visit("/admin/login/")
        visit("/admin/login/", {"username": EMAIL, "password": NAME})
        visit("/admin/login/", {"username": "staff@demo.example", "password": PASSWORD})
        visit("/admin/petitions/signature/?" + urlencode({"q": EMAIL}))

    def failures(self) -> None:
        """Provoke server errors by constraints that the forms do not know."""
        sql = self.site.sql
        sql(
            f"ALTER TABLE petitions_signature ADD CONSTRAINT planted CHECK (email <> '{BROKEN}')"
        )
        sql(
            f"CREATE UNIQUE INDEX planted_too ON petitions_signature (email) WHERE email = '{TWICE}'"
        )
        assert self.post(SIGN, {**FORM, "email": BROKEN}).status == 500
        assert self.post(SIGN, {**FORM, "email": TWICE}).status == 303
        assert self.post(SIGN, {**FORM, "email": TWICE}).status == 500


def lines(text: str) -> list[dict[str, Any]]:
    """Return the lines of a log, each of which has to be JSON."""
    return [json.loads(line) for line in text.splitlines()]


def ways_to_write(secret: str) -> set[str]:
    """Return a secret as logs might hold it: plain, quoted, escaped."""
    plain = {secret, secret.lower()}
    return plain | {
        way(form)
        for form in plain
        for way in (quote, quote_plus, html.escape, lambda s: json.dumps(s)[1:-1])
    }


def test_no_log_holds_a_name_an_address_or_a_token(journey: Journey) -> None:
    assert len(journey.tokens) > 8
    logs = {log.name: log.read_text() for log in (journey.site.var / "log").iterdir()}
    logs["launcher"] = journey.site.output
    secrets = {NAME, EMAIL, COMMENT, *WORDS, *journey.tokens}
    forms = {form for secret in secrets for form in ways_to_write(secret)}
    # The signature alone finds a token that was cut off at its beginning.
    forms |= {token.rpartition(".")[2] for token in journey.tokens if "." in token}

    assert {"web.log", "worker.log", "postgres.log"} <= set(logs)
    found = {
        f"{form} in {name}: {line}"
        for name, text in logs.items()
        for form in forms
        for line in text.splitlines()
        if form in line or form in line.lower()
    }
    assert found == set()


def test_the_logs_say_what_happened(journey: Journey) -> None:
    folder = journey.site.var / "log"
    web = lines((folder / "web.log").read_text())
    worker = lines((folder / "worker.log").read_text())
    requests = [line for line in web if line["logger"] == "access"]

    seen = {
        (line["method"], line["route"], line["status"], line.get("outcome"))
        for line in requests
    }
    assert EXPECTED - seen == set()
    assert len({line["request_id"] for line in requests}) == len(requests)
    (stored, *_) = [line for line in requests if line.get("outcome") == "stored"]
    assert stored["petition"] > 0
    assert stored["signature"] > 0
    assert stored["ms"] > 0

    events = [line for line in web if line["logger"] == "security"]
    assert {"login failed", "login succeeded"} <= {line["message"] for line in events}
    assert all(line["request_id"] for line in events)
    assert any(line.get("account") for line in events)
    errors = [line for line in web if line["logger"] == "django.request"]
    assert len(errors) == 2
    assert {line["message"] for line in errors} == {f"500 POST {ROUTE}"}
    assert "psycopg.errors.CheckViolation: 23514 planted\n" in errors[0]["traceback"]
    assert (
        "psycopg.errors.UniqueViolation: 23505 planted_too\n" in errors[1]["traceback"]
    )
    assert "in sign\n" in errors[0]["traceback"]
    assert {line["request_id"] for line in errors} <= {
        line["request_id"] for line in requests if line["status"] == 500
    }
    gunicorn = [line["message"] for line in web if line["logger"] == "gunicorn.error"]
    assert gunicorn.count("Invalid request") >= 2
    assert any("Listening at" in message for message in gunicorn)
    assert any("refused: 550" in line["message"] for line in worker)
    postgres = (folder / "postgres.log").read_text()
    assert 'violates check constraint "planted"' in postgres
    assert 'violates unique constraint "planted_too"' in postgres
