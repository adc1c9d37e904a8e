"""What tests of deliveries share."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from petitions.delivery import making
from petitions.models import Pack, Petition
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
    making.begin(pack, now=timezone.now())
    while making.advance(timezone.now()):
        pass
    pack.refresh_from_db()
    assert pack.state == PackState.DONE
    return pack
