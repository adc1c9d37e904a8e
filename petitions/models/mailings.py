"""Mailings: news sent by mail to supporters who said yes, and its recipients."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from core.db import guards
from core.i18n.languages import Passage
from organizations.models import User
from petitions.models.mails import MailState
from petitions.models.petitions import Petition
from petitions.models.signatures import Signature
from petitions.models.updates import News, Update
from petitions.states import PUBLIC_STATES, MailingScope, MailingState

# How long after its order a mailing begins: until then it can be called off.
CALL_OFF_WITHIN = timedelta(minutes=10)

UNFINISHED = (
    MailingState.PREPARING, MailingState.WAITING, MailingState.ORDERED,
    MailingState.SENDING, MailingState.PAUSED,
)  # fmt: skip
# Those that nobody may have been written to yet.
NOT_BEGUN = (MailingState.PREPARING, MailingState.WAITING, MailingState.ORDERED)
BEGUN = (MailingState.SENDING, MailingState.PAUSED)
OVER = (MailingState.DONE, MailingState.STOPPED, MailingState.CALLED_OFF)


class MailingQuerySet(models.QuerySet["Mailing"]):
    def unfinished(self) -> MailingQuerySet:
        return self.filter(state__in=UNFINISHED)

    def to_send(self, now: datetime) -> MailingQuerySet:
        """Return the mailings that the worker is to go on with. One that readers do
        not see any more stands still."""
        begun = Q(state=MailingState.SENDING) | Q(
            state=MailingState.ORDERED, begins_at__lte=now
        )
        return self.filter(
            begun, petition__state__in=PUBLIC_STATES, update__published_at__lte=now
        )


def update_words(update: Update) -> list[dict[str, Any]]:
    """Return the words of an update in each language, its own first."""
    return [
        {
            "language": text.language,
            "title": text.title,
            "text": text.text,
            "dialect": text.dialect,
        }
        for text in (update, *update.texts())
    ]


def staff(label: StrOrPromise) -> models.ForeignKey[User | None]:
    """Return a column that names a member of staff as long as the account is there."""
    return models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=label
    )


class Mailing(models.Model):
    """An update of a petition, sent by mail to supporters who said yes.

    Staff prepare it, send it to themselves, and order it; beyond a number that the
    organisation sets, a second person approves it. The worker finds the recipients and
    writes to them (petitions.mail.mailings). Its words are the update's, in each
    language, as they were when it was prepared.

    The database (petitions/sql/mailings.sql) refuses to change words, audience and the
    next petition, what was ordered, and what is over, to delete any, and a next
    petition of another organisation.
    """

    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        related_name="mailings",
        verbose_name=_("petition"),
    )
    update = models.ForeignKey(
        Update,
        on_delete=models.PROTECT,
        related_name="mailings",
        verbose_name=_("update"),
    )
    scope = models.CharField(
        _("to whom"),
        max_length=10,
        choices=MailingScope.choices,
        default=MailingScope.PETITION,
    )
    languages = ArrayField(
        models.CharField(max_length=10),
        verbose_name=_("in these languages"),
        default=list,
        blank=True,
        help_text="Those in which supporters read what they signed; none: any.",
    )
    countries = ArrayField(
        models.CharField(max_length=2),
        verbose_name=_("in these countries"),
        default=list,
        blank=True,
        help_text="Codes of countries; none: any.",
    )
    since = models.DateField(_("signed since"), null=True, blank=True)
    next_petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("next petition"),
        help_text=_("Recipients can sign it with one press."),
    )
    words = models.JSONField(
        help_text="The update's language, title, text and dialect, for each language."
    )
    made_by = staff(_("by"))
    made_at = models.DateTimeField(_("prepared at"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=MailingState.choices,
        default=MailingState.PREPARING,
    )
    test_by = staff(_("test mail to"))
    test_due = models.BooleanField(default=False)
    tested_at = models.DateTimeField(_("test mail sent at"), null=True)
    test_reply = models.CharField(
        max_length=20,
        blank=True,
        default="",
        help_text="Why the test mail was not taken: reply code and status.",
    )
    ordered_by = staff(_("ordered by"))
    ordered_at = models.DateTimeField(_("ordered at"), null=True)
    # As they were counted just before.
    number = models.PositiveIntegerField(_("people when it was ordered"), default=0)
    needs_approval = models.BooleanField(_("needs a second person"), default=False)
    approved_by = staff(_("approved by"))
    approved_at = models.DateTimeField(_("approved at"), null=True)
    begins_at = models.DateTimeField(_("begins at"), null=True)
    goes_since = models.DateTimeField(
        null=True, help_text="When it began, or went on after a pause."
    )
    up_to = models.BigIntegerField(
        default=0, help_text="The highest number of a signature when it was ordered."
    )
    at_petition = models.BigIntegerField(
        default=0, help_text="The petition whose signatures are looked through."
    )
    last_id = models.BigIntegerField(
        default=0, help_text="They are looked through as far as this one."
    )
    filled_at = models.DateTimeField(
        null=True, help_text="When all recipients were found."
    )
    people = models.PositiveIntegerField(_("to write to"), default=0)
    sent = models.PositiveIntegerField(_("sent"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    bounced = models.PositiveIntegerField(_("came back"), default=0)
    unsubscribed = models.PositiveIntegerField(_("unsubscribed"), default=0)
    finished_at = models.DateTimeField(_("over since"), null=True)

    objects = MailingQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailing")
        verbose_name_plural = _("mailings")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=guards.one_of("state", MailingState.values),
                name="mailing_state",
            ),
            models.CheckConstraint(
                condition=guards.one_of("scope", MailingScope.values),
                name="mailing_scope",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(finished_at=None), guards.one_of("state", UNFINISHED)
                ),
                name="mailing_finished_at",
            ),
            # Whoever orders it has seen it as a mail, and nothing goes without an
            # order.
            models.CheckConstraint(
                condition=Q(ordered_at=None) | Q(tested_at__isnull=False),
                name="mailing_tested",
            ),
            models.CheckConstraint(
                condition=Q(ordered_at__isnull=False)
                | Q(state__in=[MailingState.PREPARING, MailingState.CALLED_OFF]),
                name="mailing_ordered",
            ),
            models.CheckConstraint(
                condition=Q(begins_at__gte=F("ordered_at") + CALL_OFF_WITHIN)
                | Q(
                    state__in=[
                        MailingState.PREPARING,
                        MailingState.WAITING,
                        MailingState.CALLED_OFF,
                    ]
                ),
                name="mailing_begins_later",
            ),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | Q(approved_at__isnull=False)
                | Q(state__in=[MailingState.WAITING, MailingState.CALLED_OFF]),
                name="mailing_approved",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("ordered_by")),
                name="mailing_approved_by_another",
            ),
            models.UniqueConstraint(
                fields=["petition"],
                condition=Q(state__in=UNFINISHED),
                name="mailing_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def texts(self) -> list[News]:
        """Its words in each language, the update's own first."""
        return [
            News(**words, picture=Passage("", words["language"]))
            for words in self.words
        ]

    def words_in(self, language: str) -> News:
        """Return its words in a language, or else as the update was written."""
        texts = self.texts
        return next((news for news in texts if news.language == language), texts[0])

    @property
    def is_reworded(self) -> bool:
        """Whether the update does not say any more what is sent. It may have been
        translated since."""
        now = update_words(self.update)
        return any(text not in now for text in self.words)

    @property
    def left_out(self) -> int:
        """The number of those found who were not written to after all: they took their
        yes back or were erased meanwhile, or it was stopped before their turn."""
        return max(0, self.people - self.sent - self.failed - self.bounced)


