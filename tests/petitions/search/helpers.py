"""A helper for the search tests."""

from __future__ import annotations

from django.utils import timezone

from petitions.search import (
    searching,
)
from petitions.search.searching import (
    SearchResults,
    SearchScope,
)


def find(words: str, **scope: object) -> SearchResults:
    return searching.search(
        searching.search_text(words),
        SearchScope(**{"now": timezone.now(), "states": (), **scope}),  # type: ignore[arg-type]
    )
