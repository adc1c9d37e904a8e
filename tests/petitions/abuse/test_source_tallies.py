"""Networks and mail domains that bring very many signatures within an hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

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


def readings(name: str = "sources_standing_out") -> tuple[float, str]:
    (found,) = [reading for reading in probes.read_all(NOW) if reading.name == name]
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


UNKNOWN = "signatures_of_unknown_networks"


def test_a_proxy_that_nobody_declared_is_told(petition: Petition) -> None:
    sign(petition, 9, NOW - timedelta(hours=20), None, "gmail.com")
    assert readings(UNKNOWN) == (9, "")

    # Few at a time, too: nothing else would tell the operator of a small site.
    sign(petition, 1, NOW - timedelta(hours=3), None, "example.org")

    number, trouble = readings(UNKNOWN)
    assert number == 10
    assert trouble.startswith("Of 10 of the newest 10 signatures nobody knows the netw")
    assert "does TRUSTED_PROXIES name that proxy?" in trouble


def test_it_is_told_once(petition: Petition) -> None:
    sign(petition, 100, NOW, None, "gmail.com")
    source_tallies.tally(NOW)
    SourceTally.objects.filter(kind=SourceTally.Kind.DOMAIN).delete()

    assert readings() == (0, "")
    assert readings(UNKNOWN)[1]


def test_some_without_a_network_are_no_trouble(
    petition: Petition, settings: Any
) -> None:
    # Of more than a day ago, when the proxy was not declared yet.
    sign(petition, 20, NOW - timedelta(hours=25), None, "gmail.com")
    assert readings(UNKNOWN) == (0, "")

    # From the office beside the server, maybe.
    sign(petition, 34, NOW, "11.22.33.0/24", "example.org")
    sign(petition, 16, NOW, None, "example.net")
    assert readings(UNKNOWN) == (16, "")
    sign(petition, 1, NOW, None, "example.com")
    assert readings(UNKNOWN)[1].startswith("Of 17 of the newest 50 signatures")

    settings.DEMO = True
    assert readings(UNKNOWN) == (17, "")


ONE = "signatures_of_one_network"


def test_a_proxy_that_passes_for_the_visitor_is_told(petition: Petition) -> None:
    """All who come through it share the limits of its network, slowly, too."""
    sign(petition, 1, NOW - timedelta(hours=23), "12.1.1.0/24", "example.org")
    for hour in range(1, 8):
        moment = NOW - timedelta(hours=3 * hour)
        sign(petition, 7, moment, "11.22.33.0/24", "gmail.com")
    # A campus, a town: nearly all are not all.
    assert readings(ONE) == (49, "")

    sign(petition, 1, NOW, "11.22.33.0/24", "example.org")

    number, trouble = readings(ONE)
    assert number == 50
    assert trouble.startswith("The newest 50 signatures came from one network.")
    assert "name it in TRUSTED_PROXIES" in trouble
    assert "11.22" not in trouble


def test_a_network_that_stands_out_may_be_a_proxy(petition: Petition) -> None:
    sign(petition, 100, NOW, "11.22.33.0/24", "gmail.com")
    source_tallies.tally(NOW)
    assert "TRUSTED_PROXIES" in readings()[1]

    SourceTally.objects.filter(kind=SourceTally.Kind.NETWORK).delete()
    row = SourceTally.objects.get(kind=SourceTally.Kind.DOMAIN)
    SourceTally.objects.filter(pk=row.pk).update(source="bulk.test")
    number, trouble = readings()
    assert number == 1
    assert "TRUSTED_PROXIES" not in trouble


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
