"""Form fields for texts, used by every form and the import: they clean first and count
characters afterwards. Also fields for days and for times, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxLengthValidator,
    ProhibitNullCharactersValidator,
)
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.text.characters import (
    clean_line,
    clean_text,
    plain_figures,
    unreadable,
)
from core.text.days import why_no_day
from core.text.numbers import LongestValidator

UNREADABLE = _("Character %(character)s (%(code)s) cannot be read. Type it anew.")
UNREADABLE_IN_LINE = _(
    "Line %(line)s, character %(character)s (%(code)s) cannot be read. Type it anew."
)


class LineField(forms.CharField):
    """A form field for text on one line. Its limit counts characters as they are
    stored. The browser gets no `maxlength`: it counts differently, and cuts what is
    pasted without a word."""

    lines = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Cleaning has removed null characters.
        self.validators = [
            validator
            for validator in self.validators
            if not isinstance(
                validator, ProhibitNullCharactersValidator | MaxLengthValidator
            )
        ]
        if self.max_length is not None:
            self.validators.append(LongestValidator(self.max_length))

    def clean(self, value: Any) -> Any:
        """Return the cleaned value; of a disabled field, the stored value unchanged."""
        return value if self.disabled else super().clean(value)

    def settled(self, value: Any) -> Any:
        """Return a stored value cleaned like a typed one; unchanged if it is
        invalid."""
        try:
            return self.to_python(value)
        except ValidationError:
            return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare cleaned values: what cleaning removes makes no difference, and
        browsers send other line ends than those they were given."""
        return super().has_changed(self.settled(initial), data)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return self.empty_value
        text = (clean_text if self.lines else clean_line)(str(value))
        place = unreadable(text)
        if place is None:
            return super().to_python(text)
        alone = place.line == 1 and "\n" not in text
        raise ValidationError(
            UNREADABLE if alone else UNREADABLE_IN_LINE,
            code="unreadable",
            params=vars(place),
        )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        attrs = super().widget_attrs(widget)
        return {name: attrs[name] for name in attrs if name != "maxlength"}


class TextField(LineField):
    """A form field for text of any number of lines."""

    widget = forms.Textarea
    lines = True


class URLField(LineField, forms.URLField):
    pass


# == Times ==


def moment_at(typed: datetime, *, last: bool = False) -> datetime:
    """Return, in UTC, the moment at which clocks here show `typed`. Of an hour that
    comes twice, when clocks go back, it is the first one, or the second if `last`. A
    time that is skipped when they go forward is moved on: 02:30 becomes 03:30 (RFC
    5545, 3.3.5)."""
    here = timezone.get_current_timezone()
    moment = typed.replace(tzinfo=here, fold=int(last)).astimezone(UTC)
    if timezone.make_naive(moment) != typed:
        moment = typed.replace(tzinfo=here, fold=0).astimezone(UTC)
    return moment


NO_DAY = _("Write the date as year-month-day, for example 2031-03-04.")
NO_HOUR = _("Write the hour as hours:minutes, for example 17:30.")


def plainly(value: Any) -> Any:
    """Return what was typed as plain figures; any other value as it is."""
    return plain_figures(value) if isinstance(value, str) else value


class DayField(forms.DateField):
    """A form field for a day in the one format of core.i18n.formats, in every language.
    An ambiguous or different format is never guessed: the error says what to write."""

    default_error_messages: ClassVar = {"invalid": NO_DAY}

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(plainly(value))
        except ValidationError as error:
            if said := why_no_day(str(value)):
                raise ValidationError(said, code="invalid") from None
            raise error


class HourField(forms.TimeField):
    """A form field for an hour and its minutes."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(plainly(value))


class MomentField(forms.SplitDateTimeField):
    """A form field for day and time. Django's refuses hours that come twice, or
    never."""

    default_error_messages: ClassVar = {
        **forms.SplitDateTimeField.default_error_messages,
        "invalid_date": NO_DAY,
        "invalid_time": NO_HOUR,
    }

    last = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        day, hour = DayField(required=False), HourField(required=False)
        day.error_messages = self.fields[0].error_messages
        hour.error_messages = self.fields[1].error_messages
        self.fields = (day, hour)

    def clean(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            value = [plainly(part) for part in value]
        return super().clean(value)

    def compress(self, data_list: Any) -> datetime | None:
        if not data_list or None in data_list or "" in data_list:
            missing: datetime | None = super().compress(data_list)
            return missing
        return moment_at(datetime.combine(*data_list), last=self.last)


class EndField(MomentField):
    """The same field for the end of something: of an hour that comes twice, the second
    counts."""

    last = True


def field_for(column: models.Field[Any, Any]) -> type[LineField] | None:
    """Return the form field class that cleans a column; None for what is no text, is
    chosen from a list, or is an e-mail address."""
    if column.choices:
        return None
    match column:
        case models.EmailField():
            return None  # cleaned by core.mail.addresses
        case models.URLField():
            return URLField
        case models.TextField() | models.CharField():
            return TextField if has_lines(column) else LineField
    return None


def has_lines(column: models.Field[Any, Any]) -> bool:
    """Return whether the database allows the column several lines: see
    guards.readable."""
    held = (f"{column.name}__regex", guards.TEXT)
    return isinstance(column, models.TextField) or any(
        isinstance(constraint, models.CheckConstraint)
        and isinstance(constraint.condition, models.Q)
        and held in constraint.condition.children
        for constraint in column.model._meta.constraints
    )


def formfield(column: models.Field[Any, Any], **options: Any) -> Any:
    """Return the form field for a column: a `formfield_callback` for forms outside the
    admin."""
    if field := field_for(column):
        options.setdefault("form_class", field)
    return column.formfield(**options)
