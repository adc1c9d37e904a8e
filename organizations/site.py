"""The admin site of staff: nobody gets past its gate without the second factor that
they have, or have to have."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext

from core.admin.site import StaffSite
from core.observability.logs import log_context
from core.security import events


class Site(StaffSite):
    """Our admin site with the pages of one's own account. They are at its addresses, so
    its cache policy and its gate hold for them, too."""

    OPEN = frozenset(
        {
            "second_factor",
            "add_app",
            "add_passkey",
            "recovery_codes",
            "confirm",
            "logout",
            "jsi18n",
        }
    )
    """Names of the pages that somebody may open who has yet to set up a second
    factor."""

    def get_urls(self) -> list[Any]:
        # These need models.
        from organizations import own_views
        from organizations.second_factor import views

        def own(address: str, view: Any, name: str = "") -> Any:
            return path(address, self.admin_view(view), name=name or view.__name__)

        return [
            path("login/code/", views.login_code, name="login_code"),
            own("second-factor/", views.second_factor),
            own("second-factor/app/", views.add_app),
            own("second-factor/passkey/", views.add_passkey),
            own("second-factor/codes/", views.recovery_codes),
            own("second-factor/remove/<int:number>/", views.remove_factor),
            own("account/", own_views.account),
            path(
                "second-factor/keep/<str:token>/", views.keep_factor, name="keep_factor"
            ),
            own("logins/", own_views.logins_list, "logins"),
            own("logins/end/", own_views.end_logins),
            own("logins/<int:number>/end/", own_views.end_login),
            own("confirm/", own_views.confirm_identity, "confirm"),
            *super().get_urls(),
        ]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap every view of the admin: turn back who still lacks a second factor."""
        inside = super().admin_view(view, cacheable)

        @wraps(inside)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not self.has_lost_rights(request):
                return self.turned_back(request) or inside(request, *args, **kwargs)
            if request.method != "POST":
                logout(request)
                return inside(request, *args, **kwargs)
            # What was typed is not lost: the answer is the one to whoever has the
            # rights that are left, and the last of this login.
            try:
                response = self.turned_back(request) or inside(request, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()
                return response
            finally:
                logout(request)

        return asked

    def has_lost_rights(self, request: HttpRequest) -> bool:
        """Return whether a right with which this login began is gone."""
        from organizations import sessions

        user: Any = request.user
        if not self.has_permission(request):
            return False
        is_over = sessions.has_lost_rights(request, user)
        if is_over:
            events.record("login ended by lost right", account=user.pk)
        return is_over

    def turned_back(self, request: HttpRequest) -> HttpResponse | None:
        """Return the answer to somebody logged in who has to have a second factor and
        has not given it in this session; None when they may go on. A form is offered
        again once they have it."""
        from core.admin import form_recovery
        from organizations.second_factor import factors, pending

        user: Any = request.user
        if not self.has_permission(request) or pending.has_passed(request):
            return None
        if not factors.is_required(user):
            return None
        if factors.has_factor(user):
            # It was set up in another browser.
            logout(request)
            return None
        match = request.resolver_match
        if match and match.url_name in self.OPEN:
            return None
        log_context(outcome="second factor missing")
        typed = form_recovery.typed_in(request)
        if typed is None:
            return redirect("admin:second_factor")
        why = gettext(
            "Set up a second factor first, in another tab: owners and site "
            "administrators need one. Then send this."
        )
        if not typed.account:
            return form_recovery.to_copy(request, why, typed)
        messages.warning(request, why)
        return form_recovery.offer(request, typed, 403)

    def extended(self, request: HttpRequest) -> None:
        from organizations import sessions

        sessions.note_activity(request, timezone.now())

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Change one's own password, which ends all other logins; list this one under
        its new key."""
        from allauth.usersessions.models import UserSession

        response = super().password_change(request, extra_context)
        if response.status_code == 302:
            UserSession.objects.create_from_request(request)
        return response

    def password_accepted(
        self, request: HttpRequest, user: Any, to: str, typed: Any
    ) -> HttpResponse:
        """Log in, or ask for the second factor of those who have one."""
        from organizations.languages import in_own_language
        from organizations.second_factor import factors, pending, views

        to = in_own_language(user, to)
        if not factors.has_factor(user):
            return super().password_accepted(request, user, to, typed)
        pending.PendingLogin.begin(request, user, to, timezone.now())
        if typed is not None:
            return views.code_page(request, user, typed)
        return redirect(reverse("admin:login_code"))
