"""The public data keeps what its OpenAPI description promises: schemathesis sends what
that allows and what it does not, and judges each answer."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from petitions.counts import folding
from petitions.models import Correction, Petition
from petitions.public_data.openapi import document
from petitions.states import State
from tests.factories import (
    make_answer,
    make_answer_translation,
    make_entry,
    make_handover,
    make_handover_translation,
    make_petition,
    make_signature,
    make_translation,
    make_update,
    make_update_translation,
)

pytestmark = pytest.mark.django_db

# How many requests each path gets, half of them not allowed by the description.
EXAMPLES = 60
CHECKS = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
BASE = "http://testserver.localhost"
# Nobody guesses these.
ADDRESSES = ["none", "free-the-prisoners", "former", "rights-now", "old", *State.values]
PAGES = [f"{BASE}/petitions/{slug}/" for slug in ADDRESSES]

application = get_wsgi_application()


@pytest.fixture
def _connected() -> Iterator[None]:
    """Requests leave the test's own connection alone, as those of Django's client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def _site(petition: Petition, _connected: None) -> None:
    """Petitions in every state, one of them with all that a petition can have."""
    organization = petition.organization
    make_translation(petition, "ar")
    picture: dict[str, Any] = {
        "image": "story/abc-80x50.webp",
        "image_description": "A box.",
    }
    update = make_update(petition, **picture)
    make_update_translation(update, "fr")
    make_update(petition, changed_at=timezone.now())
    handover = make_handover(petition, **picture)
    make_handover_translation(handover, "fr")
    make_answer_translation(make_answer(petition), "fr")
    make_entry(petition, 60, source="paper")
    make_signature(petition)
    Correction.objects.create(petition=petition, text="Seven, not six.")
    for state in State.values:
        make_petition(organization, target=None, title=state, state=state)
    petition.former_slugs.create(slug="former")
    organization.former_slugs.create(slug="former")
    make_petition(organization, title="Old", started_on=timezone.localdate())
    make_petition(organization, closes_at=timezone.now() + timedelta(days=3))
    for _ in range(50):
        make_petition(organization)
    folding.fold()


def guided(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description with slugs and URLs that exist; all others are not
    allowed."""
    description = copy.deepcopy(description)
    parameters = description["components"]["parameters"]
    for name in ("slug", "organization"):
        parameters[name]["schema"] = {"enum": ADDRESSES}
    parameters["url"]["schema"] = {"enum": PAGES}
    return description


def strict(schema: Any) -> Any:
    """Return the schema with no further properties allowed in objects: a field that
    nobody has described is a failure here, though not for whoever reads the data."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(part) for key, part in schema.items()}
    if found.get("type") == "object":
        found["additionalProperties"] = False
    return found


def judged(description: dict[str, Any]) -> tuple[list[str], dict[str, set[int]]]:
    """Return what schemathesis finds wrong, each once, and the statuses that each path
    had."""
    schema = schemathesis.openapi.from_dict(guided(strict(description)))
    schema.validate()
    schema.app = application
    failures: dict[str, None] = {}
    statuses: dict[str, set[int]] = {}
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]
        seen = statuses.setdefault(operation.path, set())
        for mode in GenerationMode:
            failures |= dict.fromkeys(failures_of(operation, mode, seen))
    return list(failures), statuses


def failures_of(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, seen: set[int]
) -> list[str]:
    """Return what is wrong with the answers to requests that the description allows, or
    to requests that it does not."""
    found: list[str] = []

    @seed(1)
    @settings(
        max_examples=EXAMPLES // 2,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        response = case.call(headers={"Accept-Encoding": "identity"})
        seen.add(response.status_code)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            found.extend(f"{operation.label}: {e}" for e in group.exceptions)

    send()
    return found


@pytest.mark.usefixtures("_site")
def test_the_data_is_as_described() -> None:
    failures, statuses = judged(document())

    assert failures == []
    # Each path has answered with its data, and has refused something.
    for path, seen in statuses.items():
        assert 200 in seen, path
        assert seen & {400, 404}, path
    assert {301, 410} <= statuses["/petitions/{slug}.json"]


@pytest.mark.usefixtures("_site")
@pytest.mark.parametrize("field", ["supporters", "translations"])
def test_a_field_that_is_not_described_is_found(field: str) -> None:
    description = only_petition()
    shape = description["components"]["schemas"]["Petition"]
    del shape["properties"][field]
    shape["required"].remove(field)

    failures, _statuses = judged(description)

    assert any(f"'{field}' was unexpected" in failure for failure in failures)


@pytest.mark.usefixtures("_site")
def test_a_field_that_is_described_otherwise_is_found() -> None:
    description = only_petition()
    shape = description["components"]["schemas"]["Petition"]
    shape["properties"]["state"]["enum"] = ["open"]

    failures, _statuses = judged(description)

    assert any('is not one of "open"' in failure for failure in failures)


def only_petition() -> dict[str, Any]:
    description = copy.deepcopy(document())
    path = "/petitions/{slug}.json"
    return {**description, "paths": {path: description["paths"][path]}}
