"""Translations of a petition, or of an update, answer or handover of its timeline,
written below the original."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin.model_admin import StackedInline
from core.i18n.language_fields import (
    LanguageChoice,
    LanguageSelect,
)
from core.i18n.languages import name_in_reader_language
from organizations.scoping import ScopedPermissions
from petitions.admin.inlines import WRITTEN as NEEDS
from petitions.admin.text_widgets import MarkdownArea
from petitions.models import Petition, Translation
from petitions.models.translations import OtherText, ReadAsPetition
from petitions.states import State

PREVIEW = "preview-"
WRITTEN = (
    "language", "title", "ask", "addressees", "summary", "text", "image_description",
    "outcome",
)  # fmt: skip


class PreviewedLanguage(LanguageSelect):
    """The language of a text, with a button that shows this text in the preview, whose
    URL name is `preview`."""

    def __init__(self, preview: str) -> None:
        super().__init__()
        self.preview = preview

    def render(self, name: str, *args: Any, **kwargs: Any) -> SafeString:
        # Django's script numbers new rows in names, and in nothing else.
        return format_html(
            '{} <button class="button" type="submit" name="{}{}" formaction="{}" '
            'formtarget="preview" formnovalidate>{}</button> '
            '<a href="#preview-heading">{}</a>',
            super().render(name, *args, **kwargs),
            PREVIEW,
            name,
            reverse(self.preview),
            gettext("Show this text below"),
            gettext("Go to the preview"),
        )


class TranslationForm(forms.ModelForm[Translation]):
    """A form in which the frozen fields of a text that people may have signed under
    cannot change."""

    language = LanguageChoice(
        label=_("language"),
        widget=PreviewedLanguage("admin:petitions_petition_preview"),
    )

    class Meta:
        model = Translation
        fields = "__all__"
        widgets = {
            **dict.fromkeys(
                ("ask", "addressees", "summary", "outcome"),
                forms.Textarea(attrs={"rows": 2, "cols": 80}),
            ),
            "text": MarkdownArea(rows=12),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.is_frozen:
            for name in Translation.FROZEN:
                self.fields[name].disabled = True


class SuggestingFormSet(BaseInlineFormSet[Any, Any, Any]):
    """Suggests languages in its empty rows. A row with nothing but such a language in
    it counts as empty, even where the language got a text meanwhile."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        if self.is_bound and i >= self.initial_form_count():
            suggested = self.data.get(form.add_prefix("language"))
            if suggested in dict(settings.LANGUAGES):
                form.initial["language"] = suggested
        return form


class TranslationFormSet(SuggestingFormSet):
    """Fills in, for the empty rows of a draft, the interface languages without a
    text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        petition = kwargs.get("instance")
        kwargs["initial"] = [{"language": code} for code in missing(petition)]
        super().__init__(*args, **kwargs)


def missing(petition: Petition | None) -> list[str]:
    """Return the languages of the interface that the petition has no text in."""
    if petition is None or petition.pk is None:
        return []
    codes = dict(settings.LANGUAGES)
    return [code for code in codes if code not in petition.languages]


def missing_sentence(petition: Petition) -> str:
    """Return what readers of those languages will meet, in a sentence; "" when there
    are none."""
    codes = missing(petition)
    if not codes:
        return ""
    names = ", ".join(name_in_reader_language(code) for code in codes)
    return gettext(
        "There is no text in %(missing)s: on that part of the site people read it in "
        "%(language)s, and are told so. You can add a text at any time."
    ) % {"missing": names, "language": name_in_reader_language(petition.language)}


class TranslationInline(ScopedPermissions, StackedInline[Translation, Petition]):
    needs = NEEDS
    model = Translation
    form = TranslationForm
    formset = TranslationFormSet
    fields = WRITTEN

    def allows_deleting(self, request: HttpRequest, obj: Any) -> bool:
        """Allow it while nobody has signed under any of the texts."""
        return obj is not None and not any(text.is_frozen for text in obj.texts())

    def get_extra(
        self, request: HttpRequest, obj: Petition | None = None, **kwargs: Any
    ) -> int:
        drafted = obj is not None and obj.state == State.DRAFT
        return len(missing(obj)) if drafted else 0


# == Translations of updates, answers and handovers ==


class ToldTextFormSet(SuggestingFormSet):
    """Fills in, for its empty rows, the interface languages without a text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        missed = missing_of_told(kwargs["instance"])
        super().__init__(
            *args, **kwargs, initial=[{"language": code} for code in missed]
        )


def missing_of_told(row: ReadAsPetition) -> list[str]:
    """Return the languages of the interface that `row` has no text in; one that is not
    saved is taken to be in the petition's language."""
    there = row.languages if row.pk else [row.petition.language]
    return [code for code in dict(settings.LANGUAGES) if code not in there]


class ToldTextInline[M: OtherText, P: ReadAsPetition](
    ScopedPermissions, StackedInline[M, P]
):
    """Translations of an update, an answer or a handover."""

    needs = NEEDS
    formset = ToldTextFormSet
    # Permissions are checked against the update, answer or handover.
    organization_path = "petition__organization_id"

    def get_extra(
        self, request: HttpRequest, obj: P | None = None, **kwargs: Any
    ) -> int:
        petition = getattr(request, "petition", None)
        asked = obj or (self.parent_model(petition=petition) if petition else None)
        return len(missing_of_told(cast("ReadAsPetition", asked))) if asked else 0


# == In lists ==


class UsedLanguages(admin.AllValuesFieldListFilter):
    """A list filter that offers only the languages that petitions were written in."""

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            code = str(choice["display"])
            yield {**choice, "display": name_in_reader_language(code)}
