"""Helpers for the tests of organisations: invitations and their mails."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from organizations import invitations, mailing
from organizations.models import (
    Invitation,
    Organization,
    Role,
    User,
)
from tests.petitions.admin.helpers import member_form


def send_all() -> None:
    while mailing.send_round(timezone.now()):
        pass


def invite_by_form(client: Client, organization: Organization, address: str) -> Any:
    number = organization.memberships.count()
    prefix = f"memberships-{number}-"
    changes = {
        "memberships-TOTAL_FORMS": str(number + 1),
        f"{prefix}email": address,
        f"{prefix}role": "editor",
    }
    path = f"/admin/organizations/organization/{organization.pk}/change/"
    return client.post(path, member_form(organization, **changes), follow=True)


def invited(organization: Organization, by: User, email: str) -> Invitation:
    return invitations.invite(email, organization, Role.EDITOR, by=by, language="en")


def path_of(invitation: Invitation) -> str:
    return invitations.acceptance_url(invitation).removeprefix(
        "http://testserver.localhost"
    )
