"""What a petition page tells about its life, as readers get it."""

from __future__ import annotations

import gzip
import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.http.cache_policy import page_cache
from organizations.models import Organization
from petitions.counts import folding
from petitions.models import (
    Answer,
    Correction,
    DailyTotal,
    FormerPetitionSlug,
    Petition,
    Signature,
    Translation,
)
from petitions.states import State
from petitions.timeline import reasons_of
from tests.factories import (
    backdate,
    make_answer,
    make_entry,
    make_handover,
    make_organization,
    make_petition,
    make_signature,
    make_update,
)
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

PAGE = "/petitions/free-the-prisoners/"
BEHIND = [f"{PAGE}{name}/" for name in ("updates", "updates/1", "reasons", "history")]


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), timezone.get_current_timezone())


@pytest.fixture
def told(petition: Petition) -> Petition:
    """A petition of which there is everything to tell."""
    petition.targets.update(name="Stéphane Dion", office="Minister")
    make_entry(petition, 400)
    make_entry(petition, 61, source="paper")
    make_signature(petition)
    make_update(
        petition,
        title="We were heard",
        text="In the committee.\n\nSecond paragraph.",
        published_at=noon(date(2026, 3, 2)),
    )
    make_handover(
        petition,
        confirmed=14_800,
        paper=61,
        imported=400,
        handed_on=date(2026, 3, 4),
        note="On the steps.",
    )
    make_answer(petition, text="No.\nNever.", answered_on=date(2026, 3, 9))
    return petition


def end(petition: Petition, state: State, **fields: Any) -> None:
    ended = noon(date(2026, 3, 3))
    opens_at = ended - timedelta(days=90)
    backdate(petition, state=state, ended_at=ended, opens_at=opens_at, **fields)


# == The page ==


def test_the_page_tells_what_happened_the_latest_first(
    visitor: Client, told: Petition
) -> None:
    end(told, State.CLOSED)

    text = text_of(visitor.get(PAGE))

    assert (
        "What has happened since "
        "9 March 2026 Stéphane Dion answered "
        "4 March 2026 Handed to Stéphane Dion On the steps. "
        "15,261 signatures. In person. 14,800 confirmed by e-mail here. "
        "61 signed on paper. 400 counted elsewhere before. "
        "3 March 2026 Closed "
        "2 March 2026 We were heard In the committee."
    ) in text
    assert "Second paragraph" not in text


def test_the_page_is_in_the_order_in_which_it_is_read(
    visitor: Client, petition: Petition
) -> None:
    """The ask, the text, who asks, why others sign, and the way to the form; the form;
    answer, news; supporters; passing it on last."""
    petition.ask = "Sign it."
    petition.save()
    reason(petition, "Because")
    make_signature(petition, name="Bruno", show_name=True)
    make_entry(petition, 3, counted_at=date(2026, 3, 3), source="paper")
    make_update(petition)
    make_answer(petition)
    Correction.objects.create(petition=petition, text="A slip.")
    folding.fold()

    page = visitor.get(PAGE).content.decode()

    marks = (
        "<h1", "petition__ask", 'id="text"', "The petition</h2>", "Corrections",
        "petition__by", 'id="reasons"', 'href="#sign"', 'id="count"', 'id="sign"',
        'id="answers"', 'id="events"', 'id="names"', 'id="growth"', 'id="spread"',
        "Report this petition",
    )  # fmt: skip
    body = page.partition("<main")[2]
    assert [body.count(mark) for mark in marks if "href" not in mark] == [1] * 15
    assert sorted(marks, key=body.index) == list(marks)
    assert body.rindex('href="#sign"') > body.index("Report this petition")


def test_what_has_ended_stands_before_the_text(
    visitor: Client, petition: Petition
) -> None:
    petition.close(now=timezone.now())

    page = visitor.get(PAGE).content.decode()

    assert page.index('id="count"') < page.index('id="text"')
    assert "sign-bar" not in page.partition("<main")[2]


def test_a_form_that_comes_back_stands_before_the_text(
    visitor: Client, petition: Petition
) -> None:
    page = visitor.post(f"{PAGE}sign/", {"name": "Maya"}).content.decode()

    assert page.index('id="sign"') < page.index('id="text"')
    assert 'href="#text"' in page


