"""Logins of staff: where somebody is logged in, ending a login, and that a right which
is taken away ends what began with it."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Any

from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from core.security.client_network import block_of
from organizations.models import User
from organizations.rights import memberships
from organizations.second_factor.adapters import NOWHERE

RIGHTS = "rights"
"""The session's key of the rights that its user had so far."""

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def sessions_of(user: User) -> list[UserSession]:
    """Return the user's logins that go on, the latest first."""
    running: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(running, key=lambda session: session.last_seen_at, reverse=True)


def device(session: UserSession) -> str:
    """Return browser and system in words, as far as the browser names them: “Firefox,
    Linux”."""
    named = (
        next((word for mark, word in known if mark in session.user_agent), "")
        for known in (BROWSERS, SYSTEMS)
    )
    return ", ".join(word for word in named if word)


def note_login(
    sender: object, request: HttpRequest | None, user: User, **kwargs: Any
) -> None:
    """List a login. Connected to Django's signal: the library's own comes from its
    login page, which this site does not use."""
    if request is not None:
        UserSession.objects.create_from_request(request, user=user)


def network_words(session: UserSession) -> str:
    """Return the network of a login, “203.0.113.0/24”; "" where none is known."""
    if session.ip == NOWHERE:
        return ""
    return str(block_of(ip_address(session.ip)))


def note_activity(request: HttpRequest, now: datetime) -> None:
    """Note in the list that somebody is active."""
    key = request.session.session_key
    UserSession.objects.filter(session_key=key).update(last_seen_at=now)


def end_session(user: User, number: int) -> bool:
    """End one of the user's logins; return whether there was one."""
    session = UserSession.objects.filter(user_id=user.pk, pk=number).first()
    if session is None:
        return False
    session.end()
    return True


def end_all(user: User, *, but: HttpRequest | None = None) -> int:
    """End all of the user's logins, except the one that the request `but` belongs to;
    return how many."""
    mine = UserSession.objects.filter(user_id=user.pk)
    if but is not None:
        mine = mine.exclude(session_key=but.session.session_key)
    for session in mine:
        session.end()
    return len(mine)


def rights_of(user: User) -> dict[str, str]:
    """Return the user's roles by organisation, as a session stores them."""
    rights = {str(number): str(role) for number, role in memberships(user).items()}
    return rights | ({"site": "administrator"} if user.is_superuser else {})


def has_lost_rights(request: HttpRequest, user: User) -> bool:
    """Return whether a right that the user had in this session is gone or another one
    now; note those that came."""
    rights = rights_of(user)
    known: dict[str, str] = request.session.get(RIGHTS, {})
    if any(rights.get(place) != role for place, role in known.items()):
        return True
    if known != rights:
        request.session[RIGHTS] = rights
    return False
