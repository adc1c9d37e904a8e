"""Tokens for links that only the owner of a mailbox has, or the office that receives a
delivery, and for the addresses that mail to that mailbox can come back to.

A token is signed and expires. It holds the id of a row and a time, no personal data,
and is stored nowhere. `TokenPurpose` says what each kind of link may show and do,
`LEADS_TO` which other links its pages may contain; petitions.views.links checks access,
for offices petitions.views.office.
"""

from __future__ import annotations

import enum
import re
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import unquote

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import base36_to_int, int_to_base36

LIFETIME = timedelta(days=14)
# News is read later than what one has just asked for.
ONE_PRESS_LIFETIME = timedelta(days=30)
# The time of a token that does not say when it was made.
UNKNOWN = datetime.min.replace(tzinfo=UTC)


class TokenPurpose(enum.StrEnum):
    """The purpose of a token; a token for one purpose never works for another.

    People forward mails about a petition. So a link in one shows what somebody entered
    only until it is confirmed; a link that shows or does more afterwards has to be
    mailed to the owner.
    """

    CONFIRM = "petitions.confirm"
    """Shows, corrects and confirms one form. Afterwards it only says that the signature
    counts, with a button that mails a link of the kind ALL."""
    NOT_ME = "petitions.not-me"
    """Erases the unconfirmed forms of its address, however old the token is. Afterwards
    it shows the same button as CONFIRM."""
    OWN = "petitions.signature"
    """Shows, corrects, withdraws and erases one signature, and no other."""
    ALL = "petitions.signed"
    """Shows, exports and erases all signatures of one address, invalidates older links,
    and lets mail begin again that NEVER has stopped."""
    NEVER = "petitions.never-again"
    """Stops mail to one address, however old the token is. Afterwards it shows a button
    that mails a link of the kind ALL, which alone lets mail begin again."""
    UNSUBSCRIBE = "petitions.unsubscribe"
    """Ends the mailings of one organisation to one address, however old the token is.
    Its number is that of a Consent."""
    ONE_PRESS = "petitions.one-press"
    """Signs, in a mailing, the petition that it names as the next one, for its
    recipient. It shows a first name and nothing else that was entered: such mails are
    forwarded. Its number is that of a MailingRecipient."""
    OFFICE = "petitions.office"
    """Shows a delivery to the office that receives it, and takes its answer, until the
    link ends or is revoked. Its number is that of an OfficeLink."""
    OFFICE_ANSWER = "petitions.office-answer"
    """Shows what somebody answered in the name of an office, and confirms it. Its
    number is that of an OfficeAnswer."""


LEADS_TO: dict[TokenPurpose, frozenset[TokenPurpose]] = {
    TokenPurpose.CONFIRM: frozenset({TokenPurpose.NOT_ME}),
    TokenPurpose.NOT_ME: frozenset(),
    TokenPurpose.OWN: frozenset({TokenPurpose.CONFIRM}),
    TokenPurpose.ALL: frozenset({TokenPurpose.OWN, TokenPurpose.NEVER}),
    TokenPurpose.NEVER: frozenset(),
    TokenPurpose.UNSUBSCRIBE: frozenset(),
    TokenPurpose.ONE_PRESS: frozenset(),
    TokenPurpose.OFFICE: frozenset(),
    TokenPurpose.OFFICE_ANSWER: frozenset(),
}


@dataclass(frozen=True)
class Valid:
    """A token of ours that has not expired."""

    number: int
    """That of a signature, unless the purpose says otherwise."""
    made: datetime = field(default=UNKNOWN, compare=False)
    """The time at which the link was mailed; links on the pages it leads to inherit
    it."""


@dataclass(frozen=True)
class Expired:
    """A token of ours that is too old: a new one can be sent."""

    number: int
    made: datetime = field(default=UNKNOWN, compare=False)


@dataclass(frozen=True)
class Broken:
    """A token that is not ours, or was damaged on the way."""


type Outcome = Valid | Expired | Broken


def make_token(purpose: TokenPurpose, number: int, *, now: datetime) -> str:
    """Return a token for a link, in characters that no mail program breaks."""
    seconds = int(now.timestamp())
    value = f"{int_to_base36(number)}.{int_to_base36(seconds)}"
    return _signer(purpose).sign(value)


