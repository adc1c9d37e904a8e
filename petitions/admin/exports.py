"""Exports of an organisation's supporters, and of the signatures and figures of a
petition; the record of who has made one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
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
from petitions.models import Export, Petition
from petitions.privacy import export, signature_export
from petitions.privacy.layouts import ListLayout
from petitions.privacy.recorded_exports import NotNow, Rekeying
from petitions.privacy.signature_export import ExportColumn
from petitions.regions import FEWEST
from petitions.states import ExportState


def seen_organization(
    model_admin: Any, request: HttpRequest, number: int
) -> Organization:
    """Return the organisation with this number; raise Http404 for another's."""
    seen = organizations_with(user_of(request), Right.VIEW)
    return get_object_or_404(seen, pk=number)


class ListLayoutForm(forms.Form):
    """For which tool a list of supporters is."""

    layout = forms.ChoiceField(
        label=_("What the file is for"),
        choices=ListLayout.choices,
        widget=forms.RadioSelect,
        initial=ListLayout.OURS,
        required=False,
    )

    def clean_layout(self) -> ListLayout:
        return ListLayout(self.cleaned_data["layout"] or ListLayout.OURS)


class ColumnsForm(forms.Form):
    """The columns that the file has of each signature, beside its day."""

    columns = forms.MultipleChoiceField(
        label=_("Columns beside the day"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(
        self, *args: Any, offered: Sequence[ExportColumn], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["columns"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(column.value, column.label) for column in offered]
        # Addresses leave when somebody asks for them.
        field.initial = [
            column for column in offered if column is not ExportColumn.EMAIL
        ]


def form_data(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, which may be nothing; None when nobody has sent a form."""
    return request.POST if request.method == "POST" else None


def sent(pieces: Iterator[bytes], name: str) -> StreamingHttpResponse:
    """Return the answer that is a CSV file of this name, with the day."""
    name = f"{name}-{timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        pieces,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(True, name) or ""},
    )


def sent_or_refused(
    make: Callable[[], Iterator[bytes]],
    name: str,
    ask: Callable[[NotNow], TemplateResponse],
) -> HttpResponseBase:
    """Return the file, or the page that asks again and says why there is none now."""
    try:
        return sent(make(), name)
    except NotNow as reason:
        answer = ask(reason)
        answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return answer


@admin.register(Export)
class ExportAdmin(ScopedAdmin[Export]):
    """The record of exports, which every member sees; to export takes its own right."""

    needs = Needs(view=Right.VIEW)

    list_display = [
        "made_at", "organization", "kind", "petition", "made_by", "state",
        "number_known",
    ]  # fmt: skip
    list_select_related = ["organization", "petition", "made_by"]
    list_filter = ["kind", ("organization", admin.RelatedOnlyFieldListFilter)]
    ordering = ["-pk"]
    fields = [
        "organization", "kind", "petition", "made_by", "made_at", "state", "ended_at",
        "number_known",
    ]  # fmt: skip
    readonly_fields = ["number_known"]

    @admin.display(description=_("number of lines"), ordering="number")
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
        streams it as CSV, in the columns that were chosen."""
        form = ListLayoutForm(form_data(request))
        if not form.is_valid():
            return self.ask(request, organization, form)
        user, layout = user_of(request), form.cleaned_data["layout"]
        name = organization.slug
        if layout != ListLayout.OURS:
            name += f"-{layout.value}"
        return sent_or_refused(
            lambda: export.export_supporters(
                organization, user, layout, now=timezone.now()
            ),
            name,
            lambda reason: self.ask(request, organization, form, reason),
        )

    def ask(
        self,
        request: HttpRequest,
        organization: Organization,
        form: ListLayoutForm,
        refused: NotNow | None = None,
    ) -> TemplateResponse:
        number, is_exact = export.number_of_supporters(organization)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Who may be written to"),
            "subtitle": str(organization),
            "opts": self.opts,
            "organization": organization,
            "number": number,
            "is_exact": is_exact,
            "form": form,
            "refused": refused,
            "rekeying": isinstance(refused, Rekeying),
        }
        return TemplateResponse(request, "admin/petitions/export/new.html", context)


def signatures_file(
    model_admin: admin.ModelAdmin[Petition], request: HttpRequest, petition: Petition
) -> HttpResponseBase:
    """Show how many lines the file of a petition's signatures has, and how many of them
    carry a name, with the columns to choose from; on POST, stream it."""
    summary = signature_export.summary_of_signatures(petition)
    offered = [column for column in summary.columns if column is not ExportColumn.DAY]
    form = ColumnsForm(form_data(request), offered=offered)

    def ask(refused: NotNow | None = None) -> TemplateResponse:
        context = {
            **model_admin.admin_site.each_context(request),
            "title": gettext("Signatures as a file"),
            "subtitle": str(petition),
            "opts": model_admin.opts,
            "petition": petition,
            "summary": summary,
            "fewest": FEWEST,
            "form": form,
            "refused": refused,
            "rekeying": isinstance(refused, Rekeying),
        }
        template = "admin/petitions/petition/export.html"
        return TemplateResponse(request, template, context)

    if not form.is_valid():
        return ask()
    columns = [ExportColumn(name) for name in form.cleaned_data["columns"]]
    user = user_of(request)
    return sent_or_refused(
        lambda: signature_export.export_signatures(
            petition, user, columns, now=timezone.now()
        ),
        petition.slug,
        ask,
    )
