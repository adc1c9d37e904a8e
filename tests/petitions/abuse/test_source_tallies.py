"""Networks and mail domains that bring very many signatures within an hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from django.test import Client
from django.utils import timezone

from core.observability import probes
from core.retention import expire
from organizations.models import User
from petitions.abuse import source_tallies
from petitions.models import ListedNetwork, Petition, SourceTally, TalliedHour
from petitions.signatures import signing
from petitions.signatures.signing import SignerInput
from tests.factories import make_petition
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]

# In the middle of an hour, so that a few minutes later it is still the same hour.
NOW = timezone.now().replace(minute=30, second=0, microsecond=0)


def sign(
    petition: Petition, number: int, now: datetime, network: str | None, domain: str
) -> None:
    for each in range(number):
        given = SignerInput(
            "Maya",
            f"signer{each}@{domain}",
            "en",
            "number",
            network=ip_network(network) if network else None,
        )
        signing.sign(petition.pk, given, now=now)


def tallies() -> dict[tuple[str, str], int]:
    return {
        (row.kind, row.source): row.signed for row in SourceTally.objects.order_by("pk")
    }


def test_signatures_are_tallied_by_hour_and_source(petition: Petition) -> None:
    sign(petition, 7, NOW, "11.22.33.0/24", "Example.org")
    sign(petition, 5, NOW, "2600:1f18:1234::/48", "example.net")
    sign(petition, 4, NOW, "11.22.34.0/24", "few.example")
    sign(petition, 6, NOW - timedelta(hours=1), None, "example.net")

    source_tallies.tally(NOW)

    hour = NOW.replace(minute=0, second=0, microsecond=0)
    rows = SourceTally.objects.values_list("hour", "kind", "source", "signed")
    assert set(rows) == {
        (hour, "all", "", 16),
        (hour, "network", "11.22.33.0/24", 7),
        (hour, "network", "2600:1f18:1234::/48", 5),
        (hour, "domain", "example.org", 7),
        (hour, "domain", "example.net", 5),
        (hour - source_tallies.HOUR, "all", "", 6),
        (hour - source_tallies.HOUR, "network", "", 6),
        (hour - source_tallies.HOUR, "domain", "example.net", 6),
    }


def test_a_tally_is_exact_however_often_it_is_made(petition: Petition) -> None:
    sign(petition, 5, NOW, None, "example.org")
    source_tallies.tally(NOW)
    source_tallies.tally(NOW)
    sign(petition, 1, NOW + timedelta(minutes=29), None, "example.org")
    source_tallies.tally(NOW + timedelta(minutes=29))
    # The last signatures of an hour are tallied in the next one.
    sign(petition, 1, NOW + timedelta(minutes=29, seconds=59), None, "example.org")
    source_tallies.tally(NOW + timedelta(minutes=31))
    sign(petition, 9, NOW + timedelta(minutes=32), None, "example.org")
    source_tallies.tally(NOW + timedelta(minutes=33))

    rows = SourceTally.objects.filter(kind="domain").order_by("hour")
    assert [row.signed for row in rows] == [7, 9]


def test_a_tally_reads_the_newest_rows_only(petition: Petition) -> None:
    sign(petition, 9, NOW - timedelta(hours=5), None, "example.org")
    source_tallies.tally(NOW - timedelta(hours=1))

    assert (
        source_tallies.after_id(NOW, 10**6)
        == TalliedHour.objects.latest("hour").after_id
    )
    assert (
        source_tallies.after_id(NOW - timedelta(hours=9), 10**6)
        == 10**6 - source_tallies.AT_MOST
    )


def test_tallies_are_forgotten_after_thirty_days(petition: Petition) -> None:
    sign(petition, 5, NOW, "11.22.33.0/24", "example.org")
    source_tallies.tally(NOW)

    expire(NOW + timedelta(days=29))
    assert SourceTally.objects.exists()
    source_tallies.tally(NOW + timedelta(days=31))
    expire(NOW + timedelta(days=31))

    assert not SourceTally.objects.exists()
    assert TalliedHour.objects.count() == 1


def readings() -> tuple[float, str]:
    (found,) = [
        reading
        for reading in probes.read_all(NOW)
        if reading.name == "sources_standing_out"
    ]
    return found.value, found.trouble


def test_what_stands_out_is_told(
    petition: Petition, as_user: Login, erin: User
) -> None:
    sign(petition, 99, NOW, "11.22.33.0/24", "gmail.com")
    source_tallies.tally(NOW)
    assert readings() == (0, "")

    sign(petition, 1, NOW, "11.22.33.0/24", "gmail.com")
    source_tallies.tally(NOW)

    number, trouble = readings()
    assert number == 1
    assert trouble.startswith("100 of 100 signatures within an hour came from one netw")
    assert f"/admin/petitions/petition/{petition.pk}/figures/" in trouble
    assert "11.22" not in trouble
    page = text_of(
        as_user(erin).get(f"/admin/petitions/petition/{petition.pk}/figures/")
    )
    assert "11.22.33.0/24 100 0 0 stands out" in page
    assert "gmail.com 100 0 0 Nothing" not in page


def test_a_proxy_that_nobody_declared_is_told(petition: Petition) -> None:
    sign(petition, 100, NOW, None, "gmail.com")
    source_tallies.tally(NOW)

    number, trouble = readings()
    assert number == 1
    assert "does TRUSTED_PROXIES name that proxy?" in trouble


@pytest.mark.parametrize("others", [199, 200])
def test_a_third_of_many_does_not_stand_out(petition: Petition, others: int) -> None:
    sign(petition, 100, NOW, "11.22.33.0/24", "gmail.com")
    for each in range(0, others, 50):
        number = min(50, others - each)
        sign(petition, number, NOW, f"12.0.{each}.0/24", "gmail.com")

    source_tallies.tally(NOW)

    assert readings()[0] == (others == 199)


def test_what_is_listed_as_allowed_does_not_stand_out(petition: Petition) -> None:
    ListedNetwork.objects.create(network="11.22.0.0/16", listing="allow")
    sign(petition, 100, NOW, "11.22.33.0/24", "gmail.com")
    source_tallies.tally(NOW)

    assert readings() == (0, "")


def test_petitions_are_looked_at_one_by_one(petition: Petition) -> None:
    sign(make_petition(), 99, NOW, "11.22.33.0/24", "gmail.com")
    sign(petition, 100, NOW, "11.22.33.0/24", "gmail.com")
    source_tallies.tally(NOW)

    assert readings()[0] == 1
    assert ("network", "11.22.33.0/24") in tallies()
