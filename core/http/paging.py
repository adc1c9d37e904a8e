"""Pagination by ?page= in the query."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest


class BoundedPaginator(Paginator[Any]):
    """A paginator of the first `most` rows of an endless list: what follows is not even
    counted."""

    most: ClassVar[int] = 1000

    @cached_property
    def known(self) -> int:
        rows: Any = self.object_list[: self.most + 1]
        return len(rows) if isinstance(rows, list) else int(rows.count())

    @cached_property
    def count(self) -> int:
        return min(self.known, self.most)

    @property
    def has_more(self) -> bool:
        """True when there are more rows than `most`."""
        return self.known > self.most


class CappedPaginator(BoundedPaginator):
    """A paginator for lists of staff: counting millions of rows takes seconds."""

    most = 10_000


def page_of(paginator: Paginator[Any], request: HttpRequest) -> Page[Any]:
    """Return the page that ?page= names, by default the first; raise Http404 if there
    is none."""
    number = request.GET.get("page") or "1"
    if not (number.isascii() and number.isdecimal() and len(number) < 8):
        raise Http404
    if int(number) not in paginator.page_range:
        raise Http404
    return paginator.page(int(number))
