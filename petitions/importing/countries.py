"""Countries by their codes and by their names in every language."""

from __future__ import annotations

import pickle
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import pycountry
from babel.localedata import locale_identifiers, resolve_locale_filename

from petitions.names import folded_name
from petitions.signatures.forms import countries

# What people and other systems write besides the codes of ISO 3166 and the names of
# CLDR.
OTHER_NAMES = {
    "uk": "GB", "great britain": "GB", "britain": "GB", "england": "GB",
    "scotland": "GB", "wales": "GB", "northern ireland": "GB", "el": "GR",
    "america": "US", "holland": "NL", "burma": "MM", "swaziland": "SZ",
    "ivory coast": "CI", "dr congo": "CD", "drc": "CD", "uae": "AE", "turkey": "TR",
    "macedonia": "MK", "cape verde": "CV",
    "czech republic": "CZ", "republic of ireland": "IE", "east timor": "TL",
    "palestine": "PS", "state of palestine": "PS", "republic of korea": "KR",
    "grande bretagne": "GB", "angleterre": "GB", "ecosse": "GB",
    "pays de galles": "GB", "irlande du nord": "GB", "hollande": "NL",
    "birmanie": "MM", "macedoine": "MK", "republique tcheque": "CZ",
    "etats unis damerique": "US", "rdc": "CD", "rd congo": "CD",
    "republique democratique du congo": "CD", "oesterreich": "AT",
    "bosnia": "BA", "vatican": "VA", "hong kong": "HK", "macau": "MO",
}  # fmt: skip
LONGEST_CODE = 3
# Of two countries, the official name of one; it may be either.
OF_SEVERAL = frozenset({"congo"})


@lru_cache(maxsize=1000)
def country_code(said: str) -> str:
    """Return the ISO code of the country that is meant by a code of two or three
    letters or by a name in any language; "" when none is, or several may be."""
    name = folded_name(said).removeprefix("the ")
    if name in OF_SEVERAL:
        return ""
    if len(name) <= LONGEST_CODE and not said.strip().replace(".", "").isalpha():
        return ""  # “N/A” is not Namibia
    return usual_names().get(name) or names_anywhere().get(name, "")


@lru_cache(maxsize=1)
def usual_names() -> dict[str, str]:
    """Return codes by code, and by names in English and French."""
    codes: dict[str, str] = {}
    inhabited = dict(countries("en"))
    for language in ("fr", "en"):
        codes |= {folded_name(name): code for code, name in countries(language)}
    for country in pycountry.countries:
        if country.alpha_2 in inhabited:
            for key in ("name", "official_name", "common_name", "alpha_3"):
                if name := getattr(country, key, ""):
                    codes.setdefault(folded_name(name), country.alpha_2)
    codes |= OTHER_NAMES
    return codes | {code.lower(): code for code in inhabited}


@lru_cache(maxsize=1)
def names_anywhere() -> dict[str, str]:
    """Return codes by names in all languages of CLDR, without names that are different
    countries in two of them."""
    inhabited = dict(countries("en"))
    codes_by_name: dict[str, set[str]] = defaultdict(set)
    for language in locale_identifiers():
        if "_" not in language:
            for code, name in territories(language).items():
                if code in inhabited:
                    codes_by_name[folded_name(name)].add(code)
    return {
        name: codes.pop() for name, codes in codes_by_name.items() if len(codes) == 1
    }


def territories(language: str) -> dict[str, str]:
    """Return the names of countries as Babel has them on disk: `Locale` would keep all
    that it knows of each language in memory, 100 MB in the end."""
    content = Path(resolve_locale_filename(language)).read_bytes()
    names: dict[str, str] = pickle.loads(content).get("territories", {})  # noqa: S301
    return names
