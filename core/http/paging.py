"""Pages of a list, by ?page= in the address."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest


class BoundedPaginator(Paginator[Any]):
    """Pages of the first `most` rows of a list without an end: what lies behind is not
    even counted."""

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
        """Whether there are rows behind those."""
        return self.known > self.most


class CappedPaginator(BoundedPaginator):
    """For lists of staff: counting millions takes seconds."""

    most = 10_000


def page_of(paginator: Paginator[Any], request: HttpRequest) -> Page[Any]:
    """The page that ?page= names, the first one without it; Http404 when there is no
    such page."""
    number = request.GET.get("page") or "1"
    if not (number.isascii() and number.isdecimal() and len(number) < 8):
        raise Http404
    if int(number) not in paginator.page_range:
        raise Http404
    return paginator.page(int(number))
