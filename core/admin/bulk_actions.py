"""Bulk actions ask first. The page of a bulk action says what it does, to which rows,
and how that is taken back; only the button of that page runs the action.

`ModelAdmin.get_actions` puts every action behind this page. An action says what stands
there with `@asks`; `manage.py check` refuses one that does not. One that has no time
for all rows returns what to ask about the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any

from django import forms
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from core.admin.edit_conflicts import SEEN, told

CONFIRMED = "confirmed"
AFTER, NEWEST, MORE = "after", "newest", "more"
# What the page writes itself, or what only a list sends.
OWN = {
    "csrfmiddlewaretoken", "action", "index", SEEN, CONFIRMED, AFTER, NEWEST, MORE,
}  # fmt: skip
MOST_LISTED = 100
"""The number of rows that the page names."""


@dataclass(frozen=True)
class NamedRow:
    """A row that the page names, with sentences about it."""

    text: str
    remarks: list[str] = field(default_factory=list)


@dataclass
class Question:
    """The text of the page of a bulk action."""

    way_back: str
    """Until when and how it can be taken back, in a sentence."""
    explanation: list[str] = field(default_factory=list)
    lines: list[NamedRow] = field(default_factory=list)
    """The rows that it is done to, or the first of them."""
    named: list[int] | QuerySet[Any, Any] = field(default_factory=list)
    """The primary keys of the rows that the page tells something of."""
    number: int = 0
    """How many rows it is done to."""
    left: list[NamedRow] = field(default_factory=list)
    """The rows that stay as they are, each with the reason."""
    button: Any = ""
    newest: int = 0
    """The highest primary key that the page covers: what comes later is not done."""
    more: bool = False
    """Whether the rows behind `newest` are asked about afterwards."""
    template: str = "admin/bulk_question.html"
    context: dict[str, Any] = field(default_factory=dict)


type Asked = Callable[[Any, HttpRequest, QuerySet[Any]], Question]


def asks[F: Callable[..., Any]](question: Asked) -> Callable[[F], F]:
    """Decorate a bulk action with what its page says before it runs."""

    def declare(func: F) -> F:
        func.question = question  # type: ignore[attr-defined]
        return func

    return declare


def declares(func: Any) -> bool:
    """Return whether an action says what its page says. Django's deletion has a page of
    its own."""
    return func is delete_selected or hasattr(func, "question")


def question_naming(
    rows: QuerySet[Any], way_back: str, line: Callable[[Any], str] = str
) -> Question:
    """Return a question that names the rows, or the first of them, by `line`."""
    counted = rows.order_by().aggregate(number=Count("pk"), newest=Max("pk"))
    listed = list(rows.order_by("pk")[:MOST_LISTED])
    return Question(
        way_back,
        lines=[NamedRow(line(row)) for row in listed],
        named=[row.pk for row in listed],
        number=counted["number"],
        newest=counted["newest"] or 0,
    )


def asking(action: Any) -> Any:
    """Return the admin's action, made to ask first."""
    if action.func is delete_selected:
        return action
    question: Asked = getattr(
        action.func,
        "question",
        lambda _admin, _request, rows: question_naming(rows, ""),
    )

    @wraps(action.func)
    def run(
        model_admin: Any, request: HttpRequest, rows: QuerySet[Any]
    ) -> HttpResponse | None:
        after = key_sent_back(request, AFTER) or 0
        newest = key_sent_back(request, NEWEST)
        if CONFIRMED not in request.POST or newest is None:
            asked = question(model_admin, request, rows.filter(pk__gt=after))
            return show_question(model_admin, request, action, asked, after)
        covered = rows.filter(pk__gt=after, pk__lte=newest)
        answer: Question | HttpResponse | None = action.func(
            model_admin, request, covered
        )
        if isinstance(answer, Question):
            return show_question(model_admin, request, action, answer, after)
        rest = rows.filter(pk__gt=newest)
        if answer is None and MORE in request.POST and rest.exists():
            asked = question(model_admin, request, rest)
            return show_question(model_admin, request, action, asked, newest)
        return answer

    return replace(action, func=run)


def key_sent_back(request: HttpRequest, name: str) -> int | None:
    """Return a primary key that the page sent back; None when it is none."""
    value = request.POST.get(name, "")
    proper = value.isascii() and value.isdecimal() and len(value) < 19
    return int(value) if proper else None


def show_question(
    model_admin: Any,
    request: HttpRequest,
    action: Any,
    question: Question,
    after: int = 0,
) -> HttpResponse:
    """Show the page. What the list sent is sent once more by its button."""
    hidden = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in OWN
        for value in values
    ]
    if not request.POST.getlist(ACTION_CHECKBOX_NAME):
        hidden.append((ACTION_CHECKBOX_NAME, "0"))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": str(action.description) % {
            "verbose_name": model_admin.opts.verbose_name,
            "verbose_name_plural": model_admin.opts.verbose_name_plural,
        },
        "opts": model_admin.opts,
        "action": action.name,
        "question": question,
        "unnamed": question.number - len(question.lines),
        "after": str(after),
        "newest": str(question.newest),
        "hidden": hidden,
        "seen": told(forms.Form()),
        "action_url": request.get_full_path(),
        **question.context,
    }  # fmt: skip
    return TemplateResponse(request, question.template, context)
