"""The site's own records: of its processes and switches, of forms that staff saved, and
of who did what."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models.functions import Cast, Length
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from core.db import guards


class Heartbeat(models.Model):
    """The last sign of life of a worker's loop, or of another job or fact that has a
    name."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """Something that is wrong: since when, and when somebody was last told."""

    name = models.CharField(max_length=40, primary_key=True)
    raised_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Bucket(models.Model):
    """The state of one rate limit (GCRA) for one source, see core.security.buckets. It
    is unlogged: losing it in a crash only means that everybody starts with a full
    bucket."""

    key = models.UUIDField(
        primary_key=True,
        help_text="Keyed hash of limit and source: core.security.buckets",
    )
    tat = models.DateTimeField(
        db_index=True,
        help_text="Theoretical arrival time: the bucket is full again then.",
    )

    def __str__(self) -> str:
        return str(self.key)


class SwitchName(models.TextChoices):
    """The switches of the whole site, which site administrators turn."""

    STOP_SIGNING = "stop-signing", _("Stop signing")
    STOP_MAIL = "stop-mail", _("Stop mail")
    READ_ONLY = "read-only", _("Read-only")
    BANNER = "banner", _("Banner")


class Switch(models.Model):
    """A switch that is on; one that is off has no row. Read and written by
    core.switches."""

    name = models.CharField(max_length=20, primary_key=True, choices=SwitchName)
    texts = models.JSONField(
        default=dict,
        help_text="What visitors read, plain text by language of the interface",
    )
    since = models.DateTimeField()
    by = models.BigIntegerField(
        null=True, help_text="The number of the account; none for a command"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=guards.one_of("name", SwitchName.values), name="switch_name"
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    Length(Cast("texts", models.TextField())), 4000
                ),
                name="switch_texts_length",
            ),
        )

    def __str__(self) -> str:
        return self.name


class SavedForm(models.Model):
    """A form of the admin that was saved, so that it is saved only once, however often
    it is sent."""

    token = models.CharField(max_length=40, primary_key=True)
    account = models.BigIntegerField()
    row = models.CharField(max_length=100)
    """The primary key of the row that was saved."""
    content = models.CharField(max_length=64)
    """A digest of everything that was sent."""
    saved_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.token


class AuditAction(models.TextChoices):
    """The kinds of change to a row."""

    INSERT = "insert", _("added")
    UPDATE = "update", _("changed")
    DELETE = "delete", _("deleted")
    TRUNCATE = "truncate", _("emptied")
    NOTE = "note", _("decided")
    LOOK = "look", _("looked at")


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def of_row(self, table: str, row: str, parts: Iterable[str]) -> AuditEntryQuerySet:
        """Return the entries of a row, and of the rows of the tables `parts` that are
        parts of it; without looks."""
        this = models.Q(table=table, row=row)
        if row.isascii() and row.isdecimal() and len(row) < 19:
            this |= models.Q(table__in=list(parts), parent=int(row))
        return self.filter(this).exclude(action=AuditAction.LOOK)


class AuditEntry(models.Model):
    """An entry of the audit trail: who did what, when and why.

    Triggers write it, for whatever changes a row of the tables that core.audit.tables
    declares; views write staff's looks at personal data, and by number what they decide
    about signatures. It names accounts and organisations by id alone, and stays when
    they go. audit.sql refuses every change, and every deletion but that of the
    retention rule.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("when"))
    account = models.BigIntegerField(_("who"), null=True)
    process = models.CharField(max_length=80)
    """A worker's loop or a command, where no account acted; "" when that is unknown,
    too: then somebody wrote as `session_role`."""
    session_role = models.CharField(max_length=63)
    transaction = models.BigIntegerField()
    organization = models.BigIntegerField(_("organisation"), null=True)
    table = models.CharField(_("what"), max_length=63)
    row = models.CharField(max_length=255)
    parent = models.BigIntegerField(null=True)
    """The row that this one is a part of: the first on the way to its organisation."""
    action = models.CharField(_("action"), max_length=10, choices=AuditAction.choices)
    was = models.JSONField(null=True)
    now = models.JSONField(null=True)
    """The columns that changed, before and after. Of a note, `said` is its sentence."""
    reason = models.CharField(_("reason"), max_length=1000, blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(
                fields=["organization", "-at", "-id"], name="audit_organization"
            ),
            models.Index(fields=["table", "row", "-at", "-id"], name="audit_row"),
            models.Index(fields=["table", "parent", "-at", "-id"], name="audit_parent"),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row}"
