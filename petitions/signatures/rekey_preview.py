"""A preview of what new rules for addresses would change."""

from __future__ import annotations

from django.db import connection, transaction

from petitions.addresses import MailboxRules
from petitions.identity import key_ring
from petitions.models import Signature
from petitions.names import folded_name
from petitions.signatures.rekey_batch import READ
from petitions.signatures.rekeying import id_batches

PREVIEW = "CREATE TEMP TABLE rekey_preview (petition bigint, mailbox text, person text)"
FOUND = """
SELECT COALESCE(sum(n - 1), 0) FROM (
    SELECT count(*) AS n FROM rekey_preview
     GROUP BY petition, mailbox, person HAVING count(*) > 1) twice
"""


def preview_rekey() -> tuple[int, int]:
    """Return how many counted signatures the drafted rules would be applied to, and how
    many of them would be withdrawn as duplicates. Change nothing."""
    rules = MailboxRules(key_ring.drafted_rules())
    rows = (
        Signature.objects.confirmed().exclude(email="").filter(email_key__isnull=False)
    )
    number = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PREVIEW)
        for ids in id_batches(rows):
            lines = [
                (
                    row.petition_id,
                    rules.canonical(row.email),
                    folded_name(row.name) if row.petition.shared_addresses else "",
                )
                for row in rows.filter(pk__in=ids)
                .select_related("petition")
                .only(*READ)
            ]
            with cursor.copy("COPY rekey_preview FROM STDIN") as into:
                for line in lines:
                    into.write_row(line)
            number += len(ids)
        cursor.execute(FOUND)
        twice = cursor.fetchone()
        cursor.execute("DROP TABLE rekey_preview")
    return number, int(twice[0]) if twice else 0
