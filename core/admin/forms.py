"""Form and formset classes whose behaviour every form of the admin has, whatever it is
about. core.admin.model_admin mixes them into each form, so that none can go without."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms.models import BaseInlineFormSet, InlineForeignKeyField
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin.edit_conflicts import (
    ConflictAwareForm,
    Sent,
    digest,
    typed_text,
)
from core.db.refusals import (
    Refusal,
    broken_constraints,
)
from core.text.fields import LineField, MomentField

# The maximum of rows that can be added to an inline at once.
MOST_NEW_ROWS = 40


class StaffForm(ConflictAwareForm, forms.ModelForm[Any]):
    """A form that reports, beside the field, what the database would refuse, and edit
    conflicts."""

    refusal: ClassVar[Refusal | None] = None
    """The database's refusal of this form a moment ago; set for each request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Capitalise labels as the admin does for columns, whichever class defines
        them."""
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.label = capfirst(field.label) if field.label else field.label

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound:
            return
        if self.refusal and self.is_refused(self.refusal):
            self.add_error(self.beside(self.refusal.fields), self.refusal.sentence)
        if self.prefix is None and self.sent and self.sent.again:
            self.add_error(None, saved_before(self.sent.again))
        if getattr(self, "was_removed", False):
            self.add_error(
                None,
                _(
                    "Somebody has removed this meanwhile. Save once more to add it "
                    "again, or tick that it goes."
                ),
            )

    def clean(self) -> Any:
        """Keep the stored value of fields that were not changed. A form shows neither
        fractions of a second nor which of two hours is meant on the night when clocks
        go back; and a text that was stored before texts were cleaned would come back
        cleaned."""
        cleaned = super().clean()
        for name, field in self.fields.items():
            stays = name in self.cleaned_data and name not in self.changed_data
            if not stays or field.disabled:
                continue
            if isinstance(field, MomentField):
                self.cleaned_data[name] = getattr(self.instance, name)
            elif isinstance(field, LineField) and not self.instance._state.adding:
                self.cleaned_data[name] = self.get_initial_for_field(field, name)
        return cleaned

    def is_refused(self, refusal: Refusal) -> bool:
        return self._meta.model._meta.db_table == refusal.table and self.has_changed()

    def validate_constraints(self) -> None:
        """Validate also constraints that involve a field which is only displayed:
        Django skips these, and the database does not."""
        wrong = {name for name in self.errors if name != NON_FIELD_ERRORS}
        fields = self.fields.items()
        wrong |= {n for n, f in fields if isinstance(f, InlineForeignKeyField)}
        for broken in broken_constraints(self.instance, wrong).values():
            for names, error in broken:
                self.add_error(self.beside(names), ValidationError(error.messages))

    def beside(self, names: Iterable[str]) -> str | None:
        """Return which field of a constraint gets its error: one that was changed
        rather than one that was not; None when the form has none of them."""
        here = [name for name in names if name in self.fields]
        changed = [name for name in here if name in self.changed_data]
        return next(iter([*changed, *here]), None)


def saved_before(saved: tuple[str, str]) -> Any:
    """Return the error for a form that comes again with other content: a link to what
    was saved of it, by its address and name."""
    return format_html(
        '{} <a href="{}">{}</a>',
        gettext(
            "This form was saved already. Correct what was saved, or save once more to "
            "add another one:"
        ),
        *saved,
    )


class StaffFormSet(BaseInlineFormSet[Any, Any, Any]):
    """A formset that loses nothing that was typed, whatever has become of its rows in
    the meantime. It takes the rows that arrived, not the number that the form claims.
    """

    sent: ClassVar[Sent | None] = None

    model: type[models.Model]
    prefix: str
    data: Any
    error_messages: dict[str, Any]
    _pk_field: models.Field[Any, Any]
    _non_form_errors: Any
    _should_delete_form: Any

    default_error_messages: ClassVar[dict[str, Any]] = {
        "missing_management_form": _(
            "A part of the form did not arrive. Send it once more; if that does not "
            "help, open the page anew in a second window and copy what you typed."
        ),
        "strange_rows": _(
            "The rows of this form are not those that are stored, and nothing was "
            "saved. Open the page anew in a second window and copy what you typed."
        ),
        "too_many_new_rows": _("No more than %(most)s rows can be added at once."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = len(self.get_queryset())
        if self.max_num:
            self.max_num = stored + MOST_NEW_ROWS
        self.complaints: list[str] = []
        """Keys of the error messages about the formset as a whole."""
        if self.is_bound:
            self.take_rows(stored)

    def take_rows(self, stored: int) -> None:
        """Count the rows that arrived and correct the management form: a claimed number
        is not trusted, and no row is built for it."""
        own = re.compile(rf"{re.escape(self.prefix)}-(0|[1-9][0-9]{{0,3}})-")
        places = {int(match[1]) for name in self.data if (match := own.match(name))}
        arrived = next(place for place in count() if place not in places)
        told = self.data.get(f"{self.prefix}-TOTAL_FORMS")
        if told != str(arrived):
            self.complaints.append("missing_management_form")
        if arrived > stored + MOST_NEW_ROWS:
            self.complaints.append("too_many_new_rows")
            arrived = stored + MOST_NEW_ROWS
        first = self.data.get(f"{self.prefix}-INITIAL_FORMS", "")
        initial = int(first) if re.fullmatch("[0-9]{1,4}", first) else 0
        self.data = self.data.copy()
        self.data[f"{self.prefix}-TOTAL_FORMS"] = str(arrived)
        self.data[f"{self.prefix}-INITIAL_FORMS"] = str(min(initial, arrived))
        if not self.are_rows_known():
            self.complaints.append("strange_rows")

    def are_rows_known(self) -> bool:
        """Return whether each row that claims to be stored is, or was when the form was
        opened; only once; and whether no new row claims so."""
        numbers = [self.number_at(place) for place in range(self.total_form_count())]
        first = self.initial_form_count()
        old, new = numbers[:first], numbers[first:]
        known = {str(row.pk) for row in self.get_queryset()}
        known |= {number for number in old if self.row_key(number) in self.seen_rows}
        return known >= {*old} and len({*old}) == len(old) and not any(new)

    def number_at(self, place: int) -> str:
        """Return the primary key that the row at `place` claims; "" for a new one."""
        return str(
            self.data.get(f"{self.add_prefix(place)}-{self.model._meta.pk.name}", "")
        )

    def get_unique_error_message(self, unique_check: Any) -> str:
        """Return the sentence of the constraint, as where the other row is stored."""
        for constraint in self.model._meta.total_unique_constraints:
            if {*constraint.fields} == {*unique_check}:
                return str(constraint.violation_error_message)
        return str(super().get_unique_error_message(unique_check))

    def row_key(self, number: str) -> str:
        return f"{self.prefix}-{number}"

    @property
    def told_gone(self) -> dict[str, dict[str, str]]:
        """Entries for core.admin.edit_conflicts of rows that are deleted but still in
        the form."""
        keys = [
            self.row_key(str(form[self._pk_field.name].data))
            for form in self.gone_forms
        ]
        return {key: {} for key in keys if key in self.seen_rows}

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        """Build the form of a row. A row that is not stored (any more) becomes a new
        one, unless nobody wrote in it."""
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        form.is_gone = i < self.initial_form_count() and form.instance.pk is None
        if form.is_gone:
            # Keep its number in the form, so that it is known when the form is sent
            # again.
            form.fields[self._pk_field.name] = forms.CharField(
                required=False, widget=forms.HiddenInput
            )
            before = self.seen_rows.get(self.row_key(self.number_at(i)), {})
            untouched = before and all(
                name in form.fields and digest(typed_text(form, name) or "") == value
                for name, value in before.items()
            )
            if untouched:
                form.empty_permitted, form.changed_data = True, []
            form.was_removed = bool(before) and not untouched
        return form

    @property
    def seen_rows(self) -> dict[str, dict[str, str]]:
        return self.sent.rows if self.sent else {}

    def full_clean(self) -> None:
        """Validate, and report rows that others have added or changed in the
        meantime."""
        super().full_clean()
        for key in self.complaints:
            sentence = self.error_messages[key]
            error = ValidationError(sentence, key, params={"most": MOST_NEW_ROWS})
            self._non_form_errors.extend(error.messages)
        if self.is_bound and self.seen_rows:
            self._non_form_errors.extend(self.news())

    def news(self) -> Iterator[Any]:
        """Yield errors about what has to be known before these rows are saved."""
        seen = {key for key in self.seen_rows if key.startswith(f"{self.prefix}-")}
        added = [
            str(row)
            for row in self.get_queryset()
            if f"{self.prefix}-{row.pk}" not in seen
        ]
        new = [form for form in self.extra_forms if form.has_changed()]
        if added and any(not self._should_delete_form(form) for form in new):
            yield gettext(
                "Somebody has added meanwhile: %(rows)s. Look whether that is what you "
                "have typed; save once more to add yours, too."
            ) % {"rows": ", ".join(added)}
        for form in self.initial_forms:
            going = self.can_delete and self._should_delete_form(form)
            if going and getattr(form, "was_changed", False):
                yield gettext(
                    "Somebody has changed meanwhile what you want to remove: %(row)s. "
                    "Save once more to remove it all the same."
                ) % {"row": form.instance}
            if not form.has_changed():
                yield from form.lost([])

    @property
    def initial_forms(self) -> list[Any]:
        """The forms of rows that are stored."""
        return [form for form in super().initial_forms if not form.is_gone]

    @property
    def extra_forms(self) -> list[Any]:
        """The forms of new rows, with those of deleted ones first: saved, they are
        added again."""
        return [*self.gone_forms, *super().extra_forms]

    @property
    def gone_forms(self) -> list[Any]:
        return [form for form in super().initial_forms if form.is_gone]
