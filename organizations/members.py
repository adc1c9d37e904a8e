"""Members of an organisation: what its owners see of them, and what they do."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.db.models.functions import Greatest
from django.utils.translation import gettext

from core.security import events
from organizations.models import Membership, Organization, Role, User
from organizations.second_factor.factors import Type


def members_of(organization: Organization) -> list[Membership]:
    """Return the members, owners first, each with `has_factor` and `seen_at`: the last
    login, or page while logged in."""
    factors = Authenticator.objects.filter(user=OuterRef("user"))
    members = (
        organization.memberships.select_related("user", "user__factor_removal")
        .annotate(
            has_factor=Exists(factors.exclude(type=Type.RECOVERY_CODES)),
            seen_at=Greatest(
                "user__last_login", Max("user__usersession__last_seen_at")
            ),
        )
        .order_by("user__email")
    )
    ranks = list(Role.values)
    return sorted(members, key=lambda member: ranks.index(member.role))


def change_role(membership: Membership, role: Role, by: User) -> None:
    """Give a member another role; raise ValidationError when no owner would be left."""
    with transaction.atomic():
        leave_an_owner(membership, role)
        membership.role = role
        membership.save(update_fields=["role"])
    events.record(
        "role changed",
        by=by.pk,
        account=membership.user_id,
        organization=membership.organization_id,
    )


def remove_member(membership: Membership, by: User) -> None:
    """End a membership; raise ValidationError when no owner would be left."""
    with transaction.atomic():
        leave_an_owner(membership, None)
        account, organization = membership.user_id, membership.organization_id
        membership.delete()
    events.record(
        "member removed", by=by.pk, account=account, organization=organization
    )


def leave_an_owner(membership: Membership, role: Role | None) -> None:
    """Raise ValidationError when the organisation would have no owner once this member
    has `role`. Two owners who go at the same moment wait for each other."""
    owners = Membership.objects.select_for_update().filter(
        organization=membership.organization_id, role=Role.OWNER
    )
    left = {owner.pk for owner in owners.order_by("pk")} - {membership.pk}
    is_owner = membership.role == Role.OWNER
    if is_owner and role != Role.OWNER and not left:
        raise ValidationError(gettext("Leave at least one owner."))