def lifetime_of(purpose: TokenPurpose) -> timedelta:
    is_of_news = purpose is TokenPurpose.ONE_PRESS
    return ONE_PRESS_LIFETIME if is_of_news else LIFETIME


def read_token(purpose: TokenPurpose, token: str, *, now: datetime) -> Outcome:
    """Return what `token` refers to: Valid or Expired if we made it for this purpose,
    otherwise Broken."""
    try:
        value = _signer(purpose).unsign(token)
        return _outcome(value, now, lifetime_of(purpose))
    except (BadSignature, ValueError):
        return Broken()


def _outcome(
    value: str, now: datetime, lifetime: timedelta = LIFETIME
) -> Valid | Expired:
    """Return what a signed value says; raise ValueError if it is none of ours."""
    row, seconds = value.split(".")
    then = datetime.fromtimestamp(base36_to_int(seconds), UTC)
    kind = Expired if now - then > lifetime else Valid
    return kind(base36_to_int(row), then)


# == In e-mail addresses ==


class AddressPurpose(enum.StrEnum):
    """The effect of a message sent to an address with a token."""

    RETURN = "petitions.return"
    """Tells that one mail came back, or that its reader complained. Its number is that
    of an OutgoingMail."""
    RETURN_NEWS = "petitions.return-news"
    """The same of one mail of a mailing. Its number is that of a MailingRecipient."""
    UNSUBSCRIBE = "petitions.unsubscribe"
    """Stops mail to one address, however old the token is. Its number is that of a
    signature."""


LONGEST_IN_ADDRESS = 46
"""The most characters of a token in an address, of which 64 stand before the @."""
MAC_BYTES = 15


def make_address_token(purpose: AddressPurpose, number: int, *, now: datetime) -> str:
    """Return a token for the part of an address before the @: short, and without
    capitals, for mail servers may change the case."""
    value = f"{int_to_base36(number)}.{int_to_base36(int(now.timestamp()))}"
    return f"{value}.{_mac(purpose, value, settings.SECRET_KEY)}"


def read_address_token(
    purpose: AddressPurpose, token: str, *, now: datetime
) -> Outcome:
    """Do the same as `read_token` for a token from an address."""
    value, _, mac = token.lower().rpartition(".")
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(constant_time_compare(mac, _mac(purpose, value, key)) for key in keys):
        return Broken()
    try:
        return _outcome(value, now)
    except ValueError:
        return Broken()


def _mac(purpose: AddressPurpose, value: str, key: str) -> str:
    signed = salted_hmac(purpose, value, secret=key, algorithm="sha256")
    return b32encode(signed.digest()[:MAC_BYTES]).decode().lower()


# == Damaged on the way ==


# The 43 characters of the signature are a SHA-256; anything after them was appended on
# the way.
SHAPE = re.compile(r"[0-9a-z]{1,13}\.[0-9a-z]{1,9}\.[0-9A-Za-z_-]{43}")
# What mail programs leave where they broke a line: = or =0D=0A, and the line break.
SOFT_BREAK = re.compile(r"=?(?:=0D=0A|\s)+|=(?=[0-9A-Za-z_.-])")
# What no token has, as the mark of a quoted line or an invisible place to break one.
FOREIGN = re.compile(r"[^0-9A-Za-z_.-]+")


def mend_token(purpose: TokenPurpose, damaged: str) -> str:
    """Find an intact token of this purpose, expired or not, in text that a mail program
    damaged; return "" when there is none."""
    texts = (
        damaged,
        SOFT_BREAK.sub("", damaged),
        FOREIGN.sub("", SOFT_BREAK.sub("", unquote(damaged))),
    )
    for text in texts:
        for token in SHAPE.findall(text):
            try:
                _signer(purpose).unsign(token)
            except BadSignature:
                continue
            return str(token)
    return ""


def _signer(purpose: TokenPurpose) -> Signer:
    fallbacks = tuple(settings.SECRET_KEY_FALLBACKS)
    return _made_once(purpose, settings.SECRET_KEY, fallbacks)


@lru_cache(maxsize=32)
def _made_once(purpose: TokenPurpose, key: str, fallbacks: tuple[str, ...]) -> Signer:
    return Signer(key=key, salt=purpose, sep=".", fallback_keys=[*fallbacks])
