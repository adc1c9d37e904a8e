"""Owners are reminded of names that were promised and not delivered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from organizations.models import Organization, Role, User
from petitions import reports
from petitions.models import Handover, Pack, Petition, Target
from petitions.privacy import undelivered
from petitions.states import PackContents, State
from tests.factories import (
    backdate,
    make_handover,
    make_member,
    make_petition,
    make_signature,
)
from tests.petitions.importing.files import bring_in_named

pytestmark = pytest.mark.django_db


def end(petition: Petition, state: State = State.CLOSED) -> None:
    """End it two days ago."""
    now = timezone.now()
    petition.withdraw(now=now) if state == State.WITHDRAWN else petition.close(now=now)
    backdate(petition, ended_at=now - timedelta(days=2))


@pytest.fixture
def petition(organization: Organization) -> Petition:
    """One that ended two days ago, with a name that was promised."""
    for role in Role:
        make_member(organization, role, f"{role}@example.org")
    petition = make_petition(organization, delivery="names", months_kept=6)
    make_signature(petition, delivery="names")
    make_signature(petition, delivery="number")
    end(petition)
    return petition


def mails(days: float = 0) -> list[str]:
    """What is mailed in a round that comes so many days from now."""
    mail.outbox.clear()
    undelivered.remind(timezone.now() + timedelta(days=days))
    for message in mail.outbox:
        assert message.to == ["owner@example.org"]
    return [str(message.body) for message in mail.outbox]


def test_an_end_is_told_once_and_only_to_those_who_may_deliver(
    petition: Petition,
) -> None:
    [body] = mails()

    assert "1 person agreed" in body
    assert f"/admin/petitions/petition/{petition.pk}/deliver/" in body
    assert "erased" not in body
    assert mails() == mails(1) == []


def test_a_month_before_names_are_erased_it_is_told_again(petition: Petition) -> None:
    mails()

    assert mails(140) == []
    [body] = mails(160)
    assert "is erased on" in body
    assert mails(161) == []
    assert mails(200) == []


def test_nothing_is_told_of_what_was_handed_over(petition: Petition) -> None:
    make_handover(petition)

    assert mails() == mails(160) == []


def test_a_handover_of_numbers_delivers_no_names(petition: Petition) -> None:
    pack = Pack.objects.create(
        petition=petition, target=petition.targets.get(), made_at=timezone.now(),
        contents=PackContents.NUMBERS,
    )  # fmt: skip
    pack.handover = make_handover(petition)
    pack.save()

    assert len(mails()) == 1


def test_names_that_were_promised_elsewhere_are_told_of(
    organization: Organization, erin: User
) -> None:
    """They go with the petition's names, and only to whom they were promised."""
    make_member(organization, Role.OWNER, "owner@example.org")
    petition = make_petition(organization, delivery="number", months_kept=6)
    other = Target.objects.create(petition=petition, name="Another", position=2)
    lines = ["ann@example.org,Ann Roy,,,,", "bo@example.org,Bo Li,,,,"]
    bring_in_named(petition, erin, lines)
    end(petition)
    Handover.objects.create(
        petition=petition, target=other, confirmed=0, paper=0, imported=2
    )

    assert "2 people agreed" in mails()[0]
    assert "are erased on" in mails(160)[0]

    Handover.objects.create(
        petition=petition, target=petition.targets.get(position=1), confirmed=0,
        paper=0, imported=2,
    )  # fmt: skip
    assert not undelivered.undelivered().exists()


def test_each_who_is_petitioned_receives_it(petition: Petition) -> None:
    one = make_petition(petition.organization, delivery="names")
    Target.objects.create(petition=one, name="Another office", position=2)
    make_signature(one, delivery="names")
    end(one)
    backdate(petition, ended_at=timezone.now() - timedelta(days=99))
    Handover.objects.create(
        petition=one, target=one.targets.all()[0], confirmed=1, paper=0, imported=0
    )

    assert len(mails()) == 1


def test_a_reminder_is_not_lost_with_the_worker(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(reports, "send_mail", killed)
        with pytest.raises(SystemExit):
            undelivered.remind(timezone.now())

    assert len(mails()) == 1


def test_nothing_is_told_where_no_name_was_promised(organization: Organization) -> None:
    petition = make_petition(organization)
    make_signature(petition, delivery="number")
    end(petition)

    assert mails() == []


def test_nothing_is_told_of_what_still_runs_or_ended_long_ago(
    petition: Petition,
) -> None:
    make_signature(make_petition(petition.organization), delivery="names")
    backdate(petition, ended_at=timezone.now() - timedelta(days=31))

    assert mails() == []


def test_a_withdrawn_petition_is_delivered_to_nobody(
    organization: Organization,
) -> None:
    petition = make_petition(organization, delivery="names")
    make_signature(petition, delivery="names")
    end(petition, State.WITHDRAWN)

    assert petition.state == State.WITHDRAWN
    assert mails() == []
