"""The search of the admin's lists: what is longer than anything to be found is cut."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.views.main import (
    SEARCH_VAR,
    ChangeList,
    ChangeListSearchForm,
)

LONGEST = 300
"""The maximum of letters; an e-mail address has at most 254."""


class CutField(forms.CharField):
    """Text of which only the beginning is taken."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value))[:LONGEST]


class SearchForm(ChangeListSearchForm):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields[SEARCH_VAR] = CutField(required=False, strip=False)


class SearchedList(ChangeList):
    search_form_class = SearchForm
    search_longest = LONGEST
