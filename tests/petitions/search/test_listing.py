"""Lists: the home page, all petitions, topics, an organisation's own search."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.db.database import statement_timeout
from core.http import paging
from core.http.cache_policy import page_cache
from organizations.models import Organization, User
from petitions.counts import folding
from petitions.models import Petition, SearchDocument, Topic
from petitions.search import (
    listing,
    searching,
)
from petitions.search.reindexing import reindex_round
from petitions.search.searching import SearchScope
from petitions.states import State
from tests.factories import (
    make_entry,
    make_organization,
    make_petition,
    make_signature,
    make_topic,
    make_translation,
)
from tests.helpers import text_of

pytestmark = pytest.mark.django_db


def titles(response: object) -> list[str]:
    """Return the titles of entries, cards and what is featured, in the page’s order."""
    html = response.content.decode()  # type: ignore[attr-defined]
    found = re.findall(
        r'<h3 class="(?:entry|card)__title"[^>]*><a[^>]*>(.*?)</a>', html
    )
    return [re.sub("<.*?>", "", title) for title in found]


# == The search page ==


def test_hits_are_marked_and_nothing_typed_becomes_markup(
    visitor: Client, organization: Organization
) -> None:
    make_petition(organization, title="<i>Torture</i> & more", summary="End torture.")

    page = visitor.get("/petitions/", {"q": 'torture "><script>'}).content.decode()

    assert "&lt;i&gt;<mark>Torture</mark>&lt;/i&gt; &amp; more" in page
    assert "End <mark>torture</mark>." in page
    assert "<script>" not in page


def test_a_hit_in_the_text_is_shown_in_its_passage(
    visitor: Client, organization: Organization
) -> None:
    text = "Nothing here. " * 200 + "The **narwhal** is [rare](https://example.org/x)."
    make_petition(organization, title="T", summary="S", text=text)

    page = visitor.get("/petitions/?q=narwhal").content.decode()

    assert "The <mark>narwhal</mark> is rare" in page


def test_a_text_in_another_language_says_so(
    visitor: Client, organization: Organization
) -> None:
    petition = make_petition(organization, title="Rivers")
    make_translation(petition, "ar", title="الأنهار", text="نص")

    page = visitor.get("/petitions/", {"q": "الأنهار"}).content.decode()

    assert 'lang="ar" dir="rtl"><a href="/petitions/rivers/ar/"><mark>الأنهار' in page


def test_a_mistake_is_named(visitor: Client, organization: Organization) -> None:
    make_petition(organization, title="Free Myanmar")

    response = visitor.get("/petitions/?q=mianmar")

    assert titles(response) == ["Free Myanmar"]
    assert "No petition has exactly the words “mianmar”." in text_of(response)
    assert "myanmar ." in text_of(response)


def test_an_empty_result_helps_on(visitor: Client, petition: Petition) -> None:
    response = visitor.get("/petitions/?q=xyzzyx")

    assert "Nothing was found for “xyzzyx”." in text_of(response)
    assert "First page" not in text_of(response)
    assert titles(response) == ["Free the prisoners"]


@pytest.mark.parametrize(
    "query", ["state=x", "sort=x", "q=%00", "q=%ED%A0%80", "topic="]
)
def test_what_is_not_known_is_not_asked(
    visitor: Client, petition: Petition, query: str
) -> None:
    assert titles(visitor.get(f"/petitions/?{query}")) == ["Free the prisoners"]


@pytest.mark.parametrize(
    "query",
    ["topic=x", "topic=%00x", "after=x", "after=-", "after=1-", "after=9e9-1",
     "after=99999999999999999-1", "after=1.1.1-1", "after=1-99999999999999999999",
     "sort=supporters&after=1.5-1", "after=٢-٢"],
)  # fmt: skip
def test_what_does_not_exist_is_404(
    visitor: Client, petition: Petition, query: str
) -> None:
    assert visitor.get(f"/petitions/?{query}").status_code == 404


# == Filters and pages ==


def test_filters_narrow_and_links_keep_them(
    visitor: Client, organization: Organization
) -> None:
    topic = make_topic("water", en="Water", fr="Eau")
    for number in range(21):
        petition = make_petition(organization, title=f"Well {number}", state=State.WON)
        petition.topics.add(topic)
    make_petition(organization, title="Open well").topics.add(topic)
    make_petition(organization, title="Won without topic", state=State.WON)

    response = visitor.get("/petitions/?state=won&topic=water&sort=supporters")
    searched = visitor.get("/petitions/?q=well&state=won&topic=water")

    for page in (response, searched):
        assert len(titles(page)) == 20
        assert all(title.startswith("Well") for title in titles(page))
        assert 'content="noindex"' in page.content.decode()
    link = "?state=won&amp;sort=supporters&amp;topic=water&amp;page=2"
    assert link in response.content.decode()
    assert (
        "?q=well&amp;state=won&amp;topic=water&amp;page=2" in searched.content.decode()
    )
    assert '<option value="won" selected>' in response.content.decode()


def test_most_supporters_first(visitor: Client, organization: Organization) -> None:
    for title, number in (("Few", 3), ("Most", 900), ("Some", 40)):
        make_entry(make_petition(organization, title=title), number)
    make_petition(organization, title="None")
    folding.fold()

    assert titles(visitor.get("/petitions/?sort=supporters")) == [
        "Most", "Some", "Few", "None",
    ]  # fmt: skip


@pytest.mark.parametrize("sort", ["", "supporters"])
def test_pages_go_on_behind_those_that_have_numbers(
    visitor: Client,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    sort: str,
) -> None:
    monkeypatch.setattr(paging.BoundedPaginator, "most", 40)
    now = timezone.now()
    for number in range(85):
        opened = now - timedelta(days=1 + number // 7)  # some at the same moment
        make_petition(organization, title=f"{number}", opens_at=opened)

    path, seen = f"/petitions/?sort={sort}", []
    for _ in range(6):
        response = visitor.get(path)
        seen += titles(response)
        link = re.search(r'rel="next" href="([^"]+)"', response.content.decode())
        if link is None:
            break
        path = "/petitions/" + link[1].replace("&amp;", "&")

    assert len(seen) == len(set(seen)) == 85
    assert "after=" in path


def test_the_last_page_costs_what_the_first_does(
    visitor: Client, organization: Organization
) -> None:
    """The cost is rows read, not time: 3,000 petitions come before the last page."""
    many(organization, 3000)
    last = Petition.objects.newest_first().reverse()[25]
    marker = listing.marker(last, "")

    with rows_read("petitions_petition") as first:
        visitor.get("/petitions/")
    with rows_read("petitions_petition") as deep:
        assert len(titles(visitor.get(f"/petitions/?after={marker}"))) == 20

    assert deep.rows <= first.rows < 3000


def test_a_page_costs_the_same_queries_for_one_as_for_many(
    visitor: Client, organization: Organization
) -> None:
    topic = make_topic("water")
    costs = []
    for number in (1, 20):
        for _ in range(number):
            make_petition(organization, title="Wells", summary="w").topics.add(topic)
        for path in ("/petitions/", "/petitions/?q=wells", "/topics/water/", "/"):
            page_cache.clear()
            with CaptureQueriesContext(
                connection,
            ) as queries:
                visitor.get(path)
            costs.append(len(queries))

    few, many_of_them = costs[:4], costs[4:]
    # A search that finds little also queries similar words, so few results cost more.
    assert all(more <= less for less, more in zip(few, many_of_them, strict=True))
    assert max(few) <= 20, few


# == Topics ==


def test_a_topic_has_a_page_in_the_readers_language(
    visitor: Client, petition: Petition
) -> None:
    make_topic("freedom", petition, en="Freedom", fr="Liberté")
    make_petition(title="On something else")

    english, french = (
        visitor.get("/topics/freedom/"),
        visitor.get("/fr/topics/freedom/"),
    )

    assert titles(english) == titles(french) == ["Free the prisoners"]
    assert "<h1" in english.content.decode()
    assert "Freedom" in text_of(english)
    assert "Liberté" in text_of(french)
    assert (
        'href="/fr/topics/freedom/"'
        in visitor.get("/fr/petitions/free-the-prisoners/").content.decode()
    )
    assert visitor.get("/topics/nothing/").status_code == 404


def test_administrators_keep_topics_and_staff_choose_them(
    petition: Petition, ada: User, erin: User, as_user: object
) -> None:
    form = {"name_en": "Freedom", "name_fr": "Liberté", "slug": "freedom"}
    administrator, editor = as_user(ada), as_user(erin)  # type: ignore[operator]

    assert editor.get("/admin/petitions/topic/add/").status_code == 403
    assert administrator.post("/admin/petitions/topic/add/", form).status_code == 302
    topic = Topic.objects.get()
    assert {name.language: name.text for name in topic.names.all()} == {
        "en": "Freedom", "fr": "Liberté",
    }  # fmt: skip
    page = editor.get(f"/admin/petitions/petition/{petition.pk}/change/")
    assert f'name="topics" value="{topic.pk}"' in page.content.decode()
    assert 'name="featured"' not in page.content.decode()
    page = administrator.get(f"/admin/petitions/petition/{petition.pk}/change/")
    assert 'name="featured"' in page.content.decode()


# == The home page ==


def test_home_shows_each_petition_once_in_its_section(
    visitor: Client, organization: Organization
) -> None:
    make_organization("Another")
    make_petition(organization, title="New")
    signed = make_petition(organization, title="Signed")
    make_signature(signed)
    make_petition(organization, title="Put forward", featured=1)
    make_petition(organization, title="Done", state=State.WON)
    folding.fold()

    response = visitor.get("/")

    assert titles(response) == ["Put forward", "Signed", "New", "Done"]
    for heading in ("Featured", "Most signed this week", "New petitions", "Won"):
        assert heading in text_of(response)


@pytest.mark.parametrize("path", ["/", "/fr/"])
def test_home_is_not_made_anew_for_each_word_behind_it(
    visitor: Client, organization: Organization, path: str
) -> None:
    """Rendering it adds up a week of all petitions, so a search is redirected to the
    list."""
    make_organization("Another")

    response = visitor.get(f"{path}?page=2&q=prisons & more%00&utm_source=x")

    assert response.status_code == 302
    assert response.headers["Location"] == f"{path}petitions/?page=2&q=prisons"
    assert visitor.get(f"{path}?utm_source=x").status_code == 200


def test_home_has_no_empty_sections(visitor: Client, db: None) -> None:
    make_organization("One")
    make_organization("Another")

    text = text_of(visitor.get("/"))

    assert "There is no open petition at the moment." in text
    for heading in ("Featured", "Most signed", "New petitions", "Won"):
        assert heading not in text


def test_home_of_one_organisation_is_its_profile(
    visitor: Client, petition: Petition
) -> None:
    page = visitor.get("/").content.decode()

    assert "Started 1 petition" in text_of(visitor.get("/"))
    assert (
        'rel="canonical" href="http://testserver.localhost/organizations/rights-now/"'
        in page
    )
    assert visitor.get("/organizations/rights-now/").status_code == 200


# == An organisation's own search ==


def test_a_profile_is_searched(visitor: Client, organization: Organization) -> None:
    for number in range(21):
        make_petition(organization, title=f"Rivers {number}")
    make_petition(organization, title="Whales")
    make_petition(make_organization("Others"), title="Whales of others")

    response = visitor.get("/organizations/rights-now/?q=whales")

    assert titles(response) == ["Whales"]
    assert "Started 22 petitions" in text_of(response)
    page = visitor.get("/organizations/rights-now/?q=rivers").content.decode()
    assert "?q=rivers&amp;page=2" in page


def test_a_profile_says_where_its_supporters_were_counted(
    visitor: Client, organization: Organization
) -> None:
    make_entry(make_petition(organization), 15_000)
    petition = make_petition(organization)
    make_entry(petition, 60, source="paper")
    make_signature(petition)

    text = text_of(visitor.get("/organizations/rights-now/"))

    assert "15,061 Supporters" in text
    assert (
        "1 confirmed by e-mail here. 60 signed on paper. 15,000 counted elsewhere before."
    ) in text


# == Never by reading everything ==


class rows_read:  # noqa: N801 - reads as a phrase
    """Counts the rows of a table that were read, in order or by an index, and its full
    scans."""

    READ = """SELECT seq_scan, seq_tup_read + COALESCE(idx_tup_fetch, 0)
                FROM pg_stat_xact_user_tables WHERE relname = %s"""

    def __init__(self, table: str) -> None:
        self.table = table

    def read(self) -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(self.READ, [self.table])
            scans, rows = cursor.fetchone()
        return scans, rows

    def __enter__(self) -> rows_read:
        self.before = self.read()
        return self

    def __exit__(self, *error: object) -> None:
        after = self.read()
        self.scans = after[0] - self.before[0]
        self.rows = after[1] - self.before[1]


MANY = """
INSERT INTO petitions_petition (organization_id, language, title, slug, ask, summary,
       text, text_format, image, image_description, state, opens_at, outcome,
       asks_place, asks_postal_code, asks_country, delivery, created_at)
