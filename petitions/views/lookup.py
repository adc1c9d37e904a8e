"""Looking up the petition of an address, and what to answer when it has moved or was
withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from petitions.models import Petition
from petitions.views.posting import words_typed
from petitions.visibility import (
    PetitionMoved,
    PetitionWithdrawn,
    get_moved_petition,
    get_petition,
)

type PetitionView = Callable[..., HttpResponse]
type SlugView = Callable[..., HttpResponse]


def of_petition(
    withdrawn: Callable[[HttpRequest, Petition], HttpResponse],
) -> Callable[[PetitionView], SlugView]:
    """Decorate a view so that it is given the petition with the slug of its address. A
    former slug redirects to the present one, except a form, which would get lost on the
    way; `withdrawn` answers for a petition that was withdrawn."""

    def found(view: PetitionView) -> SlugView:
        @wraps(view)
        def answer(request: HttpRequest, slug: str, **more: Any) -> HttpResponse:
            find = get_moved_petition if request.method == "POST" else get_petition
            try:
                petition = find(slug, timezone.now())
            except PetitionMoved as moved:
                return to_present_address(request, moved.petition)
            except PetitionWithdrawn as left:
                return withdrawn(request, left.petition)
            return view(request, petition, **more)

        return answer

    return found


def to_present_address(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Redirect to the same page under the petition's present slug, with the same query,
    so that a tag or a language in it is kept."""
    match = request.resolver_match
    assert match is not None
    path = reverse(match.view_name, kwargs={**match.kwargs, "slug": petition.slug})
    query = request.GET.urlencode()
    return redirect(f"{path}?{query}" if query else path, permanent=True)


# == What is left of a petition that was withdrawn ==


def its_notice(
    request: HttpRequest, petition: Petition, *, late: bool = False
) -> HttpResponse:
    """Answer 410 with the notice that the petition was withdrawn, when, and why; `late`
    adds that a form which came afterwards was not stored, and what it held."""
    context = {
        "petition": petition,
        "late": late,
        "typed": words_typed(request) if late else [],
    }
    return TemplateResponse(request, "petitions/withdrawn.html", context, status=410)


def to_its_notice(request: HttpRequest, petition: Petition) -> HttpResponse:
    return redirect(petition)


def nothing(request: HttpRequest, petition: Petition) -> HttpResponse:
    raise Http404


# == The language of the page before ==


def read_on(request: HttpRequest, petition: Petition) -> Petition:
    """Return the petition in the language that it was read in on the page before
    (`?text=`)."""
    language = request.GET.get("text", "")
    petition.reading = language if language in petition.languages else ""
    return petition
