"""Secrets that the database keeps, encrypted: a dump alone is of no use to anybody.

The key is derived from SECRET_KEY; what was encrypted under one of SECRET_KEY_FALLBACKS
can be read as long as it stands there.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE = b"core.security.encryption"


class Unreadable(Exception):
    """Raised for what no key of this site has encrypted."""


def encrypt(text: str) -> str:
    """Return `text` encrypted under SECRET_KEY."""
    return ring().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Return the text that was encrypted; raise Unreadable when no key fits."""
    try:
        return ring().decrypt(token).decode()
    except InvalidToken:
        raise Unreadable from None


def renewed(token: str) -> str | None:
    """Return the same text encrypted under SECRET_KEY when it was encrypted under a
    former key, else None; raise Unreadable when no key fits."""
    try:
        newest_key().decrypt(token)
    except InvalidToken:
        return encrypt(decrypt(token))
    return None


def newest_key() -> Fernet:
    return key_from(str(settings.SECRET_KEY))


def ring() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([key_from(str(secret)) for secret in secrets])


@lru_cache(maxsize=8)
def key_from(secret: str) -> Fernet:
    """Derive a key that serves this purpose alone."""
    derived = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
