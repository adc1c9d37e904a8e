from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _patient_with_the_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer than a site does for name servers on a busy machine."""
    monkeypatch.setattr("core.mail.sender_domain.TIMEOUT", 60.0)
