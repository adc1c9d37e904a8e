"""The admin of this site: Django's own, with our name and colours."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class StaffSite(AdminSite):
    site_header = _("Petitions")
    site_title = _("Petitions")
    index_title = _("Campaigns")
    site_url = "/"
    enable_nav_sidebar = False