def test_those_petitioned_bear_the_name_that_the_text_gives_them(
    visitor: Client, petition: Petition
) -> None:
    petition.targets.update(name="Bridges Office")
    Translation.objects.create(
        petition=petition, language="fr", title="Non", text="Non.",
        addressees="Bureau des ponts",
    )  # fmt: skip
    make_handover(petition)
    make_answer(petition)

    english, french = visitor.get(PAGE), visitor.get(f"/fr{PAGE}")

    name = '<bdi lang="fr">Bureau des ponts</bdi>'
    assert french.content.decode().count(name) == 5
    assert "Bridges Office" not in text_of(french)
    assert english.content.decode().count('<bdi lang="en">Bridges Office</bdi>') == 5


def test_nothing_is_said_of_what_did_not_happen(
    visitor: Client, petition: Petition
) -> None:
    page = text_of(visitor.get(PAGE))

    for absent in ("What has happened", "answer", "Handed", "Why people", "over time",
                   "Recent supporters", "More from", "Corrections"):  # fmt: skip
        assert absent not in page, absent


@pytest.mark.parametrize("state", [State.OPEN, State.CLOSED, State.WON])
def test_an_answer_stands_on_the_page_in_every_state(
    visitor: Client, told: Petition, state: State
) -> None:
    if state != State.OPEN:
        end(told, state)

    response = visitor.get(PAGE)

    assert "The answer Stéphane Dion, Minister 9 March 2026 No. Never." in text_of(
        response
    )
    assert b'<a href="#answers"><strong>Read the answer' in response.content
    assert "No answer yet" not in text_of(response)


def test_what_an_answer_said_before_stays_readable(
    visitor: Client, told: Petition
) -> None:
    Answer.objects.update(text="Yes.", link="https://example.org/letter")

    text = text_of(visitor.get(PAGE))

    assert "9 March 2026 · The original Yes. Changed on" in text
    assert ": what it said before Until" in text
    assert text.index("Yes.") < text.index("Never.")


def test_who_answers_for_somebody_is_named(visitor: Client, petition: Petition) -> None:
    make_answer(petition, answered_by="Anne Roy, deputy")

    assert "Anne Roy, deputy , for Minister" in text_of(visitor.get(PAGE))


def test_words_of_others_are_no_markup(visitor: Client, petition: Petition) -> None:
    script = "<script>alert(1)</script>"
    make_answer(petition, text=script, answered_by=script)
    make_update(petition, title=script, text=script)
    make_handover(petition, note=script)
    Correction.objects.create(petition=petition, before="do", after=script, text=script)

    for path in (PAGE, f"{PAGE}updates/", f"{PAGE}updates/1/"):
        assert "<script>alert" not in visitor.get(path).content.decode()


def test_a_closed_petition_says_that_it_waits_for_an_answer(
    visitor: Client, petition: Petition
) -> None:
    make_entry(petition, 462)
    make_handover(petition, handed_on=date(2026, 3, 4))
    end(petition, State.CLOSED)

    text = text_of(visitor.get(PAGE))

    assert "Closed on 3 March 2026 with 462 supporters." in text
    assert "Handed to Minister on 4 March 2026 . No answer yet." in text


def test_a_petition_won_long_after_it_closed_says_when(
    visitor: Client, petition: Petition
) -> None:
    make_entry(petition, 5)
    end(petition, State.CLOSED)
    petition.refresh_from_db()
    won = noon(date(2026, 9, 1))
    petition.win(now=won)
    Petition.objects.update(outcome="They are free.")

    text = text_of(visitor.get(PAGE))

    assert "Won. They are free. (1 September 2026)" in text
    assert "What has happened since 1 September 2026 Won. They are free." in text
    assert petition.ended_at is not None
    assert timezone.localdate(petition.ended_at) == date(2026, 3, 3)


def test_an_ended_petition_leads_to_what_can_be_signed(
    visitor: Client, petition: Petition, organization: Organization
) -> None:
    for number in range(4):
        opens_at = timezone.now() - timedelta(days=9 - number)
        make_petition(organization, title=f"Open {number}", opens_at=opens_at)
    make_petition(organization, title="Over", state=State.CLOSED)
    make_petition(make_organization(), title="Of somebody else")

    assert "More from" not in text_of(visitor.get(PAGE))
    page_cache.clear()
    end(petition, State.CLOSED)
    text = text_of(visitor.get(PAGE))

    assert "More from Rights Now" in text
    assert [name for name in ("Open 0", "Open 1", "Open 2", "Open 3", "Over",
                              "Of somebody else") if name in text] == [
        "Open 1", "Open 2", "Open 3",
    ]  # fmt: skip


# == Updates ==


def test_drafts_and_those_of_tomorrow_are_not_there(
    visitor: Client, petition: Petition
) -> None:
    make_update(petition, published=False, title="A draft")
    tomorrow = timezone.now() + timedelta(days=1)
    make_update(petition, title="Of tomorrow", published_at=tomorrow)

    assert "There is no news yet." in text_of(visitor.get(f"{PAGE}updates/"))
    assert visitor.get(f"{PAGE}updates/1/").status_code == 404
    assert "Of tomorrow" not in text_of(visitor.get(PAGE))


