"""The admin of this site: Django's own, with our name and colours."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _

from config.logins import LoginForm


class StaffSite(AdminSite):
    site_header = _("Petitions")
    site_title = _("Petitions")
    index_title = _("Campaigns")
    site_url = "/"
    enable_nav_sidebar = False
    login_form = LoginForm

    def get_urls(self) -> list[Any]:
        """Without Django's “view on site” by number, which leads everybody to the
        address of anything; our pages link to public addresses themselves."""
        return [
            url
            for url in super().get_urls()
            if getattr(url, "name", "") != "view_on_site"
        ]
