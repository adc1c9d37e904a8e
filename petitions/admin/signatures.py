"""Signatures in the admin: searchable and read-only; their comments are moderated
here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.admin.edit_conflicts import digest
from core.i18n.languages import name_in_reader_language
from organizations.permissions import may_edit, memberships
from organizations.scoping import SupportersAdmin, user_of
from petitions.addresses import NotAnAddress, clean_address
from petitions.admin import quarantine
from petitions.admin.filters import PetitionFilter, QuarantineFilter
from petitions.identity.key_ring import keys_of
from petitions.models import Comment, Signature
from petitions.models.signatures import (
    COMMENTED,
    NAME_WITHHELD,
    SignatureQuerySet,
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

# The hidden field of each row that says which texts the list showed in it; COMMENT and
# NAME are the groups of its pattern that hold their digests.
SHOWN = "_shown"
COMMENT, NAME = 2, 3

# Once staff have decided about a name, it is no longer in doubt.
LOOKED_AT = F("weak_signs").bitand(~int(WeakSign.CONTACT_IN_NAME))


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


@admin.register(Signature)
class SignatureAdmin(SupportersAdmin[Signature]):
    organization_path = "petition__organization_id"
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

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: nobody edits what somebody signed. Actions ask for
        `approve`."""
        return False

    def get_urls(self) -> list[Any]:
        """Add the page that calls off a removal."""
        call_off = self.admin_site.admin_view(
            lambda request, number: quarantine.call_off(self, request, number)
        )
        name = f"petitions_{self.opts.model_name}_call_off"  # comments have it, too
        return [
            path("removal/<int:number>/call-off/", call_off, name=name),
            *super().get_urls(),
        ]

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

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

    def action_checkbox(self, obj: Signature) -> SafeString:
        """Add digests of the texts that the row shows, so that nothing is decided
        unread."""
        return format_html(
            '{}<input type="hidden" name="{}" value="{}-{}-{}">',
            super().action_checkbox(obj), SHOWN, obj.pk, digest(obj.comment),
            digest(f"{obj.name}\n{obj.place}"),
        )  # fmt: skip

    def beginning(self, comment: str) -> str:
        """Return the part of a comment that the list shows."""
        return Truncator(comment).chars(80)

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

    @admin.action(description=_("Show comments on the page"), permissions=["approve"])
    def approve_comments(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        self.decide(request, queryset, approved=True)

    @admin.action(description=_("Do not show comments"), permissions=["approve"])
    def hide_comments(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        self.decide(request, queryset, approved=False)

    def decide(
        self, request: HttpRequest, queryset: QuerySet[Signature], *, approved: bool
    ) -> None:
        """Approve or reject comments; they leave the queue either way. One that has
        changed since it was listed is left as it is, and so is one to be approved that
        the list did not show whole."""
        commented = queryset.exclude(comment="")
        read = self.read(request, commented, COMMENT, allow_unlisted=not approved)
        self.change(
            request, read, comment_approved=approved, comment_rejected=not approved
        )

    def read(
        self,
        request: HttpRequest,
        queryset: QuerySet[Signature],
        part: int,
        *,
        allow_unlisted: bool = False,
    ) -> QuerySet[Signature]:
        """Return the rows whose COMMENT or NAME (`part`) the list showed whole and as
        it still is and, if `allow_unlisted`, those that it did not show; tell the user
        how many are left out. The listed rows are locked, so that they change no more
        until the transaction ends."""
        listed = {
            int(found[1]): found[part]
            for row in request.POST.getlist(SHOWN)
            if (found := re.fullmatch("([0-9]{1,18})-([0-9a-f]*)-([0-9a-f]*)", row))
        }
        chosen = queryset.order_by()
        rows = Signature.objects.filter(
            pk__in=chosen.filter(pk__in=listed).values("pk")
        )
        texts = rows.select_for_update(no_key=True).values_list(
            "pk", "comment", "name", "place"
        )
        whole, changed = [], []
        for number, comment, name, place in texts:
            text = comment if part == COMMENT else f"{name}\n{place}"
            if listed[number] != digest(text):
                changed.append(number)
            elif part == NAME or self.beginning(comment) == comment:
                whole.append(number)
        if allow_unlisted:
            read, left = chosen.exclude(pk__in=changed), len(changed)
        else:
            read = chosen.filter(pk__in=whole)
            left = chosen.count() - len(whole)
        if left:
            sentence = ngettext(
                "%(n)s was left as it is: it was changed since, or this list did not "
                "show all of it. Read it first.",
                "%(n)s were left as they are: they were changed since, or this list "
                "did not show all of them. Read them first.",
                left,
            )
            messages.warning(request, sentence % {"n": intcomma(left)})
        return read

    @admin.action(description=_("Take names from the page"), permissions=["approve"])
    def withhold_names(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        self.change(request, queryset, name_withheld=True, weak_signs=LOOKED_AT)

    @admin.action(
        description=_("Let names stand on the page again"), permissions=["approve"]
    )
    def release_names(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        read = self.read(request, queryset, NAME)
        self.change(request, read, name_withheld=False, weak_signs=LOOKED_AT)

    @admin.action(
        description=_("Set aside: release, so that the link is sent"),
        permissions=["approve"],
    )
    def release(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> HttpResponse | None:
        rows = self.editable(request, queryset).quarantined()
        return quarantine.decide(self, request, rows, quarantine.RELEASE)

    @admin.action(
        description=_("Set aside: remove, after seven days"), permissions=["approve"]
    )
    def remove(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> HttpResponse | None:
        rows = self.editable(request, queryset).quarantined()
        return quarantine.decide(self, request, rows, quarantine.REMOVE)

    def change(
        self, request: HttpRequest, queryset: QuerySet[Signature], **values: Any
    ) -> None:
        """Set these values for signatures of petitions that the user may edit."""
        number = self.editable(request, queryset).known().update(**values)
        messages.success(
            request,
            ngettext("%(n)s signature changed.", "%(n)s signatures changed.", number)
            % {"n": intcomma(number)},
        )

    def editable(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> SignatureQuerySet:
        """Return the signatures whose petitions the user may edit; not their ids, of
        which there may be more than a statement has room for, nor a subquery, which
        PostgreSQL may run once a row."""
        user = user_of(request)
        chosen = cast("SignatureQuerySet", queryset.order_by().select_related(None))
        if user.is_superuser:
            return chosen
        edited = [number for number in memberships(user) if may_edit(user, number)]
        return chosen.filter(petition__organization__in=edited)


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
