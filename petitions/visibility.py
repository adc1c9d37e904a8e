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
        formers = FormerPetitionSlug.objects.select_related("petition")
        former = formers.filter(slug=slug).first()
        if former is None or not (
            is_public(former.petition, now) or has_left(former.petition)
        ):
            raise Http404
        raise PetitionMoved(former.petition)
    if has_left(petition):
        raise PetitionWithdrawn(petition)
    if not is_public(petition, now):
        raise Http404
    return petition


def get_moved_petition(slug: str, now: datetime) -> Petition:
    """The same of a petition that may have another address now."""
    try:
        return get_petition(slug, now)
    except PetitionMoved as moved:
        return get_petition(moved.petition.slug, now)


def is_public(petition: Petition, now: datetime) -> bool:
    return petition.state in PUBLIC_STATES and is_published(petition, now)


def has_left(petition: Petition) -> bool:
    """Return whether it was withdrawn after the public had seen it."""
    return petition.state == State.WITHDRAWN and is_published(
        petition, petition.state_since or petition.ended_at
    )


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
