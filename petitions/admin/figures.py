"""Figures of a petition: whether mail arrives, by day and mail domain, and where
signatures come from; as a page, and all of them as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import get_language, gettext, pgettext

from core.text.spreadsheets import csv_table
from organizations import confirming
from organizations.models import User
from organizations.rights import Right
from organizations.scoping import ScopedAdmin, user_of
from petitions.abuse.source_tallies import outliers
from petitions.admin.exports import sent_or_refused
from petitions.channels import ASKED_BY_MAIL, OF_MAILING, Channel
from petitions.delivery.files import spoken
from petitions.models import Export, MailTally, Petition, SourceTally
from petitions.privacy.expiry import RARE
from petitions.privacy.recorded_exports import NotNow, recorded
from petitions.region_totals import region_table
from petitions.states import ExportKind, ExportState

DAYS = 60
DOMAINS = 50
SOURCES = 100
SOURCE_HOURS = timedelta(hours=48)

SUMS = {name: Sum(name) for name in ("signed", "handed_over", "failed", "confirmed")}


def figures(
    model_admin: ScopedAdmin[Petition], request: HttpRequest, petition: Petition
) -> HttpResponseBase:
    """Show the figures; on POST, send all of them as CSV."""
    now = timezone.now()
    # A domain or a network may be one person's.
    sees_sources = model_admin.holds(request, Right.SEE_SUPPORTERS, petition)

    def ask(refused: NotNow | None = None) -> TemplateResponse:
        context = {
            **model_admin.admin_site.each_context(request),
            "title": gettext("Figures"),
            "subtitle": str(petition),
            "opts": model_admin.opts,
            "petition": petition,
            "sees_sources": sees_sources,
            "refused": refused,
            **read_tables(petition, request.GET.get("day", ""), now),
        }
        template = "admin/petitions/petition/figures.html"
        return TemplateResponse(request, template, context)

    if request.method != "POST":
        return ask()
    # To look is not grave; what is handed out does not come back.
    if answer := confirming.password_page(request):
        return answer
    user = user_of(request)
    return sent_or_refused(
        lambda: export_figures(petition, user, sees_sources=sees_sources, now=now),
        f"{petition.slug}-figures",
        ask,
    )


def read_tables(petition: Petition, day: str, now: datetime) -> dict[str, Any]:
    """Return the rows of the tables; `day` (ISO) narrows mail domains and links to one
    day."""
    tallies = petition.mail_tallies.all()
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError:
        chosen = None
    of_day = tallies.filter(day=chosen) if chosen else tallies
    return {
        "days": tallies.values("day").annotate(**SUMS).order_by("-day")[:DAYS],
        "domains": of_day.values("domain")
        .annotate(**SUMS)
        .order_by("-signed", "domain")[:DOMAINS],
        "chosen": chosen,
        "channels": channels(petition, chosen),
        "regions": region_table(petition, get_language() or ""),
        "sources": busiest_sources(petition, now),
    }


def export_figures(
    petition: Petition, user: User, *, sees_sources: bool, now: datetime
) -> Iterator[bytes]:
    """Return all figures as pieces of a CSV file, which is on record; raise NotNow when
    it has to wait. Without `sees_sources`, those by mail domain are left out."""
    rows = list(figure_lines(petition, sees_sources=sees_sources))
    record = Export(
        organization=petition.organization,
        kind=ExportKind.FIGURES,
        petition=petition,
        made_by=user,
        made_at=now,
        number=0,
        state=ExportState.BEGUN,
    )
    head = [
        gettext("By"), gettext("Which"), gettext("Signed"), gettext("Mail handed over"),
        gettext("Mail failed"), pgettext("signatures", "Confirmed"),
    ]  # fmt: skip
    body = csv_table(rows, begins=False)
    return recorded(record, csv_table([head], begins=True), [(len(rows), body)])


def figure_lines(
    petition: Petition, *, sees_sources: bool
) -> Iterator[list[str | int]]:
    """Yield the lines of that file: by day, mail domain, link, and region or country.
    Only confirmations are counted by link, region and country: the latter as the page
    shows them. Mail domains of few stand together."""
    tallies = petition.mail_tallies.all()
    days: Any = tallies.values("day").annotate(**SUMS).order_by("day")
    for row in days:
        yield [gettext("Day"), str(row["day"]), *(row[name] for name in SUMS)]
    if sees_sources:
        for row in sums_by_domain(tallies):
            which = row["domain"] or gettext("not kept by name")
            yield [gettext("Mail domain"), which, *(row[name] for name in SUMS)]
    for link in channels(petition, None):
        which = link["name"] or gettext("without a tag")
        yield [gettext("Link"), str(which), "", "", "", link["confirmed"]]
    if table := region_table(petition, spoken(get_language() or "")):
        kind = gettext("Region") if table.by_region else gettext("Country")
        for place, number, _share in table.lines:
            yield [kind, place, "", "", "", number]


def sums_by_domain(tallies: QuerySet[MailTally]) -> list[dict[str, Any]]:
    """Return the sums by mail domain, under "" first those of domains that so few have
    signed with that one may be a person's own: the site forgets such names after two
    days, a file never."""
    sums: Any = tallies.values("domain").annotate(**SUMS).order_by("domain")
    rare = Q(domain="") | Q(signed__lt=RARE, confirmed__lt=RARE)
    few = sums.filter(rare)
    together = {name: sum(row[name] for row in few) for name in SUMS}
    unnamed = [{"domain": "", **together}] if few else []
    return [*unnamed, *sums.exclude(rare)]


def channels(petition: Petition, chosen: date | None) -> list[dict[str, Any]]:
    """Return the links that brought signatures, on the chosen day or in all: the number
    of confirmations, and the share of all confirmations then, in per cent."""
    tallies = petition.channel_tallies.all()
    if chosen:
        tallies = tallies.filter(day=chosen)
    sums = tallies.values("via").annotate(confirmed=Sum("confirmed"))
    rows = list(sums.order_by("-confirmed", "via"))
    everything = sum(row["confirmed"] for row in rows)
    names = dict(Channel.choices)
    return [
        {
            "name": names.get(row["via"]) or name_of_link(row["via"]),
            "confirmed": row["confirmed"],
            "share": 100 * row["confirmed"] / everything,
        }
        for row in rows
    ]


def name_of_link(tag: str) -> str:
    """Return the name of a link that is none of our own pages."""
    if tag == ASKED_BY_MAIL:
        return gettext("Asked by mail after an import")
    if tag.startswith(OF_MAILING):
        number = tag.removeprefix(OF_MAILING)
        return gettext("Mailing no. %(number)s") % {"number": number}
    return tag


def busiest_sources(petition: Petition, now: datetime) -> list[SourceTally]:
    """Return the networks and mail domains that brought most signatures within an hour
    of the last two days; `stands_out` says which are outliers."""
    since = now - SOURCE_HOURS
    tallies = petition.source_tallies.filter(hour__gt=since)
    rows = list(
        tallies.exclude(kind=SourceTally.Kind.ALL).order_by("-signed", "-hour", "pk")[
            :SOURCES
        ]
    )
    odd = {
        (outlier.hour, outlier.kind, outlier.source)
        for outlier in outliers(since)
        if outlier.petition == petition
    }
    for row in rows:
        row.stands_out = (row.hour, row.kind, row.source) in odd
    return rows
