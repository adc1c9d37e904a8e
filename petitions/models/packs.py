"""Delivery packs: the files that the person petitioned receives, who had them made, and
how far the worker has come with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from core.db import guards
from organizations.models import User
from petitions.models.handovers import Handover
from petitions.models.imports import ImportedSignature, ImportedSignatureQuerySet
from petitions.models.petitions import Petition
from petitions.models.signatures import Signature, SignatureQuerySet
from petitions.models.stated_consents import StatedConsent
from petitions.models.targets import Target
from petitions.states import Delivery, ListParts, PackContents, PackState

# How long the files of a pack can be downloaded after it was asked for.
FILES_KEPT = timedelta(days=30)
# The signatures with a name whose owners agreed that it is delivered.
AGREED = Q(email_key__isnull=False, delivery__in=(Delivery.NAMES, Delivery.COMMENTS))


@dataclass(frozen=True)
class Agreement:
    """A part of a pack's list of people who signed elsewhere: its number there, what
    they agreed to, and how many they are."""

    number: int
    consent: StatedConsent
    names: int


class PackQuerySet(models.QuerySet["Pack"]):
    def unfinished(self) -> PackQuerySet:
        """Return the packs that the worker is to make."""
        return self.filter(state=PackState.RUNNING)

    def with_files(self) -> PackQuerySet:
        """Return the packs whose files, and what was left out of them, are not erased
        yet."""
        return self.filter(files_erased_at=None)

    def listing(self, signatures: Iterable[Signature]) -> list[Pack]:
        """Return the packs whose lists have these signatures, unless staff left them
        out, and which were handed over or still have their files here."""
        agreed: dict[int, list[Signature]] = {}
        for row in signatures:
            if row.delivery != Delivery.NUMBER and row.confirmed_at:
                agreed.setdefault(row.petition_id, []).append(row)
        if not agreed:
            return []
        made = self.filter(
            Q(files_erased_at=None) | Q(handover__isnull=False),
            petition__in=list(agreed),
            state=PackState.DONE,
            contents=PackContents.NAMES,
        ).select_related("target", "handover")
        return [
            pack
            for pack in made
            if any(pack.was_counted(row) for row in agreed[pack.petition_id])
        ]


class Pack(models.Model):
    """A delivery of a petition's result to one person or body that it petitions.

    Staff prepare it, leave out what is nonsense, and have the worker make it in
    batches. Whose name is in it is decided by what each signature agreed to when it was
    signed. Its numbers are those of the signatures that it was made from, and stay when
    its files are erased.

    The database (petitions/sql/packs.sql) refuses to change a pack that is made, to
    write into its files, and to delete it.
    """

    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        related_name="packs",
        verbose_name=_("petition"),
    )
    target = models.ForeignKey(
        Target, on_delete=models.PROTECT, related_name="+", verbose_name=_("for")
    )
    contents = models.CharField(
        _("what it holds"),
        max_length=10,
        choices=PackContents.choices,
        default=PackContents.NAMES,
    )
    parts = models.CharField(
        _("parts of the printed list"),
        max_length=10,
        choices=ListParts.choices,
        default=ListParts.NUMBER,
        db_default=ListParts.NUMBER,
    )
    made_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    made_at = models.DateTimeField(_("prepared at"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=PackState.choices,
        default=PackState.PREPARING,
    )
    as_of = models.DateTimeField(
        _("as of"), null=True, help_text="What was confirmed later is not in it."
    )
    up_to = models.BigIntegerField(
        default=0, help_text="The highest number of a signature when it was begun."
    )
    last_id = models.BigIntegerField(
        default=0, help_text="The batches have come as far as this signature."
    )
    columns = ArrayField(
        models.CharField(max_length=20),
        default=list,
        help_text="The columns of the list: those that somebody filled in.",
    )
    names = models.PositiveIntegerField(_("in the list"), default=0)
    number_only = models.PositiveIntegerField(_("in the number only"), default=0)
    left_out = models.PositiveIntegerField(_("left out by you"), default=0)
    paper = models.PositiveIntegerField(_("on paper"), default=0)
    imported = models.PositiveIntegerField(_("counted elsewhere before"), default=0)
    countries = models.JSONField(
        default=dict, help_text="The signatures confirmed here by country code."
    )
    regions = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="The same by region, as petitions/regions.py has them.",
    )
    names_by_region = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="Those of them in the list.",
    )
    elsewhere_up_to = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="The highest number of somebody imported when it was begun.",
    )
    elsewhere_to = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="The list of those who signed elsewhere has come as far as this one.",
    )
    names_elsewhere = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="The names in that list by the number of a StatedConsent.",
    )
    left_out_elsewhere = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Those whom staff left out of that list."
    )
    earlier = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The last one that they were handed before this one was begun.",
    )
    withdrawn_since = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="Of the number of the earlier one: those who do not count any more.",
    )
    printed = models.PositiveIntegerField(
        default=0, help_text="The parts of the list that were printed, or tried to be."
    )
    printed_to = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="The line of the list that the last printed part ended with.",
    )
    unprinted = models.PositiveIntegerField(
        default=0, help_text="Those of them that could not be printed."
    )
    replaced = models.PositiveIntegerField(
        default=0, help_text="The printed characters that no font has."
    )
    finished_at = models.DateTimeField(_("made at"), null=True)
    files_erased_at = models.DateTimeField(_("files erased at"), null=True)
    handover = models.OneToOneField(
        Handover,
        on_delete=models.SET_NULL,
        null=True,
        related_name="pack",
        verbose_name=_("handover"),
    )

    objects = PackQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery pack")
        verbose_name_plural = _("delivery packs")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=guards.one_of("state", PackState.values), name="pack_state"
            ),
            models.CheckConstraint(
                condition=guards.one_of("contents", PackContents.values),
                name="pack_contents",
            ),
            models.CheckConstraint(
                condition=guards.one_of("parts", ListParts.values), name="pack_parts"
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(state=PackState.DONE), Q(finished_at__isnull=False)
                ),
                name="pack_finished_at",
            ),
            models.CheckConstraint(
                condition=Q(as_of__isnull=False)
                | Q(state__in=[PackState.PREPARING, PackState.CALLED_OFF]),
                name="pack_as_of",
            ),
            models.UniqueConstraint(
                fields=["petition"],
                condition=Q(state=PackState.RUNNING),
                name="pack_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def confirmed(self) -> int:
        """The number of signatures confirmed here that it was made from."""
        return self.names + self.number_only + self.left_out

    @property
    def number(self) -> int:
        """The number of all supporters."""
        return self.confirmed + self.paper + self.imported

    @property
    def new_since(self) -> int:
        """The number of signatures that the earlier one had not."""
        kept = self.earlier.confirmed - self.withdrawn_since if self.earlier else 0
        return max(0, self.confirmed - kept)

    @property
    def erased_on(self) -> datetime:
        """The time at which its files are erased, unless the names of the petition are
        before."""
        return self.made_at + FILES_KEPT

    @property
    def is_listed(self) -> bool:
        """Whether its lists, and the count of its signatures, are whole."""
        return self.is_counted and self.elsewhere_to >= self.elsewhere_up_to

    @property
    def is_counted(self) -> bool:
        """Whether the list of signatures, and their count, is whole."""
        return self.last_id >= self.up_to

    @property
    def elsewhere(self) -> int:
        """The number of names in the list of those who signed elsewhere."""
        return sum(self.names_elsewhere.values())

    def was_counted(self, signature: Signature) -> bool:
        """Return whether the signature, if it is of this petition, counted at the
        moment that the pack is as of."""
        begun, ended = signature.confirmed_at, signature.withdrawn_at
        if self.as_of is None or begun is None:
            return False
        return begun <= self.as_of and not (ended and ended <= self.as_of)

    def counted(self) -> SignatureQuerySet:
        """Return the signatures that it is made from: those that count, and counted
        when it was begun."""
        rows = Signature.objects.confirmed().filter(petition=self.petition_id)
        if self.as_of is not None:
            rows = rows.filter(pk__lte=self.up_to, confirmed_at__lte=self.as_of)
        return rows

    def agreed(self) -> SignatureQuerySet:
        """Return those of them whose owners agreed that their name is delivered; none
        for a pack of numbers only."""
        rows = self.counted()
        return (
            rows.none()
            if self.contents == PackContents.NUMBERS
            else rows.filter(AGREED)
        )

    def listed(self) -> SignatureQuerySet:
        """Return those of them that staff did not leave out."""
        return self.agreed().exclude(pk__in=self.left_outs.values("signature"))

    def stated(self) -> QuerySet[StatedConsent]:
        """Return what people of imports agreed to for whoever receives the pack: of
        the imports that counted when it was begun, in the order of their people."""
        rows = StatedConsent.objects.filter(
            signature_import__petition=self.petition_id, target=self.target_id
        )
        if self.as_of is not None:
            imports = Q(signature_import__finished_at__lte=self.as_of)
            back = Q(signature_import__reversed_at__lte=self.as_of)
            rows = rows.filter(imports).exclude(back)
        return rows.order_by("signature_import__finished_at", "pk")

    def named_by(self, consent: StatedConsent) -> ImportedSignatureQuerySet:
        """Return those who signed elsewhere, and whom it lists because of one of
        `stated`; none for a pack of numbers only. Whoever has signed here since is not
        among them, nor who has their data erased."""
        return self.named_elsewhere([consent])

    def listed_by(self, consent: StatedConsent) -> ImportedSignatureQuerySet:
        """Return those of them whom staff did not leave out."""
        left = self.left_outs_elsewhere.values("person")
        return self.named_by(consent).exclude(pk__in=left)

    def named_elsewhere(
        self, stated: Iterable[StatedConsent]
    ) -> ImportedSignatureQuerySet:
        """Return those of `named_by` of any of these."""
        of = [consent.signature_import_id for consent in stated]
        rows = ImportedSignature.objects.named().filter(signature_import__in=of)
        if self.contents == PackContents.NUMBERS:
            return rows.none()
        if self.as_of is not None:
            rows = rows.filter(pk__lte=self.elsewhere_up_to)
        return rows.order_by("pk")

    def agreements(self) -> list[Agreement]:
        """Return what those in the list of people who signed elsewhere agreed to."""
        return [
            Agreement(number, consent, self.names_elsewhere[str(consent.pk)])
            for number, consent in enumerate(self.stated(), 1)
            if str(consent.pk) in self.names_elsewhere
        ]


class LeftOut(models.Model):
    """A signature that staff leave out of a pack's list: nonsense, an insult. It counts
    all the same."""

    pack = models.ForeignKey(Pack, on_delete=models.CASCADE, related_name="left_outs")
    signature = models.ForeignKey(Signature, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pack", "signature"], name="left_out_once")
        ]

    def __str__(self) -> str:
        return str(self.signature_id)


class LeftOutElsewhere(models.Model):
    """Somebody who signed elsewhere, whom staff leave out of that list of a pack."""

    pack = models.ForeignKey(
        Pack, on_delete=models.CASCADE, related_name="left_outs_elsewhere"
    )
    # Whoever confirms here is deleted by the statement that confirms: that never waits
    # for what staff left out, which goes with the files of the pack.
    person = models.ForeignKey(
        ImportedSignature,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pack", "person"], name="left_out_elsewhere_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.person_id)


class PackFile(models.Model):
    """A file of a pack. Its name, size and SHA-256 stay when its content is erased.

    The database (petitions/sql/packs.sql) refuses to change one of a pack that is made.
    """

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=100)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "name"], name="pack_file_once")
        ]

    def __str__(self) -> str:
        return self.name


class PackPiece(models.Model):
    """A piece of a file's content: what one batch wrote.

    The database (petitions/sql/packs.sql) refuses to change one, or to add one to a
    pack that is made.
    """

    file = models.ForeignKey(
        PackFile, on_delete=models.CASCADE, related_name="pieces", db_index=False
    )
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["file", "position"], name="pack_piece_once")
        ]

    def __str__(self) -> str:
        return str(self.position)
