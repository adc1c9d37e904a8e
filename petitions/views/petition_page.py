"""The public page of a petition."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.i18n.languages import (
    is_of_interface,
    path_in,
)
from petitions import timeline
from petitions.models import Petition
from petitions.signatures.forms import (
    SignForm,
    make_version,
)
from petitions.views.lookup import its_notice, of_petition, to_its_notice
from petitions.views.thanks import with_own_signature


@require_safe
@with_own_signature
@of_petition(its_notice)
def petition(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Show a petition, with its form while it is open."""
    context = page_context(petition, SignForm(petition=petition))
    return TemplateResponse(request, "petitions/petition.html", context)


@require_safe
@with_own_signature
@of_petition(to_its_notice)
def text(request: HttpRequest, petition: Petition, language: str) -> HttpResponse:
    """Show the same page with the text in a language that the interface does not
    have."""
    if is_of_interface(language):
        path = path_in(language, reverse("petitions:petition", args=[petition.slug]))
        return redirect(path, permanent=True)
    if language not in petition.languages:
        raise Http404
    petition.reading = language
    context = page_context(petition, SignForm(petition=petition))
    response = TemplateResponse(request, "petitions/petition.html", context)
    response.headers["Content-Language"] = language
    return response


def page_context(
    petition: Petition, form: SignForm, *, preview: bool = False, **more: Any
) -> dict[str, Any]:
    """Return the context of the page of a petition; `form` may hold what somebody
    typed."""
    corrections = list(petition.corrections.all())
    words, now = petition.words, timezone.now()
    return {
        "petition": petition,
        "words": words,
        "targets": list(petition.targets.all()),
        "corrections": [
            correction for correction in corrections if correction.concerns(words)
        ],
        "form": form,
        "is_open": petition.is_open(now),
        "version": make_version(len(corrections), petition.delivery, words),
        "via": "",
        **timeline.of_page(petition, now),
        "foreign": False,
        "reworded": False,
        "late": False,
        "again": False,
        "typed": [],
        "preview": preview,
        **more,
    }
