"""The links that open a delivery to the office that receives it, and what it answers
there."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.language_fields import LanguageField
from core.mail.addresses import ascii_domain
from core.text.columns import TextColumn
from organizations.models import User
from petitions.models.answers import Answer
from petitions.models.packs import Pack

# The longest time that a link opens a delivery.
LONGEST = timedelta(days=366)
# How long what an office wrote is kept here: meanwhile staff put it on the page.
OFFICE_ANSWERS_KEPT = timedelta(days=365)


class OfficeLinkQuerySet(models.QuerySet["OfficeLink"]):
    def open(self, now: datetime) -> OfficeLinkQuerySet:
        """Return the links that work."""
        return self.filter(revoked_at=None, ends_at__gt=now)


class OfficeLink(models.Model):
    """A link that opens a delivery to the office of the person petitioned, without an
    account: its numbers, names and files, and a form to answer. It holds a token of its
    number (`petitions.delivery.office`), which is stored nowhere.

    What the link opens, to whom it was given and when does not change; it is revoked,
    for good (petitions/sql/offices.sql).
    """

    pack = models.ForeignKey(
        Pack,
        on_delete=models.PROTECT,
        related_name="office_links",
        verbose_name=_("delivery pack"),
    )
    mailboxes = models.CharField(
        _("addresses that an answer may come from"),
        max_length=254,
        help_text=_(
            "What stands behind the @ in the addresses of this office: pm.gc.ca. Or "
            "one whole address, where it has a mailbox with a general provider. Take "
            "it from their own web site: an answer counts as theirs when somebody who "
            "reads mail there confirms it."
        ),
    )
    made_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    made_at = models.DateTimeField(_("made at"))
    ends_at = models.DateTimeField(_("ends at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    objects = OfficeLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link for the office")
        verbose_name_plural = _("links for offices")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("made_at"))
                & Q(ends_at__lte=F("made_at") + LONGEST),
                name="office_link_ends",
            ),
            guards.readable("office_link", lines=["mailboxes"]),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def is_open(self, now: datetime) -> bool:
        """Return whether the link works."""
        return self.revoked_at is None and now < self.ends_at

    def is_mailbox(self, address: str) -> bool:
        """Return whether an answer may come from this address: its domain, as the DNS
        has it, is the office's or below it."""
        local, _at, domain = address.rpartition("@")
        own, at, allowed = self.mailboxes.rpartition("@")
        domain, allowed = ascii_domain(domain), ascii_domain(allowed)
        if at:
            return (local.lower(), domain) == (own.lower(), allowed)
        return domain == allowed or domain.endswith(f".{allowed}")

    def revoke(self, now: datetime) -> bool:
        """Let the link open nothing any more; return whether it was open."""
        links = OfficeLink.objects.open(now).filter(pk=self.pk)
        return bool(links.update(revoked_at=now))


class OfficeAnswerQuerySet(models.QuerySet["OfficeAnswer"]):
    def legible(self) -> OfficeAnswerQuerySet:
        """Return the answers whose words are not erased yet."""
        return self.filter(erased_at=None)

    def waiting(self) -> OfficeAnswerQuerySet:
        """Return the confirmed answers that staff can put on the page."""
        return self.legible().exclude(confirmed_at=None).filter(published_as=None)

    def erase_words(self) -> None:
        """Erase who wrote and what; that an answer came, and when, stays."""
        self.update(
            name="", email="", text="", mail_due_at=None, erased_at=timezone.now()
        )


class OfficeAnswer(models.Model):
    """An answer that an office wrote behind its link. It is mailed to an address of the
    office to be confirmed; then staff can put it on the petition's page.

    Its words are those that were sent: nobody changes them, and one that was not
    confirmed is not published (petitions/sql/offices.sql).
    """

    link = models.ForeignKey(
        OfficeLink,
        on_delete=models.PROTECT,
        related_name="answers",
        verbose_name=_("link for the office"),
    )
    name = models.CharField(_("who answers"), max_length=200, blank=True)
    email = models.CharField(_("e-mail address"), max_length=254, blank=True)
    language = LanguageField(_("language"), default=settings.LANGUAGE_CODE)
    text = TextColumn(_("the answer, word for word"), max_length=20_000, blank=True)
    sent_at = models.DateTimeField(_("written at"))
    mail_due_at = models.DateTimeField(
        null=True, help_text="When the next mail about it is due."
    )
    # It is the mail that asks to confirm it; once that is done, the one to staff.
    attempts = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(
        null=True, help_text="When a mail server took the mail that asks to confirm it."
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    published_as = models.BigIntegerField(
        _("number on the page"),
        null=True,
        unique=True,
        help_text="The number of the answer on the page, also once it is withdrawn.",
    )
    erased_at = models.DateTimeField(_("erased at"), null=True)

    objects = OfficeAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer of an office")
        verbose_name_plural = _("answers of offices")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(published_as=None) | Q(confirmed_at__isnull=False),
                name="office_answer_confirmed_first",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None)
                & guards.has_visible_text("name")
                & guards.has_visible_text("text")
                & ~Q(email="")
                | Q(erased_at__isnull=False, name="", email="", text=""),
                name="office_answer_whole_or_erased",
            ),
            guards.language("office_answer"),
            guards.mail_address("office_answer", "email"),
            guards.readable("office_answer", lines=["name"], texts=["text"]),
        ]

    def __str__(self) -> str:
        return f"{self.sent_at:%Y-%m-%d %H:%M}"

    @property
    def is_published(self) -> bool:
        """Whether it was put on the page and is still there."""
        number = self.published_as
        return number is not None and Answer.objects.filter(pk=number).exists()
