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

from petitions.counts.folding import fold
from petitions.models import Petition, RegionTotal
from petitions.region_totals import count_regions
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


def test_numbers_are_those_of_the_rows(petition: Petition) -> None:
    signed(petition, 3, country="CA", postal_code="H2X 1Y4")
    signed(petition, 2, country="CA", postal_code="K1A 0B1")
    gone, *_ = signed(petition, 2, country="DE", postal_code="10115")
    signed(petition, 1)
    make_signature(make_petition(asks_country=True), country="FR")

    assert counted(petition) == {"CA-QC": 3, "CA-ON": 2, "DE": 2, "": 1}

    withdrawing.withdraw(gone, now=timezone.now())
    assert counted(petition) == {"CA-QC": 3, "CA-ON": 2, "DE": 1, "": 1}
    assert (
        petition.region_totals.aggregate(sum=Sum("number"))["sum"]
        == petition.signatures.confirmed().count()
    )


def test_what_has_not_changed_is_not_counted_again(petition: Petition) -> None:
    signed(petition, 1, country="DE")
    first = timezone.now()
    counted(petition, first)
    counted(petition)

    assert RegionTotal.objects.get().counted_at == first


def test_a_petition_that_does_not_ask_is_not_counted() -> None:
    petition = make_petition()
    signed(petition, 1)

    assert counted(petition) == {}


@pytest.mark.parametrize("values", [{"anonymised_to": 1}, {"gone": True}])
def test_numbers_stay_when_names_are_erased(
    petition: Petition, values: dict[str, Any]
) -> None:
    signed(petition, 2, country="CA", postal_code="H2X 1Y4")
    assert counted(petition) == {"CA-QC": 2}
    signed(petition, 1, country="CA", postal_code="K1A 0B1")
    if values.pop("gone", False):
        now = timezone.now()
        values = {"state": "closed", "ended_at": now, "anonymised_at": now}
    Petition.objects.filter(pk=petition.pk).update(**values)
    petition.signatures.update(postal_code="")

    assert counted(petition) == {"CA-QC": 2}


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
