"""A walk through every page, list, filter, search, form, inline, autocomplete and action
of the admin as one member of staff. What is expected comes from the declarations
(organizations.rights), and for personal data from what the tests planted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db import models, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from organizations.models import Organization, User
from organizations.rights import Right, may, may_somewhere
from petitions.admin.transitions import TRANSITIONS
from petitions.models import Petition, Removal, Signature, SupporterRequest
from petitions.signatures.supporters import PATHS, rows_of
from tests.helpers import read_to_end

DJANGOS = {"changelist", "add", "history", "delete", "change"}
NONSENSE = "qqxzvw"
# One transition for each right that they take.
VERBS = {found.right: found.verb for found in TRANSITIONS.values()}.values()

SEE_PEOPLE = {"owner", "editor", "moderator"}
"""The roles that see supporters, by hand once more."""


def name_of(model_admin: Any) -> str:
    return f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}"


@dataclass
class Walk:
    """The walk of `user`, whose browser is `client`. `hidden` must stand on no page;
    each method yields what is wrong, in words."""

    client: Client
    user: Any
    hidden: list[str]
    planted: list[str] = field(default_factory=list)
    """What may be met, and is noted in `seen`."""
    seen: set[str] = field(default_factory=set)
    pages: int = 0
    """The number of pages that were shown."""

    def everything(self) -> Iterator[str]:
        before = snapshot()
        for model_admin in admin.site._registry.values():
            yield from self.of_model(model_admin)
        # Forms and actions were sent wherever they are not allowed.
        for model, rows in snapshot().items():
            if rows != before[model]:
                yield f"rows of {model} have changed"
        yield from self.autocompletes()
        yield from self.site_pages()
        yield from self.get("/admin/", self.user.is_active)
        for app in {model._meta.app_label for model in admin.site._registry}:
            yield from self.get(f"/admin/{app}/", None)

    def of_model(self, model_admin: Any) -> Iterator[str]:
        yield from self.lists(model_admin)
        yield from self.searches(model_admin)
        yield from self.forms(model_admin)
        yield from self.own_pages(model_admin)
        yield from self.actions(model_admin)

    def site_pages(self) -> Iterator[str]:
        """Walk the pages that belong to no model, one's own account among them; whoever
        has not logged in meets none but the login."""
        for pattern in admin.site.get_urls():
            name = getattr(pattern, "name", None)
            if not name or name in ("login", "logout"):
                continue
            for arguments in ([], [1]):
                with suppress(NoReverseMatch):
                    path = reverse(f"admin:{name}", args=arguments)
                    yield from self.get(path, None if self.user.is_active else False)
        administers = may_somewhere(self.user, Right.ADMINISTER)
        yield from self.get(reverse("operation"), administers)

    # -- what is expected --

    def holds(self, model_admin: Any, right: Right | None, row: Any = None) -> bool:
        if right is None:
            return False
        if row is None:
            return may_somewhere(self.user, right)
        return may(self.user, right, model_admin.organization_id(row))

    def sees(self, model_admin: Any, row: Any) -> bool:
        return self.holds(model_admin, model_admin.needs.view, row)

    # -- answers --

    def judge(self, path: str, answer: Any, allowed: bool | None) -> Iterator[str]:
        """Yield what is wrong with an answer; `allowed` None leaves open whether it is a
        page."""
        shown = answer.status_code == 200
        self.pages += shown
        if answer.status_code >= 500:
            yield f"{path}: {answer.status_code}"
        elif allowed is not None and shown != allowed:
            yield f"{path}: {answer.status_code}, but {allowed=}"
        sent = [str(value) for value in answer.headers.values()]
        body = b"".join(answer) if answer.streaming else answer.content
        text = unescape(body.decode(errors="replace")) + " ".join(sent)
        self.seen.update(word for word in self.planted if word in text)
        for word in self.hidden:
            if word in text and word not in path:
                yield f"{path}: shows {word}"

    def get(self, path: str, allowed: bool | None) -> Iterator[str]:
        yield from self.judge(path, self.client.get(path), allowed)

    # -- lists --

    def lists(self, model_admin: Any) -> Iterator[str]:
        """Walk the list, and each choice of each filter that it offers."""
        path = reverse(f"{name_of(model_admin)}_changelist")
        allowed = self.holds(model_admin, model_admin.needs.view)
        answer = self.client.get(path)
        yield from self.judge(path, answer, allowed)
        if answer.status_code != 200:
            return
        for row in answer.context["cl"].queryset[:100]:
            if not self.sees(model_admin, row):
                yield f"{path}: lists {row!r}"
        links = set(re.findall(r'href="(\?[^"]*)"', answer.content.decode()))
        # Orders show the same rows.
        for link in sorted(link for link in links if "o=" not in link):
            yield from self.get(path + unescape(link), None)

    def searches(self, model_admin: Any) -> Iterator[str]:
        """Search for what is hidden, and narrow by the columns that hold it: neither
        may find more than what stands nowhere does."""
        path = reverse(f"{name_of(model_admin)}_changelist")
        if not self.hidden or not self.holds(model_admin, model_admin.needs.view):
            return
        nothing = self.found(path, q=NONSENSE)
        for word in self.hidden[:4] if model_admin.search_fields else []:
            if (found := self.found(path, q=word)) != nothing:
                yield f"{path}: a search for {word} finds {found}"
        for lookup, value in self.hidden_values(model_admin):
            found = self.found(path, **{lookup: value})
            if found != 400 and found != self.found(path, **{lookup: NONSENSE}):
                yield f"{path}: {lookup}={value} finds {found}"

    def hidden_values(self, model_admin: Any) -> Iterator[tuple[str, str]]:
        """Yield lookups by which a list could be narrowed, with values that are in the
        database and hidden."""
        for column in model_admin.opts.concrete_fields:
            if isinstance(column, models.CharField | models.TextField):
                values = model_admin.model._default_manager.values_list(
                    column.name, flat=True
                )
                for value in {*values}:
                    if value and any(word in value for word in self.hidden):
                        yield column.name, value
        yield "signatures__name", Signature.objects.latest("pk").name

    def found(self, path: str, **query: str) -> Any:
        """Return the keys of the rows that a list shows, or its status."""
        answer = self.client.get(path, query)
        if answer.status_code != 200:
            return answer.status_code
        return [row.pk for row in answer.context["cl"].result_list]

    # -- forms and inlines --

    def rows(self, model_admin: Any) -> list[Any]:
        everything: Any = SimpleNamespace(user=User(is_superuser=True))
        most = 6 if model_admin.model is Petition else 2
        return list(model_admin.get_queryset(everything).order_by("pk")[:most])

    def forms(self, model_admin: Any) -> Iterator[str]:
        """Walk each row's form, its history and the question before it is deleted; and
        send the form where that is not allowed."""
        needs, name = model_admin.needs, name_of(model_admin)
        for row in self.rows(model_admin):
            sees = self.sees(model_admin, row)
            path = reverse(f"{name}_change", args=[row.pk])
            answer = self.client.get(path)
            yield from self.judge(path, answer, sees)
            if answer.status_code == 200:
                yield from self.inlines(model_admin, row, path, answer)
            reads = sees and self.holds(model_admin, needs.history or needs.view, row)
            yield from self.get(reverse(f"{name}_history", args=[row.pk]), reads)
            path_of_deletion = reverse(f"{name}_delete", args=[row.pk])
            right = sees and self.holds(model_admin, needs.delete, row)
            # Which rows can go is the business of other tests.
            yield from self.get(path_of_deletion, None if right else False)
            if not (sees and self.holds(model_admin, needs.change, row)):
                yield from self.unchanged(path, {"_save": "1", "reason": "x"})
            if not right:
                yield from self.unchanged(path_of_deletion, {"post": "yes"})
        allowed = self.holds(model_admin, needs.add)
        yield from self.get(reverse(f"{name}_add"), None if allowed else False)

    def inlines(
        self, model_admin: Any, row: Any, path: str, answer: Any
    ) -> Iterator[str]:
        """Compare the inlines that the form has, and what can be done in them, with
        their declarations."""
        shown = {type(one.opts): one for one in answer.context["inline_admin_formsets"]}
        for made in model_admin.inlines:
            needs = made.needs
            inline = made(model_admin.model, admin.site)
            sees = self.holds(inline, needs.view, row)
            if (made in shown) != sees:
                yield f"{path}: {made.__name__} shown, but {sees=}"
                continue
            for verb in ("add", "change", "delete"):
                can = sees and getattr(shown[made], f"has_{verb}_permission")
                if can and not self.holds(inline, getattr(needs, verb), row):
                    yield f"{path}: {made.__name__} lets {verb}"

    def unchanged(self, path: str, fields: dict[str, Any]) -> Iterator[str]:
        """Send a form that must change nothing, which `everything` sees to."""
        answer = self.client.post(path, fields)
        yield from self.judge(f"POST {path}", answer, None)
        read_to_end(answer)

    # -- pages of our own --

    def own_pages(self, model_admin: Any) -> Iterator[str]:
        """Walk each page that the class adds to Django's, with each row that its address
        can hold: shown where the right that it declares is held, otherwise not, and
        sent there, it changes nothing."""
        prefix = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_"
        for pattern in model_admin.get_urls():
            name = str(pattern.name or "")
            if not name or name.removeprefix(prefix) in DJANGOS:
                continue
            right = pattern.callback.right
            for path, row in self.addresses(model_admin, name):
                held = self.holds(model_admin, right, row)
                sees = (
                    row is None
                    or isinstance(row, Organization | Removal)
                    or (self.sees(model_admin, row))
                )
                # Of a person's pages each is there for whoever may serve them.
                is_person = isinstance(row, SupporterRequest) and row.pk is None
                # But for corrections, and withdrawals where nothing is counted.
                goes_on = re.search("/(correct|withdraw)/", path)
                shown = True if is_person and not goes_on else None
                yield from self.get(path, shown if held and sees else False)
                if not (held and sees):
                    yield from self.unchanged(path, {"reason": "x", "confirmed": "1"})

    def addresses(self, model_admin: Any, name: str) -> Iterator[tuple[str, Any]]:
        """Yield the URLs of a page, each with the row that decides about it."""
        rows: Any = self.rows(model_admin)
        if name in ("petitions_export_new", "petitions_unsubscribelist_new"):
            rows = Organization.objects.all()
        elif name in ("petitions_signature_call_off", "petitions_comment_call_off"):
            rows = Removal.objects.select_related("petition")
        elif name.startswith("petitions_supporterrequest_"):
            yield from self.of_supporters(f"admin:{name}")
        with suppress(NoReverseMatch):
            yield reverse(f"admin:{name}"), None
            return
        for row in rows:
            for more in [[], *([verb] for verb in VERBS)]:
                with suppress(NoReverseMatch):
                    yield reverse(f"admin:{name}", args=[row.pk, *more]), row

    def of_supporters(self, name: str) -> Iterator[tuple[str, Any]]:
        """Yield the URLs of a page about a supporter, for a row of each kind; the
        organisation that the row belongs to decides."""
        for kind, way in PATHS.items():
            rows = rows_of(kind, Organization.objects.all()).order_by("pk")
            for number, organization in rows.values_list("pk", way)[:3]:
                decides = SupporterRequest(organization_id=organization)
                for more in ([], [number]):
                    with suppress(NoReverseMatch):
                        yield reverse(name, args=[kind, number, *more]), decides

    # -- autocompletes --

    def autocompletes(self) -> Iterator[str]:
        """Ask for the choices of every relation of every model."""
        for model_admin in admin.site._registry.values():
            for column in model_admin.opts.get_fields():
                target = admin.site._registry.get(column.related_model)  # type: ignore[arg-type]
                if not column.is_relation or target is None:
                    continue
                for term in ("", *self.hidden[:1]):
                    query = urlencode({
                        "app_label": model_admin.opts.app_label,
                        "model_name": model_admin.opts.model_name,
                        "field_name": column.name, "term": term,
                    })  # fmt: skip
                    path = f"{reverse('admin:autocomplete')}?{query}"
                    answer = self.client.get(path)
                    yield from self.judge(path, answer, None)
                    if answer.status_code != 200:
                        break
                    for result in json.loads(answer.content)["results"]:
                        row = target.model._default_manager.get(pk=result["id"])
                        if not self.sees(target, row):
                            yield f"{path}: offers {row!r}"
                        if term:
                            yield f"{path}: {term} finds {row!r}"

    # -- actions --

    def actions(self, model_admin: Any) -> Iterator[str]:
        """Take each action on every row: it is offered where its right is held, and
        changes rows of organisations where it is held, and no others."""
        path = reverse(f"{name_of(model_admin)}_changelist")
        rows = model_admin.model._default_manager.all()
        for action in model_admin._get_base_actions():
            needs = model_admin.needs
            right = getattr(action.func, "right", needs.delete)
            held = self.holds(model_admin, right) and self.holds(
                model_admin, needs.view
            )
            fields = {
                "action": action.name, "index": "0", "select_across": "0",
                "_selected_action": [row.pk for row in rows], "confirmed": "1",
                "newest": "999999999", "post": "yes",
            }  # fmt: skip
            if not held:
                yield from self.unchanged(path, fields)
                continue
            theirs = [row for row in rows if self.holds(model_admin, right, row)]
            before = snapshot_of(model_admin.model, theirs)
            with transaction.atomic():
                answer = self.client.post(path, fields)
                after = snapshot_of(model_admin.model, theirs)
                transaction.set_rollback(True)
            yield from self.judge(f"{action.name} {path}", answer, None)
            if before != after:
                yield f"{action.name} {path}: changes rows of others"


def snapshot() -> dict[str, list[Any]]:
    """Return every row that an action, a form or a page of the admin could change; what
    the site notes of its own accord may grow."""
    models_here: list[Any] = [*admin.site._registry, Removal]
    return {
        model.__name__: list(model._base_manager.order_by("pk").values_list())
        for model in models_here
        if model._meta.app_label in ("organizations", "petitions")
    }


def snapshot_of(model: Any, without: list[Any]) -> list[Any]:
    """Return the rows of a model, without some."""
    rows = model._default_manager.order_by("pk")
    return list(rows.exclude(pk__in=[row.pk for row in without]).values_list())
