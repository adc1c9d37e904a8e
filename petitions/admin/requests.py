"""The register of supporters' requests, and the way from the search box to the pages
that answer them."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions.abuse.contact_details import may_hold_a_contact
from petitions.admin import supporter_acts, supporters
from petitions.models import SupporterRequest
from petitions.states import RequestKind, RequestOutcome

NAMES_SOMEBODY = _(
    "Write it without the person: no name, address, number or link. It is kept when "
    "all else about them is erased."
)
NOT_YET = _("This day has not come yet.")


class OpenFilter(admin.SimpleListFilter):
    title = _("answered")
    parameter_name = "answered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("No")), ("yes", _("Yes"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[SupporterRequest]
    ) -> models.QuerySet[SupporterRequest]:
        match self.value():
            case "no":
                return queryset.filter(outcome="").order_by("received_on", "pk")
            case "yes":
                return queryset.exclude(outcome="")
        return queryset


class RegisterForm(forms.ModelForm[SupporterRequest]):
    """An entry that staff write by hand: when a request came, and what became of it
    where nothing was found."""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        # As saving will set it: the row's constraints are checked against this.
        self.instance.done_at = timezone.now() if given.get("outcome") else None
        return given

    def clean_check_note(self) -> str:
        note = str(self.cleaned_data["check_note"])
        if may_hold_a_contact(note):
            raise ValidationError(NAMES_SOMEBODY)
        return note

    def clean_received_on(self) -> Any:
        day = self.cleaned_data["received_on"]
        if day and day > timezone.localdate():
            raise ValidationError(NOT_YET)
        return day


@admin.register(SupporterRequest)
class SupporterRequestAdmin(ScopedAdmin[SupporterRequest]):
    """The register, for whoever may serve supporters: nobody else sees a request."""

    needs = Needs(view=Right.SERVE, add=Right.SERVE, change=Right.SERVE)
    form = RegisterForm
    show_facets = admin.ShowFacets.NEVER
    list_display = [
        "received_on", "kind", "came_by", "organization", "due", "standing", "number",
        "done_by",
    ]  # fmt: skip
    list_filter = [OpenFilter, "kind"]
    list_select_related = ["organization", "done_by"]
    ordering = ["-received_on", "-pk"]
    fields = [
        "organization", "kind", "came_by", "received_on", "checked_by", "check_note",
        "outcome",
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/admin.css"]}

    def allows_changing(self, request: HttpRequest, obj: Any) -> bool:
        """Refuse what was answered: that stays on record."""
        return obj is None or not obj.outcome

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Add what was recorded with the answer."""
        fields = list(super().get_fields(request, obj))
        if obj is None:
            return fields
        answered = ["number", "done_at", "done_by"] if obj.done_by_id else []
        return [*fields[:4], "due", *fields[4:], *answered]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        if obj is None:
            return fields
        answered = ["number", "done_at", "done_by"]
        return [*fields, "organization", "kind", "due", *answered]

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Choose the organisation already when there is one alone."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.related_model is Organization and field.queryset.count() == 1:
            field.initial = field.queryset.get()
        return field

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer no “done” to type: what is done for a person, their page records."""
        field: Any = super().formfield_for_choice_field(db_field, request, **kwargs)
        if db_field.name == "outcome":
            field.choices = [
                (value, label)
                for value, label in field.choices
                if value != RequestOutcome.DONE
            ]
        return field

    def save_model(
        self, request: HttpRequest, obj: SupporterRequest, form: Any, change: bool
    ) -> None:
        if obj.outcome:
            outcome = RequestOutcome(obj.outcome)
            obj.answer(outcome, by=user_of(request), now=timezone.now())
        else:
            obj.save()

    @admin.display(description=_("to be answered by"), ordering="received_on")
    def due(self, row: SupporterRequest) -> Any:
        day, today = date_format(row.due_on), timezone.localdate()
        if row.is_overdue(today):
            return format_html("<strong>{} · {}</strong>", day, gettext("overdue"))
        if row.is_due_soon(today):
            return format_html("<strong>{} · {}</strong>", day, gettext("soon"))
        return day

    @admin.display(description=_("outcome"), ordering="outcome")
    def standing(self, row: SupporterRequest) -> str:
        if not row.done_at:
            return gettext("Open")
        day = date_format(timezone.localtime(row.done_at), "SHORT_DATE_FORMAT")
        return f"{row.get_outcome_display()} · {day}"

    def get_urls(self) -> list[Any]:
        """Add the search, its result, and a supporter's pages."""

        def route(path_: str, view: Any, name: str, **fixed: Any) -> Any:
            bound = served(view, **fixed).__get__(self)
            wrapped = self.admin_site.admin_view(bound)
            return path(path_, wrapped, name=f"petitions_supporterrequest_{name}")

        person = "supporter/<str:kind>/<int:row>/"
        acts = [kind for kind in RequestKind.values if kind != RequestKind.CORRECT]
        return [
            route("search/", supporters.search_supporters, "search"),
            route("found/", supporters.list_found, "found"),
            route(person, supporters.supporter, "supporter"),
            route(f"{person}copy/", supporters.show_copy, "copy"),
            route(f"{person}copy.json", supporters.download_copy, "download"),
            route(
                f"{person}correct/<int:signature>/",
                supporter_acts.correct_for_owner,
                "correct",
            ),
            *(
                route(f"{person}{kind}/", supporter_acts.act, kind, verb=kind)
                for kind in acts
            ),
            route("never-write/", supporter_acts.never_write, "never_write"),
            *super().get_urls(),
        ]


def served(view: Any, **fixed: Any) -> Any:
    """Return a page of the register's admin, for who may serve supporters; `view` finds
    the one whom its address names among those of the user's organisations."""

    @page(Right.SERVE)
    @wraps(view)
    def asked(
        model_admin: Any, request: HttpRequest, _row: None, **reference: Any
    ) -> HttpResponse:
        answer: HttpResponse = view(model_admin, request, **reference, **fixed)
        return answer

    return asked
