"""Links that only the owner of a mailbox has.

A token is signed and expires; it holds the number of a signature and a time, no
personal data, and is stored nowhere. `TokenPurpose` says what each kind of link may
show and do, `LEADS_TO` which others its pages may hold; petitions.views.links lets in.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.http import base36_to_int, int_to_base36

LIFETIME = timedelta(days=14)
UNKNOWN = datetime.min.replace(tzinfo=UTC)


class TokenPurpose(enum.StrEnum):
    """What a token is good for; one never works for another.

    People pass mails about a petition on. So a link in one shows what somebody entered
    only until it is confirmed; what it shows and does later has to be mailed."""

    CONFIRM = "petitions.confirm"
    """Shows, corrects and confirms one form. Afterwards: that it counts, and a button
    that mails a link of the kind ALL."""
    NOT_ME = "petitions.not-me"
    """Erases the forms of its address that nobody confirmed, however old it is.
    Afterwards: the same button."""
    OWN = "petitions.signature"
    """Shows, corrects, withdraws and erases one signature; nothing of another."""
    ALL = "petitions.signed"
    """Shows, hands out and erases all of one address, and ends older links."""
    NEVER = "petitions.never-again"
    """Stops mail to one address, and lets it begin again, however old it is."""


LEADS_TO: dict[TokenPurpose, frozenset[TokenPurpose]] = {
    TokenPurpose.CONFIRM: frozenset({TokenPurpose.NOT_ME}),
    TokenPurpose.NOT_ME: frozenset(),
    TokenPurpose.OWN: frozenset({TokenPurpose.CONFIRM}),
    TokenPurpose.ALL: frozenset({TokenPurpose.OWN, TokenPurpose.NEVER}),
    TokenPurpose.NEVER: frozenset(),
}


@dataclass(frozen=True)
class Valid:
    signature_id: int
    made: datetime = field(default=UNKNOWN, compare=False)
    """When the link was mailed; those that its pages hold are as old."""


@dataclass(frozen=True)
class Expired:
    """Ours, but too old: a new one can be sent."""

    signature_id: int
    made: datetime = field(default=UNKNOWN, compare=False)


@dataclass(frozen=True)
class Broken:
    """Not ours, or cut short on the way."""


type Outcome = Valid | Expired | Broken


def make_token(purpose: TokenPurpose, signature_id: int, *, now: datetime) -> str:
    """The token for a link, in letters that no mail program breaks."""
    seconds = int(now.timestamp())
    value = f"{int_to_base36(signature_id)}.{int_to_base36(seconds)}"
    return _signer(purpose).sign(value)


def read_token(purpose: TokenPurpose, token: str, *, now: datetime) -> Outcome:
    """What a token says, when we made it for this purpose."""
    try:
        number, seconds = _signer(purpose).unsign(token).split(".")
        signature_id, made = base36_to_int(number), base36_to_int(seconds)
    except (BadSignature, ValueError):
        return Broken()
    then = datetime.fromtimestamp(made, UTC)
    if now - then > LIFETIME:
        return Expired(signature_id, then)
    return Valid(signature_id, then)


# 43 letters are a SHA-256; what follows was glued to it on the way.
SHAPE = re.compile(r"[0-9a-z]{1,13}\.[0-9a-z]{1,9}\.[0-9A-Za-z_-]{43}")
# What mail programs leave of a line that was broken: =, or =0D=0A, and the break.
SOFT_BREAK = re.compile(r"=?(?:=0D=0A|\s)+|=(?=[0-9A-Za-z_.-])")


def mend_token(purpose: TokenPurpose, damaged: str) -> str:
    """The token in what a mail program made of it, be it too old; "" when none is
    there."""
    for text in (damaged, SOFT_BREAK.sub("", damaged)):
        for found in SHAPE.findall(text):
            try:
                _signer(purpose).unsign(found)
            except BadSignature:
                continue
            return str(found)
    return ""


def _signer(purpose: TokenPurpose) -> Signer:
    fallbacks = tuple(settings.SECRET_KEY_FALLBACKS)
    return _made_once(purpose, settings.SECRET_KEY, fallbacks)


@lru_cache(maxsize=32)
def _made_once(purpose: TokenPurpose, key: str, fallbacks: tuple[str, ...]) -> Signer:
    return Signer(key=key, salt=purpose, sep=".", fallback_keys=[*fallbacks])
