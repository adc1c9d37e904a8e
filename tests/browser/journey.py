"""What tests of this folder share."""

from __future__ import annotations

from tests.site import Site, fetch

PROFILE = "/organizations/amnesty-international-canada/"


FAMILIES = "/petitions/help-reunite-families-divided-by-prison-walls/"


def supporters(site: Site, path: str) -> int:
    """The public count, as its JSON says."""
    import json

    return int(json.loads(fetch(f"{site.url}{path}count.json").text)["supporters"])


def has_supporters(site: Site, path: str, number: int) -> bool:
    return supporters(site, path) == number
