"""A login whose password was right and whose second factor is still to be given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from organizations.models import User

KEPT = timedelta(minutes=15)
KEY = "pending_login"
PASSED = "second_factor_passed"


@dataclass(frozen=True)
class PendingLogin:
    """The account, as its password was then, where to go afterwards, and since when."""

    account: int
    fingerprint: str
    to: str
    since: float

    @classmethod
    def begin(cls, request: HttpRequest, user: User, to: str, now: datetime) -> None:
        """Keep in the session that the password was right; nobody is logged in yet."""
        request.session.flush()
        pending = cls(user.pk, user.get_session_auth_hash(), to, now.timestamp())
        request.session[KEY] = asdict(pending)

    @classmethod
    def user_of(cls, request: HttpRequest, now: datetime) -> User | None:
        """Return whose login is pending; None when nobody's is, when it began too long
        ago, and when the account was closed or got another password since."""
        pending = cls.of(request)
        if pending is None or now.timestamp() - pending.since > KEPT.total_seconds():
            return None
        user = User.objects.filter(pk=pending.account, is_active=True).first()
        if user is None or not constant_time_compare(
            user.get_session_auth_hash(), pending.fingerprint
        ):
            return None
        return user

    @classmethod
    def of(cls, request: HttpRequest) -> PendingLogin | None:
        stored = request.session.get(KEY)
        return cls(**stored) if stored else None


def finish_login(request: HttpRequest, user: User) -> str:
    """Log in, and return where to go."""
    pending = PendingLogin.of(request)
    request.session.pop(KEY, None)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[PASSED] = True
    return pending.to if pending else ""


def has_passed(request: HttpRequest) -> bool:
    """Return whether this session began, or went on, with a second factor."""
    return bool(request.session.get(PASSED))
