"""Address rules, for site administrators; and key collisions, for staff: people who
were counted twice before a rule changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from organizations.rights import Right
from organizations.scoping import AdministratorsAdmin, Needs, ScopedAdmin
from petitions.identity import key_ring
from petitions.models import AddressRule, KeyCollision


@admin.register(AddressRule)
class AddressRuleAdmin(AdministratorsAdmin[AddressRule]):
    list_display = ["domain", "strip_characters", "strip_extension", "same_as"]
    search_fields = ["domain", "same_as"]
    fields = ["domain", "strip_characters", "strip_extension", "same_as"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "GET" and self.has_view_permission(request):
            if key_ring.waits_for_rekey():
                messages.warning(
                    request,
                    gettext(
                        "These rules differ from those in force. They take effect "
                        "when “manage.py rekey” has run."
                    ),
                )
            else:
                messages.info(
                    request,
                    gettext(
                        "These rules are in force. Changed ones take effect when "
                        "“manage.py rekey” has run."
                    ),
                )
        return super().changelist_view(request, extra_context)


@admin.register(KeyCollision)
class KeyCollisionAdmin(ScopedAdmin[KeyCollision]):
    # A signature that was taken back stays so, unless its signer signs again.
    needs = Needs(view=Right.SEE_SUPPORTERS)
    organization_path = "petition__organization_id"
    show_facets = admin.ShowFacets.NEVER
    list_display = ["petition", "kept", "taken_back", "version", "found_at"]
    list_select_related = ["petition"]
    fields = ["petition", "kept", "taken_back", "version", "found_at"]
    ordering = ["-pk"]
