"""The track record on the home page and on profiles, and the petition that staff put
first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from organizations.models import Organization
from petitions.counts import checkpoints
from petitions.counts.track_record import TrackRecord, track_record
from petitions.demo import pictures
from petitions.models import Answer, Petition
from petitions.states import State
from tests.factories import (
    make_answer,
    make_entry,
    make_organization,
    make_petition,
    make_signature,
)
from tests.helpers import text_of
from tests.petitions.counts.log import fold_all

pytestmark = pytest.mark.django_db


def html(visitor: Client, path: str) -> str:
    return visitor.get(path).content.decode()


@pytest.fixture
def organization() -> Organization:
    """One with three public petitions, of which one is won and two are answered; and
    three that readers do not see. Another one is beside it."""
    organization = make_organization("Lamps for All")
    make_organization("Somebody Else")
    signed = make_petition(organization)
    answered = make_petition(organization)
    won = make_petition(organization, state=State.WON, ended_at=timezone.now())
    make_petition(organization, state=State.DRAFT)
    withdrawn = make_petition(organization)
    make_petition(organization, opens_at=timezone.now() + timedelta(days=3))
    for petition in (signed, signed, answered, withdrawn):
        make_signature(petition)
    make_entry(signed, 1_000, source="paper")
    make_answer(answered)
    make_answer(won)
    make_answer(withdrawn)
    withdrawn.state, withdrawn.ended_at = State.WITHDRAWN, timezone.now()
    withdrawn.save()
    fold_all()
    return organization


def of_all() -> TrackRecord:
    public = Petition.objects.ever_public(timezone.now())
    return track_record(public, public.supporters_by_source()["confirmed"])


def test_it_adds_up_what_readers_see(organization: Organization) -> None:
    assert of_all() == TrackRecord(confirmed=3, won=1, answered=2, signed_at=None)


def test_a_petition_with_two_answers_is_answered_once(
    organization: Organization,
) -> None:
    petition = Petition.objects.answered().get(state=State.WON)
    target = petition.targets.create(name="Another", position=2)

    Answer.objects.create(
        petition=petition, target=target, text="No.", answered_on=timezone.localdate()
    )

    assert of_all().answered == 2


def test_it_says_when_a_count_was_last_signed(organization: Organization) -> None:
    now = timezone.now()
    for age, petition in zip(
        (2, 1), Petition.objects.filter(total__log_size__gt=0)[:2], strict=True
    ):
        checkpoints.sign_checkpoint(petition.pk, now=now - timedelta(days=age))

    assert of_all().signed_at == now - timedelta(days=1)


def test_the_home_page_and_the_profile_show_it(
    visitor: Client, organization: Organization
) -> None:
    for path in ("/", organization.get_absolute_url()):
        text = text_of(visitor.get(path))

        for said in (
            "confirmed signatures 3",
            "petition won 1",
            "petitions answered 2",
        ):
            assert said in text, path


def test_a_site_without_signatures_shows_none(visitor: Client) -> None:
    for _number in range(2):
        make_petition(make_organization())

    assert 'class="stats"' not in html(visitor, "/")


def test_a_profile_does_not_show_one_number_twice(visitor: Client) -> None:
    petition = make_petition()
    make_signature(petition)
    fold_all()

    page = html(visitor, petition.organization.get_absolute_url())

    assert "confirmed signature" not in page


def test_what_staff_put_first_shows_its_picture_and_the_way_to_sign(
    visitor: Client, organization: Organization
) -> None:
    first, other = Petition.objects.open(timezone.now())
    for petition in (first, other):
        petition.image_description = f"The picture of {petition.pk}"
        petition.image = pictures.vigil()
        petition.save()
    Petition.objects.filter(pk=first.pk).update(featured=1)

    featured, _, rest = (
        html(visitor, "/").partition('class="card featured"')[2].partition("</article>")
    )

    assert f'alt="The picture of {first.pk}"' in featured
    assert 'loading="lazy"' not in featured
    assert f'class="button" href="{first.get_absolute_url()}"' in featured
    assert f'alt="The picture of {other.pk}"' in rest
    assert 'loading="lazy"' in rest
