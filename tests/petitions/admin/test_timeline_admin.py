"""What staff tell of a petition, in the admin; and the comments that they read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ActionLocation, site
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEntry
from organizations.models import User
from petitions.admin import CommentAdmin
from petitions.models import (
    Answer,
    Comment,
    Correction,
    Handover,
    Petition,
    Signature,
    Translation,
    Update,
)
from petitions.states import State
from tests.factories import (
    make_answer,
    make_entry,
    make_handover,
    make_petition,
    make_signature,
    make_update,
)
from tests.helpers import text_of
from tests.petitions.admin.helpers import (
    Login,
    add_url,
    change_url,
    decide,
    decided,
    errors_of,
    form,
    given,
)

pytestmark = pytest.mark.django_db


MODELS: dict[str, Callable[..., Any]] = {
    "update": make_update,
    "answer": make_answer,
    "handover": make_handover,
}


@pytest.fixture(autouse=True)
def _signed(petition: Petition) -> None:
    make_entry(petition, 3, source="paper")


# == Who may ==


@pytest.mark.parametrize("name", MODELS)
def test_editors_add_one_from_its_petition(
    as_user: Login, erin: User, petition: Petition, name: str
) -> None:
    client = as_user(erin)
    page = client.get(add_url(name, petition))

    response = client.post(add_url(name, petition), given(name, petition))

    assert "Free the prisoners" in text_of(page)
    assert response.status_code == 302, errors_of(response)
    assert response.headers["Location"] == change_url(petition)
    (row,) = getattr(petition, f"{name}s").all()
    assert row.made_by == erin
    made = AuditEntry.objects.get(action="insert", table=row._meta.db_table)
    assert (made.row, made.account) == (str(row.pk), erin.pk)


@pytest.mark.parametrize("name", MODELS)
def test_viewers_look_and_strangers_do_not(
    as_user: Login, bob: User, charlie: User, petition: Petition, name: str
) -> None:
    row = MODELS[name](petition)

    for user, status in ((bob, 200), (charlie, 302)):
        client = as_user(user)
        assert client.get(change_url(row)).status_code == status
        assert client.get(add_url(name, petition)).status_code == 403
        posted = client.post(add_url(name, petition), given(name, petition))
        assert posted.status_code == 403
        changed = client.post(change_url(row), given(name, petition))
        assert changed.status_code == (403 if user == bob else 404)
    assert type(row).objects.count() == 1
    assert b"/add/?petition" not in as_user(bob).get(change_url(petition)).content


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("number", ["", "0", "x", "9" * 30, "-1"])
def test_none_is_added_without_a_petition(
    as_user: Login, erin: User, name: str, number: str
) -> None:
    url = reverse(f"admin:petitions_{name}_add")

    assert as_user(erin).get(f"{url}?petition={number}").status_code == 403


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_told_of_a_draft(
    as_user: Login, erin: User, petition: Petition, name: str
) -> None:
    draft = make_petition(petition.organization, state=State.DRAFT)

    assert as_user(erin).get(add_url(name, draft)).status_code == 403
    page = as_user(erin).get(change_url(draft)).content.decode()
    assert "story-links" in page
    assert "/add/?petition" not in page


@pytest.mark.parametrize("name", MODELS)
def test_the_list_of_a_petition_adds_to_it(
    as_user: Login, erin: User, petition: Petition, name: str
) -> None:
    url = reverse(f"admin:petitions_{name}_changelist", query={"petition": petition.pk})
    page = as_user(erin).get(url).content.decode()
    narrowed = f"?_changelist_filters=petition%3D{petition.pk}"

    assert f"add/{narrowed}" in page
    assert "/add/" not in as_user(erin).get(url.partition("?")[0]).content.decode()
    add = reverse(f"admin:petitions_{name}_add") + narrowed
    assert as_user(erin).get(add).status_code == 200


def test_the_page_of_a_petition_leads_to_them(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_update(petition)
    make_answer(petition)

    text = text_of(as_user(erin).get(change_url(petition)))

    assert "Updates (1) Add Answers (1) Add Handovers (0) Add" in text
    assert "Comments to be read (0)" in text


@pytest.mark.parametrize("name", MODELS)
def test_lists_ask_as_often_for_many_as_for_one(
    as_user: Login, erin: User, petition: Petition, name: str
) -> None:
    client = as_user(erin)
    url = reverse(f"admin:petitions_{name}_changelist")
    client.get(url)  # the first page of a login lists the login
    counts: list[int] = []
    for _round in range(2):
        for days in range(3):
            other = make_petition(petition.organization)
            MODELS[name](other if days else petition, **(
                {"handed_on": timezone.localdate() - timedelta(days=len(counts))}
                if name == "handover" else {}
            ))  # fmt: skip
        with CaptureQueriesContext(connection) as asked:
            client.get(url)
        counts.append(len(asked))

    assert counts[0] == counts[1]


# == Updates ==


def test_a_draft_is_published_with_a_tick(
    as_user: Login, erin: User, petition: Petition
) -> None:
    client = as_user(erin)
    client.post(add_url("update", petition), given("update", petition))
    update = Update.objects.get()
    assert (update.published_at, update.number) == (None, None)

    fields = given("update", petition, publish_now="on")
    response = client.post(change_url(update), fields)

    assert response.status_code == 302, errors_of(response)
    update.refresh_from_db()
    assert update.is_published(timezone.now())
    assert (update.number, update.changed_at) == (1, None)
    page = client.get(change_url(update)).content.decode()
    assert "publish_now" not in page
    assert f'href="{update.get_absolute_url()}"' in page


def test_who_had_the_draft_open_does_not_take_back_what_is_public(
    as_user: Login, erin: User, petition: Petition
) -> None:
    update = make_update(petition, published=False, text="Draft")
    client = as_user(erin)
    page = client.get(change_url(update)).content.decode()
    shown = re.findall(r'name="((?:initial-)?published_at_[01])"', page)
    update.published_at = timezone.now()
    update.save()

    stale = {**given("update", petition, text="Better"), **dict.fromkeys(shown, "")}
    client.post(change_url(update), stale)

    update.refresh_from_db()
    assert sorted(shown) == [
        "initial-published_at_0", "initial-published_at_1", "published_at_0",
        "published_at_1",
    ]  # fmt: skip
    assert update.is_published(timezone.now())
    assert (update.text, update.changed_at is None) == ("Better", False)


def test_a_published_one_is_taken_back_on_purpose(
    as_user: Login, erin: User, petition: Petition
) -> None:
    update = make_update(petition)
    emptied = {
        f"{prefix}published_at_{n}": "" for prefix in ("", "initial-") for n in (0, 1)
    }
    emptied |= {
        "initial-published_at_0": "2026-01-01",
        "initial-published_at_1": "10:00",
    }

    as_user(erin).post(change_url(update), {**given("update", petition), **emptied})

    update.refresh_from_db()
    assert update.published_at is None


def test_a_change_of_what_is_public_is_dated(
    as_user: Login, erin: User, petition: Petition
) -> None:
    update = make_update(petition, title="News", text="Old")
    day, time = (
        timezone.localtime(update.published_at).strftime(part)
        for part in ("%Y-%m-%d", "%H:%M:%S")
    )
    at = {"published_at_0": day, "published_at_1": time}

    as_user(erin).post(change_url(update), given("update", petition, text="Old", **at))
    update.refresh_from_db()
    assert update.changed_at is None
    as_user(erin).post(change_url(update), given("update", petition, text="New", **at))

    update.refresh_from_db()
    assert (update.text, update.changed_at is None) == ("New", False)


def test_only_a_draft_is_deleted(
    as_user: Login, erin: User, petition: Petition
) -> None:
    draft, public = make_update(petition, published=False), make_update(petition)

    for update in (draft, public):
        url = reverse("admin:petitions_update_delete", args=[update.pk])
        as_user(erin).post(url, {"post": "yes"})

    assert list(Update.objects.all()) == [public]


@pytest.mark.parametrize("field", ["title", "text", "language"])
def test_an_update_without_words_is_refused_beside_the_field(
    as_user: Login, erin: User, petition: Petition, field: str
) -> None:
    fields = given("update", petition, **{field: ""})

    response = as_user(erin).post(add_url("update", petition), fields)

    assert field in response.context["adminform"].form.errors
    assert not Update.objects.exists()


# == Answers ==


def test_a_changed_answer_keeps_what_it_said(
    as_user: Login, erin: User, petition: Petition
) -> None:
    client = as_user(erin)
    client.post(add_url("answer", petition), given("answer", petition))
    answer = Answer.objects.get()

    client.post(change_url(answer), given("answer", petition, text="Yes."))

    assert [revision.text for revision in answer.revisions.all()] == ["No."]
    assert "1 version" in text_of(client.get(change_url(answer)))
    url = reverse("admin:petitions_answer_delete", args=[answer.pk])
    assert client.post(url, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        ("answer", {"text": ""}, "Give the words, or a link to them."),
        ("answer", {"answered_on": "2999-01-01"}, "That day has yet to come."),
        ("answer", {"answered_on": "yesterday"}, "Write the date as year-month-day"),
        ("answer", {"link": "javascript:alert(1)"}, "Enter a valid URL."),
        ("answer", {"target": "0"}, "That choice is not one of the available choices"),
        ("handover", {"paper": "4"}, "No more than 3 are counted there."),
        ("handover", {"confirmed": "1"}, "No more than 0 are counted there."),
        ("handover", {"paper": "0"}, "Nothing was handed over: enter how many."),
        ("handover", {"paper": "-1"}, "Write a whole number from 0 to 2147483647"),
        ("handover", {"paper": "many"}, "Write a whole number from 0 to 2147483647"),
        ("handover", {"handed_on": "2999-01-01"}, "That day has yet to come."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    as_user: Login,
    erin: User,
    petition: Petition,
    name: str,
    changes: dict[str, str],
    sentence: str,
) -> None:
    fields = given(name, petition, **changes)

    response = as_user(erin).post(add_url(name, petition), fields)

    assert sentence in text_of(response)
    assert not Answer.objects.exists()
    assert not Handover.objects.exists()


def test_only_those_petitioned_can_be_chosen(
    as_user: Login, erin: User, petition: Petition
) -> None:
    stranger = make_petition(target="Somebody else").targets.get()
    fields = given("answer", petition, target=stranger.pk)

    page = as_user(erin).get(add_url("answer", petition)).content.decode()
    as_user(erin).post(add_url("answer", petition), fields)

    assert "Minister" in page
    assert "Somebody else" not in page
    assert not Answer.objects.exists()


# == Handovers ==


def test_what_is_counted_now_is_filled_in(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_signature(petition)

    initial = as_user(erin).get(add_url("handover", petition)).context["adminform"].form

    assert [initial.initial[name] for name in Handover.NUMBERS] == [1, 3, 0]


def test_two_handovers_of_a_day_are_one(
    as_user: Login, erin: User, petition: Petition
) -> None:
    client = as_user(erin)

    for _round in range(2):
        response = client.post(
            add_url("handover", petition), given("handover", petition)
        )

    assert "A handover to them on this day is there already." in text_of(response)
    assert Handover.objects.count() == 1


def test_its_numbers_stay_and_owners_take_it_back(
    as_user: Login, alice: User, erin: User, petition: Petition
) -> None:
    handover = make_handover(petition, confirmed=0, paper=3)
    url = reverse("admin:petitions_handover_delete", args=[handover.pk])

    fields = given("handover", petition, paper="1", note="On the steps.")
    as_user(erin).post(change_url(handover), fields)

    handover.refresh_from_db()
    assert (handover.paper, handover.note) == (3, "On the steps.")
    assert as_user(erin).post(url, {"post": "yes"}).status_code == 403
    assert as_user(alice).post(url, {"post": "yes"}).status_code == 302
    assert not Handover.objects.exists()


# == Corrections ==


def correction_fields(**changes: str) -> dict[str, str]:
    typed = {"language": "", "before": "", "after": "", "text": "", **changes}
    return {
        "corrections-TOTAL_FORMS": "1",
        **{f"corrections-0-{name}": value for name, value in typed.items()},
    }


def test_a_passage_is_corrected(as_user: Login, erin: User, petition: Petition) -> None:
    Translation.objects.create(
        petition=petition, language="fr", title="Libérez-les", text="Dix personnes."
    )
    typed = correction_fields(language="fr", before="Dix", after="Neuf")

    response = as_user(erin).post(change_url(petition), form(petition, **typed))

    assert response.status_code == 302, errors_of(response)
    correction = Correction.objects.get()
    assert (correction.before, correction.after) == ("Dix", "Neuf")
    assert correction.made_by == erin


def test_a_passage_that_is_not_there_is_refused_beside_the_field(
    as_user: Login, erin: User, petition: Petition
) -> None:
    typed = correction_fields(before="Never written", after="x")

    response = as_user(erin).post(change_url(petition), form(petition, **typed))

    assert "This passage is not in the text: copy it from there." in text_of(response)
    assert "Never written" in response.content.decode()
    assert not Correction.objects.exists()


# == Comments ==

COMMENTS = "/admin/petitions/comment/"


def commented(petition: Petition, comment: str, **fields: Any) -> Signature:
    fields.setdefault("show_name", True)
    return make_signature(petition, comment=comment, **fields)


def test_the_queue_holds_what_waits_the_oldest_first(
    as_user: Login, erin: User, petition: Petition
) -> None:
    commented(petition, "First")
    commented(petition, "Second, " + "long " * 60 + "end")
    commented(petition, "Not to be shown", show_name=False)
    make_signature(petition, show_name=True)

    text = text_of(as_user(erin).get(COMMENTS))

    assert text.index("First") < text.index("Second, long")
    assert "long end" in text
    assert "Not to be shown" not in text
    assert "2 comments" in text
    assert "Comments to be read (2)" in text_of(as_user(erin).get(change_url(petition)))


@pytest.mark.parametrize(
    ("action", "decision"),
    [("approve_comments", "approved"), ("hide_comments", "rejected")],
)
def test_many_are_decided_at_once(
    as_user: Login,
    erin: User,
    bob: User,
    petition: Petition,
    action: str,
    decision: str,
) -> None:
    rows = [commented(petition, f"Number {number}") for number in range(3)]
    chosen = {"_selected_action": [row.pk for row in rows[:2]], "action": action}

    decide(as_user(bob), chosen, COMMENTS)
    assert Signature.objects.comments_waiting().count() == 3
    client = as_user(erin)
    decide(client, chosen, COMMENTS)

    assert Signature.objects.comments_waiting().get() == rows[2]
    decided = text_of(client.get(f"{COMMENTS}?decision={decision}"))
    assert "Number 0" in decided
    assert "Number 2" not in decided
    approved = Signature.objects.filter(comment_approved=True).count()
    assert approved == (2 if decision == "approved" else 0)


@pytest.mark.parametrize("action", ["approve_comments", "hide_comments"])
@pytest.mark.parametrize("path", [COMMENTS, "/admin/petitions/signature/"])
def test_a_comment_that_was_changed_meanwhile_is_not_decided_unread(
    as_user: Login, erin: User, petition: Petition, action: str, path: str
) -> None:
    rows = [commented(petition, f"Number {number}") for number in range(2)]
    client = as_user(erin)
    page = client.get(path).content.decode()
    chosen = {
        "_selected_action": [row.pk for row in rows],
        "_shown": re.findall(r'name="_shown" value="([^"]*)"', page),
        "action": action,
    }
    Signature.objects.filter(pk=rows[1].pk).update(comment="Nobody has read this")

    asked = decide(client, chosen, path)

    assert "1 was left as it is: it was changed since" in text_of(asked)
    assert Signature.objects.comments_waiting().get() == rows[1]


@pytest.mark.parametrize("shown", [[], ["1-0-0"], ["x"]])
def test_a_comment_that_no_list_showed_is_not_approved(
    as_user: Login, erin: User, petition: Petition, shown: list[str]
) -> None:
    """As when the list is longer than its page, or another page sends the action."""
    row = commented(petition, "Because")
    chosen = {"_selected_action": [row.pk], "_shown": shown, "select_across": "1"}
    client = as_user(erin)

    answer = decided(client, COMMENTS, {**chosen, "action": "approve_comments"})

    assert "1 was left as it is" in text_of(answer)
    assert Signature.objects.comments_waiting().exists()
    decide(client, {**chosen, "action": "hide_comments"}, COMMENTS)
    assert not Signature.objects.comments_waiting().exists()


def test_a_comment_is_approved_where_all_of_it_was_shown(
    as_user: Login, erin: User, petition: Petition
) -> None:
    row = commented(petition, "Kind words. " * 8 + "And a threat.")
    chosen = {"_selected_action": [row.pk], "action": "approve_comments"}
    client = as_user(erin)
    assert "a threat" not in text_of(client.get("/admin/petitions/signature/"))

    decide(client, chosen)
    assert Signature.objects.comments_waiting().exists()
    decide(client, chosen, COMMENTS)
    assert not Signature.objects.comments_waiting().exists()


@pytest.mark.parametrize("field", ["name", "place"])
def test_a_name_that_was_changed_meanwhile_is_not_let_onto_the_page(
    as_user: Login, erin: User, petition: Petition, field: str
) -> None:
    row = make_signature(petition, show_name=True, place="Rome")
    Signature.objects.filter(pk=row.pk).update(name_withheld=True)
    client = as_user(erin)
    path = "/admin/petitions/signature/"
    page = client.get(path).content.decode()
    assert "Rome" in page
    chosen = {
        "_selected_action": [row.pk],
        "_shown": re.findall(r'name="_shown" value="([^"]*)"', page),
        "action": "release_names",
    }
    Signature.objects.filter(pk=row.pk).update(**{field: "Nobody has read this"})

    decide(client, chosen)
    assert Signature.objects.get().name_withheld
    decide(client, {**chosen, "_shown": []})
    assert Signature.objects.get().name_withheld
    del chosen["_shown"]
    decide(client, chosen)
    assert not Signature.objects.get().name_withheld


def test_the_page_of_a_row_offers_no_action_of_lists(
    as_user: Login, ada: User, petition: Petition
) -> None:
    """It would not say what it had shown."""
    commented(petition, "Because")
    request = RequestFactory().get("/")
    request.user = ada

    class Offering(CommentAdmin):
        actions = ["leave"]

        @admin.action(location=ActionLocation.CHANGE_FORM)
        def leave(self, request: Any, queryset: Any) -> None:
            raise AssertionError

    for model_admin in [*site._registry.values(), Offering(Comment, site)]:
        assert not model_admin.get_actions(request, ActionLocation.CHANGE_FORM)
    row = Signature.objects.get()
    path = f"/admin/petitions/comment/{row.pk}/change/"
    client = as_user(ada)
    assert "action_form" not in client.get(path).content.decode()
    client.post(path, {
        "CHANGE_FORM-action": "approve_comments", "_selected_action": [row.pk],
    })  # fmt: skip
    assert Signature.objects.comments_waiting().exists()


def test_a_decision_can_be_taken_back(
    as_user: Login, erin: User, petition: Petition
) -> None:
    row = commented(petition, "Because")
    client = as_user(erin)

    for action in ("hide_comments", "approve_comments", "hide_comments"):
        query = {"decision": "approved" if row.comment_approved else "rejected"}
        url = COMMENTS if not row.comment_rejected else f"{COMMENTS}?decision=rejected"
        if row.comment_approved:
            url = f"{COMMENTS}?decision={query['decision']}"
        decide(client, {"_selected_action": [row.pk], "action": action}, url)
        row.refresh_from_db()

    assert (row.comment_approved, row.comment_rejected) == (False, True)


def test_comments_of_others_are_not_there(
    as_user: Login, charlie: User, petition: Petition
) -> None:
    row = commented(petition, "Because")
    client = as_user(charlie)

    chosen = {"_selected_action": [row.pk], "action": "approve_comments"}
    decide(client, chosen, COMMENTS)

    assert "Because" not in text_of(client.get(COMMENTS))
    assert Signature.objects.comments_waiting().exists()


def test_a_changed_comment_is_read_again(petition: Petition) -> None:
    from petitions.signatures.correcting import change_signature

    row = commented(petition, "Because")
    Signature.objects.update(comment_rejected=True)
    row.refresh_from_db()

    change_signature(row, {"comment": "Better"}, now=timezone.now())

    assert Signature.objects.comments_waiting().get() == row


def test_an_update_with_a_date_is_saved(
    as_user: Login, erin: User, petition: Petition
) -> None:
    """Its number is given while it is saved: no form can know it."""
    today = str(timezone.localdate())
    typed = given("update", petition, published_at_0=today)
    typed["published_at_1"] = "12:00:00"

    response = as_user(erin).post(add_url("update", petition), typed)

    assert response.status_code == 302, errors_of(response)
    assert Update.objects.get().number == 1
