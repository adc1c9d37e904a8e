"""Fixtures for the tests of signatures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from petitions.identity import key_ring
from petitions.management.commands import rekey as command


@pytest.fixture
def fresh_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forgets the key ring, so that versions of one test are not those of the next."""
    monkeypatch.setattr(command, "GRACE", 0.1)
    key_ring.forget_keyring()
    yield
    key_ring.forget_keyring()
