"""A lost second factor: another owner asks, its owner has a day to call it off, and the
worker removes it then."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.utils import timezone

from organizations import mailing
from organizations.models import (
    FactorRemoval,
    Membership,
    Organization,
    Role,
    StaffMail,
    StaffMailPurpose,
    User,
)
from organizations.second_factor import factors, lost
from tests.clock import time_passes
from tests.factories import make_member, make_organization
from tests.helpers import text_of
from tests.organizations.browsers import is_in, log_in
from tests.organizations.helpers import send_all
from tests.organizations.member_page import act
from tests.organizations.second_factors import give_app

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(organization: Organization) -> User:
    """Another owner, who has lost what she logs in with."""
    olga = make_member(organization, Role.OWNER, "olga@example.org")
    give_app(olga)
    send_all()
    mail.outbox.clear()
    return olga


def ask(as_user: Login, alice: User, olga: User, organization: Organization) -> str:
    """Have Alice ask; return the path of the link that Olga is mailed."""
    said = act(as_user(alice), olga, organization, "lost")
    assert "is being told by e-mail" in said
    send_all()
    message = next(m for m in mail.outbox if "will be removed" in m.subject)
    assert message.to == [olga.email]
    assert "alice@example.org asked that the second factor" in message.body
    found = re.search(
        r"http://testserver\.localhost(/admin/second-factor/keep/\S+)",
        str(message.body),
    )
    assert found is not None
    return found[1]


def test_it_is_removed_after_a_day_not_before_and_every_login_ends(
    as_user: Login, alice: User, olga: User, organization: Organization
) -> None:
    elsewhere = as_user(olga)
    ask(as_user, alice, olga, organization)
    now = timezone.now()

    assert not lost.remove_due(now + lost.NOTICE - timedelta(minutes=1))
    assert factors.has_factor(olga)
    assert lost.remove_due(now + lost.NOTICE + timedelta(minutes=1))

    assert not Authenticator.objects.filter(user=olga).exists()
    assert not FactorRemoval.objects.exists()
    assert not is_in(elsewhere)
    assert is_in(log_in(olga))
    notice = StaffMail.objects.get(purpose=StaffMailPurpose.FACTOR)
    assert notice.address == olga.email


def test_its_owner_calls_it_off_by_the_mailed_link(
    as_user: Login, alice: User, olga: User, organization: Organization, visitor: Client
) -> None:
    path = ask(as_user, alice, olga, organization)

    page = visitor.get(path)
    assert "alice@example.org asked that the second factor" in text_of(page)
    assert FactorRemoval.objects.exists()  # a scanner of mails ends nothing
    assert "Your second factor stays." in text_of(visitor.post(path))

    assert not lost.remove_due(timezone.now() + lost.NOTICE * 2)
    assert factors.has_factor(olga)
    assert visitor.get(path).status_code == 410
    assert visitor.get(f"{path[:-2]}x/").status_code == 410


def test_another_owner_calls_it_off(
    as_user: Login, alice: User, olga: User, organization: Organization
) -> None:
    ask(as_user, alice, olga, organization)

    assert "The second factor stays." in act(
        as_user(alice), olga, organization, "found"
    )
    assert not FactorRemoval.objects.exists()


@pytest.mark.parametrize(
    "meanwhile",
    ["demoted", "closed", "left", "deleted", "administrator", "elsewhere"],
)
def test_it_stays_when_whoever_asked_may_not_ask_any_more(
    as_user: Login, alice: User, olga: User, organization: Organization, meanwhile: str
) -> None:
    """Whoever loses the right in the day of notice has asked in vain."""
    ask(as_user, alice, olga, organization)
    asked = Membership.objects.filter(user=alice)
    if meanwhile == "demoted":
        asked.update(role=Role.EDITOR)
    elif meanwhile == "closed":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    elif meanwhile == "left":
        asked.delete()
    elif meanwhile == "deleted":
        alice.delete()
    elif meanwhile == "administrator":
        User.objects.filter(pk=olga.pk).update(is_superuser=True)
    else:
        Membership.objects.filter(user=olga).update(organization=make_organization())

    assert lost.remove_due(timezone.now() + lost.NOTICE * 2)

    assert factors.has_factor(olga)
    assert not FactorRemoval.objects.exists()


def test_the_mail_about_it_waits_for_no_links_that_others_ask_for(
    as_user: Login, alice: User, olga: User, organization: Organization
) -> None:
    """Otherwise whoever wants it removed could keep its owner from learning that."""
    for minute in range(mailing.MAILBOX.burst + 2):
        mailing.request_mail(StaffMailPurpose.PASSWORD, olga.email, language="en")
        with time_passes(mailing.GAP.emission_interval * minute):
            send_all()
    assert StaffMail.objects.exists()  # one waits for the mailbox
    with time_passes(mailing.GAP.emission_interval * (minute + 1)):
        ask(as_user, alice, olga, organization)


def test_asking_twice_neither_mails_twice_nor_postpones_it(
    as_user: Login, alice: User, olga: User, organization: Organization
) -> None:
    ask(as_user, alice, olga, organization)
    due = FactorRemoval.objects.get().due_at
    act(as_user(alice), olga, organization, "lost")
    send_all()

    assert FactorRemoval.objects.get().due_at == due
    assert len([m for m in mail.outbox if "will be removed" in m.subject]) == 1


def test_it_is_asked_of_others_and_an_administrators_by_administrators(
    as_user: Login, alice: User, ada: User, organization: Organization
) -> None:
    give_app(alice)
    client = as_user(alice)
    assert "You cannot remove it" in act(client, alice, organization, "lost")
    root = make_member(organization, Role.VIEWER, "root@example.org")
    root.is_superuser = True
    root.save()
    assert "You cannot remove it" in act(client, root, organization, "lost")
    give_app(root)
    assert "is being told by e-mail" in act(as_user(ada), root, organization, "lost")
    assert FactorRemoval.objects.get().user == root
