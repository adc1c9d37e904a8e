"""Signatures in the admin: searchable, read-only, their comments approved here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from organizations.scoping import ScopedAdmin
from petitions.addresses import NotAnAddress, clean_address
from petitions.admin.paging import CappedPaginator
from petitions.keys import keys_of
from petitions.models import Petition, Signature


class PetitionFilter(admin.SimpleListFilter):
    """Only petitions of the user's organisations, the newest fifty."""

    title = _("petition")
    parameter_name = "petition"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        from organizations.scoping import user_of

        petitions = Petition.objects.of(user_of(request)).order_by("-pk")
        return list(petitions.values_list("pk", "title")[:50])

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> QuerySet[Signature]:
        value = self.value()
        if value and value.isascii() and value.isdecimal() and len(value) < 19:
            return queryset.filter(petition=int(value))
        return queryset


class CommentFilter(admin.SimpleListFilter):
    title = _("comment")
    parameter_name = "comment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("To be read")), ("approved", _("Approved"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> QuerySet[Signature]:
        if self.value() == "waiting":
            waiting = queryset.confirmed().exclude(comment="")  # type: ignore[attr-defined]
            return waiting.filter(comment_approved=False)  # type: ignore[no-any-return]
        if self.value() == "approved":
            return queryset.filter(comment_approved=True)
        return queryset


@admin.register(Signature)
class SignatureAdmin(ScopedAdmin[Signature]):
    organization_path = "petition__organization_id"
    paginator = CappedPaginator
    list_display = [
        "name", "email", "comment_start", "comment_approved", "state", "petition_start",
        "created_at",
    ]  # fmt: skip
    list_filter = ["state", CommentFilter, PetitionFilter]
    list_select_related = ["petition"]
    search_fields = ["name"]
    ordering = ["-pk"]
    actions = ["approve_comments", "hide_comments", "withhold_names", "release_names"]
    fields = [
        "petition", "state", "name", "email", "place", "postal_code", "country",
        "comment", "comment_approved", "show_name", "name_withheld", "updates",
        "language", "delivery",
        "text_version", "weak_signs", "created_at", "confirmed_at", "withdrawn_at",
    ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody edits what somebody signed; actions ask for `approve`."""
        return False

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Signature], search_term: str
    ) -> tuple[QuerySet[Signature], bool]:
        """An address is found by its key, in any spelling; a name by its letters."""
        if "@" in search_term:
            try:
                known = keys_of(clean_address(search_term))
            except NotAnAddress:
                return queryset.none(), False
            return queryset.filter(email_key__in=known), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("comment"))
    def comment_start(self, signature: Signature) -> str:
        return Truncator(signature.comment).chars(80)

    @admin.display(description=_("petition"), ordering="petition")
    def petition_start(self, signature: Signature) -> str:
        return Truncator(signature.petition.title).chars(30)

    @admin.action(description=_("Show comments on the page"), permissions=["approve"])
    def approve_comments(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        self.change(request, queryset.exclude(comment=""), comment_approved=True)

    @admin.action(description=_("Hide comments again"), permissions=["approve"])
    def hide_comments(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        self.change(request, queryset.exclude(comment=""), comment_approved=False)

    @admin.action(description=_("Take names from the page"), permissions=["approve"])
    def withhold_names(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        self.change(request, queryset, name_withheld=True)

    @admin.action(
        description=_("Let names stand on the page again"), permissions=["approve"]
    )
    def release_names(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        self.change(request, queryset, name_withheld=False)

    def change(
        self, request: HttpRequest, queryset: QuerySet[Signature], **values: bool
    ) -> None:
        """What staff decide about signatures under campaigns that they may edit."""
        from organizations.access import may_edit
        from organizations.scoping import user_of

        user = user_of(request)
        editable = [
            signature.pk
            for signature in queryset.select_related("petition")
            if may_edit(user, signature.petition.organization_id)
        ]
        number = Signature.objects.filter(pk__in=editable).update(**values)
        messages.success(
            request,
            ngettext("%(n)d signature changed.", "%(n)d signatures changed.", number)
            % {"n": number},
        )
