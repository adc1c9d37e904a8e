"""Sitemaps for search engines: the public pages in every language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from django.views.decorators.http import require_safe

from core.http.public_data import full
from core.i18n.languages import path_in
from organizations.models import Organization
from petitions.models import Petition
from petitions.public_data.last_modified import (
    last_changed,
    profiles_changed,
)
from petitions.templatetags.text_tags import alternates

# Far below the limit of a file (50,000 addresses), however many languages there are.
PER_FILE = 500
PAGES = (
    "home",
    "petitions:index",
    "organizations:index",
    "petitions:how_we_count",
    "petitions:check",
    "petitions:about",
    "petitions:accessibility",
    "petitions:developers",
    "petitions:privacy",
)

type Alternates = list[tuple[str, str]]


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Return the index of the sitemap files."""
    files = ["pages-1"]
    for section, paginator in paginators().items():
        files += [f"{section}-{n}" for n in paginator.page_range if paginator.count]
    entries = (f"<sitemap>{location(file_path(name))}</sitemap>" for name in files)
    return xml("sitemapindex", entries)


@require_safe
def sitemap_file(request: HttpRequest, section: str, number: int) -> HttpResponse:
    """Return one file of the sitemap."""
    if section == "pages" and number == 1:
        return xml("urlset", pages())
    paginator = paginators().get(section)
    if paginator is None or number not in paginator.page_range or not paginator.count:
        raise Http404
    rows = paginator.page(number).object_list
    entries = (
        organization_addresses if section == "organizations" else petition_addresses
    )
    return xml("urlset", entries(rows))


def paginators() -> dict[str, Paginator[Any]]:
    """Return the sections that grow, in the order of creation, so that files that are
    full do not change."""
    public = Petition.objects.ever_public(timezone.now())
    public = public.prefetch_related("translations")
    return {
        "organizations": Paginator(Organization.objects.order_by("pk"), PER_FILE),
        "petitions": Paginator(public.order_by("pk"), PER_FILE),
    }


def file_path(name: str) -> str:
    section, _hyphen, number = name.partition("-")
    return reverse("sitemap_file", args=[section, number])


def pages() -> Iterator[str]:
    for name in PAGES:
        yield from in_each_language(in_interfaces(reverse(name)))


def organization_addresses(rows: Iterable[Organization]) -> Iterator[str]:
    listed = list(rows)
    keys = [organization.pk for organization in listed]
    changed = profiles_changed(keys, timezone.now())
    for organization in listed:
        paths = in_interfaces(organization.get_absolute_url())
        yield from in_each_language(paths, changed.get(organization.pk))


def petition_addresses(rows: Iterable[Petition]) -> Iterator[str]:
    listed = list(rows)
    changed = last_changed([petition.pk for petition in listed], timezone.now())
    for petition in listed:
        yield from in_each_language(alternates(petition), changed[petition.pk])


def in_interfaces(path: str) -> Alternates:
    """Return the addresses of a page that exists in every language of the interface."""
    paths = [(code, path_in(code, path)) for code, _name in settings.LANGUAGES]
    return [*paths, ("x-default", path)]


def in_each_language(
    paths: Alternates, changed: datetime | None = None
) -> Iterator[str]:
    """Yield an entry for each address of a page, every one with links to all of them.
    Without `changed`, the moment of the last change is not known, and lastmod is left
    out."""
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" '
        f"href={quoteattr(iri_to_uri(full(path)))}/>"
        for code, path in paths
    )
    day = (
        f"<lastmod>{changed.isoformat(timespec='seconds')}</lastmod>" if changed else ""
    )
    for path in dict.fromkeys(path for _code, path in paths):
        yield f"<url>{location(path)}{day}{links}</url>"


def location(path: str) -> str:
    return f"<loc>{escape(iri_to_uri(full(path)) or '')}</loc>"


def xml(root: str, entries: Iterable[str]) -> HttpResponse:
    body = "\n".join(entries)
    return HttpResponse(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:xhtml="http://www.w3.org/1999/xhtml">\n{body}\n</{root}>\n',
        content_type="application/xml",
    )
