"""Pages of lists that may have millions of rows."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator

MOST = 10_000


class CappedPaginator(Paginator[Any]):
    """Counts to ten thousand and no further: counting millions takes seconds."""

    @cached_property
    def count(self) -> int:
        return int(self.object_list[:MOST].count())  # type: ignore[union-attr, call-arg]
