"""Reports from visitors: reading them, and noting what was done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, user_of
from petitions.models import Report


class Handled(admin.SimpleListFilter):
    title = _("handled")
    parameter_name = "handled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("No")), ("yes", _("Yes"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Report]
    ) -> models.QuerySet[Report]:
        if self.value() not in {"no", "yes"}:
            return queryset
        return queryset.filter(handled_at__isnull=self.value() == "no")


class HoneypotFilter(admin.BooleanFieldListFilter):
    """A filter by whether a program sent it, caught by the honeypot (`is_trapped`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("program")


class HandlingForm(forms.ModelForm[Report]):
    """The form that marks a report as handled, with a note on what was done."""

    handled = forms.BooleanField(
        label=_("Handled"),
        required=False,
        help_text=_("Thirty days later the message is erased."),
    )

    class Meta:
        model = Report
        fields = ["note"]
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "handled" in self.fields:
            self.fields["handled"].initial = self.instance.is_handled

    def clean(self) -> dict[str, Any]:
        """Require a note if the report is handled, and the tick if there is a note."""
        given = super().clean() or {}
        note, handled = given.get("note", "").strip(), given.get("handled")
        if handled and not note and not self.instance.is_erased:
            raise ValidationError({"note": _("Say in a few words what was done.")})
        if note and not handled:
            raise ValidationError(
                {"handled": _("Tick it when this is dealt with, or remove the note.")}
            )
        # As saving will set them: the row's constraints are checked against these.
        if not handled:
            self.instance.handled_at = self.instance.handled_by = None
        elif not self.instance.is_handled:
            self.instance.handled_at = timezone.now()
        return given


@admin.register(Report)
class ReportAdmin(ScopedAdmin[Report]):
    """Reports: organisations see their own; those about the site are for
    administrators."""

    needs = Needs(view=Right.SEE_SUPPORTERS, change=Right.MODERATE)
    organization_path = "petition__organization_id"
    form = HandlingForm
    list_display = ["created_at", "about", "reason", "is_handled", "handled_by"]
    list_display_links = ["created_at", "about"]
    list_select_related = ["petition", "handled_by"]
    list_filter = [Handled, "reason", ("is_trapped", HoneypotFilter)]
    ordering = ["-pk"]
    fields = [
        "about", "reason", "created_at", "language", "message", "sender", "is_trapped",
        "handled", "note", "handled_at", "handled_by",
    ]  # fmt: skip
    readonly_fields = [
        "about", "reason", "created_at", "language", "message", "sender", "is_trapped",
        "handled_at", "handled_by",
    ]  # fmt: skip

    @admin.display(description=_("about"))
    def about(self, report: Report) -> str:
        return str(report.petition or _("This site"))

    @admin.display(description=_("message"))
    def message(self, report: Report) -> str:
        return report.text or str(_("Erased: it is past its time."))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show a sentence instead of the box that nobody can tick."""
        fields = list(super().get_fields(request, obj))
        if not self.has_change_permission(request, obj):
            fields[fields.index("handled")] = "is_handled"
        return fields

    @admin.display(description=_("e-mail for an answer"))
    def sender(self, report: Report) -> str:
        return report.email

    @admin.display(description=_("handled"), boolean=True, ordering="handled_at")
    def is_handled(self, report: Report) -> bool:
        return report.is_handled

    def save_model(
        self, request: HttpRequest, obj: Report, form: Any, change: bool
    ) -> None:
        if form.cleaned_data["handled"]:
            obj.handle(
                by=user_of(request),
                note=form.cleaned_data["note"].strip(),
                now=timezone.now(),
            )
        else:
            obj.reopen()
