"""Forms for staff."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.admin.logins import HeldUp
from core.db.guards import validate_web_address
from core.images.colours import HEX
from core.images.uploads import clean_image
from core.mail.address_fields import AddressField
from core.text.characters import clean_text
from core.text.fields import LineField
from organizations import logins, mailing
from organizations.models import (
    Invitation,
    Organization,
    StaffMailPurpose,
    User,
)
from organizations.models.organization import USUAL_GAP_DAYS

COVER_WIDTH = 1200


class StaffPasswordResetForm(PasswordResetForm):
    """A password reset form that queues its mail for the worker, and also serves
    accounts that have no password yet."""

    email = AddressField(
        label=_("e-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def save(self, *args: Any, **options: Any) -> None:
        language = get_language() or settings.LANGUAGE_CODE
        mailing.request_mail(
            StaffMailPurpose.PASSWORD, self.cleaned_data["email"], language=language
        )


class StaffSetPasswordForm(SetPasswordForm[User]):
    """A form to set a password, without autofocus, so that the requirements are read
    before one is typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("autofocus", None)

    def validate_password_for_user(
        self, user: User, password_field_name: str = ""
    ) -> None:
        """Validate the password and show errors beside it, not beside its
        repetition."""
        super().validate_password_for_user(user, "new_password1")


class AcceptForm(StaffSetPasswordForm):
    """The form by which somebody without an account accepts an invitation."""

    name = LineField(
        label=_("Your name"),
        max_length=200,
        required=False,
        help_text=_("Your colleagues see it. You may leave it out."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "new_password1", "new_password2")

    def __init__(self, invitation: Invitation, *args: Any, **kwargs: Any) -> None:
        super().__init__(User(email=invitation.email), *args, **kwargs)


class OwnPasswordForm(AdminPasswordChangeForm):
    """The form to change one's own password. The old one is rate limited: whoever took
    over a logged-in browser cannot guess it here."""

    def clean_old_password(self) -> str:
        def check() -> str | None:
            try:
                return str(super(OwnPasswordForm, self).clean_old_password())
            except ValidationError:
                return None

        try:
            checked = logins.attempt_own(self.user, check)
        except HeldUp as held:
            raise ValidationError(held.sentence(), code="held_up") from None
        if checked is None:
            raise ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return checked


class LinesField(SimpleArrayField):
    """A form field for a list, one item per line."""

    default_error_messages = {"item_invalid": _("Line %(nth)s:")}

    def __init__(self, base_field: forms.Field, **options: Any) -> None:
        options["widget"] = forms.Textarea(attrs={"rows": 3, "cols": 60})
        super().__init__(base_field, delimiter="\n", **options)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            lines = map(str.strip, clean_text(value).split("\n"))
            value = "\n".join(filter(None, lines))
        return super().to_python(value)


class AccentField(LineField):
    """A form field for a colour that accepts capitals and a missing “#”."""

    def __init__(self, **options: Any) -> None:
        # The model's validator states the whole requirement in one sentence.
        super().__init__(**{**options, "max_length": None})

    def to_python(self, value: Any) -> str:
        typed = str(super().to_python(value) or "").lower()
        return f"#{typed}" if HEX.fullmatch(f"#{typed}") else typed


class OrganizationForm(forms.ModelForm[Organization]):
    class Meta:
        model = Organization
        fields = "__all__"
        field_classes = {"accent": AccentField, "links": LinesField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label_file_field(self, "logo")
        label_file_field(self, "cover")
        if "links" in self.fields:
            # From the model's validators Django would name the line, but not what is
            # wrong.
            links = self.fields["links"]
            assert isinstance(links, LinesField)
            links.base_field.validators.append(validate_web_address)
        if "mailing_gap_days" in self.fields:
            self.fields["mailing_gap_days"].required = False

    def clean_mailing_gap_days(self) -> int:
        """Take the usual number for an empty box, and for a form that was opened before
        an update of the site brought this field."""
        days: int | None = self.cleaned_data["mailing_gap_days"]
        return USUAL_GAP_DAYS if days is None else days

    def clean_logo(self) -> Any:
        logo = self.cleaned_data["logo"]
        return clean_image(logo, 400) if "logo" in self.changed_data and logo else logo

    def clean_cover(self) -> Any:
        cover = self.cleaned_data["cover"]
        changed = "cover" in self.changed_data and cover
        return clean_image(cover, COVER_WIDTH) if changed else cover

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.cleaned_data.get("cover") and not self.cleaned_data.get(
            "cover_description"
        ):
            self.add_error(
                "cover_description",
                _("Describe the picture for those who do not see it."),
            )
        return cleaned


def label_file_field(form: forms.BaseForm, name: str) -> None:
    """Label a file field by `aria-label`: Django wraps it in a fieldset whose legend
    names only the group."""
    if name in form.fields:
        form.fields[name].widget.attrs["aria-label"] = form.fields[name].label
