"""Lists of petitions: the filters in the address of a page, and the petitions that
match them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.http.paging import (
    BoundedPaginator,
    page_of,
)
from organizations.models import Organization
from petitions.models import Petition, Topic
from petitions.models.listings import PetitionQuerySet
from petitions.models.petition_display import Marked
from petitions.search import searching
from petitions.search.searching import (
    SearchResults,
    SearchScope,
)
from petitions.states import State

PAGE_SIZE = 20

STATES = {
    "open": ((State.OPEN, State.PAUSED), pgettext_lazy("petitions", "Open")),
    "won": ((State.WON,), pgettext_lazy("petitions", "Won")),
    "closed": ((State.CLOSED,), pgettext_lazy("petitions", "Closed")),
}
SORTS = {"newest": _("Newest first"), "supporters": _("Most supporters first")}


@dataclass(frozen=True)
class Filters:
    """The filters that a visitor chose; unknown values are ignored."""

    words: str = ""
    state: str = ""
    sort: str = ""
    topic: Topic | None = None
    after: str = ""

    @classmethod
    def of(cls, request: HttpRequest, topic: Topic | None = None) -> Self:
        """Read the filters from the query string; raise Http404 for an unknown
        topic."""
        asked = request.GET
        if topic is None and (slug := asked.get("topic", "").replace("\0", "")):
            topic = Topic.objects.filter(slug=slug).first()
            if topic is None:
                raise Http404
        state, sort = asked.get("state", ""), asked.get("sort", "")
        return cls(
            words=searching.search_text(asked.get("q", "")),
            state=state if state in STATES else "",
            sort=sort if sort in SORTS else "",
            topic=topic,
            after=asked.get("after", ""),
        )

    @property
    def states(self) -> tuple[State, ...]:
        return STATES[self.state][0] if self.state else ()

    @property
    def topic_slug(self) -> str:
        return self.topic.slug if self.topic else ""

    @property
    def narrow(self) -> bool:
        """Whether this is another list than that of all petitions, or of all on a
        topic."""
        return bool(self.words or self.state or self.sort or self.after)

    def query(self, *, on_topic_page: bool = False) -> str:
        """Return the filters as a query string for links, ending with “&” unless it is
        empty."""
        asked = {"q": self.words, "state": self.state, "sort": self.sort}
        if self.topic is not None and not on_topic_page:
            asked["topic"] = self.topic.slug
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{query}&" if query else ""


# == Browsing ==


def browsed(filters: Filters, now: datetime) -> PetitionQuerySet:
    """Return the petitions that match the filters, in their order, for which there is
    an index."""
    petitions = Petition.objects.ever_public(now)
    if filters.states:
        petitions = petitions.filter(state__in=filters.states)
    if filters.topic is not None:
        petitions = petitions.on(filters.topic)
    if filters.sort == "supporters":
        return petitions.most_supported_first()
    return petitions.newest_first()


def marker(petition: Petition, sort: str) -> str:
    """Return the marker that tells the next page where this one ended: the sort value
    and id of its last petition."""
    if sort == "supporters":
        folded = petition.total
        return f"{folded.confirmed + folded.paper + folded.imported}-{petition.pk}"
    assert petition.opens_at is not None
    return f"{petition.opens_at.timestamp():.6f}-{petition.pk}"


def behind(petitions: PetitionQuerySet, filters: Filters) -> list[Petition]:
    """Return the page of petitions after the marker in the address, and one more to
    tell whether the list goes on. Keyset pagination makes the end of the list as quick
    as its beginning. Raise Http404 for a malformed marker."""
    value, _hyphen, number = filters.after.rpartition("-")
    if not (value.replace(".", "", 1).isdecimal() and value.isascii()) or not (
        number.isascii() and number.isdecimal() and len(number) < 19 > len(value)
    ):
        raise Http404
    try:
        rows = petitions.behind(filters.sort, value, int(number))
    except (ValueError, OverflowError, OSError):
        raise Http404 from None
    return rows[: PAGE_SIZE + 1].complete()


# == On a profile ==


def page_of_profile(
    petitions: PetitionQuerySet, request: HttpRequest, organization: Organization
) -> tuple[SearchResults | None, Page[Any], list[Petition]]:
    """Return a page of an organisation's petitions, or of the results of a search among
    them."""
    words = searching.search_text(request.GET.get("q", ""))
    if words:
        scope = SearchScope(timezone.now(), (), organization=organization.pk)
        return found_page(Filters(words=words), request, scope)
    page = page_of(Paginator(petitions.in_profile_order(), PAGE_SIZE), request)
    return None, page, page.object_list.complete()  # type: ignore[attr-defined]


# == Searching ==


def found_page(
    filters: Filters, request: HttpRequest, scope: SearchScope
) -> tuple[SearchResults, Page[Any], list[Petition]]:
    """Return the search results, the page of them that was asked for, and its petitions
    with the words marked."""
    results = searching.search(filters.words, scope)
    numbers = list(results.texts)
    if filters.sort:
        rows = Petition.objects.filter(pk__in=numbers)
        rows = (
            rows.most_supported_first()
            if filters.sort == "supporters"
            else rows.newest_first()
        )
        exact = set(numbers[: results.exact])
        numbers = sorted(
            rows.values_list("pk", flat=True), key=lambda number: number not in exact
        )
    page = page_of(BoundedPaginator(numbers, PAGE_SIZE), request)
    by_number = Petition.objects.for_reading().in_bulk(list(page))
    petitions = [by_number[number] for number in page if number in by_number]
    for petition in petitions:
        petition.reading = results.texts[petition.pk]
    highlight(results, petitions)
    if results.exact:
        alike = list(results.texts)[results.exact :]
        results.first_alike = next(
            (row.pk for row in petitions if row.pk in alike), None
        )
    return results, page, petitions


def highlight(results: SearchResults, petitions: Iterable[Petition]) -> None:
    """Set the `marked` title and passage of each petition, with the words that were
    found marked: in title or summary, or else in the passage of the text where they
    occur."""
    all_words = [(petition, petition.words) for petition in petitions]
    heads = searching.highlighted(
        results.query,
        [
            (words.language, part, searching.WHOLE)
            for _petition, words in all_words
            for part in (words.title, words.summary or words.ask)
        ],
        results.words,
    )
    unmarked = []
    for (petition, words), title, told in zip(
        all_words, heads[::2], heads[1::2], strict=True
    ):
        petition.marked = Marked(title, told)
        if "<mark>" not in f"{title}{told}":
            unmarked.append((petition, words))
    passages = searching.highlighted(
        results.query,
        [
            (words.language, searching.strip_markdown(words.text), searching.PART)
            for _petition, words in unmarked
        ],
        results.words,
    )
    for (petition, words), passage in zip(unmarked, passages, strict=True):
        if "<mark>" in passage:
            petition.marked = Marked(escape(words.title), passage)
