"""The audit trail in words: who did what, and what changed from what to what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import entries, tables
from core.models import AuditAction, AuditEntry

A_PAGE = 50
LONGEST = 300
"""Characters of a value that are shown."""
CONTEXT = 40
"""Characters that are shown around what changed in a longer text."""


@dataclass(frozen=True)
class Change:
    """A column's change, its values as staff know them from forms."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class EntryLine:
    """An entry in the reader's words."""

    entry: AuditEntry
    at: datetime
    who: str
    what: str
    """The kind of a row, and its number."""
    did: str
    said: str
    changes: list[Change] = field(default_factory=list)


class EntryReader:
    """Reads a page of entries: names of rows are looked up for all of them at once."""

    def __init__(
        self, page: Iterable[AuditEntry], unseen: dict[str, set[str]] | None = None
    ) -> None:
        """`unseen` are columns, by table, that are left out."""
        self.page = list(page)
        self.unseen = unseen or {}
        self.accounts = entries.names_of_actors(self.page)
        self.models = {e.table: tables.model_of(e.table) for e in self.page}
        self.rows = {
            model: self.named(model, {e.row for e in self.page if e.table == table})
            for table, model in self.models.items()
            if model is not None
        }
        self.linked: dict[tuple[type[models.Model], str], str] = {}

    def named(
        self, model: type[models.Model], numbers: set[str]
    ) -> dict[str, models.Model]:
        """Return the rows that are still there, by primary key; none of those that are
        not audited, which have no names here."""
        if not isinstance(tables.CHOICES.get(model._meta.label_lower), tables.Audited):
            return {}
        known = [n for n in numbers if n]
        return {str(n): row for n, row in model._base_manager.in_bulk(known).items()}

    def __iter__(self) -> Iterator[EntryLine]:
        return map(self.line, self.page)

    def line(self, entry: AuditEntry) -> EntryLine:
        return EntryLine(
            entry=entry,
            at=timezone.localtime(entry.at),
            who=self.who(entry),
            what=self.what(entry),
            did=str(entry.get_action_display()),
            said=self.said(entry),
            changes=list(self.changes(entry)),
        )

    def who(self, entry: AuditEntry) -> str:
        """Return who it was: an account, a process, or, unknown, by which role of the
        database."""
        if entry.account is not None:
            return self.accounts[entry.account]
        if entry.process:
            return process_words(entry.process)
        return gettext("database role %(role)s") % {"role": entry.session_role}

    def what(self, entry: AuditEntry) -> str:
        """Return what kind of row it is, and which."""
        model = self.models[entry.table]
        kind = name_of_kind(model) if model else entry.table
        if model is not None and (row := self.rows[model].get(entry.row)) is not None:
            return labelled(kind, Truncator(str(row)).chars(80))
        return f"{kind} {entry.row}".strip()

    def said(self, entry: AuditEntry) -> str:
        """Return the sentence of a note, or what a look showed."""
        now = entry.now or {}
        if entry.action == AuditAction.NOTE:
            return str(now.get("said", ""))
        if entry.action == AuditAction.LOOK:
            return f"{looks().get(str(now.get('kind')), '')} ({now.get('rows', 0)})"
        return ""

    def changes(self, entry: AuditEntry) -> Iterator[Change]:
        """Yield what changed, in the order of the model's columns."""
        if entry.action in (AuditAction.NOTE, AuditAction.LOOK):
            return
        model = self.models[entry.table]
        was, now = entry.was or {}, entry.now or {}
        known = [f.column for f in model._meta.local_concrete_fields] if model else []
        left_out = {*self.unseen.get(entry.table, ())}
        if model is not None and model._meta.pk is not None:
            left_out.add(model._meta.pk.column)
            fields = model._meta.local_concrete_fields
            left_out |= {f.column for f in fields if str(f.verbose_name) in UNTOLD}
        for column in [*known, *sorted((was | now).keys() - {*known})]:
            if column not in left_out and (column in was or column in now):
                label, of = label_and_field(model, column)
                before, after = (
                    self.shown(of, side.get(column)) for side in (was, now)
                )
                yield Change(label, *passages(before, after))

    def shown(self, of: Any, value: Any) -> str:
        """Return a value as a form would show it."""
        if value is None or value == "":
            return ""
        if value == HIDDEN:
            return HIDDEN
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        if of is not None and of.is_relation:
            return self.link(of.related_model, str(value))
        if getattr(of, "choices", None):
            return str(dict(of.flatchoices).get(value, value))
        if isinstance(of, models.DateTimeField) and (at := parse_datetime(str(value))):
            return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
        if isinstance(of, models.DateField) and (day := parse_date(str(value))):
            return date_format(day)
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return str(value)

    def link(self, model: Any, number: str) -> str:
        """Return the name of a row that another one refers to, or its number."""
        if (model, number) not in self.linked:
            row = self.named(model, {number}).get(number)
            self.linked[model, number] = str(row) if row is not None else number
        return self.linked[model, number]


