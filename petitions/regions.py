"""The province, state or region that a signature comes from, as its postal code tells:
of Canada, the United States, France and Australia. Elsewhere it is the country.

A region is its code of ISO 3166-2, as "CA-QC"; a country its code of ISO 3166-1, as
"CA", where nothing tells which of its regions; "" is a signature that says neither. The
ranges are those of the four post offices. A few codes cross a border: what is said of
regions is for figures, and for the order of a list.
"""

from __future__ import annotations

import gettext as catalogues
import re
import string
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

import pycountry
from django.db.models import Count, F, Func, QuerySet, TextField, Value
from django.db.models.functions import Left, Upper
from django.utils.translation import gettext, override

from core.text.days import plain_word
from petitions.signatures.forms import country_names

FEWEST = 10
"""Regions and countries with fewer signatures stand together: a single one there may
be known."""
FEWEST_LINES = 2
"""The lines that a table has at least."""
START = 4
"""The characters of a postal code that tell its region."""

# Names as their governments write them, where the catalogues of pycountry do not.
WRITTEN = {
    "fr": {
        "CA-NB": "Nouveau-Brunswick",
        "CA-NT": "Territoires du Nord-Ouest",
        "CA-PE": "Île-du-Prince-Édouard",
        "US-WV": "Virginie-Occidentale",
    },
}

# What a code looks like: 9 for a digit, A for a letter.
SIGNS = string.digits + string.ascii_uppercase
SHAPES = "9" * len(string.digits) + "A" * len(string.ascii_uppercase)

CANADA = {
    "A": "NL", "B": "NS", "C": "PE", "E": "NB", "G": "QC", "H": "QC", "J": "QC",
    "K": "ON", "L": "ON", "M": "ON", "N": "ON", "P": "ON", "R": "MB", "S": "SK",
    "T": "AB", "V": "BC", "X": "NT", "X0A": "NU", "X0B": "NU", "X0C": "NU", "Y": "YT",
}  # fmt: skip

# From the first three digits on, to where the next state begins; "" is of none, or of
# the armed forces abroad.
UNITED_STATES = {
    0: "", 5: "NY", 6: "PR", 8: "VI", 9: "PR", 10: "MA", 28: "RI", 30: "NH", 39: "ME",
    50: "VT", 55: "MA", 56: "VT", 60: "CT", 70: "NJ", 90: "", 100: "NY", 150: "PA",
    197: "DE", 200: "DC", 201: "VA", 202: "DC", 206: "MD", 220: "VA", 247: "WV",
    270: "NC", 290: "SC", 300: "GA", 320: "FL", 340: "", 341: "FL", 350: "AL",
    370: "TN", 386: "MS", 398: "GA", 400: "KY", 430: "OH", 460: "IN", 480: "MI",
    500: "IA", 530: "WI", 550: "MN", 569: "DC", 570: "SD", 580: "ND", 590: "MT",
    600: "IL", 630: "MO", 660: "KS", 680: "NE", 700: "LA", 716: "AR", 730: "OK",
    733: "TX", 734: "OK", 750: "TX", 800: "CO", 820: "WY", 832: "ID", 840: "UT",
    850: "AZ", 870: "NM", 885: "TX", 889: "NV", 900: "CA", 962: "", 967: "HI",
    969: "GU", 970: "OR", 980: "WA", 995: "AK",
}  # fmt: skip

# From these four digits on.
AUSTRALIA = {
    0: "", 200: "ACT", 300: "", 800: "NT", 1000: "NSW", 2600: "ACT", 2619: "NSW",
    2900: "ACT", 2921: "NSW", 3000: "VIC", 4000: "QLD", 5000: "SA", 6000: "WA",
    7000: "TAS", 8000: "VIC", 9000: "QLD",
}  # fmt: skip

# The departments of each region, by the digits that its postal codes begin with.
FRANCE = {
    "ARA": "01 03 07 15 26 38 42 43 63 69 73 74",
    "BFC": "21 25 39 58 70 71 89 90",
    "BRE": "22 29 35 56",
    "CVL": "18 28 36 37 41 45",
    "20R": "20",
    "GES": "08 10 51 52 54 55 57 67 68 88",
    "HDF": "02 59 60 62 80",
    "IDF": "75 77 78 91 92 93 94 95",
    "NOR": "14 27 50 61 76",
    "NAQ": "16 17 19 23 24 33 40 47 64 79 86 87",
    "OCC": "09 11 12 30 31 32 34 46 48 65 66 81 82",
    "PDL": "44 49 53 72 85",
    "PAC": "04 05 06 13 83 84",
    "971": "971",
    "972": "972",
    "973": "973",
    "974": "974",
    "976": "976",
}
DEPARTMENTS = {start: code for code, all_ in FRANCE.items() for start in all_.split()}


def region_of(country: str, postal_code: str) -> str:
    """Return the region of a signature, by the country and postal code that it
    says."""
    bare = re.sub("[^0-9A-Za-z]", "", postal_code).upper()
    return region_by_shape(
        country, bare[:START], bare.translate(str.maketrans(SIGNS, SHAPES))
    )


