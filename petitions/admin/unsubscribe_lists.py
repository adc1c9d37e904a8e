"""Lists of the unsubscribed: staff send a file, look at whom it is about, and take it
in; the record of what was taken in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import entries
from core.text.faults import FileProblem
from core.text.fields import formfield
from organizations.models import Organization
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions import ways_back
from petitions.admin.exports import seen_organization
from petitions.admin.imports import UploadForm
from petitions.importing import unsubscribing
from petitions.models import UnsubscribeList


class UnsubscribeForm(UploadForm, forms.ModelForm[UnsubscribeList]):
    class Meta:
        model = UnsubscribeList
        fields = ["label"]
        formfield_callback = formfield

    field_order = ["file", "label"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _(
            "CSV in any encoding, or a sheet (XLSX, XLS, ODS), of at most 100,000 "
            "lines. Where a column says who may be written to, those who may are left "
            "out."
        )
        self.fields["label"].error_messages["required"] = _(
            "Say where they unsubscribed."
        )


def number_of_ended(made: UnsubscribeList) -> int | None:
    """Return how many yes would be a no; None when counting takes too long."""
    try:
        return unsubscribing.would_end(made)
    except OperationalError:
        return None


@admin.register(UnsubscribeList)
class UnsubscribeListAdmin(ScopedAdmin[UnsubscribeList]):
    """The record of the lists, with their numbers, for all members. Taking one in takes
    the right to write to supporters."""

    needs = Needs(view=Right.VIEW)
    list_display = [
        "made_at", "organization", "label", "addresses", "taken_in_at", "ended",
    ]  # fmt: skip
    list_filter = [("organization", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["organization"]
    ordering = ["-pk"]
    fields = [
        "organization", "label", "file_name", "by", "made_at", "lines", "addresses",
        "left_out", "unreadable", "taken_by", "taken_in_at", "ended",
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/admin.css"]}

    # As text, not as links: few may open the page of an account.

    @admin.display(description=_("by"))
    def by(self, made: UnsubscribeList) -> str:
        return str(made.made_by or "")

    @admin.display(description=_("taken in by"))
    def taken_by(self, made: UnsubscribeList) -> str:
        return str(made.taken_in_by or "")

    def get_urls(self) -> list[Any]:
        return [
            path(
                "new/<int:number>/",
                self.admin_site.admin_view(self.new),
                name="petitions_unsubscribelist_new",
            ),
            *self.urls_of({"take-in": self.take_in, "call-off": self.call_off}),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        made = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"title": gettext("List of the unsubscribed")}
        if made is not None:
            now = timezone.now()
            waits = made.taken_in_at is None
            may_take_in = waits and self.holds(request, Right.MAIL, made)
            context |= {
                "subtitle": str(made.organization),
                "may_take_in": may_take_in,
                "would_end": number_of_ended(made) if may_take_in else None,
            }
            if may_take_in:
                context["way_back"] = ways_back.sentence("unsubscribe", now, now)
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    @page(Right.MAIL, find=seen_organization)
    def new(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        """Show the form for a file; on POST, read it and go on to what it says."""
        made = UnsubscribeList(
            organization=organization, made_by=user_of(request), made_at=timezone.now()
        )
        form = UnsubscribeForm(
            request.POST or None, request.FILES or None, instance=made
        )
        if request.method == "POST" and form.is_valid():
            upload = form.cleaned_data["file"]
            try:
                unsubscribing.keep(made, upload.name or "", upload.file)
            except FileProblem as problem:
                form.add_error("file", str(problem))
            else:
                return self.back(made)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Take in who has unsubscribed"),
            "subtitle": str(organization),
            "opts": self.opts,
            "organization": organization,
            "form": form,
        }
        template = "admin/petitions/unsubscribelist/new.html"
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return TemplateResponse(request, template, context, status=status)

    def back(self, made: UnsubscribeList) -> HttpResponse:
        return redirect("admin:petitions_unsubscribelist_change", made.pk)

    @page(Right.MAIL)
    def take_in(self, request: HttpRequest, made: UnsubscribeList) -> HttpResponse:
        """Have a list hold."""
        if request.method == "POST":
            try:
                unsubscribing.take_in(made, user_of(request), now=timezone.now())
            except unsubscribing.NotPossible as reason:
                messages.error(request, str(reason))
            except OperationalError:
                messages.error(request, gettext("That took too long. Try again."))
            else:
                entries.note(made, gettext("Took in who has unsubscribed"))
        return self.back(made)

    @page(Right.MAIL)
    def call_off(self, request: HttpRequest, made: UnsubscribeList) -> HttpResponse:
        """Forget a list that does not hold yet."""
        if request.method == "POST":
            try:
                unsubscribing.call_off(made)
            except unsubscribing.NotPossible as reason:
                messages.error(request, str(reason))
            else:
                return redirect(
                    "admin:petitions_unsubscribelist_new", made.organization_id
                )
        return self.back(made)