SELECT %s, 'en', 'Everybody ' || left(translate(md5(n::text), '0123456789', 'ghijklmnop'), 12), 'many-' || n, '', '',
       CASE n %% 10 WHEN 0 THEN 'rivers' ELSE 'lakes' END, 'markdown', '', '', 'open',
       now() - n * interval '1 minute', '', false, false, false, 'number', now()
  FROM generate_series(1, %s) n
"""


def many(organization: Organization, number: int) -> None:
    add_many(organization, number)
    analyze()


def add_many(organization: Organization, number: int) -> None:
    # The timeout of the site's statements does not allow for so many rows.
    with statement_timeout("0"), connection.cursor() as cursor:
        cursor.execute(MANY, [organization.pk, number])


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE petitions_petition")
        cursor.execute("ANALYZE petitions_searchdocument")
        cursor.execute("ANALYZE petitions_searchword")


def test_no_search_reads_all_of_twenty_thousand(organization: Organization) -> None:
    many(organization, 20_000)
    make_petition(organization, title="A narwhal")
    scope = SearchScope(timezone.now(), ())
    for words, narrowed in (
        ("narwhal", scope),
        ("everybody", scope),
        ("rivers", scope),
        ("everybody -rivers", scope),
        ('"everybody narwhal"', scope),
        ("narwhla", scope),
        ("xyzzyx", scope),
        ("everybody", SearchScope(scope.now, (State.WON,))),
        ("narwhal", SearchScope(scope.now, (), organization=organization.pk)),
    ):
        with (
            rows_read("petitions_searchdocument") as documents,
            rows_read("petitions_searchword") as known,
        ):
            searching.search(words, narrowed)

        assert (documents.scans, known.scans) == (0, 0), words
        assert documents.rows < 6000, words


def test_an_organisation_with_many_petitions_is_renamed_in_one_pass(
    organization: Organization,
) -> None:
    """This holds even if the statistics know of no petition, as right after an import,
    and the plans were made while there was none."""
    for name in ("Once", "Twice", "Thrice", "Four", "Five", "Six"):
        organization.name = name
        organization.save()
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT nothing")
        add_many(organization, 2000)
        cursor.execute("ROLLBACK TO nothing")
        analyze()
    add_many(organization, 500)
    organization.name = "Rights Tomorrow"

    with (
        rows_read("petitions_petition") as petitions,
        rows_read("petitions_searchdocument") as documents,
        rows_read("petitions_searchword") as known,
    ):
        organization.save()

    assert petitions.rows <= 10 * 500
    assert documents.rows <= 10 * 500
    assert known.rows <= 10 * 500
    assert searching.search("tomorrow", SearchScope(timezone.now(), ())).exact == 100


def test_the_documents_of_very_many_petitions_follow_in_batches(
    organization: Organization,
) -> None:
    add_many(organization, 1001)
    organization.name = "Rights Tomorrow"
    organization.save()

    now = timezone.now()
    assert searching.search("tomorrow", SearchScope(now, ())).exact == 0
    assert not SearchDocument.objects.exclude(version=0).exists()
    while reindex_round(now):
        pass
    assert searching.search("tomorrow", SearchScope(now, ())).exact == 100
    assert not SearchDocument.objects.filter(version=0).exists()


SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE UPDATE ON organizations_organization
    FOR EACH ROW EXECUTE FUNCTION slow();
SET LOCAL statement_timeout = 150;
"""


def test_staff_may_rename_an_organisation_for_longer_than_a_visitor_would_wait(
    as_user: Callable[[User], Client], alice: User, organization: Organization
) -> None:
    browser = as_user(alice)
    address = f"/admin/organizations/organization/{organization.pk}/change/"
    page = browser.get(address).context
    form = page["adminform"].form
    values = {name: form[name].value() or "" for name in form.fields}
    inlines = {
        f"{inline.formset.prefix}-{kind}_FORMS": 0
        for inline in page["inline_admin_formsets"]
        for kind in ("TOTAL", "INITIAL")
    }
    with connection.cursor() as cursor:
        cursor.execute(SLOW)

    response = browser.post(address, {**values, **inlines, "name": "Rights Tomorrow"})

    assert response.status_code == 302
    organization.refresh_from_db()
    assert organization.name == "Rights Tomorrow"
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("150ms",)
