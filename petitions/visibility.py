"""Visibility of petitions to visitors: decided here and nowhere else."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404

from petitions.models import FormerPetitionSlug, Petition
from petitions.states import PUBLIC_STATES, State


class PetitionMoved(Exception):
    """The address is a former one; `petition` has the new one."""

    def __init__(self, petition: Petition) -> None:
        self.petition = petition


class PetitionWithdrawn(Exception):
    """The petition was public once, and was withdrawn."""

    def __init__(self, petition: Petition) -> None:
        self.petition = petition


def get_petition(slug: str, now: datetime) -> Petition:
    """Return the petition at this address with all that its page prints. Raise
    PetitionMoved when it has another address now, PetitionWithdrawn when it was
    withdrawn after it was public, Http404 when the public never saw it."""
    petition = Petition.objects.for_reading().filter(slug=slug).first()
    if petition is None:
        former = (
            FormerPetitionSlug.objects.select_related("petition")
            .filter(
                slug=slug,
                petition__state__in=PUBLIC_STATES,
                petition__opens_at__lte=now,
            )
            .first()
        )
        if former is None:
            raise Http404
        raise PetitionMoved(former.petition)
    if petition.state == State.WITHDRAWN and is_published(
        petition, petition.state_since or petition.ended_at
    ):
        raise PetitionWithdrawn(petition)
    if petition.state not in PUBLIC_STATES or not is_published(petition, now):
        raise Http404
    return petition


def is_published(petition: Petition, then: datetime | None) -> bool:
    """Return whether its opening date had come by `then`."""
    return bool(then and petition.opens_at and petition.opens_at <= then)


def current_slug(slug: str) -> str | None:
    """Return the present address of a petition that once had this one; None without
    one."""
    return (
        FormerPetitionSlug.objects.filter(slug=slug)
        .values_list("petition__slug", flat=True)
        .first()
    )
