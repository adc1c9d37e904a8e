"""Recovery of what staff typed when their form meets the login page, or a row that is
gone.

A session ends while somebody writes, or a login in another window makes the form's CSRF
token stale. What was typed is then carried through the login in a hidden, signed field,
stored nowhere, and offered to the account that typed it: to look at, and to send with a
button. Each form says whose it is (templatetags/owned.py). One that does not (its page
is older than a new SECRET_KEY), that hides where it comes from, or that a right was
lost for meanwhile, is shown on the page that answers it, to be copied; no button sends
it. A form of another site is not shown at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_format_dict
from django.core import signing
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
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
from core.security import events

TYPED_BY = "_typed_by"
CARRIED = "_typed"
SALT = "config.retyping"
MARK_SALT = "core.admin.form_recovery.mark"
"""A salt of its own: a signature for the one field is never valid for the other."""
LONGEST = 500_000
"""The maximum of characters carried; a petition has at most 40,000 in each language."""
KEPT = 7 * 24 * 60 * 60
"""Seconds for which a login page carries a form: over a night, over a weekend."""
# Beginnings of hidden fields that a page adds: for Django, for us, for its previews.
NOT_TYPED = ("_", "initial-", "preview_")
LEFT_OUT = {"csrfmiddlewaretoken", TYPED_BY, CARRIED}
# What buttons and hidden fields of our own pages are named; a column of the same name
# is typed nevertheless.
PRESSED = {
    "form", "confirmed", "previewed", "after", "newest", "more", "revision",
}  # fmt: skip
# What a list adds to its action.
OF_LIST = {ACTION_CHECKBOX_NAME, "select_across", "index"}


def mark_of(account: int) -> str:
    return signing.Signer(salt=MARK_SALT).sign(str(account))


@dataclass
class Typed:
    """The content of a form that was not accepted, and whose it is."""

    path: str
    account: int
    """0 when nothing proves whose it is: then it is shown, but cannot be sent."""
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
            and name not in OF_LIST
        ]
        return [
            (label, value)
            for label, value in [*words, *chosen_rows(self.pairs)]
            if label
        ]


def chosen_rows(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return a label and how many rows of a list an action is for; nothing for a form
    that is no list's."""
    rows = sum(name == ACTION_CHECKBOX_NAME for name, _value in pairs)
    if not rows:
        return []
    is_all = ("select_across", "1") in pairs
    return [
        (gettext("Chosen rows"), gettext("all of the list") if is_all else str(rows))
    ]


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
        if name == "action" and model in admin.site._registry:
            action = admin.site._registry[model].get_actions(request).get(value)
            if action is not None:
                return gettext("Action"), action.description % model_format_dict(model)
        return name.replace("-", " ").replace("_", " ").strip(), value
    if column.is_relation:
        value = chosen_row_name(request, column.related_model, value)
        if not value:
            return "", value
    choices = dict(getattr(column, "flatchoices", ()))
    if row:
        label = (
            f"{relation.related_model._meta.verbose_name} {int(row[2]) + 1}: {label}"  # type: ignore[union-attr]
        )
    return capfirst(label), str(choices.get(value, value))


def chosen_row_name(request: HttpRequest, model: Any, number: str) -> str:
    """Return the name of a chosen row; "" if it is gone or `request` may not see it."""
    model_admin = admin.site._registry.get(model)
    if model_admin is None or not request.user.is_authenticated:
        return ""
    # Django's own method, which takes no lock.
    row = admin.ModelAdmin.get_object(model_admin, request, number)
    return str(row) if row and model_admin.has_view_permission(request, row) else ""


def typed_in(request: HttpRequest) -> Typed | None:
    """Return what was typed into a form; None when another site sent it, or when it
    holds a password."""
    origin = origin_of(request)
    if request.method != "POST" or origin is Origin.FOREIGN:
        return None
    pairs = pairs_of(request)
    if any("password" in name for name, _value in pairs):
        return None
    account = typed_by(request) if origin is Origin.OWN else 0
    typed = Typed(request.get_full_path(), account, pairs, list(request.FILES))
    if sum(len(name) + len(value) for name, value in pairs) > LONGEST:
        typed.pairs, typed.is_too_long = [], True
    return typed


