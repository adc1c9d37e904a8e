"""The next step suggested to those who have signed."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.mail.address_fields import AddressColumn
from core.mail.addresses import sendable
from core.text.columns import TextColumn
from petitions.models.petitions import Petition

# Windows passes no longer address on to the mail program.
MAILTO_MOST = 2_000


class NextStepKind(models.TextChoices):
    """The kind of a next step."""

    PETITION = "petition", _("Sign another petition")
    DONATION = "donation", _("Donate")
    LETTER = "letter", _("Write a letter of one’s own")


class NextStep(models.Model):
    """The one thing that staff suggest after signing and sharing.

    The database (petitions/sql/next_steps.sql) refuses a petition of another
    organisation.
    """

    petition = models.OneToOneField(
        Petition, on_delete=models.CASCADE, related_name="next_step"
    )
    kind = models.CharField(max_length=10, choices=NextStepKind.choices)
    other = models.ForeignKey(
        Petition, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    url = models.URLField(max_length=500, blank=True)
    address = AddressColumn(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind=NextStepKind.PETITION, other__isnull=False, url="", address=""
                )
                | Q(kind=NextStepKind.DONATION, other=None, address="") & ~Q(url="")
                | Q(kind=NextStepKind.LETTER, other=None, url="") & ~Q(address=""),
                name="next_step_one_and_complete",
                violation_error_message=_("Choose one next step, and complete it."),
            ),
            models.CheckConstraint(
                condition=Q(url="") | Q(url__startswith="https://"),
                name="next_step_https",
                violation_error_message=_("The page’s address begins with https://."),
            ),
            models.CheckConstraint(
                condition=Q(other=None) | ~Q(other=F("petition")),
                name="next_step_other_petition",
                violation_error_message=_("Choose another petition than this one."),
            ),
            guards.web_address("next_step", "url"),
            guards.mail_address("next_step", "address"),
        ]

    def __str__(self) -> str:
        return f"{self.petition_id}: {self.kind}"

    def clean(self) -> None:
        super().clean()
        if self.other and self.other.organization_id != self.petition.organization_id:
            raise ValidationError(
                {"other": _("Choose a petition of the same organisation.")}
            )

    def another_petition(self, now: datetime) -> Petition | None:
        """Return the suggested petition with all that is printed of it; None when there
        is none that can be signed."""
        if self.other_id is None:
            return None
        same = Petition.objects.filter(organization=self.petition.organization_id)
        petitions = same.open(now).for_reading().filter(pk=self.other_id)
        return petitions.first()

    def letter_in(self, *languages: str) -> Letter | None:
        """Return the letter in the first of `languages` that has one, else in any; None
        without a letter."""
        letters = {letter.language: letter for letter in self.letters.all()}
        written = [letters[code] for code in languages if code in letters]
        return next(iter([*written, *letters.values()]), None)


class Letter(models.Model):
    """A letter in one language, for supporters to send from their own mailbox."""

    next_step = models.ForeignKey(
        NextStep, on_delete=models.CASCADE, related_name="letters"
    )
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=200)
    body = TextColumn(max_length=5_000)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["next_step", "language"], name="letter_once_a_language"
            ),
            models.CheckConstraint(
                condition=guards.has_visible_text("subject", "body"),
                name="letter_complete",
                violation_error_message=_("A letter has a subject and words."),
            ),
            guards.language("letter"),
            guards.readable("letter", lines=["subject"], texts=["body"]),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def mailto(self) -> str:
        """The letter as a link for a mail program (RFC 6068). When it is too long for
        some of them, the body is left out and has to be copied."""
        whole = mailto(self.next_step.address, self.subject, self.body)
        if len(whole) <= MAILTO_MOST:
            return whole
        return mailto(self.next_step.address, self.subject)

    @property
    def is_long(self) -> bool:
        """Whether the link has to leave the body out."""
        return "&body=" not in self.mailto


def mailto(address: str, subject: str, body: str = "") -> str:
    """Return a link that opens a mail program with recipient, subject and body filled
    in."""
    lines = "\r\n".join(body.splitlines())
    about = " ".join(subject.split())
    link = (
        f"mailto:{quote(sendable(address), safe='@')}?subject={quote(about, safe='')}"
    )
    return f"{link}&body={quote(lines, safe='')}" if body else link
