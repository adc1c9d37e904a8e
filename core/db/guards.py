"""Check constraints that hold columns to what a page may print and trust, whoever
writes them. Forms ask for more, and say so beside the field; these constraints catch
whatever is written past the forms.

The patterns are PostgreSQL's. They check the form of a language code and have no list
of languages, so that a new language needs no migration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import ExpressionWrapper, F, Func, Q, Value
from django.db.models.functions import Length
from django.db.models.lookups import IRegex, LessThanOrEqual
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

# “fr”, “crk”, “zh-Hant”, “pt-br”.
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$"
# What a browser or a mail program opens: no javascript: or other scheme that runs.
WEB_ADDRESS = r"^https?://[^\s\u0001-\u0020\u007f]+$"
WEB_ADDRESSES = r"^(https?://[^\s\u0001-\u0020\u007f]+\n)*\.$"
MAIL_ADDRESS = r"^[^\s\u0001-\u0020\u007f<>,;@]+@[^\s\u0001-\u0020\u007f<>,;@]+$"
# Of ASCII only letters, digits, “-” and “_”: no URL leads to a slug with anything else,
# and a list could not even link to it.
SLUG = (
    r"^[^\s\u0001-\u002c\u002e\u002f\u003a-\u0040\u005b-\u005e\u0060\u007b-\u00a0"
    r"\u2000-\u206f\u3000\ufeff]+$"
)
# A path below MEDIA_ROOT, as config.urls serves it. The folder is optional: forms
# validate the name before the file is stored in one.
PICTURE = r"^([a-z]+/)?[0-9A-Za-z_-]+\.(webp|png)$"
# Control characters, which no feed may hold; in a line also line breaks, which would
# end a mail header, too.
LINE = r"^[^\u0001-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]*$"
TEXT = r"^[^\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]*$"
# A visible character.
SEEN = (
    r"[^\s\u0001-\u0020\u007f-\u00a0\u00ad\u115f\u1160\u180e\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u3000\u3164\ufeff\uffa0]"
)

WEB_PROBLEM = _("Write an address that begins with https:// or http://.")
MAIL_PROBLEM = _("Write an address such as name@example.org.")
TOO_LONG = _("Shorten this to {most} characters.")
TOO_MANY = _("Name at most {most}, one a line.")
READABLE_PROBLEM = _(
    "Some characters cannot be shown: type them anew instead of pasting them. "
    "Titles and names stand on one line."
)

# With the separators of the reader's language.
in_figures = lazy(intcomma, str)

# For forms, beside the field. Django's own validator takes ftp:// as well.
validate_web_address = RegexValidator(
    r"(?i)\Ahttps?://", WEB_PROBLEM, code="no_web_address"
)


def is_visible(text: str) -> bool:
    """Return whether `text` has a visible character."""
    return re.search(SEEN, text) is not None


def has_visible_text(*columns: str) -> Q:
    """Return the condition that each column has a visible character."""
    return Q(*((f"{column}__regex", SEEN) for column in columns))


def language(
    model: str, column: str = "language", *, blank: bool = False
) -> models.CheckConstraint:
    """Constrain `column` to the code of a language."""
    return models.CheckConstraint(
        condition=matches(column, LANGUAGE, blank=blank),
        name=f"{model}_{column}",
        violation_error_message=_("Choose a language from the list."),
    )


def slug(model: str) -> models.CheckConstraint:
    """Constrain the slug to characters that an address can hold."""
    return models.CheckConstraint(
        condition=Q(slug__regex=SLUG),
        name=f"{model}_slug_form",
        violation_error_message=_("Use letters, digits and hyphens only."),
    )


def web_address(model: str, column: str) -> models.CheckConstraint:
    """Constrain `column` to an http or https address, or nothing."""
    return models.CheckConstraint(
        condition=Q(**{column: ""}) | Q(**{f"{column}__iregex": WEB_ADDRESS}),
        name=f"{model}_{column}_form",
        violation_error_message=WEB_PROBLEM,
    )


def web_addresses(model: str, column: str) -> models.CheckConstraint:
    """Constrain each element of an array to an http or https address. The pattern sees
    them as lines that end with a “.”, which tells an empty array from one that holds an
    empty address."""
    ended = Func(F(column), Value("."), function="array_append")
    lines = Func(
        ended, Value("\n"), Value("-"), function="array_to_string",
        output_field=models.TextField(),
    )  # fmt: skip
    return models.CheckConstraint(
        condition=IRegex(lines, WEB_ADDRESSES),
        name=f"{model}_{column}_form",
        violation_error_message=WEB_PROBLEM,
    )


def mail_address(model: str, column: str) -> models.CheckConstraint:
    """Constrain `column` to one address that mail can go to, or nothing."""
    return models.CheckConstraint(
        condition=matches(column, MAIL_ADDRESS, blank=True),
        name=f"{model}_{column}_form",
        violation_error_message=MAIL_PROBLEM,
    )


def picture(model: str, column: str) -> models.CheckConstraint:
    """Constrain `column` to the name of a picture that the site serves, or nothing."""
    return models.CheckConstraint(
        condition=matches(column, PICTURE, blank=True),
        name=f"{model}_{column}_form",
        violation_error_message=_("Choose the picture once more."),
    )


def readable(
    model: str, *, lines: Sequence[str] = (), texts: Sequence[str] = ()
) -> models.CheckConstraint:
    """Forbid control characters, and line breaks in the columns `lines`; `texts` may
    have any number of lines."""
    return models.CheckConstraint(
        condition=Q(
            *((f"{column}__regex", LINE) for column in lines),
            *((f"{column}__regex", TEXT) for column in texts),
        ),
        name=f"{model}_readable",
        violation_error_message=READABLE_PROBLEM,
    )


def longest(table: str, column: str, most: int) -> models.CheckConstraint:
    """Limit `column` to `most` characters. core.text.columns adds this to each text
    column."""
    return models.CheckConstraint(
        condition=LessThanOrEqual(Length(column), most),
        name=f"{table}_{column}_length",
        violation_error_message=format_lazy(TOO_LONG, most=in_figures(most)),
    )


def most(table: str, column: str, number: int) -> models.CheckConstraint:
    """Limit an array to `number` elements."""
    return models.CheckConstraint(
        condition=Q(**{f"{column}__len__lte": number}),
        name=f"{table}_{column}_most",
        violation_error_message=format_lazy(TOO_MANY, most=number),
    )


def matches(column: str, pattern: str, *, blank: bool) -> Q:
    """Return the condition that `column` matches `pattern`; with `blank`, that it does
    or is empty."""
    has_it = Q(**{f"{column}__regex": pattern})
    return Q(**{column: ""}) | has_it if blank else has_it


def one_of(column: str, values: Iterable[str]) -> Func:
    """Return the condition that `column` holds one of `values`, which are constants of
    the code.

    PostgreSQL parses the stored form of a table's constraints for every statement that
    writes to it, at a microsecond for each 300 bytes. An array is one constant there;
    Django's IN has a constant and a cast for each word and is four times as long."""
    words = ",".join(values)
    return Func(
        F(column),
        template=f"(%(expressions)s = ANY ('{{{words}}}'::text[]))",
        output_field=models.BooleanField(),
    )


def both_or_neither(condition: Q, other: Q | Func) -> Func:
    """Return the condition that both hold, or neither does."""
    return Func(
        *(
            ExpressionWrapper(each, output_field=models.BooleanField())
            for each in (condition, other)
        ),
        # In the order that migrations write, so that the autodetector finds no change.
        arg_joiner=" = ",
        template="(%(expressions)s)",
        output_field=models.BooleanField(),
    )
