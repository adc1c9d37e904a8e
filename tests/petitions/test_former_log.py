"""What Django's log of the admin held is carried into the audit trail."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from core.models import AuditEntry
from organizations.models import User
from petitions.models import Petition

pytestmark = pytest.mark.django_db


@pytest.fixture
def logged(petition: Petition, alice: User) -> LogEntry:
    message = '[{"changed": {"fields": ["Title"]}}, {"form": "a token"}]'
    return LogEntry.objects.create(
        user=alice,
        content_type=ContentType.objects.get_for_model(Petition),
        object_id=str(petition.pk),
        object_repr="Free",
        action_flag=CHANGE,
        change_message=message,
    )


def test_it_is_carried(logged: LogEntry, petition: Petition, alice: User) -> None:
    """What is about a row that the trail does not cover stays where it was."""
    migration = import_module("petitions.migrations.0009_former_log")
    others = [ContentType.objects.get_for_model(LogEntry), None]
    for other in others:
        LogEntry.objects.create(
            user=alice, content_type=other, object_id="1", action_flag=CHANGE
        )

    migration.carry(apps, None)
    migration.carry(apps, None)  # once more, as after an interruption

    entry = AuditEntry.objects.get(action="note")
    assert (entry.account, entry.at) == (alice.pk, logged.action_time)
    assert (entry.table, entry.row) == ("petitions_petition", str(petition.pk))
    assert entry.organization == petition.organization_id
    assert entry.now == {"said": "Changed Title.", "log": logged.pk}
    assert LogEntry.objects.count() == 1 + len(others)
