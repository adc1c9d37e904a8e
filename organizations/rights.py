"""Rights of staff: what each role may do in its organisation, decided here and nowhere
else. `organizations.scoping` applies it to the admin."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

from organizations.models import Organization, Role, User


class Right(models.TextChoices):
    """One thing that a role may be allowed to do, in plain words."""

    VIEW = "view", _("Read pages, drafts and numbers")
    WRITE = "write", _("Write texts, news, answers and handovers; make tagged links")
    PUBLISH = "publish", _("Publish, pause, close and withdraw")
    COUNT = "count", _("Enter supporters counted on paper or elsewhere")
    SEE_SUPPORTERS = (
        "see_supporters",
        _("See names, addresses, comments and messages of supporters"),
    )
    MODERATE = (
        "moderate",
        _("Decide what is shown of supporters, what is set aside, and what counts"),
    )
    SERVE = "serve", _("Fulfil a supporter’s request about their own data")
    EXPORT = (
        "export",
        _("Download the addresses that may be written to, and a petition’s signatures"),
    )
    CONNECT = (
        "connect",
        _("Connect newsletter tools, which are told who may be written to"),
    )
    DELIVER = "deliver", _("Make the files that the person petitioned receives")
    MAIL = "mail", _("Send news by mail to supporters who said yes")
    TAKE_BACK = "take_back", _("Take back what ended a petition, answers and handovers")
    MANAGE = "manage", _("Change the organisation, its members and their roles")
    READ_LOG = "read_log", _("Read who did what")
    ADMINISTER = "administer", _("Look after the whole site")


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right) - {Right.ADMINISTER},
    Role.EDITOR: frozenset(
        {
            Right.VIEW,
            Right.WRITE,
            Right.PUBLISH,
            Right.COUNT,
            Right.SEE_SUPPORTERS,
            Right.MODERATE,
            Right.MAIL,
        }
    ),
    Role.MODERATOR: frozenset(
        {Right.VIEW, Right.SEE_SUPPORTERS, Right.MODERATE, Right.SERVE}
    ),
    Role.WRITER: frozenset({Right.VIEW, Right.WRITE, Right.PUBLISH}),
    Role.VIEWER: frozenset({Right.VIEW}),
}
"""The matrix. Site administrators have every right in every organisation, and they
alone have ADMINISTER."""


GRAVE = frozenset(
    {
        Right.EXPORT,
        Right.CONNECT,
        Right.DELIVER,
        Right.MAIL,
        Right.SERVE,
        Right.MANAGE,
    }
)
"""The rights whose forms, pages and actions ask for the password again
(organizations.confirming): what is handed out or erased with them does not come back.
What is more or less grave than its right says so with `is_grave`, beside it."""


def may(user: User, right: Right, organization_id: int | None) -> bool:
    """Return whether `user` has the right in this organisation; None stands for what
    belongs to no organisation, which is for site administrators."""
    if not user.is_active:  # an anonymous visitor, or a closed account
        return False
    if user.is_superuser:
        return True
    role = memberships(user).get(organization_id) if organization_id else None
    return role is not None and right in RIGHTS[role]


def may_somewhere(user: User, right: Right) -> bool:
    """Return whether `user` has the right in any organisation."""
    if user.is_active and user.is_superuser:
        return True
    return any(may(user, right, number) for number in memberships(user))


def may_everywhere(user: User, right: Right) -> bool:
    """Return whether `user` has the right in each organisation that they belong to."""
    if user.is_active and user.is_superuser:
        return True
    return all(may(user, right, number) for number in memberships(user))


def within[M: models.Model](
    rows: models.QuerySet[M], path: str, user: User, right: Right
) -> models.QuerySet[M]:
    """Return those of `rows` that belong to organisations where `user` has the right;
    `path` is the lookup that leads from a row to the id of its organisation, "" for
    rows that belong to none."""
    if user.is_active and user.is_superuser:
        return rows
    numbers = [number for number in memberships(user) if may(user, right, number)]
    return rows.filter(**{f"{path}__in": numbers}) if path else rows.none()


def organizations_with(user: User, right: Right) -> models.QuerySet[Organization]:
    """Return the organisations in which `user` has the right."""
    return within(Organization.objects.all(), "pk", user, right)


def roles_with(right: Right) -> list[Role]:
    """Return the roles that have the right."""
    return [role for role, rights in RIGHTS.items() if right in rights]


def rights_table() -> list[tuple[Right, list[bool]]]:
    """Return the matrix as people read it: each right that a role may have, and whether
    each role has it."""
    return [
        (right, [right in RIGHTS[role] for role in Role])
        for right in Right
        if roles_with(right)
    ]


def memberships(user: User) -> dict[int, Role]:
    """Return the user's roles by organisation; queried once in the life of the `user`
    object, which is a request."""
    if not user.is_active:
        return {}
    known: dict[int, Role] | None = getattr(user, "_roles", None)
    if known is None:
        rows = user.memberships.values_list("organization_id", "role")
        # A role that a later release knows gives no right in this one.
        known = {number: Role(role) for number, role in rows if role in Role.values}
        user._roles = known  # type: ignore[attr-defined]
    return known