def test_the_latest_stand_on_the_page_and_all_behind_it(
    visitor: Client, petition: Petition
) -> None:
    now = timezone.now()
    for number in range(12):
        make_update(
            petition,
            title=f"News {number:02}",
            published_at=now - timedelta(days=12 - number),
        )

    page, first, second = (
        text_of(visitor.get(path))
        for path in (PAGE, f"{PAGE}updates/", f"{PAGE}updates/?page=2")
    )

    assert [number for number in range(12) if f"News {number:02}" in page] == [
        9,
        10,
        11,
    ]
    assert "All updates" in page
    assert page.index("News 11") < page.index("News 10")
    assert [n for n in range(12) if f"News {n:02}" in first] == list(range(2, 12))
    assert [n for n in range(12) if f"News {n:02}" in second] == [0, 1]
    assert visitor.get(f"{PAGE}updates/?page=3").status_code == 404


def test_an_update_has_a_page_of_its_own(visitor: Client, petition: Petition) -> None:
    update = make_update(
        petition, title="Des nouvelles", text="## Oui\n\n**Bonne**\nnouvelle.",
        language="fr", published_at=noon(date(2026, 3, 2)),
    )  # fmt: skip

    response = visitor.get(update.get_absolute_url())
    page = response.content.decode()

    assert update.get_absolute_url() == f"{PAGE}updates/1/"
    assert '<h1 lang="fr" dir="ltr">Des nouvelles</h1>' in page
    assert "<h3>Oui</h3>" in page
    assert "By Rights Now · 2 March 2026" in text_of(response)
    assert f'href="{PAGE}#sign"' in page
    assert 'name="description" content="Bonne nouvelle."' in page


def test_who_sees_a_link_to_an_update_reads_what_it_says(
    visitor: Client, petition: Petition
) -> None:
    update = make_update(petition, text="R&D says “5 > 3”, *not* <b>.")

    page = visitor.get(update.get_absolute_url()).content.decode()

    assert 'content="R&amp;D says “5 &gt; 3”, not &lt;b&gt;."' in page


@pytest.mark.parametrize("number", ["0", "2", "99999999999999999999"])
def test_an_update_that_is_not_there(
    visitor: Client, petition: Petition, number: str
) -> None:
    make_update(petition)

    assert visitor.get(f"{PAGE}updates/{number}/").status_code == 404


def test_the_profile_shows_the_latest_updates(
    visitor: Client, petition: Petition, organization: Organization
) -> None:
    make_update(petition, title="Read me")
    make_update(make_petition(), title="Of others")
    make_update(
        make_petition(organization, state=State.WITHDRAWN), title="Of a withdrawn one"
    )

    text = text_of(visitor.get(organization.get_absolute_url()))

    assert "Latest updates" in text
    assert "Read me Free the prisoners" in text
    assert "Of others" not in text
    assert "Of a withdrawn one" not in text
    # Only where the profile begins.
    searched = text_of(visitor.get(f"{organization.get_absolute_url()}?q=prisoners"))
    assert "Free the prisoners" in searched
    assert "Latest updates" not in searched


# == Pages behind it ==


@pytest.mark.parametrize("path", BEHIND)
def test_pages_behind_a_petition_go_where_it_goes(
    visitor: Client, petition: Petition, path: str
) -> None:
    make_update(petition)
    FormerPetitionSlug.objects.create(slug="old", petition=petition)
    old = path.replace("free-the-prisoners", "old")

    assert visitor.get(path).status_code == 200
    assert visitor.post(path).status_code == 405
    moved = visitor.get(old)
    assert (moved.status_code, moved.headers["Location"]) == (301, path)
    assert visitor.get(f"/fr{old}").headers["Location"] == f"/fr{path}"

    page_cache.clear()
    end(petition, State.WITHDRAWN)
    assert visitor.get(path).headers["Location"] == PAGE


@pytest.mark.parametrize("path", BEHIND)
def test_pages_behind_a_draft_do_not_exist(visitor: Client, path: str) -> None:
    make_update(make_petition(title="Free the prisoners", state=State.DRAFT))

    assert visitor.get(path).status_code == 404


# == Reasons ==


def reason(petition: Petition, comment: str, **fields: Any) -> Signature:
    signature = make_signature(petition, comment=comment, show_name=True)
    fields.setdefault("comment_approved", True)
    Signature.objects.filter(pk=signature.pk).update(**fields)
    return signature


