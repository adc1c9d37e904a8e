"""The demonstration: the numbers of the reference page, from real rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F, Max, Min
from django.test import override_settings
from pytest_django import DjangoDbBlocker, Settings

from organizations.models import Membership, Organization, User
from petitions.counts.verifying import verify
from petitions.demo.content import STAFF_EMAIL
from petitions.demo.load import load_demo
from petitions.models import CountChange, MailTally, Petition, Signature
from petitions.states import State

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

REFERENCE = [
    ("Stéphane Dion", 15_261),
    ("TBD", 601),
    ("Phone", 1),
    ("Marco Antonio Higuera Gomez", 5_893),
]


@pytest.fixture(autouse=True)
def _pictures(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


# Before `told`, whose rows stay for all tests below.
def test_a_real_site_is_not_filled_with_it() -> None:
    with pytest.raises(CommandError, match="Not a demonstration: set DEMO=1"):
        call_command("load_demo")

    assert not Organization.objects.exists()


@pytest.fixture(scope="module")
def told(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[tuple[int, int]]]:
    """Loaded once for all tests; what each of them changes is undone by itself."""
    told: list[tuple[int, int]] = []
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
            load_demo(
                now=NOW, time_zone="UTC", progress=lambda *step: told.append(step)
            )
        yield told
        transaction.set_rollback(True)


def test_the_content(told: list[tuple[int, int]]) -> None:
    amnesty, other = Organization.objects.order_by("name")
    assert amnesty.name == "Amnesty International Canada"
    petitions = amnesty.petitions.ever_public(NOW)
    shown = petitions.in_profile_order().complete()

    assert [(p.targets.all()[0].name, p.supporters) for p in shown] == REFERENCE
    assert petitions.supporters() == 21_756
    # Each of them is a row, not a number.
    assert Signature.objects.filter(petition__organization=amnesty).count() == 21_756
    assert shown[0].targets.count() == 2
    assert shown[0].targets.all()[1].office
    states = set(other.petitions.values_list("state", flat=True))
    assert {State.OPEN, State.CLOSED, State.WON} <= states
    assert all(proof.holds for proof in verify())
    assert not CountChange.objects.exists()
    assert told[-1] == (told[-1][1], Signature.objects.count())
    assert len(told) > 10


def test_supporters_are_spread_over_time_some_named_some_with_comments(
    told: list[tuple[int, int]],
) -> None:
    for petition in Petition.objects.all():
        number = petition.signatures.count()
        times = petition.signatures.aggregate(
            first=Min("created_at"), last=Max("confirmed_at")
        )
        assert petition.opens_at is not None
        if number:
            assert petition.opens_at <= times["first"]
            assert times["last"] <= NOW
        if number > 500:
            assert petition.daily_totals.values("day").distinct().count() > 20
    named = Signature.objects.filter(show_name=True).count()
    assert 0.02 < named / Signature.objects.count() < 0.1
    assert Signature.objects.exclude(comment="").count() > 100
    assert MailTally.objects.exclude(confirmed=F("signed")).count() < (
        MailTally.objects.count() / 2
    )


def test_the_staff_work_for_one_organisation(told: list[tuple[int, int]]) -> None:
    staff = User.objects.get(email=STAFF_EMAIL)

    assert not staff.is_superuser
    assert Membership.objects.get(user=staff).organization.name.startswith("Amnesty")


def test_it_is_loaded_once_and_only_the_password_is_new(
    told: list[tuple[int, int]], settings: Settings
) -> None:
    settings.DEMO = True
    before = Signature.objects.count()

    call_command("load_demo", password="one that is new")

    assert Signature.objects.count() == before
    assert User.objects.get(email=STAFF_EMAIL).check_password("one that is new")
