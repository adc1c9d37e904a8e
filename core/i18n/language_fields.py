"""Model and form fields for the language of a text: chosen from the list of languages
that many write in, or any other by its code or its name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partialmethod
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.i18n.languages import (
    is_text_language,
    name_in_reader_language,
    rare_languages,
    text_language,
    text_languages,
)

OTHER = "-other"


def typed_language(data: Mapping[str, Any], name: str) -> str:
    """Return the language code that a form was sent with; what was typed goes before
    what was chosen. Typed text that names no language is returned as it is."""
    typed = str(data.get(f"{name}{OTHER}", "")).strip()
    said = typed or str(data.get(name) or "")
    return said if is_text_language(said) else text_language(said) or said


class LanguageSelect(forms.Select):
    """A select of languages, with a text input beside it for those not in the list."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if name not in data and f"{name}{OTHER}" not in data:
            return None
        return typed_language(data, name)

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> Any:
        """Add the chosen language to the options when it is not in the list."""
        groups = super().optgroups(name, value, attrs)
        listed = {str(code) for code, _label in self.choices}
        for code in value:
            if code not in listed and is_text_language(code):
                label = name_in_reader_language(code)
                option = self.create_option(name, code, label, True, len(groups))
                groups.append((None, [option], len(groups)))
        return groups

    def render(
        self, name: str, value: Any, attrs: Any = None, renderer: Any = None
    ) -> SafeString:
        # A name, but no id: for new rows Django's script renumbers nothing else here.
        return format_html(
            '{} <label class="other-language">{} <input type="text" name="{}{}" '
            'value="{}" size="14" autocomplete="off"></label>',
            self.render_list(name, value, attrs),
            gettext("or another one, by its code or name:"),
            name,
            OTHER,
            "" if not value or is_text_language(str(value)) else value,
        )

    def render_list(self, name: str, value: Any, attrs: Any) -> SafeString:
        """Return the select as Django renders it, but without its two templates per
        option: there are hundreds of languages, and a form has several of these."""
        widget = self.get_context(name, value, attrs)["widget"]
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            (
                (
                    option["value"],
                    " selected" if option["selected"] else "",
                    option["label"],
                )
                for _group, group, _index in widget["optgroups"]
                for option in group
            ),
        )
        named = flatatt({"name": name, **widget["attrs"]})
        return format_html("<select{}>{}</select>", named, options)


class LanguageChoice(forms.TypedChoiceField):
    """A form field that takes a language of the list, or any other."""

    widget = LanguageSelect

    def __init__(self, **options: Any) -> None:
        options.setdefault("choices", lambda: [("", "---------"), *text_languages()])
        super().__init__(**options)

    def valid_value(self, value: Any) -> bool:
        return is_text_language(str(value))

    def validate(self, value: Any) -> None:
        if value and not self.valid_value(value):
            raise ValidationError(
                _(
                    "“%(value)s” is not a language. Write its code, as in fr, crk or "
                    "zh-Hant, or its name."
                ),
                params={"value": value[:60]},
                code="invalid_choice",
            )
        forms.Field.validate(self, value)


class LanguageField(models.CharField[Any, Any]):
    """A model field for the code of a language. Migrations see a CharField, as in the
    database, so that new languages need none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 10)
        kwargs.setdefault("choices", text_languages)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", list(args), dict(kwargs)

    def contribute_to_class(
        self, cls: Any, name: str, *args: Any, **kwargs: Any
    ) -> None:
        """Define `get_…_display` ourselves: Django's would look for the name in the
        list."""
        shown = f"get_{name}_display"
        if shown not in cls.__dict__:
            setattr(cls, shown, partialmethod(display, name=name))
        super().contribute_to_class(cls, name, *args, **kwargs)

    @property
    def flatchoices(self) -> list[tuple[str, str]]:
        """All languages, also rare ones, with their names: the admin's lists look names
        up here."""
        return [*text_languages(), *rare_languages()]

    def validate(self, value: Any, model_instance: Any) -> None:
        if not is_text_language(str(value)):
            super().validate(value, model_instance)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"choices_form_class": LanguageChoice, **kwargs})


def display(row: models.Model, name: str) -> str:
    return name_in_reader_language(getattr(row, name))
