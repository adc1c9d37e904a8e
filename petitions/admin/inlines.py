"""The inlines of a petition: targets, corrections, supporters counted elsewhere."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.admin.model_admin import StackedInline
from core.i18n.languages import name_in_reader_language
from organizations.rights import Right
from organizations.scoping import Needs, ScopedPermissions
from petitions.admin.text_widgets import MarkdownArea
from petitions.counts.entering import needs_second_person
from petitions.models import Correction, CountEntry, Petition, Target
from petitions.states import State


def is_frozen(petition: Petition | None) -> bool:
    """Return whether people have signed the petition; queried once for each object."""
    if petition is None:
        return False
    if not hasattr(petition, "_frozen"):
        petition._frozen = petition.has_signatures  # type: ignore[attr-defined]
    return bool(petition._frozen)  # type: ignore[attr-defined]


# Whoever may write the petition may write its rows.
WRITTEN = Needs(
    view=Right.VIEW, add=Right.WRITE, change=Right.WRITE, delete=Right.WRITE
)


class TargetForm(forms.ModelForm[Target]):
    """A form in which, once people have signed the petition, only a target that is “Not
    settled yet” can change."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        target = self.instance
        if target.pk and not target.is_unsettled and target.petition.has_signatures:
            for field in self.fields.values():
                field.disabled = True


class TargetFormSet(BaseInlineFormSet[Target, Petition, TargetForm]):
    """Requires at least one target unless the petition is a draft."""

    def clean(self) -> None:
        super().clean()
        if self.instance.state == State.DRAFT or not self.forms or any(self.errors):
            return
        if not any(
            form.cleaned_data and not form.cleaned_data.get("DELETE")
            for form in self.forms
        ):
            raise ValidationError(
                _("Name who is petitioned, or choose “Not settled yet”.")
            )


class TargetInline(ScopedPermissions, StackedInline[Target, Petition]):
    needs = WRITTEN
    model = Target
    form = TargetForm
    formset = TargetFormSet  # type: ignore[assignment]
    extra = 0
    min_num = 0
    fields = [("position", "kind"), "name", "office", "organisation"]

    def get_extra(
        self, request: HttpRequest, obj: Petition | None = None, **kwargs: Any
    ) -> int:
        return 0 if obj is not None and obj.targets.all() else 1

    def allows_adding(self, request: HttpRequest, obj: Any) -> bool:
        return not is_frozen(obj)

    def allows_changing(self, request: HttpRequest, obj: Any) -> bool:
        if not is_frozen(obj):
            return True
        return any(target.is_unsettled for target in obj.targets.all())

    def allows_deleting(self, request: HttpRequest, obj: Any) -> bool:
        return not is_frozen(obj)


class CorrectionInlineForm(forms.ModelForm[Correction]):
    class Meta:
        model = Correction
        fields = "__all__"
        widgets = {"after": MarkdownArea(rows=5), "text": MarkdownArea(rows=5)}


class CorrectionInline(ScopedPermissions, StackedInline[Correction, Petition]):
    needs = Needs(view=Right.VIEW, add=Right.WRITE)
    model = Correction
    form = CorrectionInlineForm
    extra = 0
    act = "correct"
    fields = ["language", "before", "after", "text", "made_at"]
    readonly_fields = ["made_at"]

    def allows_adding(self, request: HttpRequest, obj: Any) -> bool:
        return is_frozen(obj)

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Use a plain choice, without “another language”: the petition's texts are all
        there is to correct."""
        kwargs["choices_form_class"] = forms.TypedChoiceField
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_formset(
        self, request: HttpRequest, obj: Petition | None = None, **kwargs: Any
    ) -> Any:
        """Offer the languages of the petition's texts: its own, as "", then the
        others."""
        formset = super().get_formset(request, obj, **kwargs)
        field = formset.form.base_fields.get("language")
        if field is not None and obj is not None:
            others = [code for code in obj.languages if code != obj.language]
            field.choices = [
                ("", name_in_reader_language(obj.language)),
                *((code, name_in_reader_language(code)) for code in others),
            ]
        return formset


class CountEntryFormSet(BaseInlineFormSet[CountEntry, Petition, Any]):
    """Takes at once only what needs no second person."""

    def clean(self) -> None:
        super().clean()
        new = [
            form
            for form in self.initial_forms + self.extra_forms
            if form.has_changed() and (form.cleaned_data.get("number") or 0) > 0
        ]
        number = sum(form.cleaned_data["number"] for form in new)
        # There is none where another organisation's was sent, which its field refuses.
        if not new or self.instance.organization_id is None:
            return
        if needs_second_person(self.instance, number, timezone.now()):
            new[0].add_error(
                "number",
                _(
                    "Your organisation has a second person confirm so many: enter "
                    "them with “Enter paper signatures”."
                ),
            )


class CountEntryInline(ScopedPermissions, StackedInline[CountEntry, Petition]):
    needs = Needs(view=Right.VIEW, add=Right.COUNT)
    model = CountEntry
    extra = 0
    act = "count"
    formset = CountEntryFormSet
    fields = [("source", "number"), "label", ("counted_by", "counted_at")]
    verbose_name_plural = _("supporters counted on paper or elsewhere")

    def allows_adding(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and obj.state != State.DRAFT
