"""Signatures in the admin: searchable and read-only; their comments are moderated
here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin.bulk_actions import Asked, Question
from core.i18n.languages import name_in_reader_language
from organizations.rights import Right
from organizations.scoping import Needs, action, page
from petitions.addresses import NotAnAddress, clean_address
from petitions.admin import quarantine
from petitions.admin.filters import PetitionFilter, QuarantineFilter
from petitions.admin.moderation import ModeratingAdmin, chosen
from petitions.identity.key_ring import keys_of
from petitions.models import Comment, Removal, Signature
from petitions.models.signatures import (
    COMMENTED,
    NAME_WITHHELD,
)
from petitions.signature_fields import OPTIONAL
from petitions.states import Delivery, WeakSign
from petitions.templatetags.petition_tags import country_name

SIGNS = {
    WeakSign.NO_ORIGIN: _("the browser did not say which page sent the form"),
    WeakSign.BUSY_NETWORK: _("many forms from this network"),
    WeakSign.BUSY_DOMAIN: _("many forms with this mail domain"),
    WeakSign.CONTACT_IN_NAME: _("the name or the place may hold an address"),
}


def signs_in_words(signature: Signature) -> str:
    """Return the signature's weak signs of abuse, in words."""
    signs = WeakSign(signature.weak_signs)
    return ", ".join(str(words) for sign, words in SIGNS.items() if sign & signs)


def network_in_words(signature: Signature) -> str:
    """Return the signature's network with the prefix length that was kept of it; "" if
    none was."""
    if not signature.network:
        return ""
    return f"{signature.network}/{48 if ':' in signature.network else 24}"


class CommentFilter(admin.SimpleListFilter):
    title = _("comment")
    parameter_name = "comment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("To be read")), ("approved", _("Approved"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> QuerySet[Signature]:
        if self.value() == "waiting":
            return queryset.comments_waiting()  # type: ignore[attr-defined, no-any-return]
        if self.value() == "approved":
            return queryset.filter(comment_approved=True)
        return queryset