HIDDEN = "…"
# What no form and no list of staff names has no label of its own: here is one.
WORDS = {
    "address": _("address"),
    "answer": _("answer"),
    "authenticator": _("second factor"),
    "body": _("words of the mail"),
    "by": _("by"),
    "changed at": _("changed at"),
    "created at": _("created at"),
    "erasable from": _("names are erased from"),
    "finished at": _("finished at"),
    "former organization slug": _("former address of an organisation"),
    "former petition slug": _("former address of a petition"),
    "handover": _("handover"),
    "key version": _("key of addresses"),
    "kind": _("kind"),
    "language": _("language"),
    "letter": _("mail to the person petitioned"),
    "made at": _("made at"),
    "made by": _("by"),
    "months": _("months"),
    "next step": _("next step after signing"),
    "organization": _("organisation"),
    "other": _("other petition"),
    "petition": _("petition"),
    "petition-topic relationship": _("topic of a petition"),
    "retention limit": _("how long names are kept at most"),
    "since": _("since"),
    "started at": _("started at"),
    "subject": _("subject"),
    "switch": _("switch of the site"),
    "tagged link": _("link with a tag"),
    "target": _("person or body petitioned"),
    "texts": _("what visitors read"),
    "topic": _("topic"),
    "type": _("kind"),
    "update": _("update"),
    "url": _("web address"),
    "user": _("account"),
}
UNTOLD = {
    "data", "dialect", "end is known", "fingerprint", "months before",
    "months lowered at", "original", "rules", "state before",
}  # fmt: skip
"""Columns that only the site itself reads."""


# What the worker does, by the name of its loop (petitions/loops.py).
LOOPS = {
    "mail": _("mail"),
    "mailings": _("mailings"),
    "asks": _("mails that ask people of imports"),
    "links": _("links to what somebody has signed"),
    "reminders": _("reminders"),
    "fold": _("counting"),
    "clock": _("the end of petitions"),
    "reports": _("messages from visitors"),
    "waiting": _("signatures set aside"),
    "limits": _("limits of sign forms"),
    "sources": _("figures by network and mail domain"),
    "regions": _("figures by region"),
    "jobs": _("invalidation of signatures"),
    "imports": _("imports of signatures"),
    "packs": _("delivery packs"),
    "undelivered": _("names that were not handed over"),
    "webhooks": _("newsletter tools"),
    "webhook notices": _("newsletter tools that are behind"),
    "office": _("answers of offices"),
    "search": _("search"),
    "words": _("words of the search"),
    "proof": _("proof of the count"),
    "checkpoints": _("checkpoints of the count log"),
    "staff mail": _("mail to staff"),
    "second factors": _("second factors"),
    "buckets": _("limits of logins"),
    "expiry": _("erasure of what is past its time"),
    "watch": _("alerts"),
}


def process_words(process: str) -> str:
    """Return what acted without an account, as `acting()` was told it, in words."""
    kind, _colon, name = process.partition(": ")
    if kind == "worker":
        what = LOOPS.get(name, name)
        return gettext("the site by itself (%(what)s)") % {"what": what}
    if kind == "command":
        return gettext("command %(name)s on the server") % {"name": name}
    if link := re.fullmatch(r"office link (\d+)", process):
        return gettext("an office, by link %(number)s") % {"number": link[1]}
    return process


def name_of_kind(model: Any) -> str:
    """Return the kind of row in words."""
    name = str(model._meta.verbose_name)
    return capfirst(str(WORDS.get(name, name)))


def labelled(what: str, value: str) -> str:
    return gettext("%(what)s: %(value)s") % {"what": what, "value": value}


def looks() -> dict[str, str]:
    """Return the kinds of looks in words."""
    return {
        "list": gettext("a list of supporters"),
        "search": gettext("a search for a person"),
        "row": gettext("one supporter"),
        "download": gettext("a download"),
    }


def label_and_field(model: Any, column: str) -> tuple[str, Any]:
    """Return the label of a column and its field; the column's name where there is no
    such field any more."""
    for known in model._meta.local_concrete_fields if model else ():
        if known.column == column:
            name = WORDS.get(str(known.verbose_name), known.verbose_name)
            return capfirst(str(name)), known
    return column, None


def common_beginning(one: str, other: str) -> int:
    """Return how many characters both texts have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], pairs))


def passages(before: str, after: str) -> tuple[str, str]:
    """Return both texts, long ones cut to what changed with a little around it."""
    if len(before) <= LONGEST and len(after) <= LONGEST:
        return before, after
    start = common_beginning(before, after)
    end = common_beginning(before[start:][::-1], after[start:][::-1])
    cut = []
    for text in (before, after):
        first, last = max(0, start - CONTEXT), len(text) - end + CONTEXT
        piece = text[first:last]
        if len(piece) > LONGEST:
            piece, last = piece[:LONGEST], 0
        cut.append(("…" if first else "") + piece + ("…" if last < len(text) else ""))
    return cut[0], cut[1]


def is_of_signers(model: type[models.Model]) -> bool:
    concrete: Any = model._meta.concrete_model
    return tables.CHOICES.get(concrete._meta.label_lower) == tables.SIGNERS


def show_history(
    model_admin: Any,
    request: HttpRequest,
    row: models.Model,
    extra_context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show what was done to a row and to its parts, newest first; of parts with pages
    of their own, as much as these show the user."""
    unseen, parts = {}, []
    for model in tables.models_of_ours():
        own = model_admin.admin_site._registry.get(model)
        hidden = model_admin.unseen(request, row, own) if own is not None else set()
        if hidden is not None:
            parts.append(model)
            unseen[model._meta.db_table] = hidden
    rows = entries.of_row(type(row), row.pk, parts)
    paginator = model_admin.get_paginator(request, rows, A_PAGE)
    page = paginator.get_page(request.GET.get(PAGE_VAR, 1))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("History"),
        "subtitle": str(row),
        "lines": list(EntryReader(page, unseen)),
        "is_signers": is_of_signers(type(row)),
        "page": page,
        "page_var": PAGE_VAR,
        "object": row,
        "opts": model_admin.opts,
        **(extra_context or {}),
    }
    opts = model_admin.opts
    templates = [
        f"admin/{opts.app_label}/{opts.model_name}/object_history.html",
        "admin/object_history.html",
    ]
    return TemplateResponse(request, templates, context)
