"""The forms of signing, correcting and reporting, with a clear message for each invalid
input."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import pycountry
from babel import Locale
from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.i18n.languages import (
    is_text_language,
    reader_language,
    sorting_key,
)
from core.mail import address_fields
from core.mail.capabilities import can_reach
from core.text import fields
from core.text.characters import is_garbled
from petitions.abuse.contact_details import holds_a_contact
from petitions.addresses import (
    COMMON_DOMAINS,
    REAL_LOOKALIKES,
    NotAnAddress,
    clean_address,
    domain_of,
    odd_ending,
    suggested_domain,
)
from petitions.models.translations import Words
from petitions.signature_fields import COUNTRY, OPTIONAL, OptionalField
from petitions.states import CONSENT_VERSION, OF_PETITIONS, OF_SITE, Delivery

UNREADABLE_LINE = _(
    "Something in it cannot be read. Type it again, without line breaks."
)
# The most characters a version of a form has; a longer one was not made by us.
MOST = 50


class Shared:
    """A form field that is shared by all instances of its form. Django copies every
    field for every form instance, which would take a third of the time of a signature;
    nothing here changes a field."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class LineField(Shared, fields.LineField):
    """A line in which no-break and wide spaces count as plain ones."""

    def to_python(self, value: Any) -> Any:
        return " ".join(super().to_python(value).split())


class AddressField(Shared, address_fields.AddressField):
    """A supporter's e-mail address; the error of an invalid one suggests a likely
    domain."""

    def to_python(self, value: Any) -> str:
        try:
            return super().to_python(value)
        except ValidationError:
            if is_garbled(str(value)):
                raise ValidationError(UNREADABLE_LINE) from None
            domain = str(value).strip().rpartition("@")[2]
            if meant := suggested_domain(domain):
                sentence = _("Did you mean an address that ends with @%(domain)s?")
                raise ValidationError(sentence, params={"domain": meant}) from None
            raise


class MailedAddressField(AddressField):
    """An e-mail address that a link is mailed to, so our mail server must be able to
    reach it."""

    def to_python(self, value: Any) -> str:
        address = super().to_python(value)
        if not can_reach(address):
            raise ValidationError(
                _(
                    "Our mail server cannot write to this address: use one with "
                    "letters from a to z before the @"
                )
            )
        return address


class TextField(Shared, fields.TextField):
    pass


# Characters in a letter category that are invisible.
BLANK = frozenset("\u115f\u1160\u3164\uffa0")
# Letters to those who read by touch; Unicode calls them symbols. Without the blank one.
BRAILLE = range(0x2801, 0x2900)


def is_a_name(text: str) -> bool:
    """Return whether `text` contains a visible letter."""
    return any(
        (unicodedata.category(c)[0] == "L" and c not in BLANK) or ord(c) in BRAILLE
        for c in text
    )


# Used by many, though ISO 3166 has not assigned it.
KOSOVO = "XK"
UNINHABITED = {"AQ", "BV", "GS", "HM", "IO", "TF", "UM"}


@lru_cache(maxsize=20)
def country_names(language: str) -> dict[str, str]:
    """Return the names in `language` by code: of all that CLDR names, for what is
    stored already."""
    with translation.override(language):
        short = {"HK": gettext("Hong Kong"), "MO": gettext("Macao")}
    return {**Locale.parse(language).territories, **short}


@lru_cache(maxsize=20)
def countries(language: str) -> list[tuple[str, str]]:
    """Return pairs of ISO 3166 code and name in `language`, in its alphabetical order:
    where people live. CLDR names parts of countries, too."""
    names = country_names(language)
    codes = {country.alpha_2 for country in pycountry.countries} | {KOSOVO}
    named = [(code, names[code]) for code in codes - UNINHABITED if code in names]
    return sorted(named, key=lambda pair: sorting_key(pair[1]))


class ChoiceField(Shared, forms.TypedChoiceField):
    pass


