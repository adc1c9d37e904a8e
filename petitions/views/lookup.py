"""Views of one petition, wherever its address leads."""

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
from petitions.visibility import PetitionMoved, PetitionWithdrawn, get_petition

type PetitionView = Callable[..., HttpResponse]
type SlugView = Callable[..., HttpResponse]


def of_petition(
    withdrawn: Callable[[HttpRequest, Petition], HttpResponse],
) -> Callable[[PetitionView], SlugView]:
    """Makes a view that is given the petition of the address. A former address leads to
    the present one; `withdrawn` answers for a petition that has left."""

    def found(view: PetitionView) -> SlugView:
        @wraps(view)
        def answer(request: HttpRequest, slug: str, **more: Any) -> HttpResponse:
            try:
                petition = get_petition(slug, timezone.now())
            except PetitionMoved as moved:
                return to_present_address(request, moved.petition)
            except PetitionWithdrawn as left:
                return withdrawn(request, left.petition)
            return view(request, petition, **more)

        return answer

    return found


def to_present_address(request: HttpRequest, petition: Petition) -> HttpResponse:
    """The same page where it is now, and as it was asked for: a tag or a language that
    stands behind the `?` counts there, too."""
    match = request.resolver_match
    assert match is not None
    path = reverse(match.view_name, kwargs={**match.kwargs, "slug": petition.slug})
    query = request.GET.urlencode()
    return redirect(f"{path}?{query}" if query else path, permanent=True)


# == What is left of a petition that was withdrawn ==


def its_notice(
    request: HttpRequest, petition: Petition, *, late: bool = False
) -> HttpResponse:
    """That it was withdrawn, when, and why; and that a form which came `late` was not
    stored."""
    context = {"petition": petition, "late": late}
    return TemplateResponse(request, "petitions/withdrawn.html", context, status=410)


def to_its_notice(request: HttpRequest, petition: Petition) -> HttpResponse:
    return redirect(petition)


def nothing(request: HttpRequest, petition: Petition) -> HttpResponse:
    raise Http404


# == The language of the page before ==


def read_on(request: HttpRequest, petition: Petition) -> Petition:
    """The petition in the language that it was read in on the page before."""
    language = request.GET.get("text", "")
    petition.reading = language if language in petition.languages else ""
    return petition