class NameFilter(admin.SimpleListFilter):
    title = _("name on the page")
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("To be looked at")), ("withheld", _("Not shown"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> QuerySet[Signature]:
        if self.value() == "waiting":
            return queryset.names_waiting()  # type: ignore[attr-defined, no-any-return]
        if self.value() == "withheld":
            return queryset.filter(NAME_WITHHELD)
        return queryset


def aside(decision: quarantine.Decision) -> Asked:
    """Return what is asked before signatures set aside are released or removed."""

    def asked(
        model_admin: SignatureAdmin,
        request: HttpRequest,
        queryset: QuerySet[Signature],
    ) -> Question:
        return quarantine.decision_question(chosen(queryset).quarantined(), decision)

    return asked


@admin.register(Signature)
class SignatureAdmin(ModeratingAdmin):
    # Nobody edits what somebody signed.
    needs = Needs(view=Right.SEE_SUPPORTERS)
    # Counting millions for each filter takes longer than anybody waits.
    show_facets = admin.ShowFacets.NEVER
    list_display = [
        "name_known", "place", "email_known", "comment_start", "state",
        "quarantine_reason", "petition_start", "created_at",
    ]  # fmt: skip
    list_filter = ["state", QuarantineFilter, CommentFilter, NameFilter, PetitionFilter]
    list_select_related = ["petition"]
    search_fields = ["name"]
    ordering = ["-pk"]
    # Any other order would sort millions of rows while somebody waits.
    sortable_by = ()
    actions = [
        "approve_comments", "hide_comments", "withhold_names", "release_names",
        "release", "remove",
    ]  # fmt: skip
    batched_actions = frozenset({"release", "remove"})
    fields = [
        "petition", "state", "name_known", "email_known",
        *(field.name for field in OPTIONAL if field.is_line), "country_known",
        "comment", "comment_standing", "show_name", "name_withheld",
        "wants_updates", "language_named", "agreed_to", "text_version",
        "invalidation", "quarantine_reason", "erased_on", "weak_signs_in_words",
        "network_shared",
        "created_at", "confirmed_at", "withdrawn_at", "withdrawn_because",
    ]  # fmt: skip

    readonly_fields = ["name_known", "email_known"]

    @page(Right.MODERATE, find=quarantine.find_removal)
    def call_off(self, request: HttpRequest, removal: Removal | None) -> HttpResponse:
        """Call off the erasure of signatures that were set aside."""
        return quarantine.call_off_removal(request, removal)

    def get_urls(self) -> list[Any]:
        """Add the page that calls off a removal."""
        call_off = self.admin_site.admin_view(self.call_off)
        name = f"petitions_{self.opts.model_name}_call_off"  # comments have it, too
        return [
            path("removal/<int:number>/call-off/", call_off, name=name),
            *super().get_urls(),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Signature], search_term: str
    ) -> tuple[QuerySet[Signature], bool]:
        """Search for an address by its key, so in any spelling; for a name by its
        letters."""
        if "@" in search_term:
            try:
                known = keys_of(clean_address(search_term))
            except NotAnAddress:
                return queryset.none(), False
            return queryset.filter(email_key__in=known), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("name"), ordering="name")
    def name_known(self, signature: Signature) -> str:
        """Return the name, or “erased” once the names of the petition are; see
        petitions.privacy.expiry."""
        return signature.name or gettext("erased")

    @admin.display(description=_("e-mail address"), ordering="email")
    def email_known(self, signature: Signature) -> str:
        return signature.email or gettext("erased")

    @admin.display(description=_("comment"))
    def comment_start(self, signature: Signature) -> str:
        """Return how the comment begins, and what staff have decided about it; "" when
        there is none."""
        if not signature.comment:
            return ""
        start = self.beginning(signature.comment)
        return f"{start} · {self.comment_standing(signature)}"

    @admin.display(description=_("decision"))
    def comment_standing(self, signature: Signature) -> str:
        if not signature.comment:
            return ""
        if signature.comment_approved:
            return gettext("Approved")
        if signature.comment_rejected:
            return gettext("Not shown")
        return gettext("To be read")

    @admin.display(description=_("country"))
    def country_known(self, signature: Signature) -> str:
        return country_name(signature.country)

    @admin.display(description=_("language"))
    def language_named(self, signature: Signature) -> str:
        return name_in_reader_language(signature.language)

    @admin.display(description=_("agreed to hand over"))
    def agreed_to(self, signature: Signature) -> str:
        return str(Delivery(signature.delivery).label)

    @admin.display(description=_("petition"), ordering="petition")
    def petition_start(self, signature: Signature) -> str:
        return Truncator(signature.petition.title).chars(60)

    @admin.display(description=_("will be removed on"))
    def erased_on(self, signature: Signature) -> str:
        """Return the day on which it will be erased; "" unless staff decided so."""
        day = signature.erased_on
        return date_format(timezone.localtime(day)) if day else ""

    @admin.display(description=_("weak signs of abuse"))
    def weak_signs_in_words(self, signature: Signature) -> str:
        return signs_in_words(signature)

    @admin.display(description=_("network"))
    def network_shared(self, signature: Signature) -> str:
        return network_in_words(signature)

    @action(
        Right.MODERATE,
        _("Set aside: release, so that the link is sent"),
        aside(quarantine.RELEASE),
    )
    def release(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> Question | None:
        rows = chosen(queryset).quarantined()
        return quarantine.carry_out_decision(request, rows, quarantine.RELEASE)

    @action(
        Right.MODERATE,
        _("Set aside: remove, after seven days"),
        aside(quarantine.REMOVE),
    )
    def remove(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> Question | None:
        rows = chosen(queryset).quarantined()
        return quarantine.carry_out_decision(request, rows, quarantine.REMOVE)


class DecisionFilter(admin.SimpleListFilter):
    """A filter by decision; unless one is chosen, comments that are still to be
    read."""

    title = _("decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("approved", _("Shown")), ("rejected", _("Not shown"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        everything, *decided = super().choices(changelist)
        yield {**everything, "display": _("To be read")}
        yield from decided

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> QuerySet[Signature]:
        if self.value() == "approved":
            return queryset.filter(comment_approved=True).order_by("-pk")
        if self.value() == "rejected":
            return queryset.filter(comment_rejected=True).order_by("-pk")
        return queryset.comments_waiting()  # type: ignore[attr-defined, no-any-return]


@admin.register(Comment)
class CommentAdmin(SignatureAdmin):
    """The queue of comments, in full, the longest waiting first."""

    list_display = ["comment", "name", "place", "petition_start", "confirmed_at"]
    list_display_links = None
    list_filter = [DecisionFilter, PetitionFilter]
    list_per_page = 100
    ordering = ["pk"]
    actions = ["approve_comments", "hide_comments"]

    def beginning(self, comment: str) -> str:
        """Return the whole comment."""
        return comment

    def get_queryset(self, request: HttpRequest) -> QuerySet[Signature]:
        return super().get_queryset(request).filter(COMMENTED)
