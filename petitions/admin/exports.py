"""The export of an organisation's supporters, and the record of who has made one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization
from organizations.rights import Right, organizations_with
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions.models import Export
from petitions.privacy import export
from petitions.states import ExportState


def seen_organization(
    model_admin: Any, request: HttpRequest, number: int
) -> Organization:
    """Return the organisation with this number; raise Http404 for another's."""
    seen = organizations_with(user_of(request), Right.VIEW)
    return get_object_or_404(seen, pk=number)


@admin.register(Export)
class ExportAdmin(ScopedAdmin[Export]):
    """The record of exports, which every member sees; to export takes its own right."""

    needs = Needs(view=Right.VIEW)

    list_display = ["made_at", "organization", "made_by", "state", "number_known"]
    list_select_related = ["organization", "made_by"]
    list_filter = [("organization", admin.RelatedOnlyFieldListFilter)]
    ordering = ["-pk"]
    fields = [
        "organization", "made_by", "made_at", "state", "ended_at", "number_known",
    ]  # fmt: skip
    readonly_fields = ["number_known"]

    @admin.display(description=_("number of addresses"), ordering="number")
    def number_known(self, record: Export) -> str:
        """Return the number; "" while the export goes on, or when how it ended is not
        known."""
        return "" if record.state == ExportState.BEGUN else intcomma(record.number)

    def get_urls(self) -> list[Any]:
        return [
            path(
                "new/<int:number>/",
                self.admin_site.admin_view(self.new),
                name="petitions_export_new",
            ),
            *super().get_urls(),
        ]

    @page(Right.EXPORT, find=seen_organization)
    def new(self, request: HttpRequest, organization: Organization) -> HttpResponseBase:
        """Show about how many lines the organisation's list has, with a button that
        streams it as CSV."""
        if request.method != "POST":
            return self.ask(request, organization)
        user, now = user_of(request), timezone.now()
        try:
            pieces = export.export(organization, user, now=now)
        except export.NotNow as reason:
            return self.ask(request, organization, reason)
        name = f"{organization.slug}-{timezone.localdate(now):%Y-%m-%d}.csv"
        return StreamingHttpResponse(
            pieces,
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": content_disposition_header(True, name) or ""
            },
        )

    def ask(
        self,
        request: HttpRequest,
        organization: Organization,
        refused: export.NotNow | None = None,
    ) -> HttpResponse:
        number, is_exact = export.number_of_supporters(organization)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Who may be written to"),
            "subtitle": str(organization),
            "opts": self.opts,
            "organization": organization,
            "number": number,
            "is_exact": is_exact,
            "refused": refused,
            "rekeying": isinstance(refused, export.Rekeying),
        }
        template = "admin/petitions/export/new.html"
        status = HTTPStatus.SERVICE_UNAVAILABLE if refused else HTTPStatus.OK
        return TemplateResponse(request, template, context, status=status)
