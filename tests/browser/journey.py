"""Helpers for the browser tests: the public count."""

from __future__ import annotations

from tests.site import Site, fetch

PROFILE = "/organizations/amnesty-international-canada/"


FAMILIES = "/petitions/help-reunite-families-divided-by-prison-walls/"


def supporters(site: Site, path: str) -> int:
    """Return the public count, as its JSON says."""
    import json

    return int(json.loads(fetch(f"{site.url}{path}count.json").text)["supporters"])


def has_supporters(site: Site, path: str, number: int) -> bool:
    return supporters(site, path) == number
