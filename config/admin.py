"""The admin of this site: Django's own, with our name and colours."""

from __future__ import annotations

import math
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from config.logins import LoginForm, held_up
from config.patience import patient


class StaffSite(AdminSite):
    site_header = _("Petitions")
    site_title = _("Petitions")
    index_title = _("Campaigns")
    site_url = "/"
    enable_nav_sidebar = False
    login_form = LoginForm

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A list is not asked for what no text can hold: PostgreSQL would refuse it
        where nobody catches that. A form is patient."""
        of_staff = super().admin_view(patient(view), cacheable)

        @wraps(of_staff)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if "%00" in request.META.get("QUERY_STRING", ""):
                raise BadRequest("A null byte in the query")
            return of_staff(request, *args, **kwargs)

        return asked

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Says to programs, too, that another try has to wait."""
        response = super().login(request, extra_context)
        if (held := held_up(request)) is not None:
            response.status_code = 429
            response.headers["Retry-After"] = str(math.ceil(held.wait.total_seconds()))
        return response

    def get_urls(self) -> list[Any]:
        """Without Django's “view on site” by number, which leads everybody to the
        address of anything; our pages link to public addresses themselves."""
        return [
            url
            for url in super().get_urls()
            if getattr(url, "name", "") != "view_on_site"
        ]
