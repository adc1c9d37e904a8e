"""What tests of deliveries share."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from petitions.delivery import making
from petitions.models import Pack, Petition, Signature
from petitions.signature_fields import ERASED
from petitions.states import PackState
from tests.factories import make_user


def prepared(petition: Petition, **values: Any) -> Pack:
    values.setdefault("made_by", make_user())
    values.setdefault("made_at", timezone.now())
    return Pack.objects.create(
        petition=petition, target=petition.targets.get(), **values
    )


def made(pack: Pack) -> Pack:
    """Have the pack made, and return it as it is stored then."""
    making.begin_pack(pack, now=timezone.now())
    while making.advance_pack(timezone.now()):
        pass
    pack.refresh_from_db()
    assert pack.state == PackState.DONE
    return pack


def erase(row: Signature) -> None:
    """Erase the names of its petition, as at the end of their time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE petitions_signature DISABLE TRIGGER USER")
        Signature.objects.filter(pk=row.pk).update(**ERASED)
        cursor.execute("ALTER TABLE petitions_signature ENABLE TRIGGER USER")
