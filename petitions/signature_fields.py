"""What a signature says about its signer: one declaration for all that handles it.

The sign form, what its owner may correct, what the erasure leaves, what the privacy
page must name, the paper sheet and the signer's download read it from here. A line that
petitions may ask for is an entry of `OPTIONAL`, a column of `Signature` and a switch
`asks_<name>` of `Petition`; CONTRIBUTING.md has the recipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# The column stays as it is when the names of a petition are erased.
KEPT: Final = object()


@dataclass(frozen=True, kw_only=True)
class SignatureField:
    """A column of `Signature`."""

    name: str
    erased: Any = KEPT
    """What it holds once the names of its petition are erased."""
    personal: bool = False
    """Whether it tells who somebody is: then a retention rule must cover it."""
    correctable: bool = False
    """Whether its owner may change it, before and after the confirmation."""


@dataclass(frozen=True, kw_only=True)
class OptionalField(SignatureField):
    """One that only petitions with `asks_<name>` ask for."""

    label: StrOrPromise
    """Of the form's input."""
    heading: StrOrPromise
    """Of the column on the paper sheet, and where its signer reads it."""
    max_length: int
    too_long: StrOrPromise = ""
    no_contact: StrOrPromise = ""
    """Why an e-mail address or a link is refused in it."""
    hint: StrOrPromise = ""
    autocomplete: str
    correctable: bool = True
    is_line: bool = True
    """Whether it is typed; the country is chosen."""

    @property
    def asked_by(self) -> str:
        """The column of `Petition` that says whether it is asked."""
        return f"asks_{self.name}"


PLACE = OptionalField(
    name="place",
    personal=True,
    erased="",
    label=_("Place (optional)"),
    heading=_("Place"),
    max_length=120,
    too_long=_("Enter a place of at most 120 characters"),
    no_contact=_("Enter a place alone, without an e-mail address or a link"),
    autocomplete="address-level2",
)
POSTAL_CODE = OptionalField(
    name="postal_code",
    personal=True,
    erased="",
    label=_("Postal code (optional)"),
    heading=_("Postal code"),
    max_length=20,
    too_long=_("Enter a postal code of at most 20 characters"),
    no_contact=_("Enter a postal code alone, without an e-mail address or a link"),
    hint=_("So that we can say how many supporters live in each region."),
    autocomplete="postal-code",
)
COUNTRY = OptionalField(
    name="country",
    label=_("Country (optional)"),
    heading=_("Country"),
    max_length=2,
    autocomplete="country",
    is_line=False,
)

# In the order in which forms and sheets ask.
OPTIONAL = (PLACE, POSTAL_CODE, COUNTRY)

FIELDS = (
    SignatureField(name="name", personal=True, correctable=True, erased=""),
    SignatureField(name="email", personal=True, erased=""),
    SignatureField(name="email_key", personal=True, erased=None),
    SignatureField(name="former_key", personal=True, erased=None),
    SignatureField(name="person", personal=True, erased=""),
    SignatureField(name="seat", erased=None),
    *OPTIONAL,
    SignatureField(name="comment", personal=True, correctable=True, erased=""),
    SignatureField(name="comment_approved", erased=False),
    SignatureField(name="comment_rejected", erased=False),
    SignatureField(name="show_name", correctable=True, erased=False),
    SignatureField(name="name_withheld", erased=False),
    SignatureField(name="updates", correctable=True, erased=None),
    SignatureField(name="network", erased=None),
    SignatureField(name="weak_signs", erased=0),
)

CORRECTABLE = tuple(field.name for field in FIELDS if field.correctable)
PERSONAL = tuple(field.name for field in FIELDS if field.personal)
# What is left of somebody's row once the names of a petition are erased: the state,
# the day, the country and the language.
ERASED = {field.name: field.erased for field in FIELDS if field.erased is not KEPT}
