"""More values than PostgreSQL takes parameters, by every kind of query that has a list
of them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from core.db.lists import LONG
from organizations.models import Organization, User
from petitions.identity import key_ring, same_person
from petitions.models import (
    Consent,
    OutgoingMail,
    Petition,
    Signature,
    Suppression,
)
from petitions.privacy import export
from petitions.signatures import quarantine
from tests.factories import make_signature

pytestmark = pytest.mark.django_db

MANY = 70_000
FORMS = """
WITH made AS (
    INSERT INTO petitions_signature (
        petition_id, state, name, email, email_key, email_key_version, person, place,
        postal_code, country, comment, comment_approved, show_name, language,
        text_version, consent_version, delivery, weak_signs, quarantine_reason, created_at)
    SELECT %(petition)s, 'pending', 'N', n || '@new.test', gen_random_uuid(), 1, '', '',
           '', '', '', false, false, 'en', 0, 1, 'number', 0, 'burst', now()
      FROM generate_series(1, %(many)s::int) n
 RETURNING id, petition_id, email_key
)
INSERT INTO petitions_outgoingmail (
    petition_id, signature_id, email_key, kind, state, priority, due_at, attempts,
    created_at, reply)
SELECT petition_id, id, email_key, 'confirm', 'held', 0, now(), 0, now(), '' FROM made
"""


@pytest.fixture
def forms(petition: Petition) -> None:
    """That many, set aside."""
    with connection.cursor() as cursor:
        cursor.execute(FORMS, {"petition": petition.pk, "many": MANY})
        cursor.execute("ANALYZE petitions_signature, petitions_outgoingmail")


def numbers() -> list[int]:
    return list(Signature.objects.values_list("pk", flat=True))


def test_short_and_long_lists_find_the_same(petition: Petition) -> None:
    rows = [make_signature(petition, f"{each}@example.org") for each in range(3)]
    wanted = [row.pk for row in rows[:2]]
    for padding in (0, LONG, MANY):
        listed = [*wanted, *range(-padding, 0), None]
        assert set(Signature.objects.filter(pk__in=listed)) == set(rows[:2])
        assert Signature.objects.exclude(pk__in=listed).get() == rows[2]
        mails = OutgoingMail.objects.filter(signature__in=listed)
        assert set(mails.values_list("signature", flat=True)) <= set(wanted)
        names = [*(row.email for row in rows[:2]), *map(str, range(padding))]
        assert Signature.objects.filter(email__in=names).count() == 2
        keys = [row.email_key for row in rows[:2]]
        keys += [UUID(int=each) for each in range(padding)]
        assert Signature.objects.filter(email_key__in=keys).count() == 2
        days = [timezone.now() + timedelta(days=1, seconds=n) for n in range(padding)]
        assert not Signature.objects.filter(created_at__in=days).exists()
    assert not Signature.objects.filter(pk__in=[]).exists()


def test_so_many_signatures_set_aside(forms: None, erin: User) -> None:
    now = timezone.now()
    listed = Signature.objects.filter(pk__in=numbers())

    ((removal, number),) = quarantine.schedule_removal(listed, erin, now=now)
    assert number == MANY
    assert quarantine.call_off_removal(removal) == MANY
    assert quarantine.release_from_quarantine(listed, now=now).total() == MANY
    assert not OutgoingMail.objects.exclude(state="due").exists()
    same_person.delete_signatures(listed)
    assert not Signature.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_so_many_supporters_who_want_no_mail(
    organization: Organization,
    petition: Petition,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ring, now = key_ring.current_keyring(), timezone.now()
    addresses = [f"n{each}@example.org" for each in range(MANY)]
    rows = [
        Consent(
            organization=organization, email=address, email_key=key, wants_updates=True,
            wording_version=1, language="en", sender="", given_at=now,
            source=f"petition:{petition.pk}",
        )
        for address in addresses
        for key in [ring.newest.key(address)]
    ]  # fmt: skip
    Consent.objects.bulk_create(rows)
    silent = [Suppression(email_key=row.email_key, since=now) for row in rows[1:]]
    Suppression.objects.bulk_create(silent)

    monkeypatch.setattr(export, "ANSWERS_AT_ONCE", MANY)
    assert export.number_of_supporters(organization) == (1, True)
    lines = b"".join(export.export_supporters(organization, alice, now=now)).decode()
    assert lines.count("@example.org") == 1
    assert addresses[0] in lines
