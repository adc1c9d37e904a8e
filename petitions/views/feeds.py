"""Atom feeds: the petitions of all organisations, those of one with its updates, and
the updates of one petition. What had ended before it came to this site is no news, and
its updates are as old as they say.

Each feed exists in every language of the interface; an entry without a text in that
language comes in its own, and is marked with it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import linebreaksbr
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed, get_tag_uri
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from core.http.public_data import full
from core.i18n.languages import reader_language
from organizations.lookup import OrganizationMoved, get_organization
from petitions import markup
from petitions.models import Petition, Update
from petitions.models.listings import PetitionQuerySet
from petitions.public_data.last_modified import last_changed
from petitions.views.lookup import its_notice, of_petition

ENTRIES = 30
# Characters that XML cannot contain.
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Feed(Atom1Feed):
    """An Atom feed whose entries name their language. It is as new as its newest entry:
    Django would date an empty feed with the present moment, so that it changed at every
    reading."""

    def latest_post_date(self) -> datetime:
        dates: list[datetime] = [item["updateddate"] for item in self.items]
        return max(dates, default=self.feed["began"])

    def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
        return {"xml:lang": item["language"]}


def new_feed(
    request: HttpRequest, title: str, page: str, subject: str, began: datetime
) -> Feed:
    """Return an empty feed about the page at the path `page`. `subject` and `began`,
    the moment at which the subject was created, make up its permanent id: they must
    never change."""
    return Feed(
        title=xml_text(title),
        link=full(page),
        description="",
        language=reader_language(),
        feed_url=full(request.path),
        feed_guid=tag_of(subject, began),
        began=began,
    )


def feed_response(feed: Feed) -> HttpResponse:
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Return the feed of the newest petitions of all organisations."""
    now = timezone.now()
    feed = new_feed(
        request,
        gettext("Petitions"),
        reverse("petitions:index"),
        "petitions",
        datetime(2026, 1, 1, tzinfo=now.tzinfo),
    )
    for entry in petition_entries(Petition.objects.ever_public(now), now):
        feed.add_item(**entry)
    return feed_response(feed)


@require_safe
def organization_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the feed of an organisation's newest petitions and updates."""
    now = timezone.now()
    try:
        organization = get_organization(slug)
    except OrganizationMoved as moved:
        name = "petitions:organization_feed"
        return redirect(name, moved.organization.slug, permanent=True)
    feed = new_feed(
        request,
        organization.display_name,
        organization.get_absolute_url(),
        f"organizations/{organization.pk}",
        organization.created_at,
    )
    petitions = organization.petitions.ever_public(now)
    public = Update.objects.of_public_petitions(now)
    updates = public.filter(petition__organization=organization).prefetch_related(
        "petition__organization__descriptions"
    )[:ENTRIES]
    entries = petition_entries(petitions, now) + [
        update_entry(update, about=True) for update in updates
    ]
    entries.sort(key=lambda entry: entry["pubdate"], reverse=True)
    for entry in entries[:ENTRIES]:
        feed.add_item(**entry)
    return feed_response(feed)


@require_safe
@of_petition(its_notice)
def updates_feed(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return the feed of the updates of one petition."""
    feed = new_feed(
        request,
        petition.words.title,
        petition.get_absolute_url(),
        f"petitions/{petition.pk}/updates",
        petition.created_at,
    )
    for update in petition.updates.published(timezone.now())[:ENTRIES]:
        update.petition = petition
        feed.add_item(**update_entry(update))
    return feed_response(feed)


def petition_entries(
    petitions: PetitionQuerySet, now: datetime
) -> list[dict[str, Any]]:
    newest = petitions.new_here().newest_first()[:ENTRIES].complete()
    changed = last_changed([row.pk for row in newest], now)
    return [petition_entry(row, changed[row.pk]) for row in newest]


def petition_entry(petition: Petition, changed: datetime) -> dict[str, Any]:
    words = petition.words
    text, _shortened = markup.excerpt(words.text, words.text_format, words.dialect)
    html = asked_html(petition) + markup.render(text, words.text_format, words.dialect)
    return {
        "title": xml_text(words.title),
        "link": full(petition.get_absolute_url()),
        "description": xml_text(html),
        "author_name": xml_text(petition.organization.display_name),
        "pubdate": petition.opens_at,
        "updateddate": changed,
        "unique_id": tag_of(f"petitions/{petition.pk}", petition.created_at),
        "language": words.language,
    }


def asked_html(petition: Petition) -> SafeString:
    """Return the HTML that says who is petitioned and for what: a title need not say
    either."""
    html = SafeString()
    if not petition.is_unsettled:
        who = gettext("Petitioning %(who)s") % {"who": petition.addressees}
        html += format_html('<p lang="{}">{}</p>\n', reader_language(), who)
    if petition.words.ask:
        html += format_html(
            "<p><strong>{}</strong></p>\n", linebreaksbr(petition.words.ask)
        )
    return html


def update_entry(update: Update, *, about: bool = False) -> dict[str, Any]:
    """Return the feed entry of an update; `about` adds a link to its petition, for
    feeds about more than one."""
    petition, words = update.petition, update.words
    html = picture_html(update) + markup.render(words.text, "markdown", words.dialect)
    if about:
        html += format_html(
            '<p><a href="{}" lang="{}" dir="{}">{}</a></p>\n',
            full(petition.get_absolute_url()),
            petition.words.language,
            petition.words.direction,
            petition.words.title,
        )
    return {
        "title": xml_text(words.title),
        "link": full(update.get_absolute_url()),
        "description": xml_text(html),
        "author_name": xml_text(petition.organization.display_name),
        "pubdate": update.published_at,
        "updateddate": update.updated_at,
        "unique_id": tag_of(f"updates/{update.pk}", update.created_at),
        "language": words.language,
    }


def picture_html(update: Update) -> SafeString:
    """Return the HTML of the picture of an update, "" without one."""
    if not update.image:
        return SafeString()
    html = '<p><img src="{}" alt="{}" width="{}" height="{}"></p>\n'
    return format_html(
        html,
        full(update.image.url),
        update.words.picture.text,
        update.image_width or "",
        update.image_height or "",
    )


def tag_of(subject: str, began: datetime) -> str:
    """Return a permanent id (a tag URI, RFC 4151) that survives a change of the
    address; one for each language of the interface."""
    return get_tag_uri(f"{settings.SITE_URL}/{reader_language()}/{subject}", began)


def xml_text(text: str) -> str:
    return UNWRITABLE.sub("", text)
