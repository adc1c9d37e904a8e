"""Tenant isolation: the wall between organisations in the admin.

Every model admin of what organisations own derives from `ScopedAdmin` and says how its
rows lead to their organisation. Rows of other organisations do not exist for it: not in
lists, searches, choices, autocompletes, histories or by direct address.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db import models
from django.http import HttpRequest

from core.admin.model_admin import ModelAdmin
from organizations.models import EDITING_ROLES, Organization, User
from organizations.permissions import (
    may_edit,
    may_own,
    may_see_supporters,
    may_view,
    memberships,
)


def user_of(request: HttpRequest) -> User:
    """Return the staff member who makes the request; the admin lets nobody else in."""
    return cast("User", request.user)


class ScopedPermissions:
    """Permissions by membership, for model admins and inlines alike."""

    organization_path: ClassVar[str] = "organization_id"
    """The lookup that leads from a row to the id of its organisation."""

    def organization_id(self, row: models.Model | None) -> int | None:
        """Return the id of the organisation that a row belongs to, None without one."""
        value: Any = row
        for name in self.organization_path.split("__"):
            if value is None:
                return None
            value = getattr(value, name)
        return cast("int | None", value)

    def scoped[M: models.Model](
        self, request: HttpRequest, rows: models.QuerySet[M]
    ) -> models.QuerySet[M]:
        """Return those of `rows` that the user's organisations own."""
        user = user_of(request)
        if not user.is_active:
            return rows.none()
        if user.is_superuser:
            return rows
        return rows.filter(**{f"{self.organization_path}__in": list(memberships(user))})

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = user_of(request)
        if obj is None:
            return user.is_superuser or bool(memberships(user))
        return may_view(user, self.organization_id(obj))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = user_of(request)
        if obj is None:
            return edits_somewhere(user)
        return may_edit(user, self.organization_id(obj))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


class ScopedAdmin[M: models.Model](ScopedPermissions, ModelAdmin[M]):
    """A model admin that sees the user's organisations and no others."""

    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[M]:
        return self.scoped(request, super().get_queryset(request))

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer, among organisations, only those that the user may edit."""
        if db_field.related_model is Organization:
            user = user_of(request)
            organizations = Organization.objects.of(user)
            if not user.is_superuser:
                editable = [
                    number
                    for number, role in memberships(user).items()
                    if role in EDITING_ROLES
                ]
                organizations = organizations.filter(pk__in=editable)
            kwargs["queryset"] = organizations
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class SupportersAdmin[M: models.Model](ScopedAdmin[M]):
    """A model admin of rows with personal data of supporters. Users who may not see
    supporters see no rows: not in lists, searches, filters or by direct address."""

    def scoped[R: models.Model](
        self, request: HttpRequest, rows: models.QuerySet[R]
    ) -> models.QuerySet[R]:
        user = user_of(request)
        if user.is_superuser and user.is_active:
            return rows
        seen = [n for n in memberships(user) if may_see_supporters(user, n)]
        return rows.filter(**{f"{self.organization_path}__in": seen})

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = user_of(request)
        if obj is None:
            return user.is_active and (
                user.is_superuser
                or any(may_see_supporters(user, n) for n in memberships(user))
            )
        return may_see_supporters(user, self.organization_id(obj))


class AdministratorsAdmin[M: models.Model](ModelAdmin[M]):
    """A model admin for site administrators: permissions on its models come from
    `User.has_perm`, which grants them to nobody else."""

    list_per_page = 100

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


def edits_somewhere(user: User) -> bool:
    """Return whether `user` may edit in any organisation."""
    return user.is_superuser or any(
        role in EDITING_ROLES for role in memberships(user).values()
    )


def owns(request: HttpRequest, organization: Organization | None) -> bool:
    """Return whether the user may change this organisation itself and its members."""
    return may_own(user_of(request), organization.pk if organization else None)
