"""Read settings from the environment. Each mistake gets a sentence, and all of them are
reported together, so that nobody restarts a server five times."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from datetime import date
from difflib import get_close_matches
from email.utils import parseaddr
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from config.values import (
    CHOICES,
    ENCODED,
    HOST,
    NUMBERS,
    UNENCODED,
    int_or_0,
    quoted,
    repeats_itself,
    split_url,
)
from core.db.guards import is_visible
from core.mail.addresses import (
    ascii_domain,
    sendable_mailbox,
)
from core.security.client_network import parse_network

SMTP_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def is_printed(character: str) -> bool:
    """Return whether a page shows the character: all but controls and invisible
    ones."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


class Environment(environ.Env):  # type: ignore[misc]
    """The environment, with a list of everything that is wrong with it."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.known: set[str] = set()
        """The variables that were read."""

    def text(self, name: str, default: str = "") -> str:
        """Return the value without blanks around it; an empty one counts as not set.
        Report one in quotes, which not every reader of an .env takes off; they are part
        of a key. (django-environ's own methods would take “$NAME” for a reference to
        another variable.)"""
        self.known.add(name)
        value = str(self.ENVIRON.get(name, "")).strip()
        # Once more in between, they belong to what is said: “"Rights" and "Liberty"”.
        quotes = re.fullmatch(r"(['\"])((?:\\.|(?!\1).)*)\1", value, re.S)
        if quotes and not re.search("_KEY(_FALLBACKS)?$", name):
            problem = f"{name} begins and ends with a quotation mark. Leave both out."
            if problem not in self.problems:
                self.problems.append(problem)
            value = quotes[2].strip()
        return value or default

    def parts(self, name: str) -> list[str]:
        """Return the parts between commas, without empty ones."""
        return [part for part in map(str.strip, self.text(name).split(",")) if part]

    def misspelt(self) -> dict[str, str]:
        """Return variables that are set but never read, each with the unset one that
        its name resembles."""
        unset = self.known - set(self.ENVIRON)
        names = {
            name: close[0]
            for name in set(self.ENVIRON) - self.known
            if (close := get_close_matches(name.upper(), unset, n=1, cutoff=0.85))
        }
        return dict(sorted(names.items()))

    def required(self, name: str, advice: str) -> str:
        """Return the value of `name`; if it is missing, report that with `advice` on
        what to set."""
        value = self.text(name)
        if not value:
            self.problems.append(f"{name} is not set. {advice}")
        return value

    def secret(self, name: str, purpose: str) -> str:
        """Return a secret; report one of fewer than 50 characters, or that repeats
        itself. Blanks around it count, too."""
        if not self.required(
            name, f"Set it to 50 or more random characters; it {purpose}."
        ):
            return ""
        value = str(self.ENVIRON[name])
        if len(value) < 50:
            self.problems.append(
                f"{name} has {len(value)} characters. Set 50 or more random ones: "
                "`openssl rand -hex 32` makes them."
            )
        elif repeats_itself(value):
            self.problems.append(
                f"{name} repeats itself, so it can be guessed. Set 50 or more random "
                "characters: `openssl rand -hex 32` makes them."
            )
        return value

    def token(self, name: str) -> str:
        """Return a bearer token, or ""; report one that can be guessed or not be
        sent."""
        value = self.text(name)
        sent = re.fullmatch(r"[A-Za-z0-9._~+/=-]{20,}", value)
        if value and (not sent or repeats_itself(value)):
            self.problems.append(
                f"{name} can be guessed, or not be sent. Set 20 or more random letters "
                "and digits, as `openssl rand -hex 32` makes them, or leave it out."
            )
        return value

    def folder(self, name: str, default: Path) -> Path:
        """Return a folder; report a path that is not absolute."""
        value = self.text(name, str(default))
        if not value.startswith("/"):
            self.problems.append(
                f"{name} is {quoted(value)}. Set the whole path of a folder: {default}"
            )
        return Path(value)

    def flag(self, name: str) -> bool:
        """Return True for 1, true, yes or on; False for 0, false, no, off or nothing;
        report anything else."""
        value = self.text(name).lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value not in {"", "0", "false", "no", "off"}:
            self.problems.append(f"{name} is {quoted(value)}. Set it to 1 or 0.")
        return False

    def one_of(self, name: str, known: tuple[str, ...], default: str) -> str:
        """Return one of the `known` words; report any other."""
        value = self.text(name, default).lower()
        if value not in known:
            self.problems.append(
                f"{name} is {quoted(value)}. Set {' or '.join(known)}."
            )
            return default
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number; report one that is not from `least` to `most`."""
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdecimal() and least <= int(value) <= most):
            self.problems.append(
                f"{name} is {quoted(value)}. Set a whole number from {least} to {most}."
            )
            return default
        return int(value)

    def warm_up(self, name: str) -> tuple[date, int] | None:
        """Return a day and a number of mails, None without one; report anything
        else."""
        value = self.text(name)
        given = re.fullmatch(r"(\d{4}-\d\d-\d\d):([1-9]\d{0,7})", value, re.ASCII)
        try:
            if given:
                return date.fromisoformat(given[1]), int(given[2])
        except ValueError:
            pass  # no day of the calendar
        if value:
            self.problems.append(
                f"{name} is {quoted(value)}. Set the first day and how many mails it "
                "has: 2027-03-01:400"
            )
        return None

    def rate(self, name: str) -> float:
        """Return a rate per second, which may be a fraction; 0 means no limit."""
        value = self.text(name, "0")
        if not re.fullmatch(r"\d{1,4}(\.\d{1,4})?", value, re.ASCII):
            self.problems.append(
                f"{name} is {quoted(value)}. Set how many a second: 10, or 0.5 for "
                "one in two seconds; 0 for as many as possible."
            )
            return 0.0
        return float(value)

    def address(self, name: str, value: str) -> str:
        """Return an e-mail address as mail servers take it; report an invalid one as
        the value of variable `name`."""
        mailbox = sendable_mailbox(value)
        try:
            validate_email(parseaddr(mailbox)[1])
        except ValidationError:
            self.problems.append(
                f"{name} is {quoted(value)}. Set an e-mail address, "
                "petitions@example.org"
            )
        return mailbox

    def return_address(self, name: str) -> str:
        """Return the address that mail comes back to, or ""; report one to which no
        token could be added before the @."""
        value = self.text(name).lower()
        local, _at, domain = value.rpartition("@")
        domain = ascii_domain(domain)
        plain = re.fullmatch(r"[a-z0-9_-]{1,17}", local) and local != "unsubscribe"
        if value and not (plain and re.fullmatch(r"([a-z0-9-]+\.)+[a-z0-9-]+", domain)):
            self.problems.append(
                f"{name} is {quoted(value)}. Set an address alone, with at most 17 "
                "letters and digits before the @: bounces@mail.example.org"
            )
            return ""
        return f"{local}@{domain}" if value else ""

    def contact(self, name: str) -> str:
        """Return a contact as a URL that begins with mailto:, https:// or tel:; a bare
        e-mail address gets its mailto:."""
        value = self.text(name)
        if "@" in value and ":" not in value:
            value = f"mailto:{value}"
        form = r"(mailto:[^\s@:/]+@|https://[^\s@/:]|tel:\+?)[^\s@]+"
        if value and not re.fullmatch(form, value):
            self.problems.append(
                f"{name} is {quoted(value)}. Set an e-mail address, a page "
                "(https://…) or a telephone (tel:+1-613-555-0100)."
            )
        return value

    def web_address(self, name: str) -> str:
        """Return an http or https URL, or ""; report any other value, and one that
        cannot be asked as it is: with a user, a blank or a letter beyond ASCII."""
        value = self.text(name)
        url = split_url(value)
        plain = value.isascii() and value.isprintable() and " " not in value
        can_be_asked = plain and "@" not in url.netloc
        known = url.scheme in {"http", "https"} and url.hostname
        if value and not (known and can_be_asked):
            # Not quoted: such URLs are secrets.
            self.problems.append(
                f"{name} cannot be read. Set an address that takes a POST: "
                "https://hooks.example.org/…"
            )
            return ""
        return value

    def in_languages(self, name: str, languages: list[str]) -> dict[str, str]:
        """Return a line of text by language, without those that are not set: NAME_FR is
        in French, `name` itself in the first language, which may be named, too; report
        what cannot be printed on a page."""
        texts = {}
        for number, code in enumerate(languages):
            variable = f"{name}_{code.upper()}"
            value = self.text(variable)
            if number == 0 and (own := self.text(name)):
                if value:
                    self.problems.append(
                        f"{name} and {variable} are both set, and mean the same. "
                        "Leave one out."
                    )
                variable, value = name, own
            if len(value) > 500:
                self.problems.append(
                    f"{variable} has {len(value)} characters. Set at most 500."
                )
            # French has blanks that do not break a line before its signs.
            if odd := next((c for c in value if not is_printed(c)), ""):
                self.problems.append(
                    f"{variable} has a character that cannot be printed on a page "
                    f"(U+{ord(odd):04X}). Set one line without it."
                )
            if value and not is_visible(value):
                self.problems.append(
                    f"{variable} has nothing that can be seen. Say it, or leave it out."
                )
            elif value:
                texts[code] = value
        return texts

    def time_zone(self, name: str) -> str:
        """Return a name of the time zone database; report any other."""
        value = self.text(name, "UTC")
        if value not in zoneinfo.available_timezones():
            self.problems.append(
                f"{name} is {quoted(value)}. Set a name such as America/Toronto or UTC."
            )
            return "UTC"
        return value

    def listening(self, name: str) -> list[str]:
        """Return the addresses on which the web server listens: host:port, separated by
        commas."""
        parts = self.parts(name)
        for part in parts:
            host, _colon, port = part.rpartition(":")
            known = re.fullmatch(r"[\w.-]+|\[[0-9A-Fa-f:.]+\]", host)
            if not (known and 0 < int_or_0(port) < 65536):
                self.problems.append(
                    f"{name} holds {quoted(part)}. Set host:port: 127.0.0.1:8000"
                )
        return parts or ["127.0.0.1:8000"]

    def networks(self, name: str) -> list[str]:
        """Return IP addresses or networks, separated by commas; report each that is
        neither."""
        parts = self.parts(name)
        for part in parts:
            try:
                # The widest private one, fc00::/7. Whoever is believed names visitors.
                if parse_network(part).prefixlen < 7:
                    raise ValueError(part)
            except ValueError:
                self.problems.append(
                    f"{name} holds {quoted(part)}. List addresses (10.0.0.7) or whole "
                    "networks (10.0.0.0/8), separated by commas."
                )
        return parts

    def site_url(self, name: str) -> SplitResult:
        """Return the public URL of the site: scheme and host, and nothing after
        them."""
        value = self.required(
            name, "Set the public address of the site, https://petitions.example.org"
        )
        url = split_url(value.rstrip("/"))
        port = f":{url.port}" if url.port else ""
        host = url.hostname or ""
        bare = f"{url.scheme}://{host}{port}"
        if value and (
            url.scheme not in {"http", "https"}
            or not HOST.fullmatch(ascii_domain(host))
            or "_" in host
            or url.geturl().lower() != bare
        ):
            self.problems.append(
                f"{name} is {quoted(value)}. Set scheme and host only: "
                "https://petitions.example.org"
            )
        if url.hostname and not url.hostname.isascii():
            # Punycode, as browsers and mail programs write it.
            url = url._replace(netloc=f"{ascii_domain(url.hostname)}{port}")
        return url

    def database(self, name: str) -> dict[str, Any]:
        """Return Django's database settings for a URL as PostgreSQL's own programs read
        it: with several hosts, sslmode and the like."""
        advice = "Set postgresql://user:password@host:5432/name"
        value = self.required(name, advice)
        if not value:
            return {}
        scheme, _, rest = value.partition("://")
        if scheme not in {"postgresql", "postgres"}:
            self.problems.append(f"{name} does not name PostgreSQL. {advice}")
            return {}
        user, at, host = rest.rpartition("@")
        if at and UNENCODED.search(user):
            self.problems.append(
                f"{name} cannot be read: in user and password, write {ENCODED}."
            )
            return {}
        try:
            parameters: dict[str, Any] = dict(conninfo_to_dict(value))
        except ProgrammingError as error:
            # Nothing else of libpq's words: they quote the value, which holds a
            # password.
            said = ""
            if named := re.search(r'query parameter: "([a-z_]+)"', str(error)):
                said = f": it knows no {named[1]}"
                if "separator" in str(error):
                    said = f": write {named[1]}=… with = as %3D, a space as %20"
            self.problems.append(f"{name} cannot be read{said}. {advice}")
            return {}
        ports = str(parameters.pop("port", "") or "")
        wrong = [p for p in ports.split(",") if p and not 0 < int_or_0(p) < 65536]
        if not parameters.get("dbname") or wrong:
            what = "a port is no number from 1 to 65535"
            if not wrong:
                what = "it names no database"
            elif re.search(r"(^|@|,)[^\[/,]*:[^/,]*:", host):
                what = "an address of IPv6 stands in brackets, [::1]"
            self.problems.append(f"{name} cannot be read: {what}. {advice}")
            return {}
        for option, given in parameters.items():
            known = CHOICES.get(option)
            if known and given not in known:
                self.problems.append(
                    f"{name}: {option} is {quoted(given)}. Set {' or '.join(known)}: "
                    f"…/name?{option}={known[-1]}"
                )
            if NUMBERS.fullmatch(option) and not str(given).isdecimal():
                self.problems.append(
                    f"{name}: {option} is {quoted(given)}. Set a number: "
                    f"…/name?{option}=10"
                )
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parameters.pop("dbname"),
            "USER": parameters.pop("user", ""),
            "PASSWORD": parameters.pop("password", ""),
            "HOST": parameters.pop("host", ""),
            "PORT": ports,
            "OPTIONS": parameters,
        }

    def mailer(self, name: str) -> dict[str, Any]:
        """Return Django's `MAILERS` entry for a URL such as
        smtp+tls://user:pw@host:587."""
        advice = (
            "Set smtp://user:password@host:25 (plain), smtp+tls://…:587 (STARTTLS), "
            "smtps://…:465 (TLS) or folder:///path (demonstration)."
        )
        value = self.required(name, advice)
        url = split_url(value)
        if url.scheme == "folder" and url.path.startswith("/") and not url.netloc:
            return {
                "BACKEND": "core.mail.transport.FolderBackend",
                "OPTIONS": {"folder": Path(unquote(url.path))},
            }
        user, at, _host = value.partition("://")[2].rpartition("@")
        if at and UNENCODED.search(user):
            self.problems.append(
                f"{name} cannot be read: in user and password, write {ENCODED}."
            )
            url = split_url("")
        elif value and (
            url.scheme not in SMTP_PORTS
            or not HOST.fullmatch(ascii_domain(url.hostname or ""))
        ):
            self.problems.append(f"{name} cannot be read. {advice}")
            url = split_url("")
        elif url.path.strip("/") or url.fragment:
            self.problems.append(f"{name}: nothing follows the port. {advice}")
        options = parse_qs(url.query, keep_blank_values=True)
        for option in sorted(options.keys() - {"timeout"}):
            self.problems.append(
                f"{name}: it knows no {quoted(option)}. Set ?timeout=10 or nothing "
                "behind the port."
            )
        timeout = options.get("timeout", ["10"])[0]
        # At most what RFC 5321 asks of a sender: mail is leased for a multiple of it.
        if not 0 < int_or_0(timeout) <= 300:
            self.problems.append(
                f"{name}: its timeout is not a number of seconds from 1 to 300. Set "
                "?timeout=10"
            )
            timeout = "10"
        return {
            "BACKEND": "core.mail.transport.SmtpBackend",
            "OPTIONS": {
                "host": url.hostname or "localhost",
                "port": url.port or SMTP_PORTS.get(url.scheme, 25),
                "username": unquote(url.username or ""),
                "password": unquote(url.password or ""),
                "use_tls": url.scheme == "smtp+tls",
                "use_ssl": url.scheme == "smtps",
                "timeout": int(timeout),
            },
        }

    def webhooks(self, name: str) -> str:
        """Return the mail provider whose webhooks are accepted, by django-anymail's
        name for it."""
        provider = self.text(name)
        if not provider:
            return ""
        if find_spec("anymail") is None:
            self.problems.append(
                f"{name} is set, but django-anymail is not installed. Install "
                "requirements-webhooks.txt."
            )
            return ""
        if (
            not re.fullmatch(r"[a-z_]+", provider)
            or provider == "base"
            or find_spec(f"anymail.webhooks.{provider}") is None
        ):
            self.problems.append(
                f"{name} is {quoted(provider)}. Set a provider that django-anymail "
                "knows: postmark, mailgun, sendgrid, brevo, mailjet …"
            )
            return ""
        return provider

    def anymail(self) -> dict[str, str]:
        """Return django-anymail's settings: every variable that begins with ANYMAIL_.
        Report a missing or short WEBHOOK_SECRET."""
        prefix = "ANYMAIL_"
        options = {
            name.removeprefix(prefix): value
            for name, value in self.ENVIRON.items()
            if name.startswith(prefix)
        }
        user, colon, password = options.get("WEBHOOK_SECRET", "").partition(":")
        if not (user and colon and len(password) >= 20) or repeats_itself(password):
            self.problems.append(
                "ANYMAIL_WEBHOOK_SECRET is missing, short or repeats itself: whoever "
                "guesses it takes signatures back. Set name:password with 20 random "
                "characters or more, and give the provider the address with "
                "name:password@ before the host."
            )
        return options

    def check(self) -> None:
        """Raise ImproperlyConfigured with every problem found, one a line."""
        if self.problems:
            raise ImproperlyConfigured("\n".join(self.problems))
