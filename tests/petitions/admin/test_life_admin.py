"""What the buttons and dates of a petition's form do, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.http.cache_policy import page_cache
from core.i18n.moments import hour_words
from core.models import AuditEntry
from organizations.models import Organization, User
from petitions import loops
from petitions.admin.transitions import TRANSITIONS
from petitions.models import Petition, Update
from petitions.models.petition_lifecycle import WAIT, NotAllowed
from petitions.states import State
from tests.factories import backdate, make_entry, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.admin.helpers import errors_of
from tests.petitions.admin.life import DAY, LIST, change, form, typed
from tests.project.conftest import sent

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


@pytest.fixture
def draft(organization: Organization) -> Petition:
    return make_petition(organization, title="Draft one", state=State.DRAFT)


@pytest.fixture
def scheduled(organization: Organization) -> Petition:
    in_a_week = timezone.now().replace(microsecond=0) + 7 * DAY
    return make_petition(organization, title="Scheduled one", opens_at=in_a_week)


# == What is on the screen ==


@pytest.mark.parametrize("verb", TRANSITIONS)
def test_a_button_saves_what_was_typed_before_it_asks(
    as_user: Login, alice: User, draft: Petition, verb: str
) -> None:
    client = as_user(alice)
    values = form(draft, title="What was on the screen", _then=verb)

    answer = client.post(change(draft), values)

    draft.refresh_from_db()
    assert answer.status_code == 302, errors_of(answer)
    assert answer.headers["Location"] == f"{LIST}{draft.pk}/do/{verb}/"
    assert (draft.title, draft.state) == ("What was on the screen", State.DRAFT)


def test_what_cannot_be_saved_is_not_published(
    as_user: Login, alice: User, draft: Petition
) -> None:
    answer = as_user(alice).post(
        change(draft), form(draft, title="", summary="Kept words", _then="publish")
    )

    assert answer.status_code == 200
    assert "Kept words" in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.title, draft.state) == ("Draft one", State.DRAFT)


def test_a_form_that_nobody_changed_is_not_saved_again(
    as_user: Login, alice: User, draft: Petition
) -> None:
    client = as_user(alice)
    # As browsers send it back: what the field began with.
    values = form(draft, _then="publish", **{"initial-months_kept": "6"})

    answer = client.post(change(draft), values)

    assert answer.headers["Location"].endswith("/do/publish/")
    assert not AuditEntry.objects.filter(account=alice.pk).exists()


def test_no_link_beside_a_form_leaves_it(
    as_user: Login, alice: User, petition: Petition
) -> None:
    page = as_user(alice).get(change(petition)).content.decode()

    main = page[page.index('class="object-tools"') : page.index('class="submit-row"')]
    beside = main.split("<fieldset")[0]
    links = [tag.split(">")[0] for tag in beside.split("<a ")[1:]]
    assert len(links) > 8
    assert [link for link in links if 'target="_blank"' not in link] == []
    for verb in ("pause", "close", "win", "withdraw"):
        assert f'name="_then" value="{verb}"' in beside
    # The Enter key presses the first button, which saves and does nothing else.
    assert beside.index('name="_save"') < beside.index('name="_then"')


# == Dates ==


def test_a_closing_date_in_the_past_is_refused_beside_the_field(
    as_user: Login, alice: User, petition: Petition
) -> None:
    then = timezone.now() - timedelta(hours=1)

    answer = as_user(alice).post(
        change(petition), form(petition, **typed("closes_at", then))
    )

    (sentence,) = answer.context["adminform"].form.errors["closes_at"]
    assert sentence == "This has passed. To end a petition now, use “Close”."
    loops.clock(timezone.now())
    petition.refresh_from_db()
    assert (petition.state, petition.closes_at) == (State.OPEN, None)


def test_a_closing_date_that_stands_unchanged_is_no_mistake(
    as_user: Login, alice: User, petition: Petition
) -> None:
    """Between its hour and the worker's next round."""
    passed = timezone.now().replace(microsecond=0) - timedelta(seconds=5)
    backdate(petition, closes_at=passed)

    answer = as_user(alice).post(
        change(petition), form(petition, **typed("closes_at", passed))
    )

    assert answer.status_code == 302, errors_of(answer)


