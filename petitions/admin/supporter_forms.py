"""The forms that ask how a supporter's request came, and how it was made sure who
asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.mail.address_fields import AddressField
from core.text.fields import DayField, LineField
from organizations.models import Organization, User
from petitions.abuse.contact_details import may_hold_a_contact
from petitions.models import SupporterRequest
from petitions.names import folded_name
from petitions.states import CameBy, IdentityCheck, RequestKind, RequestOutcome

# Words of names and addresses with fewer letters stand in other words, too.
TELLING = 3


class OpenRequestField(forms.ModelChoiceField[SupporterRequest]):
    def label_from_instance(self, obj: SupporterRequest) -> str:
        return gettext("No. %(number)s, %(came_by)s, received on %(day)s") % {
            "number": obj.pk,
            "came_by": obj.get_came_by_display(),
            "day": date_format(obj.received_on),
        }


class AskedForm(forms.Form):
    """How a request came, and how it was made sure that it is the person's own."""

    entry = OpenRequestField(
        queryset=SupporterRequest.objects.none(),
        label=_("Which request this answers"),
        required=False,
        empty_label=_("One that is not in the register yet"),
        error_messages={"invalid_choice": _("It was answered meanwhile.")},
    )
    came_by = forms.ChoiceField(
        label=_("Came by"),
        choices=[("", "—"), *CameBy.choices],
        required=False,
    )
    received_on = DayField(
        label=_("Received on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    checked_by = forms.ChoiceField(
        label=_("How was it made sure that it is they?"),
        choices=[("", "—"), *IdentityCheck.choices],
        error_messages={
            "required": _("Say how it was made sure that it is they who ask.")
        },
    )
    check_note = LineField(
        label=_("Note on that (optional)"),
        max_length=120,
        required=False,
        help_text=_("It is kept without the person: no name, address, number or link."),
        error_messages={"max_length": _("Shorten this to 120 characters.")},
    )

    def __init__(
        self,
        data: Any,
        *,
        entries: QuerySet[SupporterRequest],
        persons: Iterable[str],
        today: date,
        choices: list[tuple[str, str]] | None = None,
    ) -> None:
        """Offer the open requests `entries`; refuse a note that holds a word of
        `persons`, the person's names and addresses. With `choices`, ask which
        signatures it is about; all of them are ticked."""
        super().__init__(data, initial={"received_on": today})
        self.persons, self.today = persons, today
        if entries.exists():
            field = self.fields["entry"]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = entries
        else:
            del self.fields["entry"]
        if choices:
            self.fields["chosen"] = forms.MultipleChoiceField(
                label=_("Which signatures"),
                choices=choices,
                initial=[value for value, _label in choices],
                widget=forms.CheckboxSelectMultiple,
                error_messages={
                    "required": _("Tick at least one."),
                    "invalid_choice": _("One of them is not there any more."),
                },
            )

    def clean_received_on(self) -> date | None:
        day: date | None = self.cleaned_data["received_on"]
        if day and day > self.today:
            raise ValidationError(_("This day has not come yet."))
        if day and day.year < self.today.year - 10:
            raise ValidationError(_("This is too long ago."))
        return day

    def clean_check_note(self) -> str:
        note = str(self.cleaned_data["check_note"])
        if may_hold_a_contact(note) or telltale_words([note]) & telltale_words(
            self.persons
        ):
            raise ValidationError(
                _(
                    "Write it without the person: no name, address, number or link. It "
                    "is kept when all else about them is erased."
                )
            )
        return note

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("entry"):
            for name, sentence in (
                ("came_by", _("Say how it came.")),
                ("received_on", _("Say when it came.")),
            ):
                if name not in self.errors and not given.get(name):
                    self.add_error(name, sentence)
        return given

    def record(
        self,
        organization: Organization,
        kind: RequestKind,
        user: User,
        number: int,
    ) -> None:
        """Write into the register that the request was answered."""
        given = self.cleaned_data
        row = given.get("entry") or SupporterRequest(
            organization=organization, kind=kind, came_by=given["came_by"],
            received_on=given["received_on"],
        )  # fmt: skip
        row.checked_by, row.check_note = given["checked_by"], given["check_note"]
        row.answer(
            RequestOutcome.DONE,
            by=user,
            now=timezone.now(),
            number=number,
        )


def telltale_words(texts: Iterable[str]) -> set[str]:
    """Return the words of names, notes and addresses (what stands before the @) that
    may tell who somebody is."""
    folded = " ".join(folded_name(text.partition("@")[0]) for text in texts if text)
    return {word for word in folded.split() if len(word) >= TELLING}


class AddressForm(AskedForm):
    email = AddressField(label=_("E-mail address"))
    organization = forms.ModelChoiceField(
        queryset=Organization.objects.none(), label=_("Organisation")
    )
    field_order = ("email", "organization")

    def __init__(
        self, data: Any, *, served: QuerySet[Organization], **options: Any
    ) -> None:
        super().__init__(data, persons=[], **options)
        field = self.fields["organization"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = served
        if len(organizations := served[:2]) == 1:
            field.initial = organizations[0]

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        self.persons = [given.get("email", "")]
        if "check_note" in given and telltale_words(
            [given["check_note"]]
        ) & telltale_words(self.persons):
            self.add_error("check_note", _("Write it without the person."))
        return given
