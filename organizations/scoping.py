"""The mechanism that applies the matrix of rights to the admin, and with it the wall
between organisations.

Every model admin and inline declares with `needs` which right viewing, adding, changing
and deleting take, every action and every page of its own with a decorator; `manage.py
check` refuses one without (organizations.checks). Rows that a user may not view do not
exist for them: not in lists, searches, filters, choices, autocompletes, histories or by
direct address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin import ActionLocation
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext, gettext_noop

from core.admin.bulk_actions import Asked, NamedRow, Question, asks
from core.admin.model_admin import ModelAdmin
from core.audit import entries
from organizations import confirming
from organizations.models import Organization, User
from organizations.rights import (
    GRAVE,
    Right,
    may,
    may_everywhere,
    may_somewhere,
    organizations_with,
    within,
)


def user_of(request: HttpRequest) -> User:
    """Return the staff member who makes the request; the admin lets nobody else in."""
    return cast("User", request.user)


@dataclass(frozen=True)
class Needs:
    """The rights that a class of the admin takes; None where nobody may, whoever they
    are."""

    view: Right
    add: Right | None = None
    change: Right | None = None
    delete: Right | None = None
    history: Right | None = None
    """None where whoever may view a row may read its history, too."""


class ScopedPermissions:
    """Permissions by declared right, for model admins and inlines alike. A class
    narrows them by the state of a row with the `allows_…` methods, and cannot widen
    them."""

    needs: ClassVar[Needs]
    view_rights: ClassVar[Mapping[str, Right]] = {}
    """Fields and columns that take a right of their own to be seen, by name."""
    change_rights: ClassVar[Mapping[str, Right]] = {}
    """Fields that take a right of their own to be changed."""
    is_grave: ClassVar[bool | None] = None
    """Whether forms and deletions ask for the password again that was given too long
    ago; None where they do because the right that they take is in GRAVE."""
    organization_path: ClassVar[str] = "organization_id"
    """The lookup that leads from a row to the id of its organisation; "" where rows
    belong to none. For inlines, from the row whose form they stand in."""

    def organization_id(self, row: models.Model | None) -> int | None:
        """Return the id of the organisation that a row belongs to, None without one."""
        if isinstance(row, Organization):
            return row.pk
        value: Any = row
        for name in filter(None, self.organization_path.split("__")):
            if value is None:
                return None
            value = getattr(value, name)
        return cast("int | None", value) if self.organization_path else None

    def holds(self, request: HttpRequest, right: Right, row: Any = None) -> bool:
        """Return whether the user has the right in the organisation of `row`; without
        one, in any."""
        user = user_of(request)
        if row is None:
            return may_somewhere(user, right)
        return may(user, right, self.organization_id(row))

    # -- what Django asks; not to be overridden --

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.holds(request, self.needs.view, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        right = self.needs.add
        allowed = right is not None and self.holds(request, right, obj)
        return allowed and self.allows_adding(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        right = self.needs.change
        allowed = right is not None and self.holds(request, right, obj)
        return allowed and self.allows_changing(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        right = self.needs.delete
        allowed = right is not None and self.holds(request, right, obj)
        return allowed and self.allows_deleting(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    # -- what a class may narrow --

    def allows_adding(self, request: HttpRequest, obj: Any) -> bool:
        """Return whether a row can be added now, by whoever has the right."""
        return True

    def allows_changing(self, request: HttpRequest, obj: Any) -> bool:
        """Return whether the row can be changed now, by whoever has the right."""
        return True

    def allows_deleting(self, request: HttpRequest, obj: Any) -> bool:
        """Return whether the row can be deleted now, by whoever has the right."""
        return True

    # -- fields --

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out the fields that the user may not see."""
        hidden = {
            name
            for name, right in self.view_rights.items()
            if not self.holds(request, right, obj)
        }
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        return [
            (name, {**options, "fields": without(hidden, options["fields"])})
            for name, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Add the fields that the user may not change."""
        return [
            *super().get_readonly_fields(request, obj),  # type: ignore[misc]
            *(
                name
                for name, right in self.change_rights.items()
                if not self.holds(request, right, obj)
            ),
        ]

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer only rows that the user may view, and of organisations those where they
        may save what they choose one for."""
        related = db_field.related_model
        if related is Organization:
            right = self.needs.change or self.needs.view
            kwargs["queryset"] = organizations_with(user_of(request), right)
        elif related in admin.site._registry and "queryset" not in kwargs:
            kwargs["queryset"] = admin.site._registry[related].get_queryset(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


def without(hidden: set[str], fields: Any) -> list[Any]:
    """Return the fields of a fieldset, of which some stand in one line, less those
    hidden."""
    lines = (
        tuple(name for name in line if name not in hidden)
        if isinstance(line, list | tuple)
        else line
        for line in fields
    )
    return [line for line in lines if line and line not in hidden]


class ScopedAdmin[M: models.Model](ScopedPermissions, ModelAdmin[M]):
    """A model admin that sees the rows that the user may view, and no others."""

    list_per_page = 50

    def urls_of(self, pages: Mapping[str, Callable[..., Any]]) -> list[Any]:
        """Return URLs for pages about one row, by the last part of their address; to be
        named by the model and that part."""
        named = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path(
                f"<int:number>/{name}/",
                self.admin_site.admin_view(view),
                name=f"{named}_{name.replace('-', '_')}",
            )
            for name, view in pages.items()
        ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[M]:
        rows = super().get_queryset(request)
        return within(rows, self.organization_path, user_of(request), self.needs.view)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Leave out columns that the user may not see in each organisation of theirs:
        the rows of all stand in one list."""
        user = user_of(request)
        return [
            column
            for column in super().get_list_display(request)
            if str(column) not in self.view_rights
            or may_everywhere(user, self.view_rights[str(column)])
        ]

    def may_read_history(self, request: HttpRequest, row: M) -> bool:
        """Return whether the user may read what was changed in a row, and by whom."""
        right = self.needs.history or self.needs.view
        return self.holds(request, right, row)

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None and not self.may_read_history(request, row):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: M | None = None,
    ) -> HttpResponse:
        context["may_read_history"] = obj is not None and self.may_read_history(
            request, obj
        )
        return super().render_change_form(request, context, add, change, form_url, obj)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse to narrow the list by a column that it does not show: whether a row is
        left would tell what stands in it."""
        column = lookup.partition("__")[0]
        shown = {*self.get_list_display(request)}
        for list_filter in self.get_list_filter(request):
            field = (
                list_filter[0] if isinstance(list_filter, list | tuple) else list_filter
            )
            shown.add(getattr(field, "parameter_name", field))
        try:
            self.opts.get_field(column)
        except FieldDoesNotExist:
            shown.add(column)
        return column in shown and super().lookup_allowed(lookup, value, request)

    def get_actions(
        self,
        request: HttpRequest,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> Any:
        """Return the actions that the user may take anywhere; each is taken on the rows
        where they may (`action`)."""
        actions = super().get_actions(request, action_location)
        return {
            name: offered
            for name, offered in actions.items()
            if name == "delete_selected"  # which asks for the permission of each row
            or may_somewhere(user_of(request), offered.func.right)
        }

    def unseen(self, request: HttpRequest, row: Any, part: Any) -> set[str] | None:
        if not self.holds(request, part.needs.view, row):
            return None
        return {
            name
            for name, right in part.view_rights.items()
            if not self.holds(request, right, row)
        }

    # Who looks is on record: what kind of page and how many rows, never what was
    # searched for, which may be somebody's name.

    def note_look(self, request: HttpRequest, rows: list[M], kind: str) -> None:
        """Record that `rows` are shown, where they hold supporters' data: by whatever
        method the page was asked for, as a refused form shows its row, too."""
        if request.method != "HEAD" and self.needs.view is Right.SEE_SUPPORTERS:
            entries.look(self.model, map(self.organization_id, rows), kind=kind)

    def note_named(self, question: Question) -> None:
        """Record that the page of an action names rows with supporters' data."""
        if self.needs.view is Right.SEE_SUPPORTERS:
            rows = self.model._default_manager.filter(pk__in=question.named)
            if organizations := list(
                rows.values_list(self.organization_path, flat=True)
            ):
                entries.look(self.model, organizations, kind="list")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        shown = (getattr(response, "context_data", None) or {}).get("cl")
        if shown is not None:
            kind = "search" if shown.query else "list"
            self.note_look(request, list(shown.result_list), kind)
        return response

    def asked_again(
        self, request: HttpRequest, object_id: str | None, right: Right | None
    ) -> HttpResponse | None:
        """Return the page that asks for the password before a grave form, for whoever
        has the right to send it."""
        grave = right in GRAVE if self.is_grave is None else self.is_grave
        if right is None or not grave:
            return None
        row = self.get_object(request, object_id) if object_id else None
        held = self.holds(request, right, row) and (row or not object_id)
        return confirming.password_page(request) if held else None

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self.asked_again(
            request, object_id, self.needs.delete
        ) or super().delete_view(request, object_id, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        right = self.needs.change if object_id else self.needs.add
        if asked := self.asked_again(request, object_id, right):
            return asked
        response = super().changeform_view(request, object_id, form_url, extra_context)
        row = (getattr(response, "context_data", None) or {}).get("original")
        if row is not None:
            self.note_look(request, [row], "row")
        return response


ADMINISTRATORS = Needs(
    view=Right.ADMINISTER,
    add=Right.ADMINISTER,
    change=Right.ADMINISTER,
    delete=Right.ADMINISTER,
)


class AdministratorsAdmin[M: models.Model](ScopedAdmin[M]):
    """A model admin of rows that belong to no organisation, for site administrators."""

    needs = ADMINISTRATORS
    organization_path = ""
    list_per_page = 100


# == Actions and pages of our own ==

LEFT = gettext_noop("Some were left as they are: you may not do this there.")


def action(right: Right, description: Any, question: Asked) -> Callable[[Any], Any]:
    """Decorate an action of a list with what it asks first: it takes `right`, and asks
    about, and is given, only those of the chosen rows where the user has it."""

    def allowed(self: Any, request: HttpRequest, queryset: Any) -> tuple[Any, bool]:
        """Return the rows, and whether some are left out."""
        user = user_of(request)
        rows = within(queryset, self.organization_path, user, right)
        if may_everywhere(user, right):
            return rows, False
        left = queryset.order_by().exclude(pk__in=rows.order_by().values("pk"))
        return rows, left.exists()

    def asked(self: Any, request: HttpRequest, queryset: Any) -> Question:
        rows, some_left = allowed(self, request, queryset)
        asking = question(self, request, rows)
        self.note_named(asking)
        if some_left:
            asking.left.append(NamedRow(gettext(LEFT)))
        return asking

    def decorate(method: Any) -> Any:
        @admin.action(description=description)
        @asks(asked)
        @wraps(method)
        def taken(self: Any, request: HttpRequest, queryset: Any) -> Any:
            if right in GRAVE and (answer := confirming.password_page(request)):
                return answer
            rows, some_left = allowed(self, request, queryset)
            if some_left:
                messages.warning(request, gettext(LEFT))
            answer = method(self, request, rows)
            if isinstance(answer, Question):  # about the rest
                self.note_named(answer)
            return answer

        taken.right = right  # type: ignore[attr-defined]
        return taken

    return decorate


def page(
    right: Right,
    find: Callable[[Any, HttpRequest, int], models.Model | None] | None = None,
    *,
    is_grave: bool | None = None,
) -> Callable[[Any], Any]:
    """Decorate a page that a model admin adds to Django's: it takes `right` in the
    organisation of the row that its address numbers, and is given that row instead of
    the number. When `is_grave`, as pages of GRAVE rights are unless they say otherwise,
    it asks for the password again that was given too long ago. `find` returns the row
    when it is not one of the list, or None when it is gone, which the page then says.
    Raise Http404 where there is no such row for the user, PermissionDenied where they
    lack the right."""

    grave = right in GRAVE if is_grave is None else is_grave

    def decorate(method: Any) -> Any:
        @wraps(method)
        def asked(
            self: Any, request: HttpRequest, number: int | None = None, **more: Any
        ) -> Any:
            row = None
            if number is not None and find is not None:
                row = find(self, request, number)
            elif number is not None:
                row = self.get_object(request, str(number))
                if row is None:
                    raise Http404
            if row is not None and not self.has_view_permission(request, row):
                raise Http404
            if not self.holds(request, right, row):
                raise PermissionDenied
            if grave and (answer := confirming.password_page(request)):
                return answer
            return method(self, request, row, **more)

        asked.right, asked.is_grave = right, grave  # type: ignore[attr-defined]
        return asked

    return decorate


def site_page(right: Right) -> Callable[[Any], Any]:
    """Decorate a view of staff that belongs to no model admin, below the admin's
    `admin_view`: it takes `right` for the whole site. Raise PermissionDenied for
    whoever lacks it."""

    def decorate(view: Any) -> Any:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not may(user_of(request), right, None):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        asked.right = right  # type: ignore[attr-defined]
        return asked

    return decorate
