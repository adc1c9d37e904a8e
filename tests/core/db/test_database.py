"""What passes by itself, and is answered so."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import Error, OperationalError, connection
from django.test import Client
from psycopg_pool import ConnectionPool

from core.db import database
from core.db.database import is_away
from petitions.models import Petition, Signature
from tests.core.db.helpers import url
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


def pool_of(address: str) -> ConnectionPool:
    return ConnectionPool(
        address, min_size=1, max_size=2, open=False, timeout=0.5, reconnect_timeout=0
    )


@pytest.mark.django_db
def test_a_process_begins_with_a_connection_or_goes_on_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pool_of(url()) as there, pool_of("postgresql://u@127.0.0.1:1/none") as away:
        for pool in (there, away):
            monkeypatch.setattr(database, "connection", SimpleNamespace(pool=pool))
            database.open_pool(0.3)

        asked = [pool.get_stats() for pool in (there, away)]
        assert [found["requests_num"] for found in asked] == [1, 1]
        assert [found.get("requests_errors", 0) for found in asked] == [0, 1]
        # A closed one would refuse for good.
        assert not away.closed
