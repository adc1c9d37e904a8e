"""What is deleted is what was seen: the page that asks whether to delete carries, like
the forms of core.admin.edit_conflicts, a digest of every value of every row that would
go. Where one of them has changed meanwhile, nothing is deleted, and the page asks once
more.
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

# A page with more of them is not read.
MOST_NAMED = 50


@dataclass
class Question:
    """What the page says besides Django's: `request.deletion` in its template."""

    seen: str
    """What it was opened with, for the field SEEN."""
    is_stale: bool = False
    """Whether it was sent about something else than is stored now."""
    who: str = ""
    news: list[str] = field(default_factory=list)
    """What has changed, in words."""


def review_deletion(
    request: HttpRequest, model: type[models.Model], numbers: list[Any]
) -> None:
    """Look at what would be deleted with the rows of these numbers. A confirmation
    that was about something else is taken from the request, so that the page is shown
    instead."""
    chosen = model._base_manager.filter(pk__in=numbers).order_by("pk")
    if request.method == "POST" and connection.in_atomic_block:
        # Whoever is saving one of them is waited for.
        list(chosen.select_for_update().values_list("pk"))
    rows = doomed(chosen)
    now = {key: row_digests(row) for key, row in rows.items()}
    told = {
        "token": uuid4().hex,
        "opened": timezone.now().timestamp(),
        "rows": now,
    }
    question = Question(json.dumps(told))
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
    """Every row that goes with these, by what it is called here."""
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
    """What was changed, added and removed between the two, in words."""
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
        yield gettext("Removed meanwhile: %(number)s") % {"number": gone}
