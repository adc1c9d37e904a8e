"""Pages of lists that may have millions of rows."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet


class CappedPaginator(Paginator[Any]):
    """Counts to ten thousand and no further: counting millions takes seconds."""

    MOST: ClassVar[int] = 10_000

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows[: self.MOST].count()


class ShortPaginator(CappedPaginator):
    """The first thousand: nobody reads on, and who asks for page 500,000 gets none."""

    MOST = 1000
