"""Every personal column has a rule, and rules are carried out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import models
from django.utils import timezone

from core import retention
from core.db.batches import Batches
from core.models import (
    Alert,
    Heartbeat,
)
from core.retention import (
    EXPIRED,
    RetentionRule,
    Rows,
    expire,
    expire_round,
    months_before,
)
from organizations.models import User


@pytest.fixture
def planted() -> Iterator[type[models.Model]]:
    """A model that somebody adds without a thought for whom it is about."""

    class Planted(models.Model):
        number = models.IntegerField()
        made_at = models.DateTimeField()
        nickname = models.CharField(max_length=20)
        details = models.JSONField()
        key = models.UUIDField()
        network = models.GenericIPAddressField()
        upload = models.FileField()
        raw = models.BinaryField()
        who = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

        class Meta:
            app_label = "config"

        def __str__(self) -> str:
            return str(self.pk)

    yield Planted
    del apps.all_models["config"]["planted"]
    apps.clear_cache()


def test_every_column_is_declared() -> None:
    assert list(retention.undeclared_columns()) == []
    assert list(retention.unknown()) == []


def test_a_column_without_a_rule_fails_the_check(planted: type[models.Model]) -> None:
    with pytest.raises(SystemCheckError) as caught:
        call_command("check", no_database=True)

    message = str(caught.value)
    assert "config.planted.nickname may hold personal data and has no rule" in message
    assert '"config.planted": ("nickname",)' in message
    assert {column for _model, column in retention.undeclared_columns()} == {
        "nickname", "details", "key", "network", "upload", "raw", "who",
    }  # fmt: skip


def test_a_rule_for_a_column_that_is_not_there_fails_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(retention.NOT_PERSONAL, "config.alert", ("name", "names"))
    monkeypatch.setitem(retention.NOT_PERSONAL, "config.nothing", ("name",))

    with pytest.raises(SystemCheckError) as caught:
        call_command("check", no_database=True)

    assert "names config.alert.names, which does not exist" in str(caught.value)
    assert "names config.nothing.name, which does not exist" in str(caught.value)


@pytest.mark.parametrize(
    ("now", "months", "before"),
    [("2026-03-31", 1, "2026-02-28"), ("2026-01-15", 25, "2023-12-15")],
)
def test_months_before(now: str, months: int, before: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert months_before(moment, months).date().isoformat() == before


OLD = RetentionRule(
    "old alerts",
    {},
    "",
    "",
    "",
    Rows(lambda now: Alert.objects.filter(raised_at__lt=now).order_by("name")),
)


def fail(now: datetime) -> models.QuerySet[Alert]:
    raise ValueError("a mistake in a rule")


@pytest.fixture
def alerts(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        raised_at = timezone.now() - timedelta(days=1 if number else -1)
        Alert.objects.create(name=f"{number}", raised_at=raised_at)
    monkeypatch.setattr(retention, "RULES", [OLD])


@pytest.mark.usefixtures("alerts")
def test_rounds_erase_in_batches_until_nothing_is_left() -> None:
    now = timezone.now()

    assert [expire(now, 4), expire(now, 4)] == [{"old alerts": 4}, {"old alerts": 2}]
    assert Alert.objects.get().name == "0"
    assert Heartbeat.objects.get(name=EXPIRED).beat_at == now


@pytest.mark.usefixtures("alerts")
def test_a_full_batch_is_followed_at_once_and_is_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "own_batches", lambda rule: Batches(4, 4))

    assert expire_round(timezone.now()) is True
    assert not Heartbeat.objects.filter(name=EXPIRED).exists()
    assert expire_round(timezone.now()) is False
    assert Heartbeat.objects.filter(name=EXPIRED).exists()


@pytest.mark.usefixtures("alerts")
def test_a_rule_that_fails_keeps_no_other_from_its_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = RetentionRule("broken", {}, "", "", "", Rows(fail))
    monkeypatch.setattr(retention, "RULES", [broken, OLD])

    with pytest.raises(ValueError, match="a mistake in a rule"):
        expire(timezone.now(), 100)

    assert Alert.objects.count() == 1
    assert not Heartbeat.objects.filter(name=EXPIRED).exists()


@pytest.mark.usefixtures("alerts")
def test_the_command_counts_or_erases() -> None:
    def run(*words: str) -> str:
        out = StringIO()
        call_command("expire", *words, stdout=out)
        return " ".join(out.getvalue().split())

    assert run("--dry-run") == "6 old alerts"
    assert Alert.objects.count() == 7
    assert not Heartbeat.objects.exists()
    assert run() == "6 old alerts"
    assert run() == "0 old alerts"
    assert Alert.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("hours", "trouble"), [(47, False), (49, True)])
def test_what_is_not_erased_for_two_days_is_reported(hours: int, trouble: bool) -> None:
    now = timezone.now()
    Heartbeat.objects.create(name=EXPIRED, beat_at=now - timedelta(hours=hours))

    (reading,) = retention.expiry(now)

    assert reading.value == hours * 3600
    assert ("manage.py expire" in reading.trouble) is trouble
