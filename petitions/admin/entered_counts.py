"""Entering supporters counted on paper or elsewhere, with a scan; a second person
confirms a large number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import entries
from core.text.fields import formfield
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions.admin.filters import PetitionFilter
from petitions.counts import entering
from petitions.models import EnteredCount, Petition, Scan
from petitions.models.entered_counts import LABEL_TAKEN, LARGEST_SCAN

NOBODY_CAN_BE_ADDED = _(
    "Nobody can be added to a petition that is a draft or was withdrawn."
)


class EnterForm(forms.ModelForm[EnteredCount]):
    scan = forms.FileField(
        label=_("Scan of the sheets"),
        required=False,
        help_text=_(
            "PDF, JPEG or PNG of at most 20 MB. Those of your organisation who may see "
            "supporters see it; it is erased when the names of this petition are."
        ),
        error_messages={"empty": _("There is nothing in this file.")},
        widget=forms.FileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
    )

    class Meta:
        model = EnteredCount
        fields = ["source", "number", "label", "place", "counted_by", "counted_at"]
        formfield_callback = formfield

    def clean_scan(self) -> bytes:
        """Return the content of the file; none when there is no file."""
        file = self.cleaned_data["scan"]
        if not file:
            return b""
        if file.size > LARGEST_SCAN:
            raise forms.ValidationError(_("This file is too large: divide it."))
        content: bytes = file.read()
        if not entering.kind_of_scan(content):
            raise forms.ValidationError(_("This is no PDF, JPEG or PNG."))
        if self.instance.petition.anonymised_at:
            raise forms.ValidationError(
                _("The names of this petition were erased: no scan is kept.")
            )
        return content


def enter_count(
    model_admin: admin.ModelAdmin[Petition], request: HttpRequest, petition: Petition
) -> HttpResponse:
    """Show the form and what was entered until now; on POST, count the supporters, or
    have them wait for a second person."""
    may, user, now = entering.takes_entries(petition), user_of(request), timezone.now()
    form = EnterForm(
        request.POST or None,
        request.FILES or None,
        instance=EnteredCount(petition=petition),
    )
    if form.is_bound and not may:
        form.add_error(None, NOBODY_CAN_BE_ADDED)
    if request.method == "POST" and form.is_valid():
        entered = form.save(commit=False)
        try:
            entering.enter(entered, form.cleaned_data["scan"], user, now=now)
        except entering.CannotBeDecided:
            form.add_error("label", LABEL_TAKEN)
        else:
            say_what_came_of(request, entered)
            return redirect("admin:petitions_enteredcount_change", entered.pk)
    above = petition.organization.count_approval_above
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Enter paper signatures"),
        "subtitle": str(petition),
        "opts": model_admin.opts,
        "petition": petition,
        "why_not": "" if may else NOBODY_CAN_BE_ADDED,
        "form": form,
        "above": above,
        "entered": petition.entered_counts.select_related("made_by")[:20],
    }
    template = "admin/petitions/petition/enter.html"
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, template, context, status=status)


def say_what_came_of(request: HttpRequest, entered: EnteredCount) -> None:
    if entered.needs_second:
        said = gettext("It is not counted yet: somebody else has to confirm it.")
        messages.warning(request, said)
    else:
        messages.success(request, gettext("Counted: readers see the new number."))


@admin.register(EnteredCount)
class EnteredCountAdmin(ScopedAdmin[EnteredCount]):
    """Entered counts, for all members; to confirm it takes the right to count, to see
    a scan the right to see supporters."""

    needs = Needs(view=Right.VIEW)
    organization_path = "petition__organization_id"
    list_display = [
        "made_at", "petition", "source", "supporters", "label", "state", "by",
    ]  # fmt: skip
    list_filter = ["state", PetitionFilter]
    list_select_related = ["petition", "made_by"]
    ordering = ["-pk"]
    fields = [
        "petition", "source", "supporters", "label", "place", "counted_by",
        "counted_at", "by", "made_at", "state",
    ]  # fmt: skip
    decision_fields = ["decided", "decided_at"]

    class Media:
        css = {"all": ["css/admin.css"]}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = list(self.fields or [])
        if obj is not None and obj.decided_at:
            fields += self.decision_fields
        return fields

    @admin.display(description=_("number"), ordering="number")
    def supporters(self, entered: EnteredCount) -> str:
        return intcomma(entered.number)

    # As text, not as links: few may open the page of an account.

    @admin.display(description=_("entered by"))
    def by(self, entered: EnteredCount) -> str:
        return str(entered.made_by or "")

    @admin.display(description=_("decided by"))
    def decided(self, entered: EnteredCount) -> str:
        return str(entered.decided_by or "")

    def get_urls(self) -> list[Any]:
        pages = {
            "confirm": self.confirm,
            "refuse": self.refuse,
            "scan": self.scan,
            "erase-scan": self.erase_scan,
        }
        return [*self.urls_of(pages), *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        entered = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"title": gettext("Entered count")}
        if entered is not None:
            has_scan = Scan.objects.filter(entered=entered).exists()
            context |= {
                "subtitle": str(entered.petition),
                "may_count": self.holds(request, Right.COUNT, entered),
                "is_mine": entered.made_by_id == user_of(request).pk,
                "has_scan": has_scan,
                "sees_scan": has_scan
                and self.holds(request, Right.SEE_SUPPORTERS, entered),
            }
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    @page(Right.COUNT)
    def confirm(self, request: HttpRequest, entered: EnteredCount) -> HttpResponse:
        """Count what somebody else has entered."""
        by, now = user_of(request), timezone.now()
        return self.decide(
            request, entered, lambda: entering.confirm_entered(entered, by, now=now)
        )

    @page(Right.COUNT)
    def refuse(self, request: HttpRequest, entered: EnteredCount) -> HttpResponse:
        """Do not count what was entered."""
        by, now = user_of(request), timezone.now()
        return self.decide(
            request, entered, lambda: entering.refuse_entered(entered, by, now=now)
        )

    def decide(
        self, request: HttpRequest, entered: EnteredCount, act: Callable[[], None]
    ) -> HttpResponse:
        """Do on POST what a button says, or say why it cannot be done."""
        if request.method == "POST":
            try:
                act()
            except entering.CannotBeDecided:
                messages.error(
                    request,
                    gettext(
                        "It cannot be done now: it is decided already, whoever "
                        "entered it cannot confirm it, an entry with this label is "
                        "there, or the petition takes none."
                    ),
                )
        return redirect("admin:petitions_enteredcount_change", entered.pk)

    @page(Right.SEE_SUPPORTERS)
    def scan(self, request: HttpRequest, entered: EnteredCount) -> HttpResponse:
        """Send the scan as a file, and record that somebody looked at it."""
        stored = Scan.objects.filter(entered=entered).first()
        if stored is None:
            raise Http404
        entries.look(EnteredCount, [self.organization_id(entered)], kind="list")
        _start, media_type = entering.KINDS[stored.kind]
        name = f"sheets-{entered.pk}.{stored.kind}"
        headers = {"Content-Disposition": content_disposition_header(True, name) or ""}
        return HttpResponse(bytes(stored.content), media_type, headers=headers)

    @page(Right.COUNT, is_grave=True)
    def erase_scan(self, request: HttpRequest, entered: EnteredCount) -> HttpResponse:
        """Erase the scan: a wrong file, or somebody on the sheets asked for it."""
        if request.method == "POST" and entering.erase_scan(entered):
            entries.note(entered, gettext("Erased the scan"))
        return redirect("admin:petitions_enteredcount_change", entered.pk)
