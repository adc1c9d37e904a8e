"""What an owner does on the page of members."""

from __future__ import annotations

from django.test import Client

from organizations.models import Membership, Organization, User
from tests.helpers import text_of


def page_of(organization: Organization) -> str:
    return f"/admin/organizations/organization/{organization.pk}/members/"


def act(
    client: Client, user: User, organization: Organization, verb: str, **more: str
) -> str:
    """Do something about a member; return what the page says then."""
    membership = Membership.objects.get(user=user, organization=organization)
    answer = client.post(
        f"{page_of(organization)}{membership.pk}/{verb}/", more, follow=True
    )
    assert answer.status_code == 200
    return text_of(answer)
