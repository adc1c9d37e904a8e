"""Edit conflicts on deletion: only what was seen is deleted. The page that asks whether
to delete carries, like the forms of core.admin.edit_conflicts, a digest of every value
of every row that would go. If one of them has changed in the meantime, nothing is
deleted, and the page asks again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.contrib.admin.utils import NestedObjects
from django.db import connection, models
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext

from core.admin import saves
from core.admin.edit_conflicts import arrived, digest
from core.text.numbers import Counted

# Nobody reads a page that names more changes.
MOST_NAMED = 50


@dataclass
class DeletionReview:
    """The review of a deletion, which its page shows: `request.deletion` in the
    template."""

    seen: str
    """The page's token and digests, for its hidden field SEEN."""
    is_stale: bool = False
    """Set when a confirmation was about other values than are stored now."""
    who: str = ""
    news: list[str] = field(default_factory=list)
    """The changes since, in sentences."""


def review_deletion(
    request: HttpRequest, model: type[models.Model], numbers: list[Any]
) -> None:
    """Compare the rows that would be deleted with those that a confirmation was about,
    and set `request.deletion`. If they differ, the confirmation is removed from the
    request, so that Django shows the page again."""
    chosen = model._base_manager.filter(pk__in=numbers).order_by("pk")
    if request.method == "POST" and connection.in_atomic_block:
        # Wait for whoever is saving one of them.
        list(chosen.select_for_update().values_list("pk"))
    rows = doomed(chosen)
    now = {key: row_digests(row) for key, row in rows.items()}
    told = {
        "token": uuid4().hex,
        "opened": timezone.now().timestamp(),
        "rows": now,
    }
    question = DeletionReview(json.dumps(told))
    request.deletion = question  # type: ignore[attr-defined]
    if "post" not in request.POST:
        return
    sent = arrived(request)
    if sent.rows == now:
        return
    question.is_stale = True
    if sent.rows:
        question.who = next(
            filter(
                None, (saves.meanwhile(model, str(n), sent.opened) for n in numbers)
            ),
            "",
        )
        question.news = list(news(rows, sent.rows, now))[:MOST_NAMED]
    request.POST = QueryDict()


def doomed(chosen: models.QuerySet[Any]) -> dict[str, models.Model]:
    """Return every row that would be deleted with these, by model label and number."""
    collector = NestedObjects(using=chosen.db, origin=chosen)
    collector.collect(list(chosen))
    return {
        f"{row._meta.label_lower}-{row.pk}": row
        for rows in collector.data.values()
        for row in rows
    }


def row_digests(row: models.Model) -> dict[str, str]:
    return {
        column.name: digest(column.value_to_string(row))
        for column in row._meta.concrete_fields
    }


def news(
    rows: dict[str, models.Model],
    before: dict[str, dict[str, str]],
    now: dict[str, dict[str, str]],
) -> Iterator[str]:
    """Yield what was changed, added and removed between the two, in sentences."""
    for key, row in rows.items():
        name = f"{capfirst(str(row._meta.verbose_name))} “{row}”"
        if key not in before:
            yield gettext("Added: %(row)s") % {"row": name}
            continue
        for column in row._meta.concrete_fields:
            if before[key].get(column.name) != now[key][column.name]:
                label, text = str(column.verbose_name), column.value_to_string(row)
                yield gettext("%(row)s, “%(field)s” is now: %(value)s") % {
                    "row": name,
                    "field": label,
                    "value": text or gettext("nothing"),
                }
    gone = len(before.keys() - now.keys())
    if gone:
        yield gettext("Removed meanwhile: %(number)s") % {"number": Counted(gone)}
