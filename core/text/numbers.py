"""Whole numbers: the form field for them, and how sentences print them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxLengthValidator,
    MaxValueValidator,
    MinValueValidator,
)
from django.db import models
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.text.characters import plain_figures

NUMBER_PROBLEM = _("Write a whole number from {least} to {most}, in digits alone.")
# Digits of any script. What groups digits in one language begins a fraction in another:
# “15.000” is not guessed.
DIGITS = re.compile(r"[-+]?\d{1,30}")


class NumberField(forms.IntegerField):
    """A form field for a whole number. One error message says what to write, whatever
    is wrong. It is a text input, because from a number input some browsers send nothing
    at all when they cannot read what was typed."""

    def __init__(self, *, min_value: int, max_value: int, **options: Any) -> None:
        said = format_lazy(NUMBER_PROBLEM, least=min_value, most=max_value)
        options["error_messages"] = dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), said
        )
        # Numeric keyboards of some telephones have no minus.
        keys = {"inputmode": "numeric"} if min_value >= 0 else {}
        options["widget"] = forms.TextInput(attrs={**keys, "size": "12"})
        super().__init__(min_value=min_value, max_value=max_value, **options)

    def to_python(self, value: Any) -> int | None:
        typed = "" if value is None else plain_figures(str(value))
        if typed and not DIGITS.fullmatch(typed):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(typed)


class Counted(int):
    """A number that sentences print with the separators of the reader's language, as
    %(number)s. Templates have the filter `intcomma`."""

    def __str__(self) -> str:
        return intcomma(int(self))


class LongestValidator(MaxLengthValidator):
    """Django's own, with a sentence that prints numbers so."""

    message = ngettext_lazy(
        "Ensure this value has at most %(limit_value)s character (it has "
        "%(show_value)s).",
        "Ensure this value has at most %(limit_value)s characters (it has "
        "%(show_value)s).",
        "limit_value",
    )

    def __init__(self, limit_value: int) -> None:
        super().__init__(Counted(limit_value))

    def clean(self, x: Any) -> Counted:
        return Counted(len(x))


def bounds(column: models.IntegerField[Any, Any]) -> dict[str, int]:
    """Return the smallest and largest value that a column takes, by its validators,
    which include the database's range."""
    return {
        "min_value": max(limits(column, MinValueValidator)),
        "max_value": min(limits(column, MaxValueValidator)),
    }


def limits(column: models.IntegerField[Any, Any], kind: type[Any]) -> Iterator[int]:
    for validator in column.validators:
        if isinstance(validator, kind):
            yield validator.limit_value