class CountryField(ChoiceField):
    """A country by its ISO code, with names in the reader's language."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=lambda: [("", "—"), *countries(reader_language())], **options
        )


class BooleanField(Shared, forms.BooleanField):
    pass


class AnswerField(LineField):
    """A line about the signer that must hold no contact details, so that nobody
    advertises in it."""

    def __init__(self, *, no_contact: Any, **options: Any) -> None:
        super().__init__(**options)
        self.no_contact = no_contact

    def clean(self, value: Any) -> str:
        line = str(super().clean(value))
        if holds_a_contact(line):
            raise ValidationError(self.no_contact)
        return line


def optional_field(optional: OptionalField) -> forms.Field:
    """Return the form field for an optional question of a petition."""
    if optional is COUNTRY:
        invalid = _("Choose a country from the list")
        return CountryField(
            label=optional.label,
            required=False,
            error_messages={"invalid_choice": invalid},
        )
    return AnswerField(
        label=optional.label,
        max_length=optional.max_length,
        required=False,
        error_messages={"max_length": optional.too_long},
        no_contact=optional.no_contact,
    )


class HoneypotForm(forms.Form):
    """A form with a honeypot, an input that people do not see: only a program that
    fills in every field fills it in. It is in templates/petitions/_trap.html; as a form
    field it would cost as much time as the name."""

    TRAP = "subject"

    @property
    def is_trapped(self) -> bool:
        """Whether the honeypot was filled in."""
        return bool(self.data.get(self.TRAP))


class CorrectionForm(forms.Form):
    """The fields that the owner of the mailbox may correct before confirming."""

    name = LineField(
        label=_("Full name"),
        max_length=200,
        error_messages={
            "required": _("Enter your full name"),
            "max_length": _("Enter a name of at most 200 characters"),
        },
    )
    # __init__ removes those that the petition does not ask for.
    vars().update({optional.name: optional_field(optional) for optional in OPTIONAL})
    comment = TextField(
        label=_("Why are you signing? (optional)"),
        max_length=1000,
        required=False,
        error_messages={
            "max_length": _(
                "Shorten your comment to 1,000 characters; it has %(show_value)s"
            ),
        },
    )
    show_name = BooleanField(
        label=_("Show my name and comment on the petition’s page."), required=False
    )
    updates = ChoiceField(
        choices=[("yes", _("Yes, e-mail me")), ("no", _("No, thank you"))],
        required=False,
        coerce=lambda answer: answer == "yes",
        empty_value=None,
        error_messages={"invalid_choice": _("Choose yes or no")},
    )

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if not is_a_name(name):
            raise ValidationError(_("Enter your full name"))
        if holds_a_contact(name):
            raise ValidationError(
                _("Enter your name alone, without an e-mail address or a link")
            )
        return name

    def __init__(self, data: Any = None, *, petition: Any, **options: Any) -> None:
        """Keep only the fields that `petition` asks for; it is a Petition, or the
        PetitionSnapshot of the hot path."""
        super().__init__(data, **options)
        for optional in OPTIONAL:
            if optional not in petition.asked:
                del self.fields[optional.name]

    @property
    def asked(self) -> list[tuple[OptionalField, forms.BoundField]]:
        """The optional questions that this form asks, each with its bound field."""
        return [(o, self[o.name]) for o in OPTIONAL if o.name in self.fields]


class SignForm(CorrectionForm, HoneypotForm):
    """The form that a supporter fills in to sign."""

    email = MailedAddressField(label=_("E-mail address"))
    show_name = BooleanField(
        label=_("Show my name and comment on this page."), required=False
    )
    version = LineField(required=False)

    field_order = ("name", "email", *(optional.name for optional in OPTIONAL))

    # For the script that suggests a correction while the address is being typed.
    common_domains = " ".join(COMMON_DOMAINS)
    real_lookalikes = " ".join(sorted(REAL_LOOKALIKES))

    # The hidden input with the address that the form asked about: sending it again
    # confirms that it was meant.
    SURE = "sure"

    def clean_email(self) -> str:
        """Return the address; ask back once about one that was probably mistyped, while
        the form still holds everything entered. Programs that send a form without a
        `version` are not asked."""
        address = str(self.cleaned_data["email"])
        if self.data.get("version"):
            question = question_about(domain_of(address))
            # Last, for it reads another address, and next to nobody is asked.
            if question and not self.is_sure_of(address):
                raise question
        return address

    def is_sure_of(self, address: str) -> bool:
        """Return whether its owner was asked about this address. Both are read alike:
        what is asked about comes back as it was typed, with a full stop at its end,
        maybe."""
        try:
            sure = clean_address(str(self.data.get(self.SURE, "")))
        except NotAnAddress:
            return False
        return sure.lower() == address.lower()

    def seen(self, delivery: str) -> Seen:
        """Return what the form had shown to the supporter."""
        return read_version(self.cleaned_data.get("version", ""), delivery)


def question_about(domain: str) -> ValidationError | None:
    """Return the question to ask about a domain that is likely mistyped; else None."""
    if meant := suggested_domain(domain):
        return ValidationError(
            _(
                "Did you mean an address that ends with @%(domain)s? Correct it, or "
                "press the button again to keep it"
            ),
            params={"domain": meant},
        )
    if ending := odd_ending(domain):
        return ValidationError(
            _(
                "We know of no address that ends with %(ending)s. Correct it, or press "
                "the button again to keep it"
            ),
            params={"ending": ending},
        )
    return None


class ReportForm(HoneypotForm):
    """A visitor's report about a petition, or about the site."""

    reason = forms.ChoiceField(
        label=_("What is it about?"),
        error_messages={
            "required": _("Choose what it is about"),
            "invalid_choice": _("Choose what it is about"),
        },
    )
    text = TextField(
        label=_("What would you like to tell us?"),
        max_length=3000,
        error_messages={
            "required": _("Write what you would like to tell us"),
            "max_length": _(
                "Shorten your message to 3,000 characters; it has %(show_value)s"
            ),
        },
    )
    email = AddressField(label=_("E-mail address (optional)"), required=False)

    def __init__(self, data: Any = None, *, petition: Any, **options: Any) -> None:
        super().__init__(data, **options)
        reasons = OF_PETITIONS if petition else OF_SITE
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(reason.value, reason.label) for reason in reasons]


