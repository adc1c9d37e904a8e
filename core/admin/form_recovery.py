"""Recovery of what staff typed when their form meets the login page, or a row that is
gone.

A session ends while somebody writes, or a login in another window makes the form's CSRF
token stale. What was typed is then carried through the login in a hidden, signed field,
stored nowhere, and offered to the account that typed it: to look at, and to send with a
button. Each form says whose it is (templatetags/owned.py); nothing is offered for one
that does not, or that is not known to come from a page of this site.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core import signing
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.csp import CSP
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from core.admin.logins import LoginForm
from core.http.origin import (
    Origin,
    origin_of,
)
from core.http.problems import problem
from core.observability.logs import log_context

TYPED_BY = "_typed_by"
CARRIED = "_typed"
SALT = "config.retyping"
MARK_SALT = "core.admin.form_recovery.mark"
"""A salt of its own: a signature for the one field is never valid for the other."""
LONGEST = 500_000
"""The maximum of characters carried; a petition has at most 40,000 in each language."""
KEPT = 12 * 60 * 60
# Beginnings of hidden fields that a page adds: for Django, for us, for its previews.
NOT_TYPED = ("_", "initial-", "preview_")
LEFT_OUT = {"csrfmiddlewaretoken", TYPED_BY, CARRIED}
# What buttons and hidden fields of our own pages are named; a column of the same name
# is typed nevertheless.
PRESSED = {"form", "confirmed", "previewed", "newest", "revision"}


def mark_of(account: int) -> str:
    return signing.Signer(salt=MARK_SALT).sign(str(account))


@dataclass
class Typed:
    """The content of a form that was not accepted, and whose it is."""

    path: str
    account: int
    pairs: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """Names of the file fields that were filled in: browsers keep no files."""
    is_too_long: bool = False

    def carried(self) -> str:
        return signing.dumps(asdict(self), salt=SALT, compress=True)

    def shown(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Return labels and values of what was typed or chosen, as the form's page
        names both; rows are named only if `request` may see them."""
        model = model_at(self.path)
        words = [
            label_and_value(request, model, name, value)
            for name, value in self.pairs
            if value
            and "__prefix__" not in name  # the template of added rows
            and not name.startswith(NOT_TYPED)
            and not name.endswith(("_FORMS", "-id"))
        ]
        return [(label, value) for label, value in words if label]


def model_at(path: str) -> type[models.Model] | None:
    """Return the model whose admin has the page at `path`; None for other pages."""
    try:
        name = resolve(path.partition("?")[0]).url_name or ""
    except Resolver404:
        return None
    label = re.fullmatch(r"([a-z]+)_([a-z]+)_[a-z_]+", name)
    try:
        return apps.get_model(label[1], label[2]) if label else None
    except LookupError:
        return None


def label_and_value(
    request: HttpRequest, model: type[models.Model] | None, name: str, value: str
) -> tuple[str, str]:
    """Return a field's label, with the number of its row, and its value as a choice is
    labelled; name and value as sent when the model has no such column. The label is ""
    for what nobody typed, for an inline's reference to its parent, and for a row that
    is gone or may not be seen."""
    row = re.fullmatch(r"(\w+)-([0-9]{1,6})-(\w+)", name)
    try:
        if model is None:
            raise FieldDoesNotExist
        if row:
            relation = model._meta.get_field(row[1])
            column = relation.related_model._meta.get_field(row[3])  # type: ignore[union-attr]
            if column is getattr(relation, "remote_field", None):
                return "", value
        else:
            column = model._meta.get_field(re.sub(r"_[01]$", "", name))
        label = str(column.verbose_name)  # type: ignore[union-attr]
    except (FieldDoesNotExist, AttributeError):
        if name in PRESSED:
            return "", value
        return name.replace("-", " ").replace("_", " ").strip(), value
    if column.is_relation:
        value = name_of(request, column.related_model, value)
        if not value:
            return "", value
    choices = dict(getattr(column, "flatchoices", ()))
    if row:
        label = (
            f"{relation.related_model._meta.verbose_name} {int(row[2]) + 1}: {label}"  # type: ignore[union-attr]
        )
    return capfirst(label), str(choices.get(value, value))


