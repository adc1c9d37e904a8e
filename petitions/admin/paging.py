"""Pages of lists that may have millions of rows."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet

MOST = 10_000


class CappedPaginator(Paginator[Any]):
    """Counts to ten thousand and no further: counting millions takes seconds."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows[:MOST].count()
