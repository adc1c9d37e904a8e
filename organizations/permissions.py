"""Who may do what, decided here and nowhere else."""

from __future__ import annotations

from django.http import Http404

from organizations.models import (
    EDITING_ROLES,
    FormerOrganizationSlug,
    Organization,
    Role,
    User,
)


def role_in(user: User, organization_id: int | None) -> Role | None:
    """The role of `user` in an organisation; site administrators own every one."""
    if not user.is_active:
        return None
    if user.is_superuser:
        return Role.OWNER
    roles = memberships(user)
    return roles.get(organization_id) if organization_id is not None else None


def may_view(user: User, organization_id: int | None) -> bool:
    return role_in(user, organization_id) is not None


def may_edit(user: User, organization_id: int | None) -> bool:
    """May write, publish and close its campaigns."""
    return role_in(user, organization_id) in EDITING_ROLES


def may_see_supporters(user: User, organization_id: int | None) -> bool:
    """May see who signs and writes: names, addresses, comments. Who only reads sees
    pages and numbers."""
    return may_edit(user, organization_id)


def may_own(user: User, organization_id: int | None) -> bool:
    """May change the organisation itself and its members."""
    return role_in(user, organization_id) is Role.OWNER


def may_export(user: User, organization_id: int | None) -> bool:
    """May take its supporters' addresses along."""
    return may_own(user, organization_id)


def memberships(user: User) -> dict[int, Role]:
    """Roles by organisation, read once in the life of the `user` object (a request)."""
    if not user.is_active:  # nobody has logged in, or may any more
        return {}
    known: dict[int, Role] | None = getattr(user, "_roles", None)
    if known is None:
        rows = user.memberships.values_list("organization_id", "role")
        known = {organization_id: Role(role) for organization_id, role in rows}
        user._roles = known  # type: ignore[attr-defined]
    return known


class OrganizationMoved(Exception):
    """The address is a former one; `organization` has the new."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization


def get_organization(slug: str) -> Organization:
    """The organisation with this address; Moved when it has another one now,
    Http404 when nobody ever had it."""
    organization = Organization.objects.filter(slug=slug).first()
    if organization is not None:
        return organization
    former = (
        FormerOrganizationSlug.objects.select_related("organization")
        .filter(slug=slug)
        .first()
    )
    if former is not None:
        raise OrganizationMoved(former.organization)
    raise Http404
