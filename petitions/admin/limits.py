"""Limits and lists, for administrators of the site only: rights on these models come
from `User.has_perm`, which nobody else has."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from petitions.models import Limit, ListedDomain, ListedNetwork


class ForAdministrators[M: (Limit, ListedDomain, ListedNetwork)](admin.ModelAdmin[M]):
    list_per_page = 100
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


@admin.register(Limit)
class LimitAdmin(ForAdministrators[Limit]):
    list_display = ["scope", "most", "minutes"]
    list_display_links = ["scope"]


class ListAdmin[M: (ListedDomain, ListedNetwork)](ForAdministrators[M]):
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
