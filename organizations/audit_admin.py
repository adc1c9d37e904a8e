"""The log in the admin: who did what, for owners that of their organisation, for
administrators all of it; as a list with filters, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _

from core.admin.history import (
    EntryLine,
    EntryReader,
    is_of_signers,
    labelled,
    name_of_kind,
)
from core.audit import entries, tables
from core.i18n.moments import in_zone
from core.models import AuditEntry
from core.text.spreadsheets import BOM, as_text
from organizations.models import User
from organizations.rights import Right, organizations_with
from organizations.scoping import Needs, ScopedAdmin, page, user_of

AT_ONCE = 500
"""Entries that one statement of a download fetches."""
MOST_NAMED = 200
"""Accounts that the filter names."""


class DayFilter(admin.SimpleListFilter):
    """A filter by the last days; by a single day, where the address names one
    (?day=2027-05-31)."""

    title = _("when")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("Today")), ("7", _("Past 7 days")), ("31", _("Past 31 days"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[AuditEntry]
    ) -> models.QuerySet[AuditEntry]:
        value = self.value() or ""
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        if value in ("1", "7", "31"):
            return queryset.filter(at__gte=today - timedelta(days=int(value) - 1))
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return queryset
        first = today.replace(year=day.year, month=day.month, day=day.day)
        return queryset.filter(at__gte=first, at__lt=first + timedelta(days=1))


class WhoFilter(admin.SimpleListFilter):
    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        user = user_of(request)
        accounts = User.objects.order_by("name", "email")
        if not user.is_superuser:
            read = organizations_with(user, Right.READ_LOG)
            accounts = accounts.filter(memberships__organization__in=read).distinct()
        named = [(str(account.pk), account) for account in accounts[:MOST_NAMED]]
        return [("nobody", _("No account")), *named]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[AuditEntry]
    ) -> models.QuerySet[AuditEntry]:
        value = self.value()
        if value == "nobody":
            return queryset.filter(account__isnull=True)
        if value and value.isascii() and value.isdecimal() and len(value) < 19:
            return queryset.filter(account=int(value))
        return queryset


class TableFilter(admin.SimpleListFilter):
    title = _("what")
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        named = [
            (model._meta.db_table, name_of_kind(model))
            for model in tables.models_of_ours()
            if model in tables.audited()
            or (is_of_signers(model) and admin.site.is_registered(model))
        ]
        return sorted(named, key=lambda pair: pair[1])

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[AuditEntry]
    ) -> models.QuerySet[AuditEntry]:
        return queryset.filter(table=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ScopedAdmin[AuditEntry]):
    needs = Needs(view=Right.READ_LOG)
    organization_path = "organization"
    list_display = ["at", "who", "what", "did", "details"]
    list_display_links = None
    list_filter = [DayFilter, "action", WhoFilter, TableFilter]
    sortable_by = ()
    ordering = ["-at", "-id"]
    show_facets = admin.ShowFacets.NEVER
    fields = ["at", "who", "what", "did", "details"]

    class Media:
        css = {"all": ["css/admin.css"]}

    def get_urls(self) -> list[Any]:
        as_csv = self.admin_site.admin_view(self.as_csv)
        return [
            path("csv/", as_csv, name="config_auditentry_csv"),
            *super().get_urls(),
        ]

    # -- an entry in words --

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the entries of the page together: each names rows of other tables."""
        changelist = super().get_changelist_instance(request)
        for line in EntryReader(changelist.result_list):
            line.entry.line = line  # type: ignore[attr-defined]
        return changelist

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show an entry, named in words."""
        entry = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"title": gettext("Entry of the log")}
        if entry is not None:
            context["subtitle"] = self.what(entry)
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def line(self, entry: AuditEntry) -> EntryLine:
        line: EntryLine = getattr(entry, "line", None) or next(
            iter(EntryReader([entry]))
        )
        return line

    @admin.display(description=_("who"))
    def who(self, entry: AuditEntry) -> str:
        return self.line(entry).who

    @admin.display(description=_("what"))
    def what(self, entry: AuditEntry) -> str:
        return self.line(entry).what

    @admin.display(description=_("action"))
    def did(self, entry: AuditEntry) -> str:
        line = self.line(entry)
        return labelled(line.did, line.said) if line.said else line.did

    @admin.display(description=_("before and after"))
    def details(self, entry: AuditEntry) -> SafeString:
        line = self.line(entry)
        context = {"changes": line.changes, "reason": entry.reason}
        return SafeString(render_to_string("admin/_audit_changes.html", context))

    # -- the file --

    @page(Right.READ_LOG)
    def as_csv(self, request: HttpRequest, _row: None) -> StreamingHttpResponse:
        """Stream the list, as it is filtered, as CSV; the download is on record. Raise
        BadRequest when the list cannot be filtered so."""
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            raise BadRequest("The log cannot be filtered so") from None
        user = user_of(request)
        read = organizations_with(user, Right.READ_LOG).values_list("pk", flat=True)
        of_all: list[int | None] = [None]
        shown = of_all if user.is_superuser else list(read)
        entries.look(AuditEntry, shown, kind="download")
        day = timezone.localdate()
        return StreamingHttpResponse(
            csv_of(rows, get_language() or settings.LANGUAGE_CODE),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": content_disposition_header(
                    True, f"log-{day:%Y-%m-%d}.csv"
                )
                or ""
            },
        )


def csv_of(rows: models.QuerySet[AuditEntry], language: str) -> Iterator[bytes]:
    """Yield the entries as a CSV file in the language, some hundred a statement, from
    the newest to the oldest that there was at the beginning. What is streamed is
    written after the middleware that sets the language."""
    pages = csv_pages(rows)
    while True:
        with override(language):
            page = next(pages, None)
        if page is None:
            return
        yield page


def csv_pages(rows: models.QuerySet[AuditEntry]) -> Iterator[bytes]:
    head = [
        in_zone(gettext("When")), gettext("Who"), gettext("What"), gettext("Action"),
        gettext("Field"), gettext("Before"), gettext("After"), gettext("Reason"),
        gettext("Database role"), gettext("Transaction"),
    ]  # fmt: skip
    yield (BOM + csv_line(head)).encode()
    older = rows
    while page := list(older[:AT_ONCE]):
        yield "".join(map(csv_lines, EntryReader(page))).encode()
        last = page[-1]
        older = rows.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))


def csv_lines(line: EntryLine) -> str:
    """Return a line for each column that changed, or one for a note."""
    entry = line.entry
    did = labelled(line.did, line.said) if line.said else line.did
    first = [date_format(line.at, "Y-m-d H:i:s"), line.who, line.what, did]
    last = [entry.reason, entry.session_role, str(entry.transaction)]
    changes = [[c.label, c.before, c.after] for c in line.changes] or [["", "", ""]]
    return "".join(csv_line([*first, *change, *last]) for change in changes)


def csv_line(cells: list[str]) -> str:
    """Return a line whose cells no spreadsheet computes."""
    text = io.StringIO()
    csv.writer(text).writerow(map(as_text, cells))
    return text.getvalue()
