"""Every container of compose.yaml is bounded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(
    (ROOT / "compose.yaml").read_text()
)["services"]
# What each container needs beyond reading and writing its own files; nothing else.
RIGHTS = {
    "proxy": {"NET_BIND_SERVICE"},
    "database": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"},
}
OURS = {"web", "worker", "migrate"}


@pytest.mark.parametrize("name", SERVICES)
def test_it_has_no_rights_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", [])) == RIGHTS.get(name, set())
    assert "no-new-privileges:true" in service["security_opt"]
    assert "/tmp" in service["tmpfs"]


@pytest.mark.parametrize("name", SERVICES)
def test_it_cannot_fill_memory_or_disk(name: str) -> None:
    service = SERVICES[name]

    assert service["mem_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_where_they_are_needed(name: str) -> None:
    assert ("env_file" in SERVICES[name]) is (name in OURS)


def test_the_backup_is_made_as_it_is_set() -> None:
    assert SERVICES["backup"]["environment"].keys() >= {"HOUR", "DAYS"}
