"""Imports: people who signed elsewhere before, brought in from a file and counted; who
did it, how far the worker has come, and of each person the key of their address."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from organizations.models import User
from petitions.models.counts import CountChange, check_day_of_counting
from petitions.models.mails import Suppression
from petitions.models.petitions import Petition
from petitions.states import ImportState, Source

if TYPE_CHECKING:
    from petitions.identity.key_ring import Keyring

# How long a file that is not imported yet is kept, and what could not be read in it.
FILE_KEPT = timedelta(days=14)
# How long it is kept at most while its people are being asked by mail.
ASKING_KEPT = timedelta(days=60)
LARGEST_UPLOAD = 25 * 10**6
"""The bytes of a file that staff can send with the form (settings.STAFF_BODY_LIMIT)."""
MOST_FAULTS = 10_000
"""The faults of a file that are kept; the others are counted alone."""
AT_WORK = (ImportState.CHECKING, ImportState.RUNNING, ImportState.REVERSING)
# At work, or with people that wait to be counted: one of a petition at a time.
OPEN = (*AT_WORK, ImportState.CHECKED)
# The states in which columns can be chosen.
CHOOSING = (ImportState.READ, ImportState.FAILED)
# The states in which it has counted nobody, and can be called off.
UNCOUNTED = (*CHOOSING, ImportState.CHECKING, ImportState.CHECKED)
# The states in which it counts people.
COUNTING = (ImportState.RUNNING, ImportState.DONE)


class SignatureImportQuerySet(models.QuerySet["SignatureImport"]):
    def unfinished(self) -> SignatureImportQuerySet:
        """Return the imports that the worker is to advance."""
        return self.filter(state__in=AT_WORK)

    def with_file(self) -> SignatureImportQuerySet:
        """Return the imports whose file, and what could not be read in it, is not
        erased yet."""
        return self.filter(file_erased_at=None)


class SignatureImport(models.Model):
    """A file of people who signed elsewhere before, and what came of it under one
    petition.

    The worker checks the whole file first, and keeps the key of each address without
    counting anybody; when staff then import it, those people are counted, batch by
    batch. So what is imported is what was checked. Nobody in it is shown, and nobody
    handed over, for nobody was asked here, unless staff state where and in which words
    they agreed to that (StatedConsent); each is mailed once at most, to be asked
    (Asking).

    What it counts is provable: its `people` who are counted, and `keyless`.

    The database (petitions/sql/imports.sql) refuses to delete one.
    """

    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        related_name="imports",
        verbose_name=_("petition"),
    )
    file_name = models.CharField(_("file"), max_length=200)
    size = models.BigIntegerField(
        _("size"), help_text="In bytes, as it is read: a sheet as the CSV made of it."
    )
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    made_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    made_at = models.DateTimeField(_("uploaded at"))
    layout = models.JSONField(
        default=dict, help_text="How it is read: encoding, delimiter, columns."
    )
    heading = models.JSONField(default=list, help_text="The names of its columns.")
    label = models.CharField(
        _("where they signed"),
        max_length=200,
        blank=True,
        help_text=_("As “Change.org, until 3 June”. For your colleagues."),
    )
    counted_by = models.CharField(_("counted by"), max_length=200, blank=True)
    counted_at = models.DateField(_("counted on"), default=timezone.localdate)
    counts_without_address = models.BooleanField(
        _("count lines without an address, too"),
        default=False,
        help_text=_(
            "Nobody can tell whether two of them are one person, or whether they "
            "confirm here, too."
        ),
    )
    asks = models.BooleanField(
        _("ask these people by mail to confirm here, once they are imported"),
        default=False,
        db_default=False,
        help_text=_(
            "The file is kept until they are asked, at most 60 days. You order the "
            "mail afterwards, and see then to how many it goes. Nobody is asked twice."
        ),
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=ImportState.choices,
        default=ImportState.READ,
    )
    becomes = models.CharField(
        max_length=10,
        blank=True,
        help_text="The state that it has once all that it added is taken away.",
    )
    problem = models.CharField(
        _("why it could not be read"), max_length=500, blank=True
    )
    position = models.BigIntegerField(
        default=0, help_text="The check has come as far as this byte."
    )
    line = models.BigIntegerField(default=0, help_text="And as far as this line.")
    last_id = models.BigIntegerField(
        default=0, help_text="Counting has come as far as this person."
    )
    lines = models.PositiveIntegerField(_("lines read"), default=0)
    found = models.PositiveIntegerField(_("people with an address"), default=0)
    duplicates = models.PositiveIntegerField(_("twice in the file"), default=0)
    already = models.PositiveIntegerField(_("here already"), default=0)
    faults = models.PositiveIntegerField(_("lines with a fault"), default=0)
    without_address = models.PositiveIntegerField(_("without an address"), default=0)
    checked_at = models.DateTimeField(_("checked at"), null=True)
    begun_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("imported by"),
    )
    begun_at = models.DateTimeField(_("import begun at"), null=True)
    counted = models.PositiveIntegerField(_("counted"), default=0)
    keyless = models.PositiveIntegerField(
        default=0,
        help_text="Of those that it counts now: how many no key stands for, because "
        "their line had no address, or because the keys are erased.",
    )
    finished_at = models.DateTimeField(_("finished at"), null=True)
    reversed_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("reversed by"),
    )
    reversed_at = models.DateTimeField(_("reversed at"), null=True)
    taken_away = models.PositiveIntegerField(_("taken away again"), default=0)
    file_erased_at = models.DateTimeField(_("file erased at"), null=True)

    objects = SignatureImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import of signatures")
        verbose_name_plural = _("imports of signatures")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=guards.one_of("state", ImportState.values),
                name="import_state",
            ),
            models.CheckConstraint(
                condition=Q(becomes="")
                | Q(guards.one_of("becomes", ImportState.values)),
                name="import_becomes",
            ),
            models.CheckConstraint(
                condition=guards.both_or_neither(
                    Q(state=ImportState.REVERSING), ~Q(becomes="")
                ),
                name="import_reversing",
            ),
            models.CheckConstraint(
                condition=~Q(label="") | ~Q(state__in=COUNTING),
                name="import_label",
                violation_error_message=_("Say where they signed."),
            ),
            models.UniqueConstraint(
                fields=["petition"],
                condition=Q(state__in=OPEN),
                name="import_one_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["petition", "sha256"],
                condition=Q(state__in=COUNTING),
                name="import_file_once",
            ),
            guards.readable(
                "import", lines=("file_name", "label", "counted_by"), texts=("problem",)
            ),
        ]

    def __str__(self) -> str:
        # Never what staff typed: this ends up in logs and audit trails.
        return str(self.pk)

    def clean(self) -> None:
        super().clean()
        check_day_of_counting(self.counted_at, self.petition)

    @property
    def is_unfinished(self) -> bool:
        return self.state in AT_WORK

    @property
    def can_choose(self) -> bool:
        """Whether its columns can be chosen."""
        return self.state in CHOOSING and self.file_erased_at is None

    @property
    def is_stated(self) -> bool:
        """Whether staff state that its people agreed to be handed over by name."""
        return self.stated_consents.exists()

    @property
    def can_call_off(self) -> bool:
        return self.state in UNCOUNTED

    @property
    def is_reversible(self) -> bool:
        """Whether it counts people, or is about to."""
        return self.state in COUNTING

    @property
    def would_count(self) -> int:
        """The number of people that it would count, once it is checked."""
        return self.found + (self.without_address if self.counts_without_address else 0)

    @property
    def still_counted(self) -> int:
        """The number of people that it counts now."""
        return self.people.filter(counted=True).count() + self.keyless

    @property
    def moved(self) -> int:
        """The number of people whom it had counted and who do not count by it any
        more, because they confirmed here or had their data erased."""
        return self.counted - self.taken_away - self.still_counted

    @property
    def erased_on(self) -> datetime:
        """The time at which its file is erased at the latest."""
        return self.made_at + FILE_KEPT


class ImportedSignatureQuerySet(models.QuerySet["ImportedSignature"]):
    def of_mailbox(self, address: str, ring: Keyring) -> ImportedSignatureQuerySet:
        """Return those of the mailbox with this address, whichever key they have."""
        return self.filter(email_key__in=ring.all_keys(address))

    def of_address(self, address: str, ring: Keyring) -> ImportedSignatureQuerySet:
        """Return those of this very address."""
        keys = ring.address_keys(address)
        return self.of_mailbox(address, ring).filter(address_key__in=keys)

    def named(self) -> ImportedSignatureQuerySet:
        """Return those who may be handed over by name: they count, by an import that
        stands, and no “never write again” covers their address."""
        rows = self.filter(counted=True, signature_import__state=ImportState.DONE)
        silent = of_mailbox(Suppression.objects.all())
        return rows.exclude(name="").filter(~Exists(silent))

    def take_away(self, *, now: datetime) -> Counter[int]:
        """Delete them, and lower the counts of their petitions by those that counted;
        return how many did, by petition. Call it in a transaction."""
        locked = self.order_by("pk").select_for_update(of=("self",))
        rows = list(locked.values_list("pk", "petition", "counted"))
        ImportedSignature.objects.filter(pk__in=[pk for pk, *_rest in rows]).delete()
        gone = Counter(petition for _pk, petition, counted in rows if counted)
        change_imported(gone, -1, timezone.localdate(now))
        return gone


class ImportedSignature(models.Model):
    """Somebody who signed elsewhere, by the keys of their address: nobody was asked
    here, so neither name nor address is kept. One row a mailbox and petition, so that
    they count once over all files, and not beside a signature that they confirm here:
    confirming deletes the row (petitions/sql/imports.sql) and lowers the number.

    Where staff state that they agreed to it (StatedConsent), their name and where they
    live are kept to be handed over, and go with the row; without such a statement the
    database (petitions/sql/imports.sql) refuses them.

    Where the key is of a former version, nothing makes it anew without the address: it
    is found by the keys of all versions, as suppressions are.
    """

    signature_import = models.ForeignKey(
        SignatureImport,
        on_delete=models.PROTECT,
        related_name="people",
        db_index=False,
    )
    petition = models.ForeignKey(
        Petition, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    email_key = models.UUIDField()
    address_key = models.UUIDField(help_text="Version.address_key of the address.")
    email_key_version = models.PositiveSmallIntegerField()
    counted = models.BooleanField(
        default=False, help_text="Not while the file is only checked."
    )
    may_ask = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether they may be asked by mail: they have a name and said no no.",
    )
    name = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Where they agreed that it is handed over, as the file has it.",
    )
    place = models.CharField(max_length=120, blank=True, default="", db_default="")
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    region = models.CharField(
        max_length=6,
        blank=True,
        default="",
        db_default="",
        help_text="As petitions/regions.py has it; the postal code is not kept.",
    )

    objects = ImportedSignatureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "email_key"], name="imported_once"
            ),
            models.CheckConstraint(
                condition=~Q(name="") | Q(place="", country="", region=""),
                name="imported_named",
            ),
            guards.readable("imported", lines=("name", "place")),
        ]
        indexes = [
            models.Index(fields=["signature_import", "id"], name="imported_by"),
            # Tells confirmations at once that no key is of a former version.
            models.Index(
                fields=["petition", "email_key_version"], name="imported_version"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ImportPiece(models.Model):
    """A piece of the content of an import's file."""

    signature_import = models.ForeignKey(
        SignatureImport,
        on_delete=models.CASCADE,
        related_name="pieces",
        db_index=False,
    )
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["signature_import", "position"], name="import_piece_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.position)


class ImportFault(models.Model):
    """A fault in a line of an import's file; at most MOST_FAULTS of them are kept."""

    signature_import = models.ForeignKey(
        SignatureImport, on_delete=models.CASCADE, related_name="fault_rows"
    )
    line = models.BigIntegerField()
    column = models.CharField(max_length=200, blank=True)
    found = models.CharField(max_length=200, blank=True)
    sentence = models.CharField(max_length=300)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.line)


def of_mailbox(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return those of `rows` (Suppression or Bounce) that are about an imported person;
    see `key_ring.silenced`."""
    own = Func(
        OuterRef("address_key"),
        template="ARRAY[%(expressions)s]",
        output_field=ArrayField(models.UUIDField()),
    )
    named = Q(address_keys=None) | Q(address_keys__contains=own)
    return rows.filter(named, pk=OuterRef("email_key"))


def change_imported(numbers: Counter[int], sign: int, day: date) -> None:
    """Append the changes of counts, by petition."""
    CountChange.objects.bulk_create(
        CountChange(
            petition_id=petition,
            day=day,
            source=Source.IMPORTED,
            delta=sign * number,
        )
        for petition, number in sorted(numbers.items())
        if number
    )
