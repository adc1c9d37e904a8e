"""Form and model fields for e-mail addresses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.mail.addresses import (
    LONGEST_TYPED,
    NotAnAddress,
    clean_address,
)

ASCII_ONLY = _(
    "Use an address with letters from a to z before the @: not every mail server can "
    "write to other addresses"
)


class AddressField(forms.EmailField):
    """A form field for an address, cleaned by `clean_address`. `ascii_only` refuses
    those that some mail servers cannot write to: for addresses that the site has to
    reach."""

    default_error_messages = {"required": _("Enter your e-mail address")}
    default_validators: list[Any] = []

    def __init__(self, *, ascii_only: bool = False, **options: Any) -> None:
        options.pop("max_length", None)
        super().__init__(max_length=LONGEST_TYPED, **options)
        self.ascii_only = ascii_only

    def to_python(self, value: Any) -> str:
        typed = str(value or "")
        if not typed.strip():
            return ""
        return checked_address(typed, ascii_only=self.ascii_only)


def checked_address(typed: str, *, ascii_only: bool = False) -> str:
    """Return the address cleaned by `clean_address`, for forms and models; raise
    ValidationError when it is none, or not ASCII before the @ where `ascii_only` asks
    for that."""
    try:
        address = clean_address(typed)
    except NotAnAddress as error:
        raise ValidationError(error.sentence, code="no_mail_address") from None
    if ascii_only and not address.rpartition("@")[0].isascii():
        raise ValidationError(ASCII_ONLY, code="no_mail_address")
    return address


class AddressColumn(models.EmailField[str, str]):
    """A column for an address that the site has to reach: cleaned and ASCII before the
    @, whoever fills it in. Migrations see an EmailField."""

    default_validators = []

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        typed = str(value or "")
        value = checked_address(typed, ascii_only=True) if typed.strip() else ""
        return str(super().clean(value, model_instance))

    def formfield(self, **options: Any) -> Any:
        return super().formfield(
            **{"form_class": AddressField, "ascii_only": True, **options}
        )

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.EmailField", args, options