@lru_cache(maxsize=50_000)
def region_by_shape(country: str, start: str, shape: str) -> str:
    """Return the region, by the first characters of a postal code without spaces, and
    by what all of them look like: a code that is not whole tells nothing."""
    if not country and shape == "A9A9A9":
        country = "CA"  # no other country's codes look like this
    region = ""
    match country, shape:
        case "CA", "A9A9A9":
            region = CANADA.get(start[:3]) or CANADA.get(start[0], "")
        case "US", "99999" | "999999999":
            region = last_begun(UNITED_STATES, int(start[:3]))
        case "AU", "9999":
            region = last_begun(AUSTRALIA, int(start))
        case "FR", "99999":
            region = DEPARTMENTS.get(start[:3]) or DEPARTMENTS.get(start[:2], "")
    return f"{country}-{region}" if region else country


def region_said(country: str, postal_code: str, said: str) -> str:
    """Return the region of somebody in a table, where a column may name it: by its
    code or its name."""
    region = region_of(country, postal_code)
    return region if is_region(region) or not said else region_named(region, said)


@lru_cache(maxsize=1_000)
def region_named(country: str, said: str) -> str:
    """Return the region of this code or name in a country; the country where it has
    none."""
    word = plain_word(said)
    for code in all_regions():
        if code.startswith(f"{country}-"):
            names = [subdivision_name(code, tongue) for tongue in ("en", "fr")]
            if word in {plain_word(name) for name in (code[3:], code, *names)}:
                return code
    return country


def last_begun(ranges: Mapping[int, str], number: int) -> str:
    return ranges[max(first for first in ranges if first <= number)]


def count_by_region(rows: QuerySet[Any]) -> tuple[Counter[str], Counter[str]]:
    """Return the numbers of these signatures by country, as they say it, and by
    region."""
    bare: Any = Upper(
        Func(
            F("postal_code"),
            Value("[^0-9A-Za-z]"),
            Value(""),
            Value("g"),
            function="regexp_replace",
            output_field=TextField(),
        )
    )
    shape = Func(
        bare,
        Value(SIGNS),
        Value(SHAPES),
        function="translate",
        output_field=TextField(),
    )
    countries: Counter[str] = Counter()
    regions: Counter[str] = Counter()
    groups = rows.order_by().values_list("country", Left(bare, START), shape)
    for country, start, looks, number in groups.annotate(number=Count("pk")):
        countries[country] += number
        regions[region_by_shape(country, start, looks)] += number
    return countries, regions


def all_regions() -> Iterator[str]:
    """Yield the codes of all regions that a postal code may tell."""
    for country, codes in (
        ("CA", CANADA.values()),
        ("US", UNITED_STATES.values()),
        ("AU", AUSTRALIA.values()),
        ("FR", FRANCE),
    ):
        yield from {f"{country}-{code}" for code in codes if code}


def without_small(numbers: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers by region and country that may be shown together with their
    sum; under "", always there, all others. None is of fewer than `FEWEST`, nor is what
    is left of the sum: the smallest ones hide it."""
    shown = {code: n for code, n in numbers.items() if code and n >= FEWEST}
    rest = sum(numbers.values()) - sum(shown.values())
    while shown and 0 < rest < FEWEST:
        rest += shown.pop(min(shown, key=lambda code: (shown[code], code)))
    return {**shown, "": rest}


# == In words ==


def named_places(numbers: Mapping[str, int], language: str) -> list[tuple[str, int]]:
    """Return the numbers of `without_small` by the names of regions and countries, most
    first, what stands together last; nothing where there is one line alone, which
    compares nothing. The language has to be the active one."""
    shown = without_small(numbers)
    rest = shown.pop("")
    names = region_names(shown, language)
    lines = [
        (names[code], number)
        for code, number in sorted(shown.items(), key=lambda each: (-each[1], each))
    ]
    if rest:
        lines.append((gettext("Other places, or not said"), rest))
    return lines if len(lines) >= FEWEST_LINES else []


def region_names(codes: Collection[str], language: str) -> dict[str, str]:
    """Return the names of regions and countries. Beside its regions a country is what
    is not known to be in one of them."""
    names = {code: region_name(code, language) for code in codes}
    for country in {code[:2] for code in codes if is_region(code)} & set(codes):
        names[country] = gettext("%(country)s, region not said") % {
            "country": names[country]
        }
    return names


def is_region(code: str) -> bool:
    """Return whether it is the code of a region, not that of a country."""
    return "-" in code


def subdivision_name(code: str, language: str) -> str:
    """Return the name of a region without its country; "" for a country."""
    if not is_region(code):
        return ""
    if written := WRITTEN.get(language.partition("-")[0], {}).get(code):
        return written
    subdivisions: Any = pycountry.subdivisions
    return subdivision_names(language).gettext(subdivisions.get(code=code).name)


def region_name(code: str, language: str) -> str:
    """Return the name of a region or country in `language`, with its country: "Quebec,
    Canada"."""
    country = country_names(language).get(code[:2], code[:2])
    if not is_region(code):
        return country
    with override(language):
        return gettext("%(region)s, %(country)s") % {
            "region": subdivision_name(code, language),
            "country": country,
        }


@lru_cache(maxsize=20)
def subdivision_names(language: str) -> catalogues.NullTranslations:
    """Return the names of regions in `language`, by those that pycountry has."""
    return catalogues.translation(
        "iso3166-2", pycountry.LOCALES_DIR, [language.partition("-")[0]], fallback=True
    )
