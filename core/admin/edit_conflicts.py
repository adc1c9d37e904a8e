"""Optimistic locking for the admin's forms: edit conflicts field by field, and
idempotent saves.

A form carries, for each of its fields, a digest of the value that it was opened with.
When it is sent, a field that only somebody else has changed keeps their value. One that
both have changed refuses the save, and shows what is stored beside what was typed:
saving again keeps what was typed, a tick keeps what is stored. The form also has a
token, so that a form sent twice is saved once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from uuid import uuid4

from django import forms
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from core.text.fields import LineField

SEEN = "_seen"
THEIRS = "_theirs"

NOT_COMPARED = (forms.formsets.DELETION_FIELD_NAME, forms.formsets.ORDERING_FIELD_NAME)


def digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass
class Sent:
    """The conflict-detection part of a form that was sent. `rows` has the digests by
    row and field, "" being the main row; it is empty when the form does not say what it
    was opened with.
    """

    token: str = ""
    opened: datetime | None = None
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    theirs: frozenset[str] = frozenset()
    """Names of the fields in which the stored value was ticked to stay."""
    content: str = ""
    """A digest of everything that was sent."""
    who: str = ""
    """Name and time of whoever changed the row since the form was opened, as far as
    known."""
    again: tuple[str, str] | None = None
    """Address and name of the row that was made of this form before, with other
    content."""
    kept: list[str] = field(default_factory=list)
    """Labels of the fields in which somebody else's change was kept."""


def arrived(request: HttpRequest) -> Sent:
    """Parse what a form says that it was opened with; without digests when it is
    malformed."""
    post = request.POST
    sent = Sent(theirs=frozenset(post.getlist(THEIRS)), content=form_digest(request))
    try:
        told = json.loads(post.get(SEEN, ""))
        sent.token = str(told["token"])[:40]
        sent.opened = datetime.fromtimestamp(float(told["opened"]), UTC)
        sent.rows = {
            str(row): {str(name): str(value) for name, value in fields.items()}
            for row, fields in told["rows"].items()
        }
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError, OSError):
        return Sent(theirs=sent.theirs, content=sent.content)
    return sent


def form_digest(request: HttpRequest) -> str:
    """Return a digest of the values and files of a form: equal for the same form sent
    twice."""
    typed = sorted(
        (name, values)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
    )
    files = sorted(
        (name, [(file.name, file.size) for file in files])
        for name, files in request.FILES.lists()
    )
    return digest(json.dumps([typed, files], default=str))


def told(form: Any, formsets: Iterable[Any] = ()) -> str:
    """Return a token and the digests of the values that a page opens its forms with, as
    JSON for the hidden field SEEN."""
    rows = {"": form_digests(form)}
    for formset in formsets:
        if formset.instance._state.adding:
            continue
        for number in formset.queryset.values_list("pk", flat=True):
            rows[f"{formset.prefix}-{number}"] = {}
        for row in formset.initial_forms:
            rows[row_key(row)] = form_digests(row)
        rows |= formset.told_gone
    opened = timezone.now().timestamp()
    return json.dumps({"token": uuid4().hex, "opened": opened, "rows": rows})


def form_digests(form: Any) -> dict[str, str]:
    return {
        name: digest(stored_text(field, form.get_initial_for_field(field, name)))
        for name, field in form.fields.items()
        if name not in NOT_COMPARED and not field.disabled and not is_hidden_key(field)
    }


def typed_anew(form: Any, sent: Sent) -> dict[str, Any]:
    """Return the values of a valid form that differ from what it was opened with; all
    of them when it does not say what that was."""
    base = sent.rows.get(row_key(form), {})
    return {
        name: value
        for name, value in form.cleaned_data.items()
        if name not in base or digest(typed_text(form, name) or "") != base[name]
    }


def is_hidden_key(field: forms.Field) -> bool:
    """Return whether the field is hidden, as those of an inline that only say which row
    it is."""
    return isinstance(field.widget, forms.HiddenInput)


