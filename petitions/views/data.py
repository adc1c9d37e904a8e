"""Petitions as public data. The meaning of each field is described in
petitions/public_data/openapi.py; a test compares the answers with that description."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from core.http.paging import page_of
from core.http.problems import data_problem
from core.http.public_data import (
    data_answer,
    full,
    iso_local,
    page_links,
    public_data,
)
from core.i18n.slugs import is_slug
from core.text.spreadsheets import csv_table
from organizations.lookup import OrganizationMoved as OrganizationMoved
from organizations.lookup import get_organization
from petitions.counts import by_day
from petitions.models import Petition, Words
from petitions.public_data.openapi import document
from petitions.states import PUBLIC_STATES
from petitions.templatetags.text_tags import address_of
from petitions.views.lookup import of_petition
from petitions.views.timeline_data import story

PAGE_SIZE = 50


def withdrawn_json(request: HttpRequest, petition: Petition) -> HttpResponse:
    day = petition.withdrawn_on
    return data_problem(410, f"This petition was withdrawn on {day}.")


@public_data
def petitions_data(request: HttpRequest) -> HttpResponse:
    """List all petitions that were ever public, newest first; `state` and
    `organization` filter them."""
    now = timezone.now()
    listed = Petition.objects.ever_public(now)
    query = {
        name: request.GET[name]
        for name in ("state", "organization")
        if request.GET.get(name)
    }
    if state := query.get("state"):
        if state not in PUBLIC_STATES:
            return data_problem(400, f"state is one of {', '.join(PUBLIC_STATES)}.")
        listed = listed.standing(state, now)
    if slug := query.get("organization"):
        if not is_slug(slug):
            raise Http404
        try:
            owner = get_organization(slug)
        except OrganizationMoved as moved:
            owner = moved.organization
        listed = listed.filter(organization=owner)
    page = page_of(Paginator(listed.newest_first(), PAGE_SIZE), request)
    rows = page.object_list.complete()  # type: ignore[attr-defined]
    return data_answer(
        {
            **page_links(page, reverse("data:petitions"), query),
            "petitions": [petition_summary(petition, now) for petition in rows],
        }
    )


@public_data
@of_petition(withdrawn_json)
def petition_data(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return all public data of a petition."""
    now = timezone.now()
    words = petition.words_in(petition.language)
    return data_answer(
        {
            **petition_summary(petition, now),
            "outcome": petition.outcome,
            "origin": petition.origin,
            "ask": words.ask,
            "text": words.text,
            "text_format": words.text_format,
            "translations": [
                translated(petition, petition.words_in(text.language))
                for text in petition.texts()
            ],
            "corrections": [
                {
                    "made": iso_local(correction.made_at),
                    "language": correction.language or petition.language,
                    "before": correction.before,
                    "after": correction.after,
                    "text": correction.text,
                }
                for correction in petition.corrections.all()
            ],
            **story(petition, now),
            "by_day": [
                {"day": day.isoformat(), "supporters": number}
                for day, number in by_day.shown_days(petition)
            ],
        }
    )


@public_data
@of_petition(withdrawn_json)
def count_data(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return the supporters of a petition, in all and by source."""
    return data_answer(petition.counts)


@public_data
@of_petition(withdrawn_json)
def history_data(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return what each day added to the count, by source. Days on which
    nobody came or went are left out."""
    return data_answer(
        {
            "time_zone": settings.TIME_ZONE,
            "days": [
                {"day": day.isoformat(), "supporters": sum(sources.values()), **sources}
                for day, sources in by_day.sources_by_day(petition)
            ],
        }
    )


HISTORY = ("day", "time_zone", "supporters", "confirmed", "paper", "imported", "total")


@public_data
@of_petition(withdrawn_json)
def history_csv(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return the same for a spreadsheet, with the total at the end of each day."""
    lines: list[Sequence[str | int]] = [HISTORY]
    total = 0
    for day, sources in by_day.sources_by_day(petition):
        total += (new := sum(sources.values()))
        by_source = (sources[source] for source in ("confirmed", "paper", "imported"))
        lines.append((day.isoformat(), settings.TIME_ZONE, new, *by_source, total))
    name = f"{petition.slug}-history.csv"
    return HttpResponse(
        csv_table(lines, begins=False),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(True, name)},
    )


@public_data
def openapi(request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI description of the public data."""
    return data_answer(document())


def petition_summary(petition: Petition, now: datetime) -> dict[str, Any]:
    """Return the data of a petition in a list, in the language that it was written
    in."""
    words = petition.words_in(petition.language)
    organization = petition.organization
    return {
        "title": words.title,
        "url": address_of(petition, words.language),
        "data": full(reverse("data:petition", args=[petition.slug])),
        "language": words.language,
        "languages": petition.languages,
        "organization": organization.translated("name", words.language).text,
        "organization_data": full(
            reverse("data:organization", args=[organization.slug])
        ),
        "state": petition.standing(now),
        "started": petition.began.isoformat() if petition.began else None,
        "closes": iso_moment(petition.closes_at),
        "ended": iso_moment(petition.ended(now)),
        "targets": [
            {
                "name": None if target.is_unsettled else target.name,
                "office": target.office,
                "organisation": target.organisation,
            }
            for target in petition.targets.all()
        ],
        "summary": words.summary,
        **petition.counts,
    }


def translated(petition: Petition, words: Words) -> dict[str, str]:
    """Return the words of one translation of a petition."""
    return {
        "language": words.language,
        "url": address_of(petition, words.language),
        "title": words.title,
        "ask": words.ask,
        "summary": words.summary,
        "text": words.text,
    }


def iso_moment(when: datetime | None) -> str | None:
    return iso_local(when) if when else None
