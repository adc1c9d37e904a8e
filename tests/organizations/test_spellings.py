"""One account, however its address is typed: browsers send the domain as it stands in
the DNS, people paste a name, a full stop or what nobody sees along."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from organizations.models import Membership, Organization, User
from tests.factories import make_user
from tests.organizations.helpers import invite_by_form, invited, path_of, send_all

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

READABLE, IN_DNS = "erin@münchen.test", "erin@xn--mnchen-3ya.test"
SPELLINGS = [
    (READABLE, IN_DNS),
    (READABLE, "Erin@MÜNCHEN.test"),
    (READABLE, "erin@mu\u0308nchen.test"),
    (READABLE, f"Erin <{IN_DNS}>"),
    ("erin@example.org", "\ufeffERIN@example.org\u200b"),
    ("erin@example.org", "mailto:erin@example.org"),
    ("erin@example.org", "erin@example.org."),
]


@pytest.fixture
def from_before(db: None) -> User:
    """An account whose domain was stored as a browser sent it."""
    user = make_user(READABLE)
    User.objects.filter(pk=user.pk).update(email=IN_DNS)
    return user


@pytest.mark.parametrize(("stored", "typed"), SPELLINGS)
def test_any_spelling_logs_in_and_asks_for_a_password(
    visitor: Client, stored: str, typed: str
) -> None:
    user = make_user(stored)

    assert visitor.login(username=typed, password="correct horse")
    visitor.logout()
    answer = visitor.post(reverse("admin_password_reset"), {"email": typed})
    send_all()

    assert (answer.status_code, user.email) == (302, stored)
    (message,) = mail.outbox
    assert message.to == [stored]


def test_another_mailbox_is_another_account(visitor: Client) -> None:
    make_user(READABLE)
    for typed in (
        "erin@munchen.test",
        "erin+a@münchen.test",
        "erin@xn--mnchen-3ya.tes",
    ):
        assert not visitor.login(username=typed, password="correct horse")


def test_an_account_stored_as_in_the_dns_is_found(
    visitor: Client, from_before: User
) -> None:
    for typed in (READABLE, IN_DNS):
        assert visitor.login(username=typed, password="correct horse")


def test_an_invitation_meets_the_account_that_is_there(
    as_user: Login, alice: User, organization: Organization, from_before: User
) -> None:
    """None is made beside it."""
    invitation = invited(organization, alice, IN_DNS)
    assert invitation.email == READABLE

    page = as_user(from_before).post(path_of(invitation))

    assert page.status_code == 302
    assert Membership.objects.filter(
        user=from_before, organization=organization
    ).exists()
    assert not User.objects.filter(email=READABLE).exists()


def test_who_is_a_member_is_not_invited_in_another_spelling(
    as_user: Login, alice: User, organization: Organization, from_before: User
) -> None:
    Membership.objects.create(user=from_before, organization=organization)

    page = invite_by_form(as_user(alice), organization, READABLE)

    assert b"This person is a member already." in page.content
    assert not organization.invitations.exists()
