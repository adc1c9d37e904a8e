"""Second factors of staff: who needs one, who has one, and whether a code is right.

Codes of an authenticator app, recovery codes and passkeys are rows of django-allauth.
Its checks are used; its counting of attempts is not: it lives in a cache, and ours
(core.security.buckets) is exact however many attempts run at once.
"""

from __future__ import annotations

import logging
import math
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, validate_totp_code
from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language, ngettext

from core.admin.logins import HeldUp
from core.security import encryption, events
from core.security.buckets import Rate, draw, give_back
from core.text.numbers import Counted
from organizations import mailing
from organizations.models import StaffMailPurpose, User
from organizations.rights import Right, may_somewhere

logger = logging.getLogger(__name__)

CODES = Rate("second factor", burst=5, emission_interval=timedelta(minutes=6))
"""Rate limit: wrong codes for one account. Whoever gets here knows its password."""
USED = Rate("used code", burst=1, emission_interval=timedelta(minutes=2))
"""Rate limit: uses of one code of an app, for longer than it is valid."""
WARNING = Rate("second factor warning", burst=1, emission_interval=timedelta(days=1))
"""Rate limit: warnings to one account that somebody tries codes."""

Type = Authenticator.Type


class CodesHeldUp(HeldUp):
    """Raised when a code was not checked because too many were wrong."""

    def sentence(self) -> str:
        minutes = math.ceil(self.wait.total_seconds() / 60)
        return ngettext(
            "Too many codes were wrong. Wait one minute.",
            "Too many codes were wrong. Wait %(number)s minutes.",
            minutes,
        ) % {"number": Counted(minutes)}


def is_required(user: User) -> bool:
    """Return whether `user` has to have a second factor: owners and site
    administrators, or everybody, as SECOND_FACTOR says."""
    if settings.SECOND_FACTOR == "all":
        return True
    return settings.SECOND_FACTOR == "owners" and may_somewhere(user, Right.MANAGE)


def has_factor(user: User) -> bool:
    """Return whether `user` has a second factor. Recovery codes alone are none: they
    are for the day when the other is lost."""
    mine = Authenticator.objects.filter(user_id=user.pk)
    return bool(mine.exclude(type=Type.RECOVERY_CODES).exists())


def factor_of(user: User, kind: str) -> Authenticator | None:
    """Return the user's factor of this kind, if any; not for passkeys, of which there
    may be several."""
    factor = Authenticator.objects.filter(user_id=user.pk, type=kind).first()
    return cast("Authenticator | None", factor)


def codes_left(user: User) -> int:
    """Return how many recovery codes are unused."""
    factor = factor_of(user, Type.RECOVERY_CODES)
    if factor is None:
        return 0
    used: int = factor.data["used_mask"]
    return int(app_settings.RECOVERY_CODE_COUNT) - used.bit_count()


def check_code(user: User, typed: str, now: datetime) -> Authenticator | None:
    """Return the factor of `user` whose code `typed` is, or None. Raise CodesHeldUp
    when it is not checked because too many were wrong. A code is accepted once."""
    drawn = CODES.of(str(user.pk))
    if wait := draw(drawn, now=now):
        events.record("second factor slowed", account=user.pk)
        if not draw(WARNING.of(str(user.pk)), now=now):
            mailing.request_mail(
                StaffMailPurpose.CODES, user.email, language=get_language() or "en"
            )
        raise CodesHeldUp(wait)
    factor = matching(user, typed, now)
    if factor is None:
        events.record("second factor failed", account=user.pk)
        return None
    give_back(drawn)
    factor.record_usage()
    return factor


def matching(user: User, typed: str, now: datetime) -> Authenticator | None:
    """Return the factor that accepts the code, and use the code up."""
    app = factor_of(user, Type.TOTP)
    spare = factor_of(user, Type.RECOVERY_CODES)
    try:
        if app is not None and validate_totp_code(secret_of(app), typed):
            return app if use_up(user, typed, now) else None
        if spare is not None and RecoveryCodes(spare).validate_code(typed):
            return spare
    except encryption.Unreadable:
        report_unreadable(user.pk)
    return None


def use_up(user: User, code: str, now: datetime) -> bool:
    """Use up a code of the user's app; return whether it was unused."""
    return not draw(USED.of(f"{user.pk} {normalize_user_code(code)}"), now=now)


def report_unreadable(account: int) -> None:
    """Log that a secret of an account's is lost."""
    logger.error(
        "A second factor cannot be read: neither SECRET_KEY nor one of "
        "SECRET_KEY_FALLBACKS is the key that it was encrypted under",
        extra={"account": account},
    )


def secret_of(app: Authenticator) -> str:
    """Return the secret that an authenticator app shares with the site."""
    return encryption.decrypt(app.data["secret"])


def add_app(user: User, secret: str) -> None:
    """Store the secret of an authenticator app in place of any before, and make
    recovery codes when there are none."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        Authenticator.objects.filter(user_id=user.pk, type=Type.TOTP).delete()
        TOTP.activate(user, secret)
        make_recovery_codes(user)
    announce(user, "second factor added")


def make_recovery_codes(user: User) -> None:
    """Make recovery codes when the user has none."""
    RecoveryCodes.activate(user)


def renew_codes(user: User) -> None:
    """Replace the recovery codes by new ones; the former are worth nothing then."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        Authenticator.objects.filter(user_id=user.pk, type=Type.RECOVERY_CODES).delete()
        make_recovery_codes(user)
    announce(user, "recovery codes made")


def remove_factor(user: User, factor: Authenticator) -> None:
    """Remove one of the user's factors, and the recovery codes with the last one."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        factor.delete()
        if not has_factor(user):
            Authenticator.objects.filter(user_id=user.pk).delete()
    announce(user, "second factor removed")


def remove_all(user: User, by: int | None = None) -> bool:
    """Remove all of somebody's factors, for whoever has lost them; return whether there
    were any."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        gone, _each = Authenticator.objects.filter(user_id=user.pk).delete()
    if gone:
        announce(user, "second factor removed", by)
    return bool(gone)


def announce(user: User, event: str, by: int | None = None) -> None:
    """Log a change of somebody's factors, and tell them by mail."""
    events.record(event, account=user.pk, by=by)
    mailing.request_mail(
        StaffMailPurpose.FACTOR, user.email, language=get_language() or "en"
    )


def renew_encryption(user: User) -> None:
    """Encrypt the user's secrets under the newest SECRET_KEY, where they are not."""
    for factor in Authenticator.objects.filter(user_id=user.pk):
        renew_factor(factor.pk)


class Renewal(StrEnum):
    """How a factor's secrets were found."""

    CURRENT = "encrypted under SECRET_KEY already"
    RENEWED = "encrypted anew"
    UNREADABLE = "unreadable under every key"


def renew_factor(number: int) -> Renewal:
    """Encrypt the secrets of the factor with this primary key under the newest
    SECRET_KEY, where they are not; log those that no key reads. Return what was found.
    """
    with transaction.atomic():
        # Locked: who uses a recovery code meanwhile writes to the same column.
        factor = Authenticator.objects.select_for_update().filter(pk=number).first()
        if factor is None:
            return Renewal.CURRENT
        renewed = {}
        for name in {"secret", "seed"} & factor.data.keys():
            try:
                token = encryption.renewed(factor.data[name])
            except encryption.Unreadable:
                report_unreadable(factor.user_id)
                return Renewal.UNREADABLE
            if token is not None:
                renewed[name] = token
        if not renewed:
            return Renewal.CURRENT
        factor.data |= renewed
        factor.save(update_fields=["data"])
    return Renewal.RENEWED
