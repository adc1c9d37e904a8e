"""Helpers for tests of invalidations."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from core.db.database import statement_timeout
from organizations.models import User
from petitions.counts import verifying
from petitions.models import CountChange, Invalidation, Petition
from petitions.signatures import (
    invalidating,
)

SIGNATURES = """
INSERT INTO petitions_signature (
    petition_id, state, name, email, email_key, email_key_version, person, place,
    postal_code, country, comment, comment_approved, show_name, language, text_version,
    consent_version, delivery, weak_signs, network, created_at, confirmed_at)
SELECT %(petition)s, 'confirmed', 'Signer ' || n, 'signer' || n || '@' || %(domain)s,
       gen_random_uuid(), 1, '', '', '', '', '', false, false, 'en', 0, 1, 'number', 0,
       '198.51.100.0', now() - interval '1 hour', now() - interval '1 hour'
  FROM generate_series(1, %(number)s) n
"""


def make_signatures(petition: Petition, number: int, domain: str = "bots.test") -> None:
    """Create `number` confirmed signatures with one domain, fast, in a single
    statement."""
    with transaction.atomic(), statement_timeout("0"), connection.cursor() as cursor:
        cursor.execute(
            SIGNATURES, {"petition": petition.pk, "number": number, "domain": domain}
        )
    CountChange.objects.create(
        petition=petition, day=timezone.localdate(), source="confirmed", delta=number
    )


def make_invalidation(petition: Petition, **fields: Any) -> Invalidation:
    """Return an invalidation that has been validated but not begun."""
    now = timezone.now()
    fields = {"reason": "A script", "made_at": now, "as_of": now, "found": 0, **fields}
    row = Invalidation(petition=petition, **fields)
    row.clean()
    return row


def begin(petition: Petition, by: User, **fields: Any) -> Invalidation:
    row = make_invalidation(petition, **fields)
    row.found = invalidating.preview_invalidation(row).found
    invalidating.begin_invalidation(row, by, now=timezone.now())
    return row


def work(row: Invalidation) -> Invalidation:
    """Run the worker until the invalidation is finished; check the count after each
    batch."""
    while invalidating.advance_invalidation(timezone.now()):
        assert proved(row.petition)
    row.refresh_from_db()
    return row


def proved(petition: Petition) -> bool:
    return all(p.holds for p in verifying.verify() if p.petition_id == petition.pk)


def counted(petition: Petition) -> int:
    return Petition.objects.with_counts().get(pk=petition.pk).confirmed
