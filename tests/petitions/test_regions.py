"""The province, state or region that a postal code tells."""

from __future__ import annotations

import pycountry
import pytest
from django.utils.translation import override

from petitions import regions
from petitions.models import Signature
from petitions.regions import (
    all_regions,
    count_by_region,
    named_places,
    region_name,
    region_of,
    subdivision_name,
)
from tests.factories import make_petition, make_signature

CODES = [
    # Canada: by the first letter; Nunavut by three characters.
    ("CA", "H2X 1Y4", "CA-QC"),
    ("CA", "h2x1y4", "CA-QC"),
    ("CA", "G1R-2J6", "CA-QC"),
    ("CA", "K1A 0B1", "CA-ON"),
    ("CA", "V8W 1P6", "CA-BC"),
    ("CA", "A1C 5M3", "CA-NL"),
    ("CA", "X0A 0H0", "CA-NU"),
    ("CA", "X1A 2P7", "CA-NT"),
    ("CA", "Y1A 2C6", "CA-YT"),
    ("", "E3B 5H1", "CA-NB"),  # nobody else's codes look like this
    ("GB", "W1A 1AA", "GB"),
    ("", "W1A 1AA", ""),
    ("CA", "H2X", "CA"),
    ("CA", "W1A 1A1", "CA"),  # no province begins with W
    ("CA", "90210", "CA"),
    # The United States: five digits, or nine.
    ("US", "90210", "US-CA"),
    ("US", "10001-1234", "US-NY"),
    ("US", "00501", "US-NY"),
    ("US", "00801", "US-VI"),
    ("US", "00901", "US-PR"),
    ("US", "05501", "US-MA"),
    ("US", "05601", "US-VT"),
    ("US", "20101", "US-VA"),
    ("US", "20500", "US-DC"),
    ("US", "73301", "US-TX"),
    ("US", "73401", "US-OK"),
    ("US", "88510", "US-TX"),
    ("US", "99501", "US-AK"),
    ("US", "09012", "US"),  # the armed forces abroad
    ("US", "9021", "US"),
    ("US", "٩٠٢١٠", "US"),
    ("", "90210", ""),
    # Australia: four digits.
    ("AU", "2000", "AU-NSW"),
    ("AU", "2601", "AU-ACT"),
    ("AU", "2620", "AU-NSW"),
    ("AU", "2905", "AU-ACT"),
    ("AU", "0800", "AU-NT"),
    ("AU", "7000", "AU-TAS"),
    ("AU", "0123", "AU"),
    # France: by the department.
    ("FR", "75011", "FR-IDF"),
    ("FR", "29200", "FR-BRE"),
    ("FR", "20000", "FR-20R"),
    ("FR", "97410", "FR-974"),
    ("FR", "98000", "FR"),  # Monaco's
    ("FR", "7501", "FR"),
    # Elsewhere, and where nothing is said.
    ("DE", "10115", "DE"),
    ("DE", "", "DE"),
    ("", "", ""),
]


@pytest.mark.parametrize(("country", "code", "region"), CODES)
def test_a_postal_code_tells_the_region(country: str, code: str, region: str) -> None:
    assert region_of(country, code) == region


@pytest.mark.django_db
def test_the_database_counts_the_same() -> None:
    petition = make_petition(asks_postal_code=True, asks_country=True)
    for country, code, _region in CODES:
        make_signature(petition, country=country, postal_code=code)

    countries, counted = count_by_region(Signature.objects.filter(petition=petition))

    expected = [region for *_, region in CODES]
    assert counted == {region: expected.count(region) for region in expected}
    said = [country for country, *_ in CODES]
    assert countries == {country: said.count(country) for country in said}


def test_every_region_has_a_name() -> None:
    told = {
        "CA": set(regions.CANADA.values()),
        "US": set(regions.UNITED_STATES.values()),
        "AU": set(regions.AUSTRALIA.values()),
        "FR": set(regions.FRANCE),
    }
    for country, codes in told.items():
        for code in codes - {""}:
            assert pycountry.subdivisions.get(code=f"{country}-{code}"), (country, code)  # type: ignore[no-untyped-call]
    for country, number in (("CA", 13), ("US", 50), ("AU", 8)):
        kinds = {"Province", "Territory", "State"} if country != "US" else {"State"}
        known = pycountry.subdivisions.get(country_code=country)  # type: ignore[no-untyped-call]
        named = {each.code[3:] for each in known if each.type in kinds}
        assert len(named) == number
        assert named <= told[country]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_two_regions_have_one_name(language: str) -> None:
    """A list that is printed by region is read by their names."""
    names = [subdivision_name(code, language) for code in all_regions()]

    assert len({*names}) == len(names) == 93


def test_names_are_in_the_readers_language() -> None:
    assert region_name("CA-QC", "en") == "Quebec, Canada"
    assert region_name("CA-QC", "fr") == "Québec, Canada"
    assert region_name("CA-NB", "fr") == "Nouveau-Brunswick, Canada"
    assert region_name("CA-NB", "en") == "New Brunswick, Canada"
    assert region_name("US-CA", "fr") == "Californie, États-Unis"
    assert region_name("FR", "fr") == "France"


def test_small_numbers_stand_together() -> None:
    numbers = {"CA-QC": 20, "CA": 12, "US-NY": 9, "DE": 3, "": 4, "CA-ON": 30}

    with override("en"):
        assert named_places(numbers, "en") == [
            ("Ontario, Canada", 30),
            ("Quebec, Canada", 20),
            ("Canada, region not said", 12),
            ("Other places, or not said", 16),
        ]


@pytest.mark.parametrize("left", [{"DE": 3}, {"": 9}, {"DE": 1, "FR": 1}])
def test_what_is_left_is_never_small(left: dict[str, int]) -> None:
    numbers = {"CA-QC": 20, "CA-ON": 30, "AT": 11, **left}

    with override("en"):
        assert named_places(numbers, "en") == [
            ("Ontario, Canada", 30),
            ("Quebec, Canada", 20),
            ("Other places, or not said", 11 + sum(left.values())),
        ]
        assert named_places({"DE": 30, **left}, "en") == []
