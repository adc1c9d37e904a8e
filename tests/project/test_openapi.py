"""The public data keeps what its description promises: schemathesis sends what that
allows, and what it does not allow, and judges each answer."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from pytest_django import Settings
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation

from config.cache_policy import page_cache
from petitions import counting
from petitions.models import Correction, Petition
from petitions.openapi import PATHS, document
from petitions.states import PUBLIC_STATES, State
from tests.factories import make_entry, make_petition, make_signature, make_translation

pytestmark = pytest.mark.django_db

EXAMPLES = 40
SLUGS = ["free-the-prisoners", "won", "withdrawn", "draft", "rights-now", "none"]


def strict(schema: Any) -> Any:
    """The same, but objects have nothing that it does not name: a field that nobody
    has described is a failure here, and none for whoever reads the data."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(part) for key, part in schema.items()}
    if found.get("type") == "object":
        found["additionalProperties"] = False
    return found


@pytest.fixture
def described(petition: Petition, settings: Settings) -> Iterator[dict[str, Any]]:
    """A site with petitions in every state; the description, with addresses that are
    there (nobody guesses them)."""
    settings.ALLOWED_HOSTS = ["*"]
    organization = petition.organization
    make_translation(petition, "ar")
    make_entry(petition, 60, source="paper")
    make_signature(petition)
    Correction.objects.create(petition=petition, text="Seven, not six.")
    for state in (*PUBLIC_STATES, State.WITHDRAWN, State.DRAFT):
        make_petition(organization, target=None, title=state.value, state=state)
    make_petition(organization, title="Old", started_on=timezone.localdate())
    make_petition(organization, closes_at=timezone.now() + timedelta(days=3))
    for _ in range(50):
        make_petition(organization)
    counting.fold()
    schema = copy.deepcopy(document())
    slug = schema["components"]["parameters"]["slug"]["schema"]
    slug["examples"] = SLUGS
    yield schema


def failures_of(schema: dict[str, Any]) -> list[str]:
    """What schemathesis finds wrong, each once."""
    loaded = schemathesis.openapi.from_dict(strict(schema))
    loaded.app = get_wsgi_application()
    found: dict[str, None] = {}
    for result in loaded.get_all_operations():
        for failure in broken(result.ok()):
            found.setdefault(failure)
    return list(found)


def broken(operation: APIOperation[Any, Any, Any]) -> Iterator[str]:
    failures: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        page_cache.clear()
        try:
            case.call_and_validate(checks=CHECKS)
        except FailureGroup as group:
            failures.extend(f"{operation.label}: {e}" for e in group.exceptions)

    send()
    yield from failures


CHECKS = [
    checks.not_a_server_error,
    *checks.CHECKS.get_by_names(
        [
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
        ]
    ),
]


def test_the_data_is_as_described(described: dict[str, Any]) -> None:
    assert failures_of(described) == []
