"""Signatures and consents: the personal data of supporters."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.languages import is_of_interface
from core.text.columns import TextColumn
from organizations.models import LONGEST_IMPRINT, Organization
from petitions.models.petitions import Petition
from petitions.signature_fields import (
    COUNTRY,
    ERASED,
    OPTIONAL,
    PLACE,
    POSTAL_CODE,
    OptionalField,
)
from petitions.states import (
    Delivery,
    QuarantineReason,
    SignatureState,
    WeakSign,
    Withdrawal,
)

# Conditions of partial indexes: their rows are a handful among millions.
COMMENTED = Q(state=SignatureState.CONFIRMED, show_name=True) & ~Q(comment="")
REASON = COMMENTED & Q(comment_approved=True, name_withheld=False)
NAME_WITHHELD = Q(state=SignatureState.CONFIRMED, show_name=True, name_withheld=True)
COMMENT_WAITING = COMMENTED & Q(comment_approved=False, comment_rejected=False)

if TYPE_CHECKING:
    from petitions.models.invalidations import Invalidation
    from petitions.models.removals import Removal


class SignatureQuerySet(models.QuerySet["Signature"]):
    def confirmed(self) -> SignatureQuerySet:
        return self.filter(state=SignatureState.CONFIRMED)

    def pending(self) -> SignatureQuerySet:
        return self.filter(state=SignatureState.PENDING)

    def quarantined(self) -> SignatureQuerySet:
        """Return the signatures in quarantine that wait for staff."""
        return self.exclude(quarantine_reason="").filter(removal=None)

    def to_be_removed(self) -> SignatureQuerySet:
        """Return the signatures in quarantine that staff decided to erase: they go
        soon, unless that is called off."""
        return self.exclude(quarantine_reason="").filter(removal__isnull=False)

    def known(self) -> SignatureQuerySet:
        """Return the signatures whose personal data is not erased."""
        return self.filter(email_key__isnull=False)

    def shown(self) -> SignatureQuerySet:
        """Return the counted signatures whose name stands on the petition's page."""
        return self.confirmed().filter(show_name=True, name_withheld=False)

    def reasons(self) -> SignatureQuerySet:
        """Return the signatures whose comment stands on the page, too."""
        return self.filter(REASON)

    def names_waiting(self) -> SignatureQuerySet:
        """Return the signatures whose owners want their name shown, but staff have to
        look at it first: it, or the place, may hold a contact."""
        withheld = self.filter(NAME_WITHHELD).annotate(
            doubt=F("weak_signs").bitand(int(WeakSign.CONTACT_IN_NAME))
        )
        return withheld.filter(doubt__gt=0)

    def comments_waiting(self) -> SignatureQuerySet:
        """Return the signatures whose owners want their comment shown, but staff have
        to read it first."""
        return self.filter(COMMENT_WAITING)