@dataclass(frozen=True, slots=True)
class Seen:
    """The page that the supporter saw around the form that was sent."""

    corrections: int
    consent_version: int
    delivery: str
    """What the person petitioned receives; never more than the petition says now."""
    words_key: str
    """The `Words.key` of the text shown; '' if the form does not say."""


def make_version(corrections: int, delivery: str, words: Words) -> str:
    """Return the value of the hidden field that records what this form shows."""
    parts = (corrections, CONSENT_VERSION, delivery, words.key, words.language)
    return ".".join(map(str, parts))


def language_shown(version: str) -> str:
    """Return the language of the text above the form, from its version; "" if it does
    not say."""
    language = version[-MOST:].rpartition(".")[2]
    return language if is_text_language(language) else ""


def read_version(version: str, delivery: str) -> Seen:
    """Return what a version from `make_version` recorded. A missing or invented one
    counts as the newest."""
    corrections, consent, shown, words_key = (*version.split("."), "", "", "")[:4]
    numbers = corrections.isdecimal() and consent.isdecimal()
    if len(version) > MOST or not numbers or shown not in Delivery.values:
        return Seen(0, CONSENT_VERSION, delivery, "")
    least = min(Delivery(shown), Delivery(delivery), key=lambda choice: choice.rank)
    return Seen(
        min(int(corrections), 9999),
        min(int(consent), CONSENT_VERSION),
        least,
        words_key,
    )