def row_key(form: Any) -> str:
    """Return a row's key: its number, not its place in the form, which may change."""
    if form.prefix is None:
        return ""
    return f"{form.prefix.rpartition('-')[0]}-{form.instance.pk}"


# == Values as text, to be compared ==


def stored_text(field: forms.Field, value: Any) -> str:
    """Return a stored value as text, so that it equals what a browser sends back
    unchanged."""
    if isinstance(value, FieldFile):
        return value.name or ""
    value = field.prepare_value(value)
    if isinstance(field, LineField):
        value = field.settled(value)
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, datetime):
        local = timezone.make_naive(value) if timezone.is_aware(value) else value
        return local.replace(microsecond=0).isoformat()
    if isinstance(value, list | tuple | set):
        return "\n".join(sorted(map(str, value)))
    return str(value).replace("\r\n", "\n").replace("\r", "\n").strip()


def typed_text(form: Any, name: str) -> str | None:
    """Return what was typed as text; None when it is invalid or a new file."""
    field, raw = form.fields[name], form[name].data
    if isinstance(field, forms.FileField):
        initial = form.get_initial_for_field(field, name)
        return stored_text(field, initial) if raw in (None, "") else None
    try:
        value = field.clean(raw)
    except forms.ValidationError:
        return None
    # Choices are compared by the value the browser sends, not by what it is coerced to.
    return stored_text(
        field, raw if isinstance(field, forms.TypedChoiceField) else value
    )


def displayed_value(field: Any, text: str) -> str:
    """Return a stored value as readers know it: by the labels of its choices."""
    if hasattr(field, "choices"):
        labels = {str(value): str(label) for value, label in field.choices}
        text = ", ".join(labels.get(part, part) for part in text.split("\n") if part)
    return text or gettext("nothing")


# == Forms that detect conflicts ==