class Signature(models.Model):
    """A valid form that somebody sent; it counts once its mailbox has confirmed it.

    Anybody may type anybody's address, so pending rows prove nothing and are not
    unique. Uniqueness holds where it matters: among the confirmed.

    The database (petitions/sql/signatures.sql) refuses to delete a counted signature,
    to add one to a petition whose names were erased, to write into one that was erased,
    and to erase one before its time. It erases the receipts with the personal data
    (petitions/sql/count_receipts.sql), and recipients of mailings do not name it any
    more (petitions/sql/recipients.sql).
    """

    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        related_name="signatures",
        db_index=False,  # the index "signature_of" serves better
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=SignatureState.choices,
        default=SignatureState.PENDING,
    )
    name = models.CharField(_("name"), max_length=200)
    email = models.CharField(_("e-mail address"), max_length=254)
    email_key = models.UUIDField(
        null=True,
        editable=False,
        help_text="HMAC of the canonical address under EMAIL_KEY: petitions.identity",
    )
    email_key_version = models.PositiveSmallIntegerField(default=1, editable=False)
    former_key = models.UUIDField(
        null=True,
        editable=False,
        help_text="Its key under the version before, while a re-key runs",
    )
    person = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        help_text="The folded name, where two people may share one address.",
    )
    shared_address_slot = models.PositiveSmallIntegerField(
        null=True,
        editable=False,
        help_text="1 or 2 of the two counted people who share one address",
    )
    place = models.CharField(_("place"), max_length=PLACE.max_length, blank=True)
    postal_code = models.CharField(
        _("postal code"), max_length=POSTAL_CODE.max_length, blank=True
    )
    country = models.CharField(_("country"), max_length=COUNTRY.max_length, blank=True)
    comment = TextColumn(_("comment"), max_length=1000, blank=True)
    comment_approved = models.BooleanField(_("comment approved"), default=False)
    comment_rejected = models.BooleanField(
        _("comment rejected"), default=False, db_default=False
    )
    show_name = models.BooleanField(_("name shown on the page"), default=False)
    name_withheld = models.BooleanField(
        _("name kept from the page"), default=False, db_default=False
    )
    wants_updates = models.BooleanField(_("wants updates"), null=True)
    language = models.CharField(_("language"), max_length=10)
    # The language of the words that the form was below; "" for the petition's own, and
    # for a time when it had no others.
    text_language = models.CharField(
        _("language of the text"), max_length=10, blank=True, default="", db_default=""
    )
    text_version = models.PositiveSmallIntegerField(_("corrections seen"), default=0)
    consent_version = models.PositiveSmallIntegerField(_("consent wording"), default=1)
    delivery = models.CharField(
        _("agreed to hand over"), max_length=10, default=Delivery.NUMBER
    )
    network = models.GenericIPAddressField(
        _("network"),
        null=True,
        help_text="First address of the /24 or /48 that the form came from.",
    )
    weak_signs = models.PositiveSmallIntegerField(
        _("weak signs of abuse"), default=0, help_text="WeakSign, added up"
    )
    quarantine_reason = models.CharField(
        _("set aside"),
        max_length=10,
        choices=QuarantineReason.choices,
        blank=True,
        db_default="",
        help_text="Why it waits for staff; its mail is held.",
    )
    invalidation: models.ForeignKey[Invalidation | None] = models.ForeignKey(
        "petitions.Invalidation",
        verbose_name=_("invalidation"),
        on_delete=models.PROTECT,
        null=True,
        related_name="signatures",
        db_index=False,  # the partial index "signature_invalidated" serves better
        help_text="The mark by which a reversal finds it again.",
    )
    removal: models.ForeignKey[Removal | None] = models.ForeignKey(
        "petitions.Removal",
        on_delete=models.DO_NOTHING,
        null=True,
        editable=False,
        related_name="signatures",
        # Only signatures in quarantine have one: the index "signature_quarantined"
        # finds them.
        db_index=False,
        db_constraint=False,
    )
    via = models.CharField(
        max_length=20,
        blank=True,
        editable=False,
        default="",
        db_default="",
        help_text="Tag of the link that its signer came by, until it is confirmed",
    )
    created_at = models.DateTimeField(_("signed at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)
    withdrawn_because = models.CharField(
        _("withdrawn because"),
        max_length=10,
        blank=True,
        choices=Withdrawal.choices,
        default="",
        db_default="",
        help_text="Empty when its owner withdrew it.",
    )

    links_ended_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Its owner ended what was mailed before to manage it.",
    )

    objects = SignatureQuerySet.as_manager()

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        indexes = [
            models.Index(fields=["petition", "-id"], name="signature_of"),
            # Finds siblings of one person on one petition, and all that one person
            # signed.
            models.Index(fields=["email_key", "petition"], name="signature_person"),
            models.Index(
                fields=["petition", "-confirmed_at"],
                condition=Q(state=SignatureState.CONFIRMED, show_name=True),
                name="signature_shown",
            ),
            models.Index(
                fields=["petition", "-confirmed_at", "-id"],
                condition=REASON,
                name="signature_reason",
            ),
            models.Index(
                fields=["petition", "id"],
                condition=COMMENT_WAITING,
                name="signature_to_read",
            ),
            models.Index(
                fields=["petition", "id"],
                condition=NAME_WITHHELD,
                name="signature_name_withheld",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(state=SignatureState.PENDING),
                name="signature_pending",
            ),
            # Finds the networks to be forgotten, after 30 days.
            models.Index(
                fields=["created_at"],
                condition=Q(network__isnull=False),
                name="signature_network",
            ),
            models.Index(
                fields=["petition", "quarantine_reason"],
                condition=~Q(quarantine_reason=""),
                name="signature_quarantined",
            ),
            models.Index(
                fields=["invalidation", "id"],
                condition=Q(invalidation__isnull=False),
                name="signature_invalidated",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "email_key", "person"],
                condition=Q(state=SignatureState.CONFIRMED),
                name="signature_counted_once",
            ),
            # Two people at one address, never three.
            models.UniqueConstraint(
                fields=["petition", "email_key", "shared_address_slot"],
                condition=Q(
                    state=SignatureState.CONFIRMED, shared_address_slot__isnull=False
                ),
                name="signature_shared_address_slot_once",
            ),
            models.CheckConstraint(
                condition=Q(shared_address_slot=None)
                | Q(shared_address_slot__in=(1, 2)),
                name="signature_shared_address_slot",
            ),
            models.CheckConstraint(
                condition=guards.one_of("state", SignatureState.values),
                name="signature_state",
            ),
            models.CheckConstraint(
                condition=guards.one_of("delivery", Delivery.values),
                name="signature_delivery",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(state=SignatureState.PENDING), Q(confirmed_at=None)
                ),
                name="signature_confirmed_at",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(state=SignatureState.WITHDRAWN), Q(withdrawn_at__isnull=False)
                ),
                name="signature_withdrawn_at",
            ),
            models.CheckConstraint(
                condition=~Q(state=SignatureState.PENDING)
                | (Q(email_key__isnull=False) & ~Q(name="") & ~Q(email="")),
                name="signature_pending_has_person",
            ),
            models.CheckConstraint(
                condition=Q(quarantine_reason="")
                | Q(
                    guards.one_of("quarantine_reason", QuarantineReason.values),
                    state=SignatureState.PENDING,
                ),
                name="signature_quarantine_pending",
            ),
            # Once confirmed, the tag is only counted, in a tally that cannot be traced
            # to a person.
            models.CheckConstraint(
                condition=Q(via="") | Q(state=SignatureState.PENDING),
                name="signature_via_until_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(email_key__isnull=False)
                | Q(state=SignatureState.PENDING)  # refused above
                | Q(state=SignatureState.CONFIRMED, **ERASED),
                name="signature_erased_whole",
            ),
            models.CheckConstraint(
                condition=Q(comment_approved=False) | Q(comment_rejected=False),
                name="signature_comment_decided_once",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(state=SignatureState.INVALID), Q(invalidation__isnull=False)
                ),
                name="signature_invalid_is_marked",
            ),
            guards.language("signature"),
            guards.language("signature", "text_language", blank=True),
            guards.mail_address("signature", "email"),
        ]

    def __str__(self) -> str:
        # Never a name or address: this ends up in logs and audit trails.
        return str(self.pk)

    @property
    def answers(self) -> list[tuple[OptionalField, str]]:
        """The optional fields that were filled in, each with its answer."""
        answers = ((field, getattr(self, field.name)) for field in OPTIONAL)
        return [(field, answer) for field, answer in answers if answer]

    @property
    def comment_language(self) -> str:
        """The language that the comment is read aloud in: that of the text above the
        form, or of the interface around it where the interface has the text's."""
        text = self.text_language or self.petition.language
        return self.language if is_of_interface(text) else text

    @property
    def erased_on(self) -> datetime | None:
        """The time at which it is erased because staff decided so; None when they did
        not."""
        return self.removal.due_at if self.quarantine_reason and self.removal else None