@pytest.mark.parametrize("after", [-3650, 0])
def test_a_closing_date_before_the_opening_is_refused_beside_the_field(
    as_user: Login, alice: User, draft: Petition, scheduled: Petition, after: int
) -> None:
    assert scheduled.opens_at is not None
    wrong = scheduled.opens_at + after * DAY
    dates = {**typed("opens_at", scheduled.opens_at), **typed("closes_at", wrong)}
    for petition in (draft, scheduled):
        answer = as_user(alice).post(change(petition), form(petition, **dates))
        (sentence,) = answer.context["adminform"].form.errors["closes_at"]
        assert sentence == "Close the petition after it opens."


@pytest.mark.parametrize(
    ("name", "day", "sentence"),
    [
        ("opens_at", "2099-12-31", "more than ten years ahead"),
        ("closes_at", "2099-12-31", "more than ten years ahead"),
        ("closes_at", "2001-01-01", "This has passed."),
        ("started_on", "2099-01-01", "This day is still to come."),
    ],
)
def test_impossible_days_are_refused_beside_the_field(
    as_user: Login, alice: User, draft: Petition, name: str, day: str, sentence: str
) -> None:
    field = name if name == "started_on" else f"{name}_0"

    answer = as_user(alice).post(change(draft), form(draft, **{field: day}))

    (found,) = answer.context["adminform"].form.errors[name]
    assert sentence in found


@pytest.mark.parametrize("state", [State.OPEN, State.CLOSED])
def test_nothing_began_after_it_had_opened_or_ended(
    as_user: Login, alice: User, petition: Petition, state: State
) -> None:
    now = timezone.now()
    ended: dict[str, Any] = {"state": state, "ended_at": now - 30 * DAY}
    backdate(
        petition,
        opens_at=now - (5 * DAY if state == State.CLOSED else 30 * DAY),
        **(ended if state == State.CLOSED else {}),
    )
    client, day = as_user(alice), timezone.localdate(now - 30 * DAY)

    later = client.post(change(petition), form(petition, started_on=f"{day + DAY}"))
    then = client.post(change(petition), form(petition, started_on=f"{day}"))

    (said,) = later.context["adminform"].form.errors["started_on"]
    assert said.startswith(f"It had begun by {day.day} {day:%B %Y}:")
    assert then.status_code == 302, errors_of(then)


def test_nobody_was_counted_before_it_began(
    as_user: Login, alice: User, petition: Petition
) -> None:
    Petition.objects.update(started_on="2016-06-01")
    counted = {
        "count_entries-TOTAL_FORMS": "1", "count_entries-0-source": "paper",
        "count_entries-0-number": "5", "count_entries-0-label": "Sheets",
        "count_entries-0-counted_at": "2016-05-31", "started_on": "2016-06-01",
    }  # fmt: skip

    answer = as_user(alice).post(change(petition), form(petition, **counted))

    assert "The petition began on 1 June 2016" in answer.content.decode()
    assert not petition.count_entries.exists()


def test_it_began_before_anybody_was_counted(
    as_user: Login, alice: User, petition: Petition
) -> None:
    counted_at = timezone.localdate() - 30 * DAY
    backdate(petition, opens_at=timezone.now() - DAY)
    make_entry(petition, 5, counted_at=counted_at)
    client = as_user(alice)

    later, then = (
        client.post(change(petition), form(petition, started_on=f"{day}"))
        for day in (counted_at + DAY, counted_at)
    )

    (said,) = later.context["adminform"].form.errors["started_on"]
    assert said.startswith(f"It had begun by {counted_at.day} {counted_at:%B %Y}:")
    assert then.status_code == 302, errors_of(then)


