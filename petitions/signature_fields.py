"""The fields of a signature: one declaration for all code that handles them.

The sign form, the corrections by its owner, the erasure, the privacy page, the paper
sheet, the list that is handed over and the signer's download read it. A field that
petitions may ask for is an entry of `OPTIONAL`, a column of `Signature` and a switch
`asks_<name>` of `Petition`; CONTRIBUTING.md has the recipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# Marks a column that stays as it is when the names of a petition are erased.
KEPT: Final = object()


@dataclass(frozen=True, kw_only=True)
class SignatureField:
    """A column of `Signature`."""

    name: str
    erased: Any = KEPT
    """The value of the column once the names of its petition are erased."""
    personal: bool = False
    """Whether it tells who somebody is: then a retention rule must cover it."""
    correctable: bool = False
    """Whether the signer may change it, before and after the confirmation."""
    input: str = ""
    """The name of its form field, where that is another one."""


@dataclass(frozen=True, kw_only=True)
class OptionalField(SignatureField):
    """A field that only petitions with `asks_<name>` ask for."""

    label: StrOrPromise
    """The label of the form's input."""
    heading: StrOrPromise
    """The heading on the paper sheet and where its signer reads it."""
    max_length: int
    too_long: StrOrPromise = ""
    no_contact: StrOrPromise = ""
    """The error when it holds an e-mail address or a link."""
    hint: StrOrPromise = ""
    autocomplete: str
    correctable: bool = True
    is_line: bool = True
    """Whether it is typed as a line; the country is chosen."""
    print_width: int = 0
    """How wide its column in the list that is handed over is, where the name's is 5;
    0 for what is not handed over. The sentence beside the button calls these “place”
    (`petitions/privacy_notice.py`), and promises nothing else. Of the postal code only
    the region is handed over, in words."""

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
    print_width=3,
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
    hint=_("For numbers by region. The code itself is not handed over."),
    autocomplete="postal-code",
)
COUNTRY = OptionalField(
    name="country",
    label=_("Country (optional)"),
    heading=_("Country"),
    max_length=2,
    autocomplete="country",
    print_width=3,
    is_line=False,
)

# In the order in which forms and sheets ask.
OPTIONAL = (PLACE, POSTAL_CODE, COUNTRY)
HANDED_OVER = tuple(field for field in OPTIONAL if field.print_width)
REGION = "region"
"""The column of a list that is handed over which says where a postal code is, as
petitions/regions.py tells it."""

# The labels of what is typed, for the pages that keep it after a form was not taken.
LABELS: dict[str, StrOrPromise] = {
    "name": _("Full name"),
    "email": _("E-mail address"),
    **{field.name: field.label for field in OPTIONAL if field.is_line},
    "comment": _("Why are you signing? (optional)"),
}

# The headings of what somebody had typed into a form that came too late.
HEADINGS: dict[str, StrOrPromise] = {
    "name": _("Name"),
    "email": _("E-mail address"),
    **{field.name: field.heading for field in OPTIONAL if field.is_line},
    "comment": _("Comment"),
}

FIELDS = (
    SignatureField(name="name", personal=True, correctable=True, erased=""),
    SignatureField(name="email", personal=True, erased=""),
    SignatureField(name="email_key", personal=True, erased=None),
    SignatureField(name="former_key", personal=True, erased=None),
    SignatureField(name="person", personal=True, erased=""),
    SignatureField(name="shared_address_slot", erased=None),
    *OPTIONAL,
    SignatureField(name="comment", personal=True, correctable=True, erased=""),
    SignatureField(name="comment_approved", erased=False),
    SignatureField(name="comment_rejected", erased=False),
    SignatureField(name="show_name", correctable=True, erased=False),
    SignatureField(name="name_withheld", erased=False),
    SignatureField(
        name="wants_updates", input="updates", correctable=True, erased=None
    ),
    SignatureField(name="network", erased=None),
    SignatureField(name="weak_signs", erased=0),
)

# The columns that the signer may change, each with the name of its form field.
CORRECTABLE = {
    field.name: field.input or field.name for field in FIELDS if field.correctable
}
PERSONAL = tuple(field.name for field in FIELDS if field.personal)
# The values written when the names of a petition are erased. Other columns keep theirs:
# the state, the day, the country and the language.
ERASED = {field.name: field.erased for field in FIELDS if field.erased is not KEPT}
