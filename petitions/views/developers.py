"""Documentation for developers, with examples that are real answers of this site."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import resolve, reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from core.http.problems import data_problem
from core.http.public_data import full
from petitions.models import Petition

MOST_LETTERS = 160
MOST_ITEMS = 1


@dataclass(frozen=True)
class Example:
    """An address of the public data and its present answer, shortened."""

    path: str
    status: int
    answer: str

    @property
    def url(self) -> str:
        return full(self.path)


@require_safe
def developers(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    public = Petition.objects.ever_public(now).select_related("organization")
    petition = public.newest_first().first()
    context: dict[str, Any] = {"petition": petition, "examples": {}, "csv": ""}
    if petition:
        context |= {
            "examples": examples(petition),
            "csv": full(reverse("data:history_csv", args=[petition.slug])),
        }
    return TemplateResponse(request, "petitions/developers.html", context)


def examples(petition: Petition) -> dict[str, Example]:
    slug = [petition.slug]
    page = full(reverse("petitions:petition", args=slug))
    owner = petition.organization.slug
    paths = {
        "petitions": reverse("data:petitions", query={"organization": owner}),
        "petition": reverse("data:petition", args=slug),
        "count": reverse("data:count", args=slug),
        "history": reverse("data:history", args=slug),
        "organizations": reverse("data:organizations"),
        "organization": reverse("data:organization", args=[owner]),
        "oembed": f"{reverse('data:oembed')}?url={quote(page, safe='')}",
        "problem": reverse("data:petitions", query={"state": "forgotten"}),
    }
    return {name: example_of(path) for name, path in paths.items()}


def example_of(path: str) -> Example:
    """Call the view behind a path of the public data and return its answer as an
    example. Called without the middleware, in the site's first language, as a program
    without cookies would get it."""
    request = HttpRequest()
    request.method = "GET"
    request.path, _mark, query = path.partition("?")
    request.GET = QueryDict(query)
    with translation.override(settings.LANGUAGE_CODE):
        match = request.resolver_match = resolve(request.path)
        try:
            response = match.func(request, **match.kwargs)
        except Http404:
            response = data_problem(404)
    answer = shortened_data(json.loads(response.content))
    written = json.dumps(answer, ensure_ascii=False, indent=2)
    return Example(path, response.status_code, written)


def shortened_data(data: Any) -> Any:
    """Return JSON data with long texts and lists cut to their beginnings."""
    if isinstance(data, dict):
        return {name: shortened_data(value) for name, value in data.items()}
    if isinstance(data, list):
        return [shortened_data(value) for value in data[:MOST_ITEMS]]
    if isinstance(data, str) and len(data) > MOST_LETTERS:
        return f"{data[:MOST_LETTERS].rstrip()}…"
    return data
