"""Pages about the site itself. Everything on them comes from settings, retention rules
and rows, so no installation prints a statement that is not true of it."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from core import retention
from core.i18n.languages import Passage, said
from core.models import Heartbeat
from organizations.models import Organization
from petitions.loops import PROVED
from petitions.models import Petition
from petitions.states import Source

# The day on which all pages were last reviewed for accessibility, by hand and with the
# tests that the statement names.
REVIEWED = date(2026, 11, 25)
# How many organisations are named with their addresses; a link leads to the rest.
NAMED = 12


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Show what this site is, who runs campaigns on it, and how it works."""
    context = {"operator": said(settings.OPERATOR), **responsible()}
    return TemplateResponse(request, "petitions/about.html", context)


@require_safe
def how_we_count(request: HttpRequest) -> HttpResponse:
    """Show how many signatures are counted, from which sources, and when the count was
    last proved."""
    public = Petition.objects.ever_public(timezone.now())
    sums = public.supporters_by_source()
    context = {
        "sources": [(source.label, sums[source.value]) for source in Source],
        "supporters": sum(sums.values()),
        "example": public.newest_first().first(),
        "proved": Heartbeat.objects.filter(name=PROVED).first(),
    }
    return TemplateResponse(request, "petitions/how_we_count.html", context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Show what is kept, why, and until when: the retention rules that the worker
    carries out."""
    context = {"rules": retention.RULES, "facts": site_facts(), **responsible()}
    return TemplateResponse(request, "petitions/privacy.html", context)


def site_facts() -> list[tuple[str, Passage | None]]:
    """Return what the settings say of who runs the site, each with its heading and, in
    the reader's language where it is said in that, its words; None where nothing is
    said."""
    return [
        (gettext("Who runs this site"), said(settings.OPERATOR)),
        (gettext("Where it is hosted"), said(settings.HOSTING)),
        (gettext("Who sends its e-mail"), said(settings.MAIL_SERVICE)),
        (gettext("Legal basis"), said(settings.LEGAL_BASIS)),
        (
            gettext("Who is in charge of protecting personal data"),
            said(settings.PRIVACY_OFFICER),
        ),
    ]


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """Show the accessibility statement: what conforms, how it was tested, what does
    not."""
    context = {"reviewed": REVIEWED}
    return TemplateResponse(request, "petitions/accessibility.html", context)


def responsible() -> dict[str, object]:
    """Return the first organisations, as those responsible for the content of the site,
    and whether there are more."""
    rows = Organization.objects.in_reader_order()
    people = list(rows[: NAMED + 1])
    return {"organizations": people[:NAMED], "more": len(people) > NAMED}