class MailingRecipient(models.Model):
    """A mailbox that a mailing is for: once for each update, however many petitions it
    has signed and however often the update is sent.

    When the signature is erased, the key of its mailbox stays as long as that holds
    (petitions.privacy.expiry). The database (petitions/sql/recipients.sql) sees to it
    that the signature is not named any more, and drops the reply: a mail server may
    quote the address in it.
    """

    mailing = models.ForeignKey(
        Mailing, on_delete=models.PROTECT, related_name="recipients", db_index=False
    )
    update = models.ForeignKey(
        Update, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    signature = models.ForeignKey(
        Signature, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    email_key = models.UUIDField()
    state = models.CharField(max_length=10, default=MailState.DUE)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    reply = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["mailing", "id"],
                condition=Q(state=MailState.DUE),
                name="recipient_due",
            ),
            # Finds whom the organisation wrote to lately, and what came back.
            models.Index(fields=["email_key", "finished_at"], name="recipient_person"),
            # Finds how many went out in a day.
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
                name="recipient_finished",
            ),
            # Finds those past their retention period.
            models.Index(fields=["created_at"], name="recipient_age"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "email_key"], name="recipient_once"
            ),
            models.CheckConstraint(
                condition=guards.one_of(
                    "state",
                    [
                        MailState.DUE.value,
                        MailState.SENT.value,
                        MailState.FAILED.value,
                        MailState.BOUNCED.value,
                    ],
                ),
                name="recipient_state",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(finished_at=None), Q(state=MailState.DUE)
                ),
                name="recipient_finished_at",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
