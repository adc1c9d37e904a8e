"""Second factors for tests: an authenticator app that shows codes."""

from __future__ import annotations

import time

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)

from organizations.models import User
from organizations.second_factor import factors


def code_of(secret: str, ago: int = 0) -> str:
    """Return what an app shows for `secret`, or showed so many half minutes `ago`."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 - ago)))


def wrong_code(secret: str) -> str:
    """Return a code that the app shows neither now nor in the minutes around."""
    shown = {code_of(secret, ago) for ago in range(-3, 4)}
    return next(f"{n:06}" for n in range(10) if f"{n:06}" not in shown)


def give_app(user: User) -> str:
    """Give the user an authenticator app and recovery codes; return its secret."""
    secret = str(generate_totp_secret())
    factors.add_app(user, secret)
    return secret


def recovery_codes_of(user: User) -> list[str]:
    found = factors.factor_of(user, factors.Type.RECOVERY_CODES)
    return list(RecoveryCodes(found).get_unused_codes())
