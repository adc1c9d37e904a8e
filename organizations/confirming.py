"""Grave acts ask for the password again when it was given too long ago: whoever finds a
browser logged in cannot export, erase or hand out rights with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

GOOD_FOR = timedelta(minutes=15)
CONFIRMED = "confirmed"
"""The session's key of when the password or a second factor was last given."""


def note_identity(request: HttpRequest) -> None:
    """Note that whoever makes this request has just proved who they are."""
    request.session[CONFIRMED] = int(timezone.now().timestamp())


def note_identity_at_login(
    sender: object, request: HttpRequest | None, user: object, **kwargs: Any
) -> None:
    """Note it at a login. Connected to logins."""
    if request is not None:
        note_identity(request)


def is_confirmed(request: HttpRequest) -> bool:
    """Return whether whoever makes this request has lately proved who they are."""
    since = timezone.now().timestamp() - GOOD_FOR.total_seconds()
    return int(request.session.get(CONFIRMED, 0)) > since


def password_page(request: HttpRequest) -> HttpResponse | None:
    """Return the page that asks for the password, which carries along what was typed;
    None when that is not needed."""
    if is_confirmed(request):
        return None
    # These need models.
    from core.admin import form_recovery
    from organizations import own_views

    typed = form_recovery.typed_in(request)
    if typed is not None and not typed.account:
        why = gettext("Nothing was saved or done: open the page anew.")
        return form_recovery.to_copy(request, why, typed)
    return own_views.identity_page(request, request.get_full_path(), typed)


def confirms_identity[**P](
    view: Callable[P, HttpResponse],
) -> Callable[P, HttpResponse]:
    """Decorate a view of a grave act, a method of a model admin too: it is reached by
    who has proved lately who they are, and asks others first."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request = next(each for each in args if isinstance(each, HttpRequest))
        return password_page(request) or view(*args, **kwargs)

    return guarded
