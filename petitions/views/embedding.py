"""Petitions on other sites: a card or the form in a frame, a badge, the page with the
code to copy, and oEmbed. None needs a script; whatever follows the button happens on
this site."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from core.http.problems import data_problem
from core.http.public_data import (
    data_answer,
    full,
    public_data,
)
from core.i18n.languages import language_of_path
from organizations import branding
from petitions.channels import Channel
from petitions.models import Petition
from petitions.sharing.embeds import (
    CARD,
    FORM,
    WIDEST,
)
from petitions.signatures.forms import (
    SignForm,
    make_version,
)
from petitions.templatetags.petition_tags import standing
from petitions.views.lookup import of_petition, read_on
from petitions.visibility import PetitionWithdrawn, get_moved_petition


def withdrawn_frame(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Answer 410 with a notice that the petition was withdrawn, small enough for a
    frame."""
    context = {"petition": petition}
    return TemplateResponse(
        request, "petitions/card_withdrawn.html", context, status=410
    )


@require_safe
@of_petition(withdrawn_frame)
def card(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Show the card: the number, the progress to the next goal, and a button that opens
    the petition."""
    context = {
        "petition": read_on(request, petition),
        "words": petition.words,
        "is_open": petition.is_open(timezone.now()),
    }
    return TemplateResponse(request, "petitions/card.html", context)


@require_safe
@of_petition(withdrawn_frame)
def card_form(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Show the card with the whole form; sending it leads to this site."""
    words = read_on(request, petition).words
    context = {
        "petition": petition,
        "words": words,
        "form": SignForm(petition=petition),
        "is_open": petition.is_open(timezone.now()),
        "version": make_version(petition.corrections.count(), petition.delivery, words),
        "preview": False,
        "via": Channel.EMBED,
    }
    return TemplateResponse(request, "petitions/card_form.html", context)


@require_safe
@of_petition(withdrawn_frame)
def badge(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return the number of supporters as an SVG badge."""
    words = standing(petition)
    # About the widest that these letters can be; the SVG stretches the text to fit.
    width = 8 * len(words)
    context = {
        "words": words,
        "width": width,
        "whole": width + 36,
        "petition": petition,
        "look": branding.light_scheme(petition.organization.accent),
    }
    return TemplateResponse(
        request, "petitions/badge.svg", context, content_type="image/svg+xml"
    )


@require_safe
@of_petition(withdrawn_frame)
def embed(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Show the HTML of the card, the form and the badge, for others to copy into their
    pages."""
    read_on(request, petition)
    badge = format_html(
        '<a href="{}"><img src="{}" alt="{}"></a>',
        full(petition.get_absolute_url()),
        full(reverse("petitions:badge", args=[petition.slug])),
        petition.words.title,
    )
    context = {
        "petition": petition,
        "words": petition.words,
        "card": CARD.html(petition),
        "form": FORM.html(petition),
        "badge": badge,
        "card_path": CARD.path(petition),
        "card_height": CARD.room(petition),
        "form_path": FORM.path(petition),
        "is_open": petition.is_open(timezone.now()),
    }
    return TemplateResponse(request, "petitions/embed.html", context)


@public_data
def oembed(request: HttpRequest) -> HttpResponse:
    """Return the card for programs that turn a petition's address into one
    (oembed.com)."""
    if request.GET.get("format") not in {None, "", "json"}:
        return data_problem(501, "Only json is provided.")
    if not (address := request.GET.get("url")):
        return data_problem(400, "url has the address of a petition's page.")
    petition, language = petition_at(address)
    with translation.override(language):
        width = smaller_of(WIDEST, request.GET.get("maxwidth"))
        # High enough for a phone, too: the request does not tell how wide the column
        # will be.
        height = smaller_of(CARD.room(petition), request.GET.get("maxheight"))
        return data_answer(
            {
                "version": "1.0",
                "type": "rich",
                "title": petition.words.title,
                "author_name": petition.organization.display_name,
                "author_url": full(petition.organization.get_absolute_url()),
                "provider_name": translation.gettext("Petitions"),
                "provider_url": full(reverse("home")),
                "cache_age": 600,
                "width": width,
                "height": height,
                "html": CARD.element(petition, width, height),
            }
        )


def petition_at(address: str) -> tuple[Petition, str]:
    """Return the petition at a page's full address, and the language of that page's
    interface; raise Http404 when the address is not that of a petition's page on this
    site."""
    try:
        parts = urlsplit(address)
    except ValueError:
        raise Http404 from None
    if parts.netloc != urlsplit(settings.SITE_URL).netloc:
        raise Http404
    path = unquote(parts.path)
    language = language_of_path(path)
    with translation.override(language):
        try:
            match = resolve(path)
        except Resolver404:
            raise Http404 from None
        if match.view_name not in {"petitions:petition", "petitions:text"}:
            raise Http404
        try:
            petition = get_moved_petition(match.kwargs["slug"], timezone.now())
        except PetitionWithdrawn:
            raise Http404 from None
    asked = match.kwargs.get("language", "")
    petition.reading = asked if asked in petition.languages else ""
    return petition, language


def smaller_of(usual: int, most: str | None) -> int:
    """Return `usual`, or `most` when that is a smaller number of pixels."""
    if most and most.isascii() and most.isdecimal() and 0 < len(most) < 6:
        return min(usual, int(most) or usual)
    return usual
