"""Texts in other languages, written below the own one of a petition, or of what is told
of it."""

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
from petitions.admin.inlines import PetitionInline
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
    """The language of a text, and a button that shows this text in the preview, which
    has the URL name `preview`."""

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
    """Of a text that people may have signed under, only what is not frozen changes."""

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


class TranslationFormSet(BaseInlineFormSet[Translation, Petition, TranslationForm]):
    """Of a draft, an empty row for each language of the interface without a text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        petition = kwargs.get("instance")
        kwargs["initial"] = [{"language": code} for code in missing(petition)]
        super().__init__(*args, **kwargs)


def missing(petition: Petition | None) -> list[str]:
    """The languages of the interface in which readers find no text."""
    if petition is None or petition.pk is None:
        return []
    codes = dict(settings.LANGUAGES)
    return [code for code in codes if code not in petition.languages]


def missing_sentence(petition: Petition) -> str:
    """What readers of those languages will meet; "" when there is nothing to say."""
    codes = missing(petition)
    if not codes:
        return ""
    names = ", ".join(name_in_reader_language(code) for code in codes)
    return gettext(
        "There is no text in %(missing)s: on that part of the site people read it in "
        "%(language)s, and are told so. You can add a text at any time."
    ) % {"missing": names, "language": name_in_reader_language(petition.language)}


class TranslationInline(PetitionInline, StackedInline[Translation, Petition]):
    model = Translation
    form = TranslationForm
    formset = TranslationFormSet  # type: ignore[assignment]
    fields = WRITTEN

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """While nobody has signed under any of them."""
        if obj is None or not super().has_change_permission(request, obj):
            return False
        return not any(text.is_frozen for text in obj.texts())

    def get_extra(
        self, request: HttpRequest, obj: Petition | None = None, **kwargs: Any
    ) -> int:
        drafted = obj is not None and obj.state == State.DRAFT
        return len(missing(obj)) if drafted else 0


# == Of what is told of a petition ==


class ToldTextFormSet(BaseInlineFormSet[Any, Any, Any]):
    """An empty row for each language of the interface without a text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        missed = missing_of_told(kwargs["instance"])
        super().__init__(
            *args, **kwargs, initial=[{"language": code} for code in missed]
        )


def missing_of_told(row: ReadAsPetition) -> list[str]:
    """The languages of the interface in which readers will find no text of it."""
    there = row.languages if row.pk else [row.petition.language]
    return [code for code in dict(settings.LANGUAGES) if code not in there]


class ToldTextInline[M: OtherText, P: ReadAsPetition](
    PetitionInline, StackedInline[M, P]
):
    formset = ToldTextFormSet
    # What is told stands behind each of its texts.
    organization_path = "petition__organization_id"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj)

    def get_extra(
        self, request: HttpRequest, obj: P | None = None, **kwargs: Any
    ) -> int:
        petition = getattr(request, "petition", None)
        asked = obj or (self.parent_model(petition=petition) if petition else None)
        return len(missing_of_told(cast("ReadAsPetition", asked))) if asked else 0


# == In lists ==


class UsedLanguages(admin.AllValuesFieldListFilter):
    """Of all languages, those that petitions were written in."""

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            code = str(choice["display"])
            yield {**choice, "display": name_in_reader_language(code)}
