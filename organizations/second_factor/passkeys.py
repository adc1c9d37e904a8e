"""Passkeys and security keys: what a browser is asked, and whether its answer is right.

A challenge is kept in the session until it is answered; the key signs it together with
the name of this site, so that a forged page gets an answer that is of no use here.
"""

from __future__ import annotations

import json
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.core.exceptions import ValidationError
from django.db import transaction

from organizations.models import User
from organizations.second_factor import factors

MOST = 10
"""How many keys an account may have."""


class NotAccepted(Exception):
    """Raised when a browser's answer is not the right one to the last challenge."""


def passkeys_of(user: User) -> list[Authenticator]:
    """Return the user's passkeys, the oldest first."""
    mine = Authenticator.objects.filter(user_id=user.pk, type=factors.Type.WEBAUTHN)
    return list(mine.order_by("pk"))


def creation_options(user: User) -> str:
    """Return what the browser is told to make a new key, as JSON."""
    return json.dumps(auth.begin_registration(user, passwordless=False)["publicKey"])


def request_options(user: User) -> str:
    """Return what the browser is told to have one of the user's keys sign, as JSON; ""
    when there is none."""
    if not passkeys_of(user):
        return ""
    return json.dumps(auth.begin_authentication(user)["publicKey"])


def store_passkey(user: User, name: str, answer: str) -> None:
    """Store the key that the browser has made; raise NotAccepted when the answer is
    not the one to the challenge."""
    credential = parsed(answer)
    try:
        auth.parse_registration_response(credential)
        auth.complete_registration(credential)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        raise NotAccepted from None
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        auth.WebAuthn.add(user, name, credential)
        factors.make_recovery_codes(user)
    factors.announce(user, "second factor added")


def check_passkey(user: User, answer: str) -> Authenticator:
    """Return the user's key that has signed the challenge; raise NotAccepted when none
    has."""
    credential = parsed(answer)
    try:
        auth.parse_authentication_response(credential)
        passkey: Authenticator = auth.complete_authentication(user, credential)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        raise NotAccepted from None
    passkey.record_usage()
    return passkey


def parsed(answer: str) -> dict[str, Any]:
    try:
        data = json.loads(answer)
    except ValueError:
        raise NotAccepted from None
    if not isinstance(data, dict):
        raise NotAccepted
    return data
