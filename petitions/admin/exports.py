"""The export of an organisation's supporters, and the record of who has made one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext

from organizations.models import Organization
from organizations.permissions import may_export
from organizations.scoping import ScopedAdmin, user_of
from petitions.models import Export
from petitions.privacy import export


@admin.register(Export)
class ExportAdmin(ScopedAdmin[Export]):
    """The record of exports, which every member sees; only owners export."""

    list_display = ["made_at", "organization", "made_by", "number"]
    list_select_related = ["organization", "made_by"]
    list_filter = [("organization", admin.RelatedOnlyFieldListFilter)]
    ordering = ["-pk"]
    fields = ["organization", "made_by", "made_at", "number"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        return [
            path(
                "new/<int:number>/",
                self.admin_site.admin_view(self.new),
                name="petitions_export_new",
            ),
            *super().get_urls(),
        ]

    def new(self, request: HttpRequest, number: int) -> HttpResponseBase:
        """Show how many lines the organisation's list has, with a button that streams
        it as CSV. Raise Http404 for another's organisation, PermissionDenied for
        members who are not owners."""
        user, now = user_of(request), timezone.now()
        organization = Organization.objects.of(user).filter(pk=number).first()
        if organization is None:
            raise Http404
        if not may_export(user, organization.pk):
            raise PermissionDenied
        if request.method == "POST":
            day = timezone.localdate(now)
            name = f"{organization.slug}-{day:%Y-%m-%d}.csv"
            return StreamingHttpResponse(
                export.export(organization, user, now=now),
                content_type="text/csv; charset=utf-8",
                headers={
                    "Content-Disposition": content_disposition_header(True, name) or ""
                },
            )
        return self.ask(request, organization)

    def ask(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Who may be written to"),
            "subtitle": str(organization),
            "opts": self.opts,
            "organization": organization,
            "number": export.number_of_supporters(organization),
        }
        return TemplateResponse(request, "admin/petitions/export/new.html", context)