def name_of(request: HttpRequest, model: Any, number: str) -> str:
    """Return the name of a chosen row; "" if it is gone or `request` may not see it."""
    model_admin = admin.site._registry.get(model)
    if model_admin is None:
        return ""
    # Django's own method, which takes no lock.
    row = admin.ModelAdmin.get_object(model_admin, request, number)
    return str(row) if row and model_admin.has_view_permission(request, row) else ""


def typed_in(request: HttpRequest) -> Typed | None:
    """Return what was typed into a form of staff; None when nothing proves whose it is,
    or when it holds a password."""
    if request.method != "POST" or origin_of(request) is not Origin.OWN:
        return None
    try:
        mark = signing.Signer(salt=MARK_SALT).unsign(request.POST.get(TYPED_BY, ""))
    except signing.BadSignature:
        return None
    pairs = pairs_of(request)
    if any("password" in name for name, _value in pairs):
        return None
    typed = Typed(request.get_full_path(), int(mark), pairs, list(request.FILES))
    if sum(len(name) + len(value) for name, value in pairs) > LONGEST:
        typed.pairs, typed.is_too_long = [], True
    return typed


def pairs_of(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in LEFT_OUT
    ]


def carried_in(request: HttpRequest) -> Typed | None:
    """Return what a login form carried along; None when there is nothing, or no valid
    signature."""
    try:
        found = signing.loads(request.POST.get(CARRIED, ""), salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        return None
    found["pairs"] = [tuple(pair) for pair in found["pairs"]]
    return Typed(**found)


def ask_login(request: HttpRequest, typed: Typed | None) -> HttpResponse:
    """Answer a form with the login page (403), which says that nothing was done."""
    log_context(outcome="login is over")
    context = {
        **admin.site.each_context(request),
        "title": gettext("Your login is over"),
        "subtitle": None,
        "app_path": reverse("admin:login"),
        "next": typed.path if typed else request.get_full_path(),
        "form": LoginForm(request),
        "is_over": True,
        "typed": typed,
        "carried": typed.carried() if typed else "",
    }
    return render(request, "admin/login.html", context, status=403)


def offer(request: HttpRequest, typed: Typed, status: int = 200) -> HttpResponse:
    """Show what was typed, with a button to send it; to nobody but the account that
    typed it."""
    is_theirs = typed.account == request.user.pk
    context = {
        **admin.site.each_context(request),
        "title": gettext("Not sent yet"),
        "subtitle": None,
        "typed": typed if is_theirs else None,
        "shown": typed.shown(request) if is_theirs else [],
        "path": typed.path,
    }
    log_context(outcome="offered again" if is_theirs else "typed by another account")
    return render(request, "admin/typed_again.html", context, status=status)


def list_of(request: HttpRequest) -> str:
    """Return the URL of the list of the model whose page `request` asks for; "" for
    other pages of the admin."""
    model = model_at(request.path)
    if model is None or model not in admin.site._registry:
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@xframe_options_sameorigin
@csp_override({**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF]})
def not_there(request: HttpRequest, back: str) -> HttpResponse:
    """Answer a page of the admin whose row is gone, or is another organisation's (404):
    show what was typed, to be copied, and the way to the list at `back`. Our own pages
    may frame it, as they frame previews."""
    pairs = [pair for pair in pairs_of(request) if "password" not in pair[0]]
    account = int(request.user.pk or 0)
    typed = Typed(request.get_full_path(), account, pairs, list(request.FILES))
    context = {
        **admin.site.each_context(request),
        "title": gettext("It is not there any more"),
        "subtitle": None,
        "is_form": request.method == "POST",
        "shown": typed.shown(request),
        "back": back,
    }
    log_context(outcome="not there any more")
    return render(request, "admin/not_there.html", context, status=404)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form of staff whose CSRF token is stale."""
    if origin_of(request) is Origin.FOREIGN:
        return problem(request, 403)
    match = request.resolver_match
    name = match.view_name if match else ""
    is_in = request.user.is_authenticated
    if name == "admin:login":
        typed = carried_in(request)
        if is_in:
            return offer(request, typed, 403) if typed else redirect("admin:index")
        return ask_login(request, typed)
    if name == "admin:logout":
        return redirect("admin:index")
    typed = typed_in(request)
    if not name.startswith("admin:"):
        # Setting a password, accepting an invitation: the page, loaded again, has a new
        # token.
        return redirect(request.get_full_path())
    if not is_in:
        return ask_login(request, typed)
    if typed is None:
        return problem(request, 403)
    return offer(request, typed, 403)
