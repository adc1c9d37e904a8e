"""Permissions of staff by role, decided here and nowhere else."""

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
    """Return the role of `user` in an organisation, None without one; site
    administrators own every organisation."""
    if not user.is_active:
        return None
    if user.is_superuser:
        return Role.OWNER
    roles = memberships(user)
    return roles.get(organization_id) if organization_id is not None else None


def may_view(user: User, organization_id: int | None) -> bool:
    """Return whether `user` has any role in the organisation."""
    return role_in(user, organization_id) is not None


def may_edit(user: User, organization_id: int | None) -> bool:
    """Return whether `user` may write, publish and close the organisation's
    campaigns."""
    return role_in(user, organization_id) in EDITING_ROLES


def may_see_supporters(user: User, organization_id: int | None) -> bool:
    """Return whether `user` may see who signs and writes: names, addresses, comments. A
    viewer sees pages and numbers only."""
    return may_edit(user, organization_id)


def may_own(user: User, organization_id: int | None) -> bool:
    """Return whether `user` may change the organisation itself and its members."""
    return role_in(user, organization_id) is Role.OWNER


def may_export(user: User, organization_id: int | None) -> bool:
    """Return whether `user` may export the addresses of its supporters."""
    return may_own(user, organization_id)


def memberships(user: User) -> dict[int, Role]:
    """Return the user's roles by organisation; queried once in the life of the `user`
    object, which is a request."""
    if not user.is_active:  # an anonymous visitor, or a closed account
        return {}
    known: dict[int, Role] | None = getattr(user, "_roles", None)
    if known is None:
        rows = user.memberships.values_list("organization_id", "role")
        known = {organization_id: Role(role) for organization_id, role in rows}
        user._roles = known  # type: ignore[attr-defined]
    return known


class OrganizationMoved(Exception):
    """The address is a former one; `organization` has the new one."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization


def get_organization(slug: str) -> Organization:
    """Return the organisation at this address. Raise OrganizationMoved when it has
    another address now, Http404 when there never was one here."""
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
