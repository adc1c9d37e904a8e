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


def send_all() -> None:
    while mailing.send_round(timezone.now()):
        pass


def invite_by_form(
    client: Client, organization: Organization, address: str, admin: str = "/admin/"
) -> Any:
    path = f"{admin}organizations/organization/{organization.pk}/members/"
    return client.post(path, {"email": address, "role": "editor"}, follow=True)


def invited(organization: Organization, by: User, email: str) -> Invitation:
    return invitations.invite(email, organization, Role.EDITOR, by=by, language="en")


def path_of(invitation: Invitation) -> str:
    return invitations.acceptance_url(invitation).removeprefix(
        "http://testserver.localhost"
    )
