"""The admin site: Django's own, with our name, login and handling of forms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import wraps
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth import REDIRECT_FIELD_NAME, login
from django.contrib.auth.views import LoginView
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import ForeignObjectRel
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin.lock_timeouts import patient
from core.admin.logins import (
    LoginForm,
    extend_session,
    held_up,
)
from core.audit.actors import acting


def still_acting(actor: str, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the parts, made in the name of `actor`."""
    with acting(actor):
        yield from parts


class Choices(AutocompleteJsonView):
    """The choices of a relation. Django fails on the name of one that leads the other
    way, which no form has."""

    def process_request(self, request: HttpRequest) -> Any:
        response: Any = super().process_request(request)
        if isinstance(response[2], ForeignObjectRel):
            raise PermissionDenied
        return response


class StaffSite(AdminSite):
    site_header = _("Petitions")
    site_title = _("Petitions")
    index_title = _("Campaigns")
    site_url = "/"
    enable_nav_sidebar = False
    login_form = LoginForm

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap every view of the admin: retry forms that meet a lock, keep what was
        typed when the login has ended or the row is gone, extend the session. A null
        byte in a query is a bad request here: PostgreSQL would refuse it where nobody
        catches that."""
        from core.admin import form_recovery  # which needs the admin

        of_staff = super().admin_view(patient(view), cacheable)

        @wraps(of_staff)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if "%00" in request.META.get("QUERY_STRING", ""):
                raise BadRequest("A null byte in the query")
            is_extended = extend_session(request, timezone.now())
            with acting(str(request.user.pk or "")):
                if is_extended:
                    self.extended(request)
                return answer(request, *args, **kwargs)

        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if (
                request.method == "POST"
                and not self.has_permission(request)
                and request.path != reverse("admin:logout")
            ):
                return form_recovery.ask_login(request, form_recovery.typed_in(request))
            try:
                response = of_staff(request, *args, **kwargs)
            except Http404:
                page = form_recovery.list_of(request)
                if not page or not self.has_permission(request):
                    raise
                return form_recovery.row_gone(request, page)
            except PermissionDenied:
                if request.method != "POST":
                    raise
                return form_recovery.not_allowed(request)
            if getattr(response, "streaming", False):
                # A download writes on while it is being sent.
                actor = str(request.user.pk)
                response.streaming_content = still_acting(
                    actor, response.streaming_content
                )
            return response

        return asked

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Log in. Carry along what was typed before and offer it afterwards; answer 429
        with Retry-After when the rate limit is reached, for programs."""
        from core.admin import form_recovery

        typed = form_recovery.carried_in(request) if request.method == "POST" else None
        to = LoginView().get_redirect_url(request) or reverse("admin:index")
        if request.method == "GET" and self.has_permission(request):
            return redirect(to)
        context = {
            **self.each_context(request),
            "title": gettext("Log in"),
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            REDIRECT_FIELD_NAME: to,
            "is_over": typed is not None,
            "typed": typed,
            "carried": typed.carried() if typed else "",
            **(extra_context or {}),
        }
        view = Login.as_view(
            site=self,
            typed=typed,
            extra_context=context,
            authentication_form=self.login_form,
            template_name="admin/login.html",
            next_page="admin:index",
        )
        response = cast("HttpResponse", form_recovery.in_our_frames(view)(request))
        if (held := held_up(request)) is not None:
            response.status_code = 429
            response.headers["Retry-After"] = str(math.ceil(held.wait.total_seconds()))
        return response

    def extended(self, request: HttpRequest) -> None:
        """Called when a session was extended, every few minutes of activity."""

    def password_accepted(
        self,
        request: HttpRequest,
        user: Any,
        to: str,
        typed: Any,
    ) -> HttpResponse:
        """Answer a login form whose password is right: log in, and go to `to`, or offer
        what was typed before."""
        from core.admin import form_recovery

        login(request, user)
        return form_recovery.offer(request, typed) if typed else redirect(to)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast("HttpResponse", Choices.as_view(admin_site=self)(request))

    def get_urls(self) -> list[Any]:
        """Return the URLs without Django's “view on site” by number, which redirects
        anybody to any object; our pages link to public pages themselves."""
        return [
            url
            for url in super().get_urls()
            if getattr(url, "name", "") != "view_on_site"
        ]


class Login(LoginView):
    """Django's view to log in, which leaves it to the `site` what comes after the
    password."""

    site: StaffSite | None = None
    typed: Any = None

    def form_valid(self, form: Any) -> HttpResponse:
        assert self.site is not None
        to = self.get_success_url()
        return self.site.password_accepted(
            self.request, form.get_user(), to, self.typed
        )
