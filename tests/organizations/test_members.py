"""The page of members: who they are, and what an owner does about them."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib import admin
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from organizations import members
from organizations.confirming import GOOD_FOR
from organizations.models import (
    Invitation,
    Membership,
    Organization,
    Role,
    StaffMail,
    User,
)
from tests.clock import time_passes
from tests.factories import make_member
from tests.helpers import text_of
from tests.organizations.helpers import invited, send_all
from tests.organizations.member_page import act, page_of
from tests.organizations.second_factors import give_app

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db


def test_the_page_says_who_they_are(
    as_user: Login, alice: User, erin: User, bob: User, organization: Organization
) -> None:
    erin.name = "Erin Éclair"
    erin.last_login = timezone.now() - timedelta(days=3)
    erin.save()
    give_app(erin)
    invited(organization, alice, "new@example.org")

    shown = text_of(as_user(alice).get(page_of(organization)))

    assert "Erin Éclair" in shown
    assert "erin@example.org" in shown
    assert shown.count("has a second factor") == 1
    assert shown.count("no second factor") == 2
    assert "never logged in" in shown  # Bob
    assert "new@example.org" in shown
    assert "by alice@example.org" in shown


@pytest.mark.parametrize("who", ["erin", "bob", "charlie"])
def test_nobody_else_sees_or_does_anything(
    as_user: Login,
    alice: User,
    erin: User,
    bob: User,
    charlie: User,
    organization: Organization,
    who: str,
) -> None:
    client = as_user({"erin": erin, "bob": bob, "charlie": charlie}[who])
    membership = Membership.objects.get(user=alice)
    invitation = invited(organization, alice, "new@example.org")
    path = page_of(organization)
    refused = {404} if who == "charlie" else {403}

    assert client.get(path).status_code in refused
    answers = [client.post(path, {"email": "mine@example.org", "role": "owner"})]
    for verb in ("role", "remove", "lost", "found"):
        answers.append(
            client.post(f"{path}{membership.pk}/{verb}/", {"role": "viewer"})
        )
    for verb in ("resend", "withdraw"):
        there = path.replace("/members/", f"/invitations/{invitation.pk}/{verb}/")
        answers.append(client.post(there))

    assert {answer.status_code for answer in answers} == refused
    membership.refresh_from_db()
    assert membership.role == Role.OWNER
    assert list(Invitation.objects.all()) == [invitation]


def test_a_member_of_another_organisation_is_out_of_reach(
    as_user: Login, alice: User, charlie: User, organization: Organization
) -> None:
    theirs = Membership.objects.get(user=charlie)

    answer = as_user(alice).post(f"{page_of(organization)}{theirs.pk}/remove/")

    assert answer.status_code == 404
    assert Membership.objects.filter(user=charlie).exists()


def test_roles_are_given_and_members_removed(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    client = as_user(alice)

    assert "has a new role now" in act(
        client, erin, organization, "role", role="viewer"
    )
    assert Membership.objects.get(user=erin).role == Role.VIEWER
    assert "Choose one of the roles." in act(
        client, erin, organization, "role", role="emperor"
    )
    assert "is no longer a member" in act(client, erin, organization, "remove")
    assert not Membership.objects.filter(user=erin).exists()
    assert User.objects.filter(pk=erin.pk).exists()


def test_no_other_form_of_the_admin_gives_a_role() -> None:
    """Neither one of its own, nor rows within another."""
    forms = [
        model
        for own in admin.site._registry.values()
        for model in (own.model, *(inline.model for inline in own.inlines))
    ]

    assert User in forms
    assert not {Membership, Invitation} & {*forms}


def test_a_link_does_nothing(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    """A mail or another site has an owner open an address, but press no button."""
    member = Membership.objects.get(user=erin)
    invitation = invited(organization, alice, "new@example.org")
    page = page_of(organization)
    client = as_user(alice)
    assert client.get(page).status_code == 200

    for verb in ("role", "remove", "lost", "found", "promote"):
        answer = client.get(f"{page}{member.pk}/{verb}/?role=owner")
        assert answer.status_code == 404
    assert client.post(f"{page}{member.pk}/promote/").status_code == 404
    for verb in ("resend", "withdraw", "accept"):
        there = page.replace("/members/", f"/invitations/{invitation.pk}/{verb}/")
        assert client.get(there).status_code == 404

    assert Membership.objects.get(user=erin).role == member.role
    assert Invitation.objects.get() == invitation


def test_an_owner_is_left(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    client = as_user(alice)

    for verb, more in (("remove", {}), ("role", {"role": "editor"})):
        assert "Leave at least one owner." in act(
            client, alice, organization, verb, **more
        )
    assert Membership.objects.get(user=alice).role == Role.OWNER


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_go_at_once_leave_one(organization: Organization) -> None:
    owners = [make_member(organization, Role.OWNER) for _ in range(4)]

    def go(owner: User) -> bool:
        try:
            members.remove_member(Membership.objects.get(user=owner), owner)
            return True
        except ValidationError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        gone = list(pool.map(go, owners))

    assert gone.count(True) == 3
    assert organization.memberships.count() == 1


def test_who_invites_learns_nothing_of_accounts_elsewhere(
    as_user: Login, alice: User, charlie: User, organization: Organization
) -> None:
    charlie.name = "Charlie Real-Name"
    charlie.save()
    client, path = as_user(alice), page_of(organization)
    answers = [
        client.post(path, {"email": address, "role": "editor"}, follow=True)
        for address in ("nobody@example.org", charlie.email)
    ]

    said = [
        "The person invited becomes a member as soon as they accept." in text_of(a)
        for a in answers
    ]
    assert said == [True, True]
    assert "Real-Name" not in text_of(answers[1])
    assert not Membership.objects.filter(
        user=charlie, organization=organization
    ).exists()


def test_a_wrong_address_is_kept_and_explained(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    client, path = as_user(alice), page_of(organization)

    wrong = client.post(path, {"email": "no address", "role": "editor"})
    assert "Enter an e-mail address such as name@example.org" in text_of(wrong)
    assert 'value="no address"' in wrong.content.decode()
    # One sentence for one mistake.
    told = re.findall(
        r'<ul class="errorlist"[^>]*>(.*?)</ul>', wrong.content.decode(), re.S
    )
    assert [each.count("<li") for each in told] == [1]
    twice = client.post(path, {"email": "ERIN@example.org", "role": "editor"})
    assert "This person is a member already." in text_of(twice)


def test_an_invitation_is_mailed_again_and_taken_back(
    as_user: Login, alice: User, organization: Organization
) -> None:
    invitation = invited(organization, alice, "new@example.org")
    Invitation.objects.update(invited_at=timezone.now() - timedelta(days=13))
    StaffMail.objects.all().delete()
    client = as_user(alice)
    there = page_of(organization).replace("/members/", f"/invitations/{invitation.pk}/")

    assert "The e-mail is being sent again." in text_of(
        client.post(f"{there}resend/", follow=True)
    )
    send_all()
    assert [message.to for message in mail.outbox] == [["new@example.org"]]
    invitation.refresh_from_db()
    assert timezone.now() - invitation.invited_at < timedelta(minutes=1)
    assert "The invitation has been withdrawn." in text_of(
        client.post(f"{there}withdraw/", follow=True)
    )
    assert not Invitation.objects.exists()


def test_nothing_is_done_with_a_password_of_long_ago(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    client = as_user(alice)
    membership = Membership.objects.get(user=erin)

    with time_passes(GOOD_FOR):
        for path in (
            page_of(organization),
            f"{page_of(organization)}{membership.pk}/remove/",
        ):
            assert client.post(path, {"email": "a@example.org"}).status_code == 403

    assert Membership.objects.filter(user=erin).exists()
    assert not Invitation.objects.exists()
