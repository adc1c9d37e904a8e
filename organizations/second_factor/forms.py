"""Forms for the codes of a second factor."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import validate_totp_code
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin.logins import HeldUp
from core.text.fields import LineField
from organizations.models import User
from organizations.second_factor import factors, passkeys

CODE = {
    "autocomplete": "one-time-code",
    "inputmode": "numeric",
    "autocapitalize": "off",
    "spellcheck": "false",
}


class CodeForm(forms.Form):
    """The form that asks for a code at login, and whenever it has to be given again."""

    code = LineField(
        label=_("Code"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs=CODE),
    )
    credential = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.factor: Authenticator | None = None
        self.held_up: HeldUp | None = None

    def clean_credential(self) -> str:
        """Check the answer of a passkey, which stands in place of a code."""
        answer = str(self.cleaned_data["credential"])
        if answer:
            try:
                self.factor = passkeys.check_passkey(self.user, answer)
            except passkeys.NotAccepted:
                raise ValidationError(
                    gettext("The passkey was not accepted. Try again."), code="wrong"
                ) from None
        return answer

    def clean(self) -> None:
        """Check the code, where no passkey has answered."""
        if self.factor is None and "credential" not in self.errors:
            try:
                self.check_code(str(self.cleaned_data.get("code") or ""))
            except ValidationError as error:
                self.add_error("code", error)

    def check_code(self, code: str) -> None:
        if not code:
            raise ValidationError(gettext("Type the code."), code="required")
        try:
            self.factor = factors.check_code(self.user, code, timezone.now())
        except HeldUp as held:
            self.held_up = held
            raise ValidationError(held.sentence(), code="held_up") from None
        if self.factor is None:
            raise ValidationError(
                gettext(
                    "This code is wrong, or was used already. Wait for the next one "
                    "in your app, or use a recovery code."
                ),
                code="wrong",
            )


class KeyForm(forms.Form):
    """The form that takes a new passkey."""

    name = LineField(
        label=_("Name of the passkey"),
        max_length=60,
        help_text=_("So that you know it again: “blue key”, “my telephone”."),
    )
    credential = forms.CharField(required=False, widget=forms.HiddenInput)


class AppForm(forms.Form):
    """The form that proves that an authenticator app shows the right codes."""

    code = LineField(
        label=_("Code that the app shows"),
        max_length=40,
        widget=forms.TextInput(attrs=CODE),
    )

    def __init__(self, secret: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.secret = secret

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        if not validate_totp_code(self.secret, code):
            raise ValidationError(
                gettext(
                    "This is not the code of this account. Is the clock of your "
                    "telephone right?"
                ),
                code="wrong",
            )
        return code