def test_reasons_are_those_that_owners_and_staff_let_be_seen(
    visitor: Client, petition: Petition
) -> None:
    reason(petition, "Approved", name="Aisha", place="Ottawa")
    reason(petition, "Waiting", comment_approved=False)
    reason(petition, "Rejected", comment_approved=False, comment_rejected=True)
    reason(petition, "Not for all", show_name=False)
    reason(petition, "Withheld", name_withheld=True)
    reason(petition, "Withdrawn", state="withdrawn", withdrawn_at=timezone.now())

    assert "All reasons" not in text_of(visitor.get(PAGE))
    today = f"{timezone.localdate():%-d %B %Y}"
    for path in (PAGE, f"{PAGE}reasons/"):
        text = text_of(visitor.get(path))
        assert f"Why people sign Approved Aisha , Ottawa · {today}" in text
        for hidden in ("Waiting", "Rejected", "Not for all", "Withheld", "Withdrawn"):
            assert hidden not in text


@pytest.mark.parametrize(
    ("own", "read", "around", "spoken"),
    [
        ("en", "", "en", "en"),
        ("en", "fr", "fr", "fr"),
        # The text was there in English alone, on a page in French.
        ("en", "", "fr", "fr"),
        ("en", "ar", "en", "ar"),
        ("ar", "", "fr", "ar"),
    ],
)
def test_a_reason_is_read_aloud_in_its_language(
    visitor: Client, petition: Petition, own: str, read: str, around: str, spoken: str
) -> None:
    petition.language = own
    petition.save()
    reason(petition, "Un mot", text_language=read, language=around)

    for path in (PAGE, f"{PAGE}reasons/"):
        page = visitor.get(path).content.decode()
        assert f'<p lang="{spoken}" dir="auto">Un mot</p>' in page


def test_who_gives_a_reason_is_not_named_twice(
    visitor: Client, petition: Petition
) -> None:
    reason(petition, "Because", name="Aisha")
    make_signature(petition, name="Bruno", show_name=True)

    text = text_of(visitor.get(PAGE))

    assert "Recent supporters Bruno" in text
    assert text.count("Aisha") == 1


def test_reasons_page_and_say_when_there_are_none(
    visitor: Client, petition: Petition
) -> None:
    assert "Nobody has given a reason here yet." in text_of(
        visitor.get(f"{PAGE}reasons/")
    )
    page_cache.clear()
    for number in range(21):
        reason(petition, f"Because {number:02}")

    first, second = (
        text_of(visitor.get(f"{PAGE}reasons/{page}")) for page in ("", "?page=2")
    )

    assert "All reasons" in text_of(visitor.get(PAGE))
    assert "Because 20" in first
    assert "Because 00" not in first
    assert "Because 00" in second
    assert visitor.get(f"{PAGE}reasons/?page=3").status_code == 404


# == The count over time ==


def test_the_curve_is_a_picture_with_words(visitor: Client, petition: Petition) -> None:
    DailyTotal.objects.create(
        petition=petition, day=date(2026, 3, 2), source="paper", number=40
    )
    DailyTotal.objects.create(
        petition=petition, day=date(2026, 3, 3), source="paper", number=-10
    )
    petition.count_entries.model.objects.none()
    make_entry(petition, 3, counted_at=date(2026, 3, 3))
    folding.fold()
    end(petition, State.CLOSED)

    page = visitor.get(PAGE).content.decode()

    assert 'role="img" aria-labelledby="curve-title curve-desc"' in page
    assert "Most came from 2 March 2026 to 2 March 2026: 40." in page
    assert "style=" not in page.partition("</head>")[2]


def test_a_single_day_is_no_curve(visitor: Client, petition: Petition) -> None:
    make_entry(petition, 40)
    folding.fold()

    assert "over time" not in text_of(visitor.get(PAGE))


def test_the_history_has_its_table(visitor: Client, petition: Petition) -> None:
    for day, number in ((2, 40), (3, -10), (5, 7)):
        make_entry(petition, number, counted_at=date(2026, 3, day), source="paper")
    folding.fold()
    end(petition, State.CLOSED)
    Petition.objects.update(ended_at=noon(date(2026, 3, 5)))

    text = text_of(visitor.get(f"{PAGE}history/"))

    assert (
        "Day New Total 5 March 2026 7 37 4 March 2026 0 30 3 March 2026 -10 30 "
        "2 March 2026 40 40"
    ) in text