def typed_by(request: HttpRequest) -> int:
    """Return the account that a form says it was shown to; 0 without a valid mark."""
    try:
        return int(signing.Signer(salt=MARK_SALT).unsign(request.POST[TYPED_BY]))
    except (KeyError, signing.BadSignature):
        return 0


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
        carried = signing.loads(request.POST.get(CARRIED, ""), salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        return None
    carried["pairs"] = [tuple(pair) for pair in carried["pairs"]]
    return Typed(**carried)


def in_our_frames[**P, R: HttpResponseBase](view: Callable[P, R]) -> Callable[P, R]:
    """Decorate a view whose page our own pages may frame: a form may be sent into the
    frame of a preview."""
    csp = csp_override({**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF]})
    return xframe_options_sameorigin(csp(view))


@in_our_frames
def ask_login(request: HttpRequest, typed: Typed | None) -> HttpResponse:
    """Answer a form with the login page (403), which says that nothing was done."""
    log_context(outcome="login is over")
    is_theirs = typed is not None and typed.account != 0
    context = {
        **admin.site.each_context(request),
        "title": gettext("Your login is over"),
        "subtitle": None,
        "app_path": reverse("admin:login"),
        "next": typed.path if typed else request.get_full_path(),
        "form": LoginForm(request),
        "is_over": True,
        "typed": typed,
        "shown": typed.shown(request) if typed and not is_theirs else [],
        "carried": typed.carried() if typed and is_theirs else "",
    }
    return render(request, "admin/login.html", context, status=403)


@in_our_frames
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


@in_our_frames
def row_gone(request: HttpRequest, back: str) -> HttpResponse:
    """Answer a page of the admin whose row is gone, or is another organisation's (404):
    show what was typed, to be copied, and the way to the list at `back`."""
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


@in_our_frames
def to_copy(request: HttpRequest, why: str, typed: Typed | None) -> HttpResponse:
    """Answer a form that was not taken (403): say `why`, show what was typed, to be
    copied, and lead back to a fresh page."""
    context = {
        **admin.site.each_context(request),
        "title": gettext("Not saved"),
        "subtitle": None,
        "why": why,
        "typed": typed,
        "shown": typed.shown(request) if typed else [],
        "path": request.get_full_path(),
    }
    return render(request, "admin/to_copy.html", context, status=403)


def not_allowed(request: HttpRequest) -> HttpResponse:
    """Answer a form of somebody who may not send it, or not any more."""
    events.record("permission refused", account=request.user.pk)
    why = gettext(
        "Nothing was saved or done: you may not do this, or not any more. Ask an owner "
        "of the organisation."
    )
    return to_copy(request, why, typed_in(request))


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form of staff whose CSRF token is stale."""
    if origin_of(request) is Origin.FOREIGN:
        return problem(request, 403)
    match = request.resolver_match
    name = match.view_name if match else ""
    is_in = request.user.is_authenticated
    if settings.CSRF_COOKIE_NAME not in request.COOKIES and not is_in:
        why = gettext(
            "Nothing was saved or done: your browser sent no cookie. Allow this site "
            "to set cookies, which pages of staff need, then open the page anew."
        )
    else:
        why = gettext(
            "Nothing was saved or done: the page was open while a login began or "
            "ended. Open it anew."
        )
    if name == "admin:logout":
        return redirect("admin:index")
    if name in ("admin:login", "admin:login_code"):
        typed = carried_in(request)
        if is_in:
            return offer(request, typed, 403) if typed else redirect("admin:index")
        if typed is None and settings.CSRF_COOKIE_NAME not in request.COOKIES:
            return to_copy(request, why, None)
        return ask_login(request, typed)
    typed = typed_in(request)
    if not name.startswith("admin:"):
        # Setting a password, accepting an invitation: no login is asked for.
        return to_copy(request, why, typed)
    if not is_in:
        return ask_login(request, typed)
    if typed is None or not typed.account:
        return to_copy(request, why, typed)
    return offer(request, typed, 403)