@pytest.mark.parametrize(
    ("name", "hour"), [("opens_at", "00:00:00"), ("closes_at", "23:59:59")]
)
def test_a_day_without_an_hour_is_its_beginning_or_its_end(
    as_user: Login, alice: User, draft: Petition, name: str, hour: str
) -> None:
    day = f"{timezone.localdate() + 3 * DAY}"

    answer = as_user(alice).post(
        change(draft), form(draft, **{f"{name}_0": day, f"{name}_1": ""})
    )

    assert answer.status_code == 302, errors_of(answer)
    draft.refresh_from_db()
    moment = timezone.localtime(getattr(draft, name))
    assert f"{moment:%Y-%m-%d %H:%M:%S}" == f"{day} {hour}"


def test_a_form_opened_in_one_language_keeps_its_days_in_another(
    as_user: Login, alice: User, draft: Petition
) -> None:
    """Also one that fits as a month: the fourth of March."""
    opens = datetime(2031, 3, 4, 12, tzinfo=timezone.get_current_timezone())
    backdate(draft, opens_at=opens, started_on=opens.date() - 3650 * DAY)
    client = as_user(alice)
    path = change(draft)
    french = path.replace("/admin/", "/admin/fr/")

    for opened, sent_to in ((french, path), (path, french)):
        answer = client.post(sent_to, sent(client.get(opened)))
        assert answer.status_code == 302, errors_of(answer)
        draft.refresh_from_db()
        assert draft.opens_at == opens
        assert draft.started_on == opens.date() - 3650 * DAY


@pytest.mark.parametrize("name", ["opens_at_0", "started_on"])
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("", "may mean two days: write 2021-03-04 or 2021-04-03"),
        ("fr/", "écrivez 2021-03-04 ou 2021-04-03, selon celui qui est voulu"),
    ],
)
def test_a_day_that_could_be_read_in_two_ways_is_asked_for_again(
    as_user: Login, alice: User, draft: Petition, name: str, language: str,
    sentence: str,
) -> None:  # fmt: skip
    path = change(draft).replace("/admin/", f"/admin/{language}")

    answer = as_user(alice).post(path, form(draft, **{name: "04/03/2021"}))

    assert answer.status_code == 200
    assert sentence in text_of(answer)
    assert sent(answer)[name] == "04/03/2021"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_calendar_beside_a_field_writes_what_the_field_takes(
    as_user: Login, alice: User, language: str
) -> None:
    part = "" if language == "en" else f"{language}/"

    script = as_user(alice).get(f"/admin/{part}jsi18n/").content.decode()

    found = re.search(r'"DATE_INPUT_FORMATS": \[([^\]]*)\]', script)
    assert found
    assert found[1].strip() == '"%Y-%m-%d"'


def test_a_draft_whose_closing_date_has_passed_says_so_instead_of_opening(
    as_user: Login, alice: User, draft: Petition
) -> None:
    backdate(draft, closes_at=timezone.now() - DAY)
    client = as_user(alice)
    chosen = {"_selected_action": [draft.pk], "action": "publish_selected"}

    alone = client.post(f"{LIST}{draft.pk}/do/publish/")
    many = client.post(LIST, chosen)

    for answer in (alone, many):
        assert answer.status_code == 200
        assert "Its closing date has passed. Choose a later one, or none." in text_of(
            answer
        )
    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_a_draft_opens_when_it_is_published_and_not_before(
    as_user: Login, alice: User, draft: Petition
) -> None:
    backdate(draft, opens_at=timezone.now() - 30 * DAY)
    before = timezone.now()

    as_user(alice).post(f"{LIST}{draft.pk}/do/publish/")

    draft.refresh_from_db()
    assert draft.opens_at is not None
    assert draft.opens_at >= before


# == Scheduled ==