def test_the_curve_has_its_values_and_the_history_its_files(
    visitor: Client, petition: Petition
) -> None:
    make_entry(petition, 1200, source="imported")
    for day, number in ((2, 40), (3, -10)):
        make_entry(petition, number, counted_at=date(2026, 3, day), source="paper")
    folding.fold()

    page = visitor.get(f"{PAGE}history/")
    ends = re.findall(
        r"<strong>([\d,]+)</strong> <time", page.content.decode().partition("<table")[0]
    )

    assert ends == ["1,200", "1,230"]
    assert "including 1,200 counted elsewhere before" in text_of(page)
    assert f'href="{PAGE}history.csv"' in page.content.decode()
    assert f'href="{PAGE}history.json"' in page.content.decode()


def test_without_signatures_the_history_says_so(
    visitor: Client, petition: Petition
) -> None:
    assert "Nobody has signed yet." in text_of(visitor.get(f"{PAGE}history/"))


# == Corrections ==


def test_a_correction_shows_before_and_after(
    visitor: Client, petition: Petition
) -> None:
    Correction.objects.create(
        petition=petition, before="Please do.", after="Please do it.", text="A slip."
    )

    page = visitor.get(PAGE).content.decode()

    assert re.search(r'<del class="prose" lang="en" dir="ltr"><p>Please do.</p>', page)
    assert re.search(
        r'<ins class="prose" lang="en" dir="ltr"><p>Please do it.</p>', page
    )
    text = text_of(visitor.get(PAGE))
    assert "Instead of: Please do. it should read: Please do it. A slip." in text


def test_what_should_not_be_there(visitor: Client, petition: Petition) -> None:
    Correction.objects.create(petition=petition, before="Please do.")

    text = text_of(visitor.get(PAGE))

    assert "This should not be there: Please do." in text
    assert "it should read" not in text


def test_a_correction_stands_below_the_text_it_concerns(
    visitor: Client, petition: Petition
) -> None:
    Translation.objects.create(
        petition=petition, language="fr", title="Libérez-les", text="Dix personnes."
    )
    Correction.objects.create(
        petition=petition, language="fr", before="Dix", after="Neuf"
    )
    Correction.objects.create(petition=petition, text="Of all.")

    english, french = text_of(visitor.get(PAGE)), text_of(visitor.get(f"/fr{PAGE}"))

    assert "Neuf" not in english
    assert "Of all." in english
    assert "Neuf" in french
    assert "Of all." in french


# == What it costs ==


def fill(petition: Petition, number: int) -> None:
    for each in range(number):
        make_update(petition)
        make_handover(petition, handed_on=date(2026, 1, 1) + timedelta(days=each))
        answer = make_answer(petition)
        Answer.objects.filter(pk=answer.pk).update(text="Otherwise.")
        reason(petition, "Because")
        Correction.objects.create(petition=petition, before="do", after="did")
        make_petition(petition.organization)
    folding.fold()
    end(petition, State.CLOSED)


@pytest.mark.parametrize(
    ("path", "most"),
    [("", 24), ("updates/", 8), ("reasons/", 7), ("history/", 7), ("updates/1/", 8)],
)
def test_pages_ask_as_often_for_much_as_for_little(
    visitor: Client, path: str, most: int
) -> None:
    counts = []
    for number in (1, 9):
        petition = make_petition()
        fill(petition, number)
        with CaptureQueriesContext(connection) as asked:
            url = f"{petition.get_absolute_url()}{path}"
            assert visitor.get(url).status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1] <= most


def test_the_curve_weighs_less_than_a_kilobyte(
    visitor: Client, petition: Petition
) -> None:
    first = timezone.localdate() - timedelta(days=365)
    DailyTotal.objects.bulk_create(
        DailyTotal(
            petition=petition,
            day=first + timedelta(days=day),
            source="paper",
            number=day * 7919 % 400,
        )
        for day in range(365)
    )
    make_entry(petition, 60_000)

    page = visitor.get(PAGE).content.decode()
    found = re.search(r"<figure.*?</figure>", page, re.S)

    assert found is not None
    assert len(gzip.compress(found[0].encode())) < 1000
    assert len(gzip.compress(page.encode())) <= 14_000


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda petition: reasons_of(petition)[:5], "signature_reason"),
        (
            lambda petition: Signature.objects.comments_waiting().filter(
                petition=petition
            )[:1000],
            "signature_to_read",
        ),
    ],
)
def test_a_handful_among_millions_has_its_own_index(
    petition: Petition, rows: Any, index: str
) -> None:
    """The planner may choose it: no row is read that is not shown."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = rows(petition).explain()

    assert f"using {index}" in plan
    assert "Sort" not in plan
    assert "Filter" not in plan
