"""Pages of a list, by ?page= in the address."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, cast

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

# Of a list without an end, so many rows are counted, and reached by a page's number.
MOST_COUNTED = 1000


class BoundedPaginator(Paginator[Any]):
    """Pages of the first MOST_COUNTED rows: what lies behind is not even counted."""

    @cached_property
    def known(self) -> int:
        rows: Any = self.object_list[: MOST_COUNTED + 1]
        return len(rows) if isinstance(rows, list) else int(rows.count())

    @cached_property
    def count(self) -> int:
        return min(self.known, MOST_COUNTED)

    @property
    def has_more(self) -> bool:
        """Whether there are rows behind those."""
        return self.known > MOST_COUNTED


def page_of(paginator: Paginator[Any], request: HttpRequest) -> Page[Any]:
    """The page that ?page= names, the first one without it; Http404 when there is no
    such page."""
    number = request.GET.get("page") or "1"
    if not (number.isascii() and number.isdecimal() and len(number) < 8):
        raise Http404
    if int(number) not in paginator.page_range:
        raise Http404
    return paginator.page(int(number))


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
