"""Logging in: each attempt draws from rate limits before its password is checked.

The limits are rows (core.security.buckets), so they are exact however many attempts run
at once, in however many processes. An address without an account is treated as one
with. Only failures count: a successful login gives back what it drew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from core.admin import logins
from core.admin.logins import (
    BUSY,
    HELD_UP,
    HeldUp,
)
from core.mail.addresses import account_address
from core.security import events
from core.security.buckets import (
    Drawn,
    Rate,
    draw,
    give_back,
)
from core.security.client_network import (
    Network,
    network_of,
)
from organizations import mailing
from organizations.models import SeenNetwork, StaffMailPurpose, User

HERE = Rate("login here", burst=10, emission_interval=timedelta(minutes=6))
"""Rate limit: passwords for one address from one network."""
NETWORK = Rate("login network", burst=60, emission_interval=timedelta(minutes=1))
"""Rate limit: passwords from one network, for whatever addresses."""
ADDRESS = Rate("login address", burst=60, emission_interval=timedelta(minutes=2))
"""Rate limit: passwords for one address from all networks that its owner has not logged
in from. Whoever guesses from many places does not lock the owner out at the usual
one."""
WARNING = Rate("login warning", burst=1, emission_interval=timedelta(days=1))
"""Rate limit: warnings to one address that somebody is guessing its password."""


OWN = Rate("own password", burst=10, emission_interval=timedelta(minutes=6))
"""Rate limit: passwords that somebody logged in gives as their own."""


class Slowed(HeldUp):
    """A login attempt refused because a rate limit is reached."""


class Backend(ModelBackend):
    """Django's model backend behind the rate limits; every login goes through it."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        address = username or kwargs.get(User.USERNAME_FIELD)
        if address is None or password is None:
            return None

        def check() -> User | None:
            user = super(Backend, self).authenticate(request, address, password)
            return user if isinstance(user, User) else None

        try:
            return attempt_login(request, address, check)
        except HeldUp as held:
            if request is not None:
                request.META[HELD_UP] = held
            raise


def attempt_login[T](
    request: HttpRequest | None, typed: str, check: Callable[[], T | None]
) -> T | None:
    """Return what `check` says of a password for the address `typed`. Raise HeldUp,
    with the time to wait, when the password is not checked; when that is because of a
    rate limit, also warn the owner by mail."""
    address = account_address(typed)
    network = network_of(request) if request is not None else None
    account, is_usual = find(address, network)
    about: dict[str, Any] = {"account": account, "network": network}
    if account is None:
        about["address"] = address
    drawn = [HERE.of(f"{address} {network or ''}")]
    if network is not None:
        drawn.append(NETWORK.of(str(network)))
    if not is_usual:
        drawn.append(ADDRESS.of(address))
    try:
        return check_in_turn(drawn, about, check)
    except Slowed:
        if not draw(WARNING.of(address), now=timezone.now()):
            mailing.request_mail(
                StaffMailPurpose.FAILURES, address, language=get_language() or "en"
            )
        raise


def attempt_own[T](user: User, check: Callable[[], T | None]) -> T | None:
    """Check the password that somebody logged in gives again as their own, like
    `attempt_login`."""
    return check_in_turn([OWN.of(str(user.pk))], {"account": user.pk}, check)


def check_in_turn[T](
    drawn: list[Drawn], about: dict[str, Any], check: Callable[[], T | None]
) -> T | None:
    """Run `check` when all limits allow it and its turn comes, and return its result.
    Raise Slowed at a limit, HeldUp when too many wait. What was drawn is given back
    unless the password was wrong."""
    if wait := draw(*drawn, now=timezone.now()):
        events.record("login slowed", **about)
        raise Slowed(wait)
    with logins.LINE.turn() as is_ours:
        result = check() if is_ours else None
    if not is_ours:
        give_back(*drawn)
        events.record("login put off", **about)
        raise HeldUp(BUSY)
    if result is None:
        events.record("login failed", **about)
        return None
    give_back(*drawn)
    return result


def find(address: str, network: Network | None) -> tuple[int | None, bool]:
    """Return the id of the account with this address, if any, and whether it lately
    logged in from this network. The statement is the same for any address, so that its
    duration reveals nothing."""
    here = SeenNetwork.objects.filter(user=OuterRef("pk"), network=str(network))
    user = (
        User.objects.of_address(address)
        .annotate(is_usual=Exists(here))
        .values_list("pk", "is_usual")
        .first()
    )
    return user or (None, False)


def record_login(
    sender: object, request: HttpRequest | None, user: User, **kwargs: Any
) -> None:
    """Log a login, and mail the owner of the account when it came from a network that
    is new to it."""
    network = network_of(request) if request is not None else None
    events.record("login succeeded", account=user.pk, network=network)
    if network is None:
        return
    now = timezone.now()
    has_usual = SeenNetwork.objects.filter(user=user).exists()
    _seen, is_new = SeenNetwork.objects.update_or_create(
        user=user, network=str(network), defaults={"seen_at": now}
    )
    if is_new and has_usual:
        mailing.request_mail(
            StaffMailPurpose.NETWORK,
            user.email,
            language=get_language() or "en",
            network=str(network),
        )


def left(
    sender: object, request: HttpRequest | None, user: User | None, **kwargs: Any
) -> None:
    """Log that somebody has logged out."""
    if user is not None:
        events.record("logged out", account=user.pk)
