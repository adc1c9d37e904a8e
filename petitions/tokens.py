"""Links that only the owner of a mailbox has.

A token is signed and expires; it holds the number of a signature and a time, no
personal data, and is stored nowhere.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.http import base36_to_int, int_to_base36

LIFETIME = timedelta(days=14)


class Purpose(enum.StrEnum):
    """What a token is good for; one never works for another."""

    CONFIRM = "petitions.confirm"
    NOT_ME = "petitions.not-me"
    OWN = "petitions.signature"
    ALL = "petitions.signed"
    NEVER = "petitions.never-again"


@dataclass(frozen=True)
class Valid:
    signature_id: int


@dataclass(frozen=True)
class Expired:
    """Ours, but too old: a new one can be sent."""

    signature_id: int


@dataclass(frozen=True)
class Broken:
    """Not ours, or cut short on the way."""


type Outcome = Valid | Expired | Broken


def make_token(purpose: Purpose, signature_id: int, *, now: datetime) -> str:
    """The token for a link, in letters that no mail program breaks."""
    seconds = int(now.timestamp())
    value = f"{int_to_base36(signature_id)}.{int_to_base36(seconds)}"
    return _signer(purpose).sign(value)


def read_token(purpose: Purpose, token: str, *, now: datetime) -> Outcome:
    """What a token says, when we made it for this purpose."""
    try:
        number, seconds = _signer(purpose).unsign(token).split(".")
        signature_id, made = base36_to_int(number), base36_to_int(seconds)
    except (BadSignature, ValueError):
        return Broken()
    if now - datetime.fromtimestamp(made, UTC) > LIFETIME:
        return Expired(signature_id)
    return Valid(signature_id)


def _signer(purpose: Purpose) -> Signer:
    fallbacks = tuple(settings.SECRET_KEY_FALLBACKS)
    return _made_once(purpose, settings.SECRET_KEY, fallbacks)


@lru_cache(maxsize=32)
def _made_once(purpose: Purpose, key: str, fallbacks: tuple[str, ...]) -> Signer:
    return Signer(key=key, salt=purpose, sep=".", fallback_keys=[*fallbacks])