class Comment(Signature):
    """A signature as the admin shows it to those who review its comment."""

    class Meta:
        proxy = True
        verbose_name = _("comment")
        verbose_name_plural = _("comments")


class MergedSignature(models.Model):
    """A pending signature `id` that was another copy of `into`, which was confirmed; a
    link that was mailed for it still leads there."""

    id = models.BigIntegerField(primary_key=True)
    into = models.ForeignKey(Signature, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.pk} → {self.into_id}"


class Consent(models.Model):
    """An answer to “May we write to you?”, with what was asked; it outlives the
    signature. The newest of an address and organisation holds. Newsletter tools are
    told of it (petitions/sql/webhooks.sql)."""

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="consents"
    )
    email = models.CharField(max_length=254)
    email_key = models.UUIDField()
    email_key_version = models.PositiveSmallIntegerField(default=1, db_default=1)
    wants_updates = models.BooleanField()
    wording_version = models.PositiveSmallIntegerField()
    # A language of the interface; a new one needs no migration.
    language = models.CharField(max_length=10)
    sender = TextColumn(
        max_length=LONGEST_IMPRINT,
        help_text="Name, postal address and contact as they were printed.",
    )
    source = models.CharField(
        max_length=40, help_text="Where it was given: petition:<id>"
    )
    given_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["email_key", "organization", "-given_at"], name="consent_newest"
            ),
            # Costs a confirmation nothing, and finds those past their retention period.
            BrinIndex(fields=["given_at"], autosummarize=True, name="consent_age"),
        ]
        # No guards: CONFIRM copies it from a signature, which has them.

    def __str__(self) -> str:
        return str(self.pk)
