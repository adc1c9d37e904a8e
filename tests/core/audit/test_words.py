"""Entries of the log name tables and columns in plain, translated words."""

from __future__ import annotations

from django.utils.functional import Promise

from core.admin.history import LOOPS, UNTOLD, WORDS
from core.audit import tables
from petitions import loops


def test_what_an_entry_names_has_words() -> None:
    bare = []
    for model, choice in tables.audited().items():
        names = {model._meta.label: model._meta.verbose_name}
        for field in model._meta.local_concrete_fields:
            if not field.primary_key and field.column not in choice.leave_out:
                names[f"{model._meta.label}.{field.name}"] = field.verbose_name
        bare += [
            place
            for place, name in names.items()
            if not isinstance(name, Promise) and name not in {*WORDS, *UNTOLD}
        ]

    assert bare == []


def test_what_the_worker_does_has_words() -> None:
    assert list(LOOPS) == [loop.name for loop in loops.LOOPS]
