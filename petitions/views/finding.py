"""Views of one petition, wherever its address leads."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from petitions.access import Moved, Withdrawn, get_petition
from petitions.models import Petition

type PetitionView = Callable[[HttpRequest, Petition], HttpResponse]
type SlugView = Callable[[HttpRequest, str], HttpResponse]


def of_petition(gone: PetitionView) -> Callable[[PetitionView], SlugView]:
    """Makes a view that is given the petition of the address. A former address leads to
    the present one; `gone` answers for a petition that was withdrawn."""

    def found(view: PetitionView) -> SlugView:
        @wraps(view)
        def answer(request: HttpRequest, slug: str) -> HttpResponse:
            try:
                petition = get_petition(slug, timezone.now())
            except Moved as moved:
                assert request.resolver_match is not None
                name = request.resolver_match.view_name
                return redirect(name, slug=moved.petition.slug, permanent=True)
            except Withdrawn as withdrawn:
                return gone(request, withdrawn.petition)
            return view(request, petition)

        return answer

    return found
