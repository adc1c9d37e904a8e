"""Pages and pictures for passing a petition on: the page after signing, share pictures,
and posters, sheets and QR codes for paper."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from core.http.cache_policy import Versioned
from core.http.problems import RETRY_AFTER
from core.images import qr
from organizations.context import only
from organizations.lookup import OrganizationMoved, get_organization
from petitions.channels import Channel, clean_tag
from petitions.models import NextStep, Petition
from petitions.models.next_steps import NextStepKind
from petitions.sharing import (
    cards,
    paper,
)
from petitions.sharing.cards import Card
from petitions.sharing.links import (
    Sharing,
    share_url,
)
from petitions.views.lookup import nothing, of_petition, read_on, to_its_notice
from petitions.views.profile import petitions_of
from petitions.views.thanks import is_thanked, with_own_signature


@require_safe
@with_own_signature
@of_petition(to_its_notice)
def thank_you(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Show the new total, this signature included, and ask to pass the petition on;
    the proof goes on to the petition's page, which would lack it for some seconds.
    Whoever does not come from a page of this site was passed the address and has not
    signed: they are redirected to the petition. Without a proof that a signature
    counts, the page says nothing of one."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return redirect("petitions:petition", petition.slug)
    context = {
        "petition": read_on(request, petition),
        "share": Sharing(petition, signed=is_thanked(request, petition)),
        **next_step(petition),
    }
    return TemplateResponse(request, "petitions/thank_you.html", context)


def next_step(petition: Petition) -> dict[str, Any]:
    """Return what staff suggest after signing: the `step`, with the `other` petition or
    the `letter` that it names; all None when nothing can be done at present. Once a
    petition has ended, nobody is asked to write to whom it addressed."""
    context: dict[str, Any] = {"step": None, "other": None, "letter": None}
    step = NextStep.objects.filter(petition=petition).first()
    if step is None:
        return context
    step.petition = petition
    if step.kind == NextStepKind.PETITION:
        context["other"] = step.another_petition(timezone.now())
    elif step.kind == NextStepKind.LETTER and not petition.has_ended:
        context["letter"] = step.letter_in(
            petition.words.language, get_language() or "", petition.language
        )
    if step.kind == NextStepKind.DONATION or context["other"] or context["letter"]:
        context["step"] = step
    return context


# == The picture beside a shared link ==


@require_safe
@of_petition(nothing)
def share_png(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return the share picture as it is now; it is cached for ever when `?v=` in the
    address names its content (core/http/cache_policy.py)."""
    return as_png(cards.card_of(in_language(request, petition)))


@require_safe
def site_png(request: HttpRequest) -> HttpResponse:
    """Return the share picture for pages about no organisation in particular."""
    return as_png(cards.card_of_site(only()))


@require_safe
def organization_png(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the share picture for the profile of an organisation."""
    try:
        organization = get_organization(slug)
    except OrganizationMoved as moved:
        present = moved.organization.slug
        return redirect("organizations:share_png", present, permanent=True)
    counts = petitions_of(organization).supporters_by_source()
    return as_png(cards.card_of_organization(organization, sum(counts.values())))


def as_png(card: Card) -> HttpResponse:
    """Return a card as PNG, or 503 with Retry-After when too many others wait to be
    drawn."""
    png = cards.card_png(card)
    if png is None:
        response = HttpResponse(status=503, content_type="text/plain")
        response.headers["Retry-After"] = str(RETRY_AFTER)
        return response
    return Versioned(png, content_type="image/png", version=card.digest)


def in_language(request: HttpRequest, petition: Petition) -> Petition:
    """Return the petition in the language that `?text=` asks for; raise Http404 when it
    has no text in that language."""
    if text := request.GET.get("text", ""):
        if text not in petition.languages:
            raise Http404
        petition.reading = text
    return petition


# == On paper ==


def paper_context(petition: Petition, channel: Channel) -> dict[str, Any]:
    """Return the context that the poster and the sheet share."""
    page = f"{settings.SITE_URL}{petition.get_absolute_url()}"
    return {
        "petition": petition,
        "words": petition.words,
        "size": paper.size_of(petition),
        "told": paper.what_is_signed(petition),
        "qr": qr.as_svg(share_url(petition, channel)),
        # As one types it, with percent-encoded letters decoded.
        "short_address": unquote(page.partition("://")[2]).rstrip("/"),
    }


@require_safe
@of_petition(to_its_notice)
def poster(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Show a poster to print; once the petition has ended, redirect to its page."""
    if petition.has_ended:
        return redirect(petition)
    petition = in_language(request, petition)
    context = paper_context(petition, Channel.POSTER)
    return TemplateResponse(request, "petitions/poster.html", context)


@require_safe
@of_petition(to_its_notice)
def sheet(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Show a sheet to print and collect signatures on; once the petition has ended,
    redirect to its page."""
    if petition.has_ended:
        return redirect(petition)
    petition = in_language(request, petition)
    context = paper_context(petition, Channel.SHEET) | {
        "lines": range(1, paper.sheet_lines(petition) + 1)
    }
    return TemplateResponse(request, "petitions/sheet.html", context)


@require_safe
@of_petition(nothing)
def qr_svg(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return the QR code alone, for print shops and slides; it is tagged with `?via=`,
    or as a poster."""
    if petition.has_ended:
        raise Http404
    petition = in_language(request, petition)
    tag = clean_tag(request.GET.get("via", "")) or Channel.POSTER
    return HttpResponse(
        qr.as_file(share_url(petition, tag)), content_type="image/svg+xml"
    )
