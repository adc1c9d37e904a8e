"""Template filter: rows of the admin's lists for windows too narrow for a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

register = template.Library()


@register.filter
def with_heads(
    cells: Iterable[SafeString], heads: list[dict[str, Any]]
) -> Iterator[SafeString]:
    """Give each cell of a row its column's head as an attribute, for css/admin.css to
    print."""
    for cell, head in zip(cells, heads, strict=False):
        if cell.startswith(("<td", "<th")) and "<" not in str(head["text"]):
            label = format_html(' data-head="{}"', capfirst(str(head["text"])))
            yield SafeString(cell[:3] + label + cell[3:])
        else:
            yield cell
