"""What passes by itself, and is answered so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import Error, OperationalError, connection
from django.test import Client

from core.db.database import is_away
from petitions.models import Petition, Signature
from tests.helpers import takes_no_writes


@pytest.fixture
def read_only(transactional_db: None, petition: Petition) -> Iterator[Petition]:
    with takes_no_writes():
        yield petition


def test_a_database_that_takes_no_writes_keeps_what_was_typed(
    read_only: Petition, visitor: Client, sign_form: dict[str, Any]
) -> None:
    signed = visitor.post(f"{read_only.get_absolute_url()}sign/", sign_form)
    link = visitor.post("/new-link/", {"email": "maya@example.org"})

    assert signed.status_code == 503
    assert sign_form["name"] in signed.content.decode()
    assert link.status_code == 503
    assert int(link.headers["Retry-After"]) > 0
    assert not Signature.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "passes"),
    [
        ("25006", True),
        ("53100", True),
        ("58030", True),
        ("57P01", True),
        ("40P01", True),
        ("XX001", False),
        ("22P02", False),
        ("42P01", False),
    ],
)
def test_a_state_tells_what_passes(state: str, passes: bool) -> None:
    with pytest.raises(Error) as found, connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")

    assert is_away(found.value) is passes


def test_one_that_does_not_answer_passes() -> None:
    assert is_away(OperationalError("server closed the connection unexpectedly"))
