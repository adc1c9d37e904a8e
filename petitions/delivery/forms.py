"""The form in which an office answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.db.guards import is_visible
from core.i18n.language_fields import LanguageChoice, LanguageSelect
from core.i18n.languages import text_languages
from core.mail.address_fields import AddressField
from core.mail.addresses import readable_domain
from core.text.fields import LineField, TextField
from petitions.models import OfficeLink


class OfficeAnswerForm(forms.Form):
    """An answer of the office that `link` was given to."""

    name = LineField(
        label=_("Your name and office"),
        max_length=200,
        error_messages={"required": _("Say who answers")},
    )
    email = AddressField(ascii_only=True, label=_("E-mail address at your office"))
    language = LanguageChoice(label=_("Language of the answer"), widget=LanguageSelect)
    text = TextField(
        label=_("Your answer"),
        max_length=20_000,
        error_messages={
            "required": _("Write the answer"),
            "max_length": _(
                "Shorten the answer to 20,000 characters; it has %(show_value)s"
            ),
        },
    )

    def __init__(self, link: OfficeLink, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.link = link
        # Few to choose from, for the page is to be light; any other can be typed.
        few = {link.pack.petition.language, *dict(settings.LANGUAGES)}
        language = self.fields["language"]
        assert isinstance(language, LanguageChoice)
        language.choices = [each for each in text_languages() if each[0] in few]

    def clean(self) -> dict[str, Any]:
        """Refuse words of which nothing can be seen."""
        for name in ("name", "text"):
            if name in self.cleaned_data and not is_visible(self.cleaned_data[name]):
                self.add_error(name, self.fields[name].error_messages["required"])
        return self.cleaned_data

    def clean_email(self) -> str:
        address = str(self.cleaned_data["email"])
        if not self.link.is_mailbox(address):
            where = self.link.mailboxes
            local, at, domain = where.rpartition("@")
            known = f"{local if at else '…'}@{readable_domain(domain)}"
            raise ValidationError(
                gettext(
                    "Enter an address of your office (%(known)s): it is written to, "
                    "so that nobody answers in your name."
                ),
                params={"known": known},
            )
        return address
