"""System checks: every class, action and page of the admin, and every other URL of
staff, declares the rights that it takes (organizations.rights)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.core.checks import CheckMessage, Error, Tags, register
from django.urls import get_resolver

from core.i18n.languages import AdminPrefix
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, ScopedPermissions

PERMISSIONS = ("view", "add", "change", "delete", "module")
DJANGOS = {"changelist", "add", "history", "delete", "change"}
"""The pages that Django's model admin has, which ask for the permissions."""


WITHOUT_LOGIN = {
    "admin:login", "admin:login_code", "admin:logout", "admin:keep_factor",
    "admin_password_reset", "password_reset_done", "password_reset_confirm",
    "password_reset_complete", "accept_invitation", "glued_link",
}  # fmt: skip
"""URLs of staff for whoever is not logged in yet, or holds a mailed link."""
OWN_ACCOUNT = {
    "admin:account", "admin:logins", "admin:end_login", "admin:end_logins",
    "admin:confirm", "admin:second_factor", "admin:add_app", "admin:add_passkey",
    "admin:recovery_codes", "admin:remove_factor", "admin:password_change",
    "admin:password_change_done",
}  # fmt: skip
"""URLs about nothing but the account of whoever is logged in."""
BY_ROW = {"admin:index", "admin:app_list", "admin:autocomplete", "admin:jsi18n"}
"""URLs that show everybody what their rights let them see elsewhere."""
UNNAMED = {"catch_all_view", "RedirectView"}
"""Django's views without a name, which only redirect."""


@register(Tags.admin)
def every_right_is_declared(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    for model_admin in admin.site._registry.values():
        for made in (model_admin, *model_admin.inlines):
            messages += faults_of_class(made if isinstance(made, type) else type(made))
        if not isinstance(model_admin, ScopedAdmin):
            continue
        for action in model_admin._get_base_actions():  # type: ignore[attr-defined]
            if action.name != "delete_selected" and not has_right(action.func):
                messages.append(without_right(f"The action {action.name}", model_admin))
        for pattern in model_admin.get_urls():
            name = str(pattern.name or "")
            prefix = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_"
            is_own = name and name.removeprefix(prefix) not in DJANGOS
            if is_own and not has_right(pattern.callback):
                messages.append(without_right(f"The page {name}", model_admin))
    return messages


def faults_of_class(made: type) -> Iterator[CheckMessage]:
    """Yield what is wrong with a model admin or an inline."""
    if not issubclass(made, ScopedPermissions) or not isinstance(
        getattr(made, "needs", None), Needs
    ):
        yield Error(
            f"{made.__name__} does not say which rights it takes.",
            hint="Derive it from organizations.scoping, and set `needs`.",
            id="organizations.E001",
        )
        return
    for word in PERMISSIONS:
        name = f"has_{word}_permission"
        if getattr(made, name) is not getattr(ScopedPermissions, name):
            yield Error(
                f"{made.__name__} decides by itself with {name}.",
                hint="Set `needs`; narrow it by the row's state with `allows_…`.",
                id="organizations.E002",
            )


def has_right(function: Any) -> bool:
    return isinstance(getattr(function, "right", None), Right)


def without_right(what: str, owner: Any) -> CheckMessage:
    return Error(
        f"{what} of {owner} does not say which right it takes.",
        hint="Decorate it with `action` or `page` of organizations.scoping.",
        id="organizations.E003",
    )


@register(Tags.admin, Tags.urls)
def every_url_of_staff_takes_a_right(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[CheckMessage]:
    """Refuse a URL below the admin's prefix that neither declares a right nor stands
    above among those that need none."""
    known = WITHOUT_LOGIN | OWN_ACCOUNT | BY_ROW
    for model_admin in admin.site._registry.values():
        opts = model_admin.opts
        known |= {
            f"admin:{opts.app_label}_{opts.model_name}_{name}" for name in DJANGOS
        }
    return [
        without_right(f"The page {name or view}", "staff")
        for name, view in urls_of_staff()
        if not has_right(view)
        and name not in known
        and not (name == "" and view_name(view) in UNNAMED)
    ]


def view_name(view: Any) -> str:
    view_class = getattr(view, "view_class", view)
    return str(getattr(view_class, "__name__", ""))


def urls_of_staff() -> Iterator[tuple[str, Any]]:
    """Yield the name, with its namespace, and the view of each URL of staff."""
    for pattern in get_resolver().url_patterns:
        if isinstance(pattern.pattern, AdminPrefix):
            yield from named_views(pattern, "")


def named_views(resolver: Any, space: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            inside = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from named_views(pattern, inside)
        else:
            yield f"{space}{pattern.name}" if pattern.name else "", pattern.callback