def test_a_scheduled_petition_says_when_it_goes_public(
    as_user: Login, alice: User, draft: Petition
) -> None:
    client = as_user(alice)
    backdate(
        draft,
        opens_at=datetime(2031, 12, 24, 8, 0, tzinfo=timezone.get_default_timezone()),
    )

    page = client.post(f"{LIST}{draft.pk}/do/publish/", follow=True)

    text = text_of(page)
    assert (
        "“Draft one” goes public on 24 December 2031, 08:00 (Coordinated Universal Time). Preview"
        in text
    )
    assert "is public." not in text
    assert f'<a href="{LIST}{draft.pk}/preview/">Preview</a>' in page.content.decode()
    assert "State: Scheduled" in text
    assert draft.get_absolute_url() not in page.content.decode()
    assert "Scheduled" in text_of(client.get(LIST))


def test_the_date_of_a_scheduled_petition_can_be_changed(
    as_user: Login, alice: User, scheduled: Petition
) -> None:
    client = as_user(alice)
    assert scheduled.opens_at is not None
    later = scheduled.opens_at + DAY

    answer = client.post(change(scheduled), form(scheduled, **typed("opens_at", later)))

    assert answer.status_code == 302, errors_of(answer)
    scheduled.refresh_from_db()
    assert scheduled.opens_at == later
    for wrong, sentence in (
        (None, "Say when it opens, or make it a draft again."),
        (timezone.now() - DAY, "This has passed."),
    ):
        values = form(scheduled, **typed("opens_at", wrong))
        assert sentence in text_of(client.post(change(scheduled), values))


@pytest.mark.parametrize("verb", ["pause", "close", "win", "withdraw"])
def test_nothing_ends_before_it_began(
    as_user: Login, alice: User, scheduled: Petition, verb: str
) -> None:
    answer = as_user(alice).post(f"{LIST}{scheduled.pk}/do/{verb}/", {"outcome": "x"})

    assert "It is not public yet. Make it a draft again" in text_of(answer)
    scheduled.refresh_from_db()
    assert scheduled.state == State.OPEN
    if verb != "pause":
        with pytest.raises(NotAllowed):
            getattr(scheduled, verb)(now=timezone.now())


def test_a_scheduled_petition_opens_now_or_is_a_draft_again(
    as_user: Login, alice: User, visitor: Client, scheduled: Petition
) -> None:
    client = as_user(alice)
    make_entry(scheduled, 5)

    client.post(f"{LIST}{scheduled.pk}/do/unpublish/")
    scheduled.refresh_from_db()
    assert scheduled.state == State.DRAFT
    assert scheduled.opens_at is not None

    client.post(f"{LIST}{scheduled.pk}/do/publish/")
    assert visitor.get(scheduled.get_absolute_url()).status_code == 404
    client.post(f"{LIST}{scheduled.pk}/do/open_now/")
    assert visitor.get(scheduled.get_absolute_url()).status_code == 200


def test_the_list_is_filtered_by_what_is_scheduled(
    as_user: Login, alice: User, petition: Petition, scheduled: Petition
) -> None:
    paused = make_petition(
        petition.organization, state=State.PAUSED, opens_at=timezone.now() + DAY
    )
    client = as_user(alice)

    def listed(state: str) -> set[Petition]:
        return set(client.get(LIST, {"state": state}).context["cl"].queryset)

    assert "Scheduled</a>" in client.get(LIST).content.decode()
    assert listed("scheduled") == {scheduled, paused}
    assert listed("open") == {petition}
    assert listed("paused") == set()