class ConflictAwareForm(forms.BaseForm):
    """A form that detects edit conflicts: changes made while it was open."""

    sent: Sent | None = None
    """The conflict-detection part of this request's form; set for each request."""

    def full_clean(self) -> None:
        theirs, both = self.compare()
        for name in theirs:
            self.fields[name].disabled = True
        super().full_clean()
        if theirs:
            _ = self.changed_data  # cached while these fields are disabled
        for name in theirs:
            keep_stored(self.fields[name])
        for name, stored in both.items():
            self.errors.pop(name, None)
            self.add_error(name, self.both_changed(name, stored))
        self.was_changed = bool(theirs or both)
        for sentence in self.lost([*theirs, *both]):
            self.add_error(None, sentence)

    @property
    def opened_with(self) -> Mapping[str, str] | None:
        """The digests that the row was opened with; None for a form that is compared
        with nothing, as that of a new row."""
        instance = getattr(self, "instance", None)
        if self.sent is None or not self.is_bound:
            return None
        if instance is not None and instance._state.adding:
            return None
        return self.sent.rows.get(row_key(self), {})

    def compare(self) -> tuple[list[str], dict[str, str]]:
        """Return the names of the fields that keep the stored value, and the stored
        text of each field that both have changed."""
        theirs: list[str] = []
        both: dict[str, str] = {}
        base = self.opened_with
        if base is None or self.sent is None:
            return theirs, both
        for name, form_field in self.fields.items():
            if form_field.disabled or name in NOT_COMPARED or is_hidden_key(form_field):
                continue
            if self.add_prefix(name) in self.sent.theirs:
                theirs.append(name)
                continue
            stored = self.stored_text(name)
            if base.get(name) == digest(stored):
                continue
            typed = typed_text(self, name)
            if typed == stored:
                continue
            if typed is not None and digest(typed) == base.get(name):
                theirs.append(name)
                self.sent.kept.append(str(form_field.label))
            else:
                both[name] = stored
        for name, words in self.described_pictures():
            if name in both:
                # The stored description stays with the stored picture; `file_changed`
                # shows the one that was typed.
                both.pop(words, None)
                theirs = [*(other for other in theirs if other != words), words]
            elif (
                base.get(name) != digest(self.stored_text(name))
                and words not in (*theirs, *both)
                and typed_text(self, words) != self.stored_text(words)
            ):
                both[words] = self.stored_text(words)
        return theirs, both

    def stored_text(self, name: str) -> str:
        field = self.fields[name]
        return stored_text(field, self.get_initial_for_field(field, name))

    def described_pictures(self) -> Iterable[tuple[str, str]]:
        """Yield each picture field with the field that describes it: a description of
        one picture is never stored beside another."""
        for name, form_field in self.fields.items():
            words = f"{name}_description"
            if isinstance(form_field, forms.FileField) and words in self.fields:
                yield name, words

    def both_changed(self, name: str, stored: str) -> SafeString:
        """Return an error that shows the stored value: a tick keeps it, saving again
        without one keeps what was typed."""
        assert self.sent is not None
        who = self.sent.who or gettext("Somebody, or the site itself,")
        if isinstance(self.fields[name], forms.FileField):
            return self.file_changed(name, stored, who)
        return format_html(
            '<span class="meanwhile">{}</span> <span class="meanwhile__stored" '
            'dir="auto">{}</span> <label class="meanwhile__choice"><input '
            'type="checkbox" name="{}" value="{}"> {}</label>',
            gettext(
                "%(who)s changed this while you had it open. Yours is in the field: "
                "save once more to keep it. Now stored:"
            )
            % {"who": who},
            displayed_value(self.fields[name], stored),
            THEIRS,
            self.add_prefix(name),
            gettext("Keep the stored one instead"),
        )

    def file_changed(self, name: str, stored: str, who: str) -> SafeString:
        """Return the same error for a file, which browsers do not keep: it has to be
        chosen again."""
        words = str(self.data.get(self.add_prefix(f"{name}_description"), ""))
        return format_html(
            '<span class="meanwhile">{}</span> <span class="meanwhile__stored" '
            'dir="auto">{}</span>{}',
            gettext(
                "%(who)s changed this while you had it open. Save once more to keep "
                "the stored one, or choose yours again: browsers do not keep files. "
                "Now stored:"
            )
            % {"who": who},
            displayed_value(self.fields[name], stored),
            format_html(
                ' <span class="meanwhile">{}</span> <span class="meanwhile__stored" '
                'dir="auto">{}</span>',
                gettext("Your description was:"),
                words,
            )
            if words
            else "",
        )

    def lost(self, known: list[str]) -> Iterable[SafeString]:
        """Yield what was typed into fields that cannot be changed any more, to be
        copied."""
        for name, before in (self.opened_with or {}).items():
            typed = self.data.get(self.add_prefix(name))
            if typed is None or name in known or name in self.changed_data:
                continue
            field = self.fields.get(name) or forms.CharField()
            text = stored_text(forms.CharField(), typed)
            if name in self.fields and not field.disabled:
                # As the field cleans it: some remove what nobody can see.
                read = typed_text(self, name)
                text = text if read is None else read
            instance = getattr(self, "instance", None)
            stored = self.initial.get(name, getattr(instance, name, ""))
            is_text = isinstance(field, forms.CharField) and isinstance(stored, str)
            if (
                not is_text
                or text == stored_text(field, stored)
                or digest(text) == before
            ):
                continue
            yield format_html(
                '<span class="meanwhile">{}</span> <span class="meanwhile__stored" '
                'dir="auto">{}</span>',
                gettext(
                    "“%(field)s” cannot be changed any more. Copy what you had "
                    "written, if it is needed elsewhere:"
                )
                % {"field": label_of(self, name)},
                text,
            )


def keep_stored(field: forms.Field) -> None:
    """Make the field show the stored value whatever was typed, and editable again."""
    field.disabled = False
    field.bound_data = lambda data, initial: initial  # type: ignore[method-assign]


def label_of(form: Any, name: str) -> str:
    """Return the label of a field, also of one that the form does not have."""
    if name in form.fields:
        return str(form.fields[name].label)
    return str(form._meta.model._meta.get_field(name).verbose_name)
