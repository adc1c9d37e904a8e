"""Lists of people who have unsubscribed elsewhere, or whose mail came back: a file
is read, staff see whom it is about, and take it in. From then on whoever said yes here
before is a no, as if they had unsubscribed here: mailings, lists that are taken out and
the next petition with one press all read the newest answer.

Of everybody else in the file the key of the address is kept, so that no later import
writes to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import batched
from typing import Any, BinaryIO
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core.db.database import statement_timeout
from core.text.characters import clean_line
from core.text.numbers import Counted
from organizations.models import User
from petitions.identity import key_ring
from petitions.identity.key_ring import Keyring
from petitions.importing.columns import SEVERAL, Column
from petitions.importing.problems import TableProblem
from petitions.importing.rows import Cells
from petitions.importing.sheets import as_csv, is_sheet
from petitions.importing.stored_files import LONGEST_NAME
from petitions.importing.tables import Layout, guess, records
from petitions.models import UnsubscribedMailbox, UnsubscribeList
from petitions.models.imports import FILE_KEPT
from petitions.states import CONSENT_VERSION

MOST_LINES = 100_000
"""As many as are read in a few seconds, while whoever sent the file waits."""
BATCH = 5_000
PATIENCE = "40s"
READ = SEVERAL | {Column.EMAIL, Column.IGNORED}

# The newest answer of each address in a mailbox on the list. Two spellings of it may be
# two people's: they are silent both, for the list has said so of one of them.
NEWEST = """
WITH newest AS (
    SELECT DISTINCT ON (c.email_key, upper(c.email)) c.*
      FROM petitions_consent c
     WHERE c.organization_id = %(organization)s
       AND c.email_key IN (SELECT email_key FROM petitions_unsubscribedmailbox
                            WHERE unsubscribe_list_id = %(list)s)
     ORDER BY c.email_key, upper(c.email), c.given_at DESC, c.id DESC
)
"""
COUNT = f"{NEWEST} SELECT count(*) FROM newest WHERE wants_updates"  # noqa: S608
# A no holds, even if the clock has been set back since the yes.
END = f"""{NEWEST}
INSERT INTO petitions_consent (
    organization_id, email, email_key, email_key_version, wants_updates,
    wording_version, language, sender, source, given_at
)
SELECT organization_id, email, email_key, email_key_version, false,
       %(wording)s, language, %(sender)s, source, greatest(given_at, %(now)s)
  FROM newest WHERE wants_updates
"""  # noqa: S608


class NotPossible(Exception):
    """It cannot be done now; the sentence says why."""


def keep(made: UnsubscribeList, name: str, file: BinaryIO) -> None:
    """Read a file of this name, and save the list with its numbers and the keys of its
    addresses; raise TableProblem for what cannot be read."""
    file.seek(0)
    start = file.read(4096)
    file.seek(0)
    readable = as_csv(file) if is_sheet(start) else file
    if name.lower().startswith("subscribed"):  # as Mailchimp calls its export of them
        raise TableProblem(_("By its name, this is a file of those who subscribed."))
    layout = guess(readable, name=name, only=READ).layout
    if Column.EMAIL not in layout.columns:
        raise TableProblem(_("No column has e-mail addresses."))
    made.file_name = clean_line(name)[:LONGEST_NAME]
    made.lines = made.addresses = made.left_out = made.unreadable = 0
    with transaction.atomic():
        ring = key_ring.current_keyring()
        made.save(force_insert=True)
        for keys in batched(keys_in(readable, layout, made, ring), BATCH, strict=False):
            UnsubscribedMailbox.objects.bulk_create(
                (
                    UnsubscribedMailbox(
                        unsubscribe_list=made,
                        email_key=key,
                        key_version=ring.newest.number,
                    )
                    for key in dict.fromkeys(keys)
                ),
                ignore_conflicts=True,
            )
        made.addresses = made.mailboxes.count()
        made.save()


def keys_in(
    file: BinaryIO, layout: Layout, made: UnsubscribeList, ring: Keyring
) -> Iterator[UUID]:
    """Yield the keys of the addresses that must not be written to, and count the lines
    in `made`."""
    for record in records(file, layout):
        made.lines += 1
        if made.lines > MOST_LINES:
            raise TableProblem(
                _("This file has more than %(most)s lines: divide it.")
                % {"most": Counted(MOST_LINES)}
            )
        cells = Cells(record, layout.columns, ())
        address = "" if record.fault else cells.address()
        if not address:
            made.unreadable += 1
        elif layout.silent or is_a_no(cells):
            yield ring.newest.key(address)
        else:
            made.left_out += 1


def is_a_no(cells: Cells) -> bool:
    """Return whether a line says that somebody must not be written to: by an answer, by
    one that nobody can tell, or by standing in a file that has no answers at all."""
    answer = cells.updates()
    if cells.faults:  # also beside a yes of another column
        return True
    return not answer if answer is not None else SEVERAL.isdisjoint(cells.columns)


def would_end(made: UnsubscribeList) -> int:
    """Return how many addresses that said yes here are on the list. Raise
    OperationalError when that takes too long."""
    given = {"organization": made.organization_id, "list": made.pk}
    with (
        transaction.atomic(),
        statement_timeout(PATIENCE),
        connection.cursor() as cursor,
    ):
        cursor.execute(COUNT, given)
        (number,) = cursor.fetchone()
    return int(number)


def take_in(made: UnsubscribeList, by: User, *, now: datetime) -> None:
    """Make a no of each yes that the list is about, and have the list hold; raise
    NotPossible when that cannot be."""
    with transaction.atomic(), statement_timeout(PATIENCE):
        rows = UnsubscribeList.objects.select_for_update(of=("self",))
        locked = rows.filter(pk=made.pk, taken_in_at=None).first()
        if locked is None:
            raise NotPossible(_("Somebody was quicker: look again."))
        ring = key_ring.current_keyring()
        if ring.rekeying:
            raise NotPossible(
                _("The site is working on all addresses: try again later.")
            )
        if locked.mailboxes.exclude(key_version=ring.newest.number).exists():
            raise NotPossible(
                _("The site knows addresses by other keys by now: send the file anew.")
            )
        given: dict[str, Any] = {
            "organization": locked.organization_id,
            "list": locked.pk,
            "wording": CONSENT_VERSION,
            "sender": locked.organization.imprint,
            "now": now,
        }
        with connection.cursor() as cursor:
            cursor.execute(END, given)
            locked.ended = cursor.rowcount
        locked.taken_in_by, locked.taken_in_at = by, now
        locked.save()


def call_off(made: UnsubscribeList) -> None:
    """Forget a list that was not taken in; raise NotPossible when it was."""
    waiting = UnsubscribeList.objects.filter(pk=made.pk, taken_in_at=None)
    try:
        number, _rows = waiting.delete()
    except IntegrityError:  # it was taken in between finding and deleting it
        number = 0
    if not number:
        raise NotPossible(_("Somebody was quicker: look again."))


def past_lists(now: datetime) -> QuerySet[UnsubscribeList]:
    """Return the lists that nobody has taken in for so long that they are erased,
    oldest first."""
    old = UnsubscribeList.objects.filter(made_at__lt=now - FILE_KEPT, taken_in_at=None)
    return old.order_by("made_at")
