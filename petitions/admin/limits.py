"""Rate limits, allow and block lists, for site administrators only; and the mail
domains that an organisation knows, for its staff."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from organizations.rights import Right
from organizations.scoping import AdministratorsAdmin, Needs, ScopedAdmin
from petitions.models import Limit, ListedDomain, ListedNetwork, OrdinaryDomain


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


@admin.register(OrdinaryDomain)
class OrdinaryDomainAdmin(ScopedAdmin[OrdinaryDomain]):
    """Mail domains that an organisation knows: added beforehand, or learnt when staff
    release signatures from quarantine; staff can take them off the list."""

    needs = Needs(
        # A domain may be one person's.
        view=Right.SEE_SUPPORTERS,
        add=Right.MODERATE,
        change=Right.MODERATE,
        delete=Right.MODERATE,
    )

    list_display = ["domain", "organization", "since"]
    fields = ["organization", "domain"]
    search_fields = ["domain"]
    list_select_related = ["organization"]
