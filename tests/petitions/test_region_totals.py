"""Numbers by region: the worker counts, readers and staff see."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from petitions.counts.folding import fold
from petitions.models import Petition, RegionTotal
from petitions.region_totals import count_regions, region_table
from petitions.signatures import withdrawing
from tests.factories import make_petition, make_signature

pytestmark = pytest.mark.django_db


@pytest.fixture
def petition() -> Petition:
    return make_petition(asks_postal_code=True, asks_country=True)


def signed(petition: Petition, number: int, **place: Any) -> list[Any]:
    return [make_signature(petition, **place) for _ in range(number)]


def counted(petition: Petition, now: datetime | None = None) -> dict[str, int]:
    """Have the worker count, and return what it stored."""
    while fold():
        pass
    count_regions(now or timezone.now())
    return dict(petition.region_totals.values_list("region", "number"))


def table(client: Client, petition: Petition) -> list[list[str]]:
    """The table by region as readers see it, without its bars."""
    page = client.get(reverse("petitions:history", args=[petition.slug])).text
    found = re.search(r'<table class="history regions">.*?</table>', page, re.DOTALL)
    if not found:
        return []
    rows = re.findall(r"<tr>.*?</tr>", found[0], re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[cell.strip() for cell in row[:2]] for row in cells]


def lines(petition: Petition) -> list[tuple[str, int]]:
    """The same, as they are now, whatever page is kept for some seconds."""
    with override("en"):
        found = region_table(petition, "en")
    return [(name, number) for name, number, _share in found.lines] if found else []


def test_numbers_are_those_of_the_rows(petition: Petition) -> None:
    signed(petition, 13, country="CA", postal_code="H2X 1Y4")
    signed(petition, 12, country="CA", postal_code="K1A 0B1")
    germans = signed(petition, 10, country="DE", postal_code="10115")
    signed(petition, 1, country="AT")
    signed(petition, 1)
    make_signature(make_petition(asks_country=True), country="FR")

    # A single one stands with the others, from the database on.
    assert counted(petition) == {"CA-QC": 13, "CA-ON": 12, "DE": 10, "": 2}

    for gone in germans:
        withdrawing.withdraw(gone, now=timezone.now())
    assert counted(petition) == {"CA-QC": 13, "CA-ON": 12, "": 2}
    assert (
        petition.region_totals.aggregate(sum=Sum("number"))["sum"]
        == petition.signatures.confirmed().count()
    )


def test_what_has_hardly_changed_is_not_counted_again(petition: Petition) -> None:
    signed(petition, 10, country="DE")
    first = timezone.now()
    counted(petition, first)
    counted(petition)
    signed(petition, 9, country="DE")
    counted(petition)

    assert RegionTotal.objects.get(region="DE").counted_at == first


def test_nobody_is_told_by_two_tables(petition: Petition) -> None:
    """Whoever reads again an hour later, and knows who has signed since, finds no
    number that went on by fewer than ten."""
    signed(petition, 20, country="CA", postal_code="H2X 1Y4")
    signed(petition, 15, country="CA", postal_code="K1A 0B1")
    counted(petition)
    before = [("Quebec, Canada", 20), ("Ontario, Canada", 15)]
    assert lines(petition) == before

    signed(petition, 1, country="CA", postal_code="H2X 1Y4")
    counted(petition)
    assert lines(petition) == before

    signed(petition, 1, country="CA", postal_code="H2X 1Y4")
    signed(petition, 10, country="CA", postal_code="K1A 0B1")
    counted(petition)
    assert lines(petition) == [
        ("Ontario, Canada", 25),
        ("Other places, or not said", 22),
    ]

    signed(petition, 10, country="CA", postal_code="H2X 1Y4")
    counted(petition)
    assert lines(petition) == [
        ("Quebec, Canada", 32), ("Ontario, Canada", 25),
    ]  # fmt: skip


def test_where_many_have_gone_the_last_table_stands(petition: Petition) -> None:
    quebec = signed(petition, 20, country="CA", postal_code="H2X 1Y4")
    ontario = signed(petition, 20, country="CA", postal_code="K1A 0B1")
    before = counted(petition)
    for gone in (*quebec[:6], *ontario[:6]):
        withdrawing.withdraw(gone, now=timezone.now())
    assert counted(petition) == before

    for gone in quebec[6:10]:
        withdrawing.withdraw(gone, now=timezone.now())
    signed(petition, 6, country="CA", postal_code="K1A 0B1")
    assert counted(petition) == {"CA-QC": 10, "CA-ON": 20, "": 0}


def test_a_petition_that_does_not_ask_is_not_counted() -> None:
    petition = make_petition()
    signed(petition, 10)

    assert counted(petition) == {}


@pytest.mark.parametrize("values", [{"anonymised_to": 1}, {"gone": True}])
def test_numbers_stay_when_names_are_erased(
    petition: Petition, values: dict[str, Any]
) -> None:
    signed(petition, 10, country="CA", postal_code="H2X 1Y4")
    assert counted(petition) == {"CA-QC": 10, "": 0}
    signed(petition, 10, country="CA", postal_code="K1A 0B1")
    if values.pop("gone", False):
        now = timezone.now()
        values = {"state": "closed", "ended_at": now, "anonymised_at": now}
    Petition.objects.filter(pk=petition.pk).update(**values)
    petition.signatures.update(postal_code="")

    assert counted(petition) == {"CA-QC": 10, "": 0}


def test_readers_see_regions_and_small_ones_together(
    petition: Petition, client: Client
) -> None:
    signed(petition, 12, country="CA", postal_code="H2X 1Y4")
    signed(petition, 11, country="CA", postal_code="K1A 0B1")
    signed(petition, 8, country="US", postal_code="10001")
    signed(petition, 3)
    counted(petition)

    assert table(client, petition) == [
        ["Quebec, Canada", "12"],
        ["Ontario, Canada", "11"],
        ["Other places, or not said", "11"],
    ]


def test_nobody_finds_a_small_number_by_subtracting(
    petition: Petition, client: Client
) -> None:
    """One from elsewhere would be the only one: the smallest region hides them."""
    signed(petition, 12, country="CA", postal_code="H2X 1Y4")
    signed(petition, 11, country="CA", postal_code="K1A 0B1")
    signed(petition, 1, country="US", postal_code="10001")
    counted(petition)

    assert table(client, petition) == [
        ["Quebec, Canada", "12"],
        ["Other places, or not said", "12"],
    ]


def test_readers_see_countries_where_no_region_is_known(
    petition: Petition, client: Client
) -> None:
    signed(petition, 11, country="DE")
    signed(petition, 10, country="AT")
    counted(petition)

    assert table(client, petition) == [["Germany", "11"], ["Austria", "10"]]


@pytest.mark.parametrize("others", [0, 9])
def test_one_line_is_no_table(petition: Petition, client: Client, others: int) -> None:
    signed(petition, 11, country="DE")
    signed(petition, others, country="AT")
    counted(petition)

    assert table(client, petition) == []
