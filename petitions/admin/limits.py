"""Limits and lists, for administrators of the site only."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from organizations.scoping import AdministratorsAdmin
from petitions.models import Limit, ListedDomain, ListedNetwork


@admin.register(Limit)
class LimitAdmin(AdministratorsAdmin[Limit]):
    list_display = ["scope", "most", "minutes"]
    list_display_links = ["scope"]


class ListAdmin[M: (ListedDomain, ListedNetwork)](AdministratorsAdmin[M]):
    list_filter = ["listing"]


@admin.register(ListedNetwork)
class ListedNetworkAdmin(ListAdmin[ListedNetwork]):
    list_display = ["network", "listing", "note"]
    search_fields = ["network", "note"]


@admin.register(ListedDomain)
class ListedDomainAdmin(ListAdmin[ListedDomain]):
    list_display = ["domain", "listing", "note"]
    search_fields = ["domain", "note"]
    search_help_text = _("Part of a domain, or of a note.")
