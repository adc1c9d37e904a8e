"""The admin site: Django's own, with our name, login and handling of forms."""

from __future__ import annotations

import math
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.admin.lock_timeouts import patient
from core.admin.logins import (
    LoginForm,
    go_on,
    held_up,
)


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
            go_on(request, timezone.now())
            if (
                request.method == "POST"
                and not self.has_permission(request)
                and request.path != reverse("admin:logout")
            ):
                return form_recovery.ask_login(request, form_recovery.typed_in(request))
            try:
                return of_staff(request, *args, **kwargs)
            except Http404:
                page = form_recovery.list_of(request)
                if not page or not self.has_permission(request):
                    raise
                return form_recovery.not_there(request, page)

        return asked

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Log in. Carry along what was typed before and offer it afterwards; answer 429
        with Retry-After when the rate limit is reached, for programs."""
        from core.admin import form_recovery

        typed = form_recovery.carried_in(request) if request.method == "POST" else None
        carried = {
            "is_over": typed is not None,
            "typed": typed,
            "carried": typed.carried() if typed else "",
        }
        response = super().login(request, {**carried, **(extra_context or {})})
        if typed is not None and response.status_code == 302:
            return form_recovery.offer(request, typed)
        if (held := held_up(request)) is not None:
            response.status_code = 429
            response.headers["Retry-After"] = str(math.ceil(held.wait.total_seconds()))
        return response

    def get_urls(self) -> list[Any]:
        """Return the URLs without Django's “view on site” by number, which redirects
        anybody to any object; our pages link to public pages themselves."""
        return [
            url
            for url in super().get_urls()
            if getattr(url, "name", "") != "view_on_site"
        ]
