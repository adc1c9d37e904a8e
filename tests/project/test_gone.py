"""Pages of the admin whose row somebody has removed meanwhile: each says so, keeps what
was typed, and says as much of another organisation's row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import reverse

from core.admin.form_recovery import TYPED_BY, mark_of
from organizations.models import User
from petitions.admin import actions, promotion
from petitions.admin.transitions import TRANSITIONS
from petitions.models import Petition, Removal
from tests.factories import make_organization, make_petition
from tests.helpers import text_of
from tests.project.conftest import World

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

NUMBER = 999_999
DJANGOS = {"changelist", "add", "history", "delete", "change", ""}
"""Pages that Django has itself; "" is a former address of the form."""
LETTER = "Dear <b>Minister</b>,\nan hour's work"
# They say that there is nothing to call off: see the last test.
TELL_MORE = {"petitions_signature_call_off", "petitions_comment_call_off"}


def own_pages(number: int = NUMBER) -> Iterator[tuple[str, str]]:
    """Yield name and path of each page of ours about one row, whatever model admin it
    belongs to."""
    for model, model_admin in admin.site._registry.items():
        prefix = f"{model._meta.app_label}_{model._meta.model_name}_"
        for pattern in model_admin.get_urls():
            name = pattern.name or ""
            if name.removeprefix(prefix) in DJANGOS or name in TELL_MORE:
                continue
            values: dict[str, object] = dict.fromkeys(
                pattern.pattern.converters, number
            )
            if "verb" in values:
                values["verb"] = "publish"
            if values:
                yield name, reverse(f"admin:{name}", kwargs=values)


def typed(user: User) -> dict[str, str]:
    return {TYPED_BY: mark_of(user.pk), "body_en": LETTER, "form": "step"}


def test_the_pages_are_found() -> None:
    names = {name for name, _path in own_pages()}
    assert {
        "petitions_petition_transition", "petitions_petition_preview_one",
        "petitions_petition_spread", "petitions_petition_figures",
        "petitions_petition_invalidate", "petitions_petition_keep_less",
        "petitions_update_preview_one", "petitions_answer_former",
        "petitions_answer_withdraw", "petitions_invalidation_reverse",
        "petitions_export_new", "petitions_petition_deliver", "petitions_pack_names",
        "petitions_pack_make", "petitions_pack_call_off", "petitions_pack_download",
        "petitions_pack_handed_over",
    } <= names  # fmt: skip


@pytest.mark.parametrize(("name", "path"), list(own_pages()), ids=lambda part: part)
def test_each_page_of_a_row_that_is_gone_says_so_and_keeps_what_was_typed(
    as_user: Login, alice: User, name: str, path: str
) -> None:
    client = as_user(alice)
    before = Petition.objects.count()

    looked, sent = client.get(path), client.post(path, typed(alice))

    assert (looked.status_code, sent.status_code) == (404, 404)
    assert "Somebody has removed this" in text_of(looked)
    assert "somebody removed this while you had it open" in text_of(sent)
    assert " ".join(LETTER.split()) in text_of(sent)
    assert "step" not in text_of(sent)
    model = "_".join(name.split("_")[:2])
    for answer in (looked, sent):
        page = answer.content.decode()
        assert f'href="{reverse(f"admin:{model}_changelist")}"' in page
    assert Petition.objects.count() == before


def test_a_preview_of_what_is_gone_says_so_in_its_frame(
    as_user: Login, alice: User
) -> None:
    answers = [
        as_user(alice).post(
            reverse(f"admin:petitions_{model}_preview"),
            {"preview_of": str(NUMBER), "title": "Written here"},
        )
        for model in ("petition", "update")
    ]

    for answer in answers:
        assert answer.status_code == 404
        assert "somebody removed this while you had it open" in text_of(answer)
        assert "Title Written here" in text_of(answer)
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in policy


def test_the_row_of_another_organisation_is_told_from_no_row_by_nothing(
    as_user: Login, alice: User
) -> None:
    theirs = make_petition(make_organization("Behind the wall"), title="Behind")
    client = as_user(alice)
    pages = [
        (there, gone)
        for (name, there), (_name, gone) in zip(
            own_pages(theirs.pk), own_pages(), strict=True
        )
        if name.startswith("petitions_petition_")
    ]
    assert len(pages) >= 6

    for there, gone in pages:
        answers = [client.post(path, typed(alice)) for path in (there, gone)]
        assert [answer.status_code for answer in answers] == [404, 404]
        first, second = (
            text_of(answer).replace(path, "")
            for answer, path in zip(answers, (there, gone), strict=True)
        )
        assert first == second


def test_a_page_that_is_none_stays_a_page_not_found(
    as_user: Login, alice: User
) -> None:
    client = as_user(alice)
    answer = client.get("/admin/petitions/nothing/")
    sent = client.post("/admin/petitions/nothing/", {"title": "Kept by nobody"})

    assert (answer.status_code, sent.status_code) == (404, 404)
    assert "There is nothing here" in text_of(answer)
    # A form of the admin would only have its button, which leads here again.
    assert "What you typed is still here" not in text_of(sent)
    assert "Kept by nobody" not in sent.content.decode()


def test_nobody_else_is_told_anything(visitor: Client, organization: object) -> None:
    for _name, path in own_pages():
        assert visitor.get(path).status_code == 302, path
        assert visitor.post(path).status_code == 403, path


def test_a_petition_that_goes_while_its_page_is_at_work_is_no_fault(
    alice: User, world: World
) -> None:
    """The row is found, and is gone by the time that it is locked."""
    model_admin: Any = admin.site._registry[Petition]
    request = RequestFactory().post("/", {"form": "step", "kind": ""})
    request.user = alice
    gone = world.draft
    number = gone.pk
    gone.delete()
    gone.pk = number

    with pytest.raises(Http404):
        actions.transition(model_admin, request, gone, TRANSITIONS["publish"])
    with pytest.raises(Http404):
        promotion.spread(model_admin, request, gone)


def test_a_removal_that_is_over_says_what_became_of_it(
    as_user: Login, alice: User
) -> None:
    path = reverse("admin:petitions_signature_call_off", args=[NUMBER])

    page = as_user(alice).post(path, follow=True)

    assert not Removal.objects.exists()
    assert "There is nothing to call off" in text_of(page)