def test_the_page_of_a_petition_says_until_when_its_last_step_can_be_taken_back(
    as_user: Login, alice: User, erin: User, draft: Petition
) -> None:
    """The same sentence before it is done, after it, on its page, in its history."""
    pages = [change(draft), f"{LIST}{draft.pk}/history/"]
    said = "You can take this back until somebody signs it: “Make it a draft again”."
    client = as_user(alice)
    assert "take this back" not in text_of(client.get(change(draft)))

    for step in ("publish", "close"):
        path = f"{LIST}{draft.pk}/do/{step}/"
        before = text_of(client.get(path))
        after = text_of(client.post(path, follow=True))
        draft.refresh_from_db()
        if step == "close":
            assert draft.state_since is not None
            moment = hour_words(draft.state_since + WAIT)
            said = f"You can take this back until {moment}: “Take it back”."
            owned = said.replace("You", "An owner of the organisation", 1)
            assert owned in text_of(as_user(erin).get(change(draft)))
        assert said in after
        assert said in before or step == "close"
        for page in pages:
            assert said in text_of(client.get(page))

    make_signature(draft)
    client.post(f"{LIST}{draft.pk}/do/take_back/")
    said = "This can no longer be taken back: people have signed it."
    assert said in text_of(client.get(change(draft)))


# == Published by mistake ==


def test_what_nobody_has_signed_is_a_draft_again_and_can_be_deleted(
    as_user: Login, erin: User, visitor: Client, petition: Petition
) -> None:
    client = as_user(erin)
    assert "Save and make it a draft again" in text_of(client.get(change(petition)))

    client.post(f"{LIST}{petition.pk}/do/unpublish/")

    petition.refresh_from_db()
    assert (petition.state, petition.opens_at) == (State.DRAFT, None)
    assert visitor.get(petition.get_absolute_url()).status_code == 404
    answer = client.post(f"{LIST}{petition.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302, text_of(answer)
    assert not Petition.objects.exists()


def test_what_is_a_draft_again_is_shown_nowhere_and_keeps_its_addresses(
    as_user: Login, erin: User, visitor: Client, petition: Petition
) -> None:
    client, former = as_user(erin), petition.get_absolute_url()
    assert client.post(change(petition), form(petition, slug="renamed")).status_code
    organization = f"/organizations/{petition.organization.slug}"
    paths = [
        "/", "/petitions/", "/petitions/?q=prisoners", f"{organization}/",
        "/petitions.json", "/petitions.atom",
        f"{organization}.atom", "/sitemap/petitions-1.xml",
    ]  # fmt: skip

    def shown() -> set[str]:
        page_cache.clear()
        pages = {path: visitor.get(path) for path in paths}
        assert all(page.status_code in {200, 404} for page in pages.values())
        return {path for path in paths if "renamed" in pages[path].content.decode()}

    assert shown() == {*paths}

    client.post(f"{LIST}{petition.pk}/do/unpublish/")

    assert shown() == set()
    for path in ("/petitions/renamed/", former, "/petitions/renamed.json"):
        assert visitor.get(path).status_code == 404
    client.post(f"{LIST}{petition.pk}/do/publish/")
    page_cache.clear()
    assert visitor.get(former).headers["Location"] == "/petitions/renamed/"
    assert shown() == {*paths}


def test_what_was_signed_is_no_draft_again(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_signature(petition)

    answer = as_user(erin).post(f"{LIST}{petition.pk}/do/unpublish/")

    assert "People have signed it" in text_of(answer)
    with pytest.raises(NotAllowed):
        petition.unpublish(now=timezone.now())
    petition.refresh_from_db()
    assert petition.state == State.OPEN


# == Updates ==


def test_now_and_later_at_once_is_refused(
    as_user: Login, erin: User, petition: Petition
) -> None:
    fields: dict[str, Any] = {
        "language": "en", "title": "News", "text": "Some.", "publish_now": "on",
        "image_description": "",
        "translations-TOTAL_FORMS": "0", "translations-INITIAL_FORMS": "0",
        **typed("published_at", timezone.now() + DAY),
    }  # fmt: skip

    path = f"/admin/petitions/update/add/?petition={petition.pk}"
    answer = as_user(erin).post(path, fields)

    (sentence,) = answer.context["adminform"].form.errors["publish_now"]
    assert (
        sentence == "There is a future date below: remove either the tick or the date."
    )
    assert not Update.objects.exists()
