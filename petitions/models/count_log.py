"""The count log: each counted change as a line that is only ever appended, with what
makes a Merkle tree of the lines of one petition (RFC 6962, section 2.1).

Outsiders verify with it that no line was removed or changed afterwards, and that the
lines add up to the number shown; not that each is another person.
The database (petitions/sql/count_log.sql) appends a line whenever a `CountChange` is
folded, whoever folds it, and refuses to change or delete one. petitions/counts/tree.py
hashes, petitions/counts/checkpoints.py signs.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.db import guards
from core.text.columns import TextColumn
from petitions.states import Source

if TYPE_CHECKING:
    from petitions.models.petitions import Petition
    from petitions.models.signatures import Signature


class CountLeaf(models.Model):
    """A line of the count log: `delta` more supporters on `day` from `source`, fewer
    when negative. `number` counts the petition's lines from 0, without a gap.

    `nonce_hash` is the SHA-256 of 16 random bytes. Those of a signature stand in its
    `CountReceipt`, so that its owner finds the line; once they are erased, the line
    belongs to nobody.

    The database (petitions/sql/count_log.sql) refuses to change or delete one.
    """

    pk = models.CompositePrimaryKey("petition_id", "number")
    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.BigIntegerField()
    day = models.DateField()
    source = models.CharField(max_length=10)
    delta = models.BigIntegerField()
    nonce_hash = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=guards.one_of("source", Source.values)
                & ~Q(delta=0)
                & Q(number__gte=0),
                name="leaf_source_and_delta",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.delta:+}"

    @property
    def line(self) -> str:
        """What is hashed, in ASCII: the petition's number and the line's, the day, the
        source, the change with its sign, and the hash in hexadecimal."""
        nonce = bytes(self.nonce_hash).hex()
        return (
            f"{self.petition_id} {self.number} {self.day.isoformat()} {self.source} "
            f"{self.delta:+d} {nonce}"
        )


class CountSubtree(models.Model):
    """The hash of a complete part of a petition's tree: 256**`level` lines, of which
    `number` such parts come before. It saves reading all lines for each proof.

    The database (petitions/sql/count_log.sql) refuses to change or delete one.
    """

    pk = models.CompositePrimaryKey("petition_id", "level", "number")
    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    level = models.SmallIntegerField()
    number = models.BigIntegerField()
    root = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.level}/{self.number}"


class Checkpoint(models.Model):
    """A statement that the site has signed with a `key`: the number of lines of a
    petition's tree, and the hash of the whole tree. `note` is the signed text as it is
    published, in the format of https://c2sp.org/tlog-checkpoint.

    The database (petitions/sql/count_log.sql) refuses to change or delete one.
    """

    petition: models.ForeignKey[Petition] = models.ForeignKey(
        "petitions.Petition", on_delete=models.PROTECT, related_name="checkpoints"
    )
    size = models.BigIntegerField()
    root = models.BinaryField()
    key = models.CharField(max_length=400)
    note = TextColumn(max_length=1000)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "size", "key"], name="checkpoint_of_size_once"
            ),
            models.CheckConstraint(
                condition=Q(size__gt=0), name="checkpoint_of_some_lines"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.size} lines"

    @property
    def root_text(self) -> str:
        """The hash of the tree, in Base64 as in the note."""
        return b64encode(self.root).decode("ascii")


class CountReceipt(models.Model):
    """A proof that shows the owner of a signature their own line of the count log. It
    is erased with their data (petitions/sql/count_receipts.sql), and the line stays."""

    pk = models.CompositePrimaryKey("signature_id", "number")
    signature: models.ForeignKey[Signature] = models.ForeignKey(
        "petitions.Signature",
        on_delete=models.DO_NOTHING,  # the database's triggers erase it
        related_name="receipts",
        db_index=False,
    )
    number = models.BigIntegerField()
    """That of the line, among those of the signature's petition."""
    nonce = models.BinaryField()

    def __str__(self) -> str:
        return str(self.number)
