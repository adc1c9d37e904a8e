"""A helper for the search tests."""

from __future__ import annotations

from django.utils import timezone

from petitions.search import (
    searching,
)
from petitions.search.searching import (
    Found,
    SearchScope,
)


def find(words: str, **scope: object) -> Found:
    return searching.search(
        searching.typed(words),
        SearchScope(**{"now": timezone.now(), "states": (), **scope}),  # type: ignore[arg-type]
    )
