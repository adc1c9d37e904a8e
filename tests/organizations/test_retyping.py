"""A login ends while somebody writes: nothing that was typed is lost, or shown to
anybody else."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.admin import (
    form_recovery,
    logins,
)
from organizations.models import Membership, Organization, Role, User
from petitions.models import Petition
from tests.helpers import text_of
from tests.organizations.retyping import TEXT, Browser, change, end, write
from tests.project.conftest import sent

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(alice: User) -> Browser:
    browser = Browser()
    assert browser.log_in(alice).status_code == 302
    return browser


def test_what_was_typed_comes_back_after_the_login_and_is_sent_by_a_button(
    browser: Browser, alice: User, organization: Organization
) -> None:
    page = browser.get(change(organization))
    end(alice)

    over = write(browser, page)

    assert over.status_code == 403
    assert "Nothing was saved or done." in text_of(over)
    wrong = browser.send(over, username=alice.email, password="wrong")
    assert "Your login is over" in text_of(wrong)
    offered = browser.send(wrong, username=alice.email, password="correct horse")
    assert offered.status_code == 200
    assert html.escape(TEXT.partition("\r")[0]) in offered.content.decode()
    organization.refresh_from_db()
    assert organization.description == ""  # nothing is sent by itself

    saved = browser.send(offered)

    assert saved.status_code == 302
    organization.refresh_from_db()
    assert organization.description == TEXT.replace("\r\n", "\n")


def test_a_login_in_another_window_keeps_the_form(
    browser: Browser, alice: User, organization: Organization
) -> None:
    page = browser.get(change(organization))
    end(alice)
    browser.log_in(alice)

    offered = write(browser, page)

    assert offered.status_code == 403
    assert "look at it, then send it" in text_of(offered)
    assert browser.send(offered).status_code == 302
    organization.refresh_from_db()
    assert organization.description == TEXT.replace("\r\n", "\n")


@pytest.mark.parametrize("how", ["at the login", "in another window"])
def test_another_account_gets_nothing_of_it(
    browser: Browser, alice: User, erin: User, organization: Organization, how: str
) -> None:
    page = browser.get(change(organization))
    end(alice)
    if how == "at the login":
        over = write(browser, page)
        answer = browser.send(over, username=erin.email, password="correct horse")
    else:
        browser.log_in(erin)
        answer = write(browser, page)

    assert "typed with another account" in text_of(answer)
    assert "an hour" not in answer.content.decode()
    assert form_recovery.CARRIED not in re.findall(
        r'name="([^"]*)"', answer.content.decode()
    )


def test_another_site_cannot_have_a_form_offered(
    browser: Browser, alice: User, organization: Organization
) -> None:
    fields = {"description": "Give all to me", "csrfmiddlewaretoken": "x" * 64}
    mine = {form_recovery.TYPED_BY: form_recovery.mark_of(alice.pk)}
    answer = browser.client.post(
        change(organization),
        {**fields, **mine},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 403
    assert "Give all to me" not in answer.content.decode()


@pytest.mark.parametrize("mark", ["", "made up", "of another key"])
@pytest.mark.parametrize("how", ["at the login", "in another window"])
def test_a_form_without_a_valid_mark_is_shown_to_be_copied(
    browser: Browser, alice: User, organization: Organization, how: str, mark: str
) -> None:
    """Its page is older than a new SECRET_KEY, or than the marks."""
    if how == "at the login":
        end(alice)
    key = "another key that was in force before"
    other = signing.Signer(salt=form_recovery.MARK_SALT, key=key).sign(str(alice.pk))
    marks = {"made up": f"{alice.pk}:made up", "of another key": other}

    answer = browser.client.post(
        change(organization),
        {
            "description": TEXT,
            "csrfmiddlewaretoken": "x" * 64,
            form_recovery.TYPED_BY: marks.get(mark, ""),
        },
    )

    assert answer.status_code == 403
    assert "copy" in text_of(answer)
    assert html.escape(TEXT.partition("\r")[0]) in answer.content.decode()
    assert no_button_sends(answer, TEXT)


def no_button_sends(answer: Any, typed: str) -> bool:
    """Return whether no form of a page holds what was typed, carried or as it is."""
    page = answer.content.decode()
    fields = re.findall(r"<input[^>]*>", page)
    return form_recovery.CARRIED not in re.findall(r'name="([^"]*)"', page) and not any(
        html.escape(typed) in field for field in fields
    )


def test_a_right_that_was_lost_keeps_what_was_typed(
    browser: Browser, alice: User, organization: Organization
) -> None:
    page = browser.get(change(organization))
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)

    answer = write(browser, page)

    assert answer.status_code == 403
    assert "you may not do this, or not any more" in text_of(answer)
    assert html.escape(TEXT.partition("\r")[0]) in answer.content.decode()
    assert no_button_sends(answer, TEXT)
    organization.refresh_from_db()
    assert organization.description == ""


def test_a_login_page_that_was_left_over_a_weekend_keeps_the_form(
    browser: Browser, alice: User, organization: Organization
) -> None:
    page = browser.get(change(organization))
    end(alice)
    on_friday = timezone.now() - timedelta(days=3)
    with patch("time.time", return_value=on_friday.timestamp()):
        over = write(browser, page)

    offered = browser.send(over, username=alice.email, password="correct horse")

    assert "look at it, then send it" in text_of(offered)


def test_an_action_of_a_list_is_offered_in_words_with_how_many_rows(
    browser: Browser, alice: User, petition: Petition
) -> None:
    path = "/admin/petitions/signature/"
    chosen = {"action": "approve_comments", "_selected_action": ["1", "2", "3"]}
    for across, words in (("0", "Chosen rows 3"), ("1", "Chosen rows all of the list")):
        page = browser.get(path)
        end(alice)
        over = browser.send(page, **chosen, select_across=across)
        offered = browser.send(over, username=alice.email, password="correct horse")
        assert words in text_of(offered)
        assert "approve_comments" not in text_of(offered)
        assert "select across" not in text_of(offered)


def test_a_browser_that_takes_no_cookies_is_told(alice: User) -> None:
    browser = Browser()
    page = browser.get("/admin/login/")
    browser.client.cookies.clear()

    answer = browser.send(page, username=alice.email, password="correct horse")

    assert answer.status_code == 403
    assert "your browser sent no cookie" in text_of(answer)
    assert "login is over" not in text_of(answer)


def test_a_form_without_a_login_says_that_its_token_is_stale(alice: User) -> None:
    """It keeps what was typed; before, it came back empty without a word."""
    browser = Browser()
    page = browser.get("/admin/password/reset/")
    browser.client.cookies.clear()

    answer = browser.send(page, email="typed@example.org")

    assert answer.status_code == 403
    assert "Nothing was saved or done" in text_of(answer)
    assert "typed@example.org" in text_of(answer)


def test_a_password_typed_while_a_login_began_elsewhere_is_not_shown(
    browser: Browser, alice: User
) -> None:
    page = browser.get("/admin/password_change/")
    end(alice)
    browser.log_in(alice)

    answer = browser.send(page, old_password="correct horse", new_password1="x" * 20)

    assert answer.status_code == 403
    assert "Open it anew" in text_of(answer)
    assert "correct horse" not in answer.content.decode()


@pytest.mark.parametrize(
    "evidence",
    [
        {"origin": "null"},
        {},
        {"origin": "https://evil.example"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": "http://localhost", "sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("how", ["at the login", "in another window"])
def test_a_form_that_hides_where_it_comes_from_is_not_offered(
    browser: Browser,
    alice: User,
    organization: Organization,
    evidence: dict[str, str],
    how: str,
) -> None:
    """With a mark that somebody got hold of."""
    if how == "at the login":
        end(alice)
    hiding = Client(enforce_csrf_checks=True)
    hiding.cookies = browser.client.cookies
    fields = {
        "description": "Give all",
        form_recovery.TYPED_BY: form_recovery.mark_of(alice.pk),
    }

    answer = hiding.post(
        change(organization), fields, headers={"host": "localhost", **evidence}
    )

    assert answer.status_code == 403
    assert no_button_sends(answer, "Give all")
    is_shown = "Give all" in answer.content.decode()
    assert is_shown == (evidence in ({}, {"origin": "null"}))  # to be copied


def test_what_was_signed_for_one_thing_is_not_read_as_another(
    browser: Browser, alice: User, organization: Organization
) -> None:
    mark = form_recovery.mark_of(alice.pk)
    carried = form_recovery.Typed("/admin/", alice.pk, [("name", "x")]).carried()
    in_time = browser.client.post(
        change(organization), {form_recovery.TYPED_BY: carried, "name": "My words"}
    )
    end(alice)

    over = browser.client.post(change(organization), {form_recovery.TYPED_BY: carried})
    page = browser.get("/admin/login/")
    login = browser.send(
        page, username=alice.email, password="wrong", **{form_recovery.CARRIED: mark}
    )

    assert in_time.status_code == over.status_code == 403
    for answer in (in_time, over):
        assert no_button_sends(answer, "My words")
    assert login.status_code == 200


def test_passwords_are_not_carried(browser: Browser, alice: User) -> None:
    page = browser.get("/admin/password_change/")
    end(alice)
    over = browser.send(page, old_password="correct horse", new_password1="x" * 20)

    assert over.status_code == 403
    assert form_recovery.CARRIED not in re.findall(
        r'name="([^"]*)"', over.content.decode()
    )


def test_what_is_too_long_is_said_to_be(
    browser: Browser, alice: User, organization: Organization
) -> None:
    page = browser.get(change(organization))
    end(alice)
    over = write(browser, page, legal_name="x" * form_recovery.LONGEST)

    assert "too long to be kept" in text_of(over)
    assert len(over.content) < 50_000


def test_every_form_of_the_admin_is_kept(
    browser: Browser, alice: User, petition: Petition
) -> None:
    """Own views and actions of lists, too."""
    base = f"/admin/petitions/petition/{petition.pk}"
    pages = [
        (f"{base}/do/close/", {}),
        ("/admin/petitions/petition/", {"action": "x", "_selected_action": "1"}),
    ]
    for path, fields in pages:
        page = browser.get(path)
        assert form_recovery.TYPED_BY in page.content.decode()
        end(alice)
        over = browser.send(page, **fields)
        assert over.status_code == 403
        offered = browser.send(over, username=alice.email, password="correct horse")
        assert f'action="{path}"' in offered.content.decode()


def test_two_login_pages_do_not_stand_in_each_others_way(alice: User) -> None:
    browser = Browser()
    first, second = browser.get("/admin/login/"), browser.get("/admin/login/")
    fields = {"username": alice.email, "password": "correct horse"}
    browser.send(first, **fields)

    answer = browser.send(second, **fields)

    assert (answer.status_code, urlsplit(answer.url).path) == (302, "/admin/")


def test_a_login_lasts_as_long_as_somebody_works_and_a_day_at_most(
    browser: Browser, alice: User
) -> None:
    session = Session.objects.get()
    first = session.expire_date
    stored = browser.client.session
    stored[logins.RENEWED_AT] = int((timezone.now() - timedelta(hours=1)).timestamp())
    stored.save()
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=3))

    assert browser.get("/admin/").status_code == 200
    assert Session.objects.get().expire_date >= first
    stored = browser.client.session
    stored[logins.BEGAN] = int((timezone.now() - timedelta(hours=25)).timestamp())
    stored.save()
    assert browser.get("/admin/").status_code == 302


def test_a_form_is_offered_in_the_words_of_its_page(
    browser: Browser, alice: User, petition: Petition
) -> None:
    page = browser.get(reverse("admin:petitions_petition_change", args=[petition.pk]))
    end(alice)
    over = browser.send(page, 'id="petition_form"', **{**sent(page), "goal": "5000"})

    offered = text_of(
        browser.send(over, username=alice.email, password="correct horse")
    )

    assert "Goal 5000" in offered
    assert "kind A person" in offered
    assert "Person or body petitioned 1: name Minister" in offered
    assert "targets 0" not in offered
    assert "petitioned 1: petition" not in offered


def test_rows_of_any_number_are_offered(
    browser: Browser, alice: User, petition: Petition
) -> None:
    page = browser.get(reverse("admin:petitions_petition_change", args=[petition.pk]))
    end(alice)
    made_up = {f"targets-{'9' * 400}-name": "Nobody", "targets-٣-name": "Somebody"}
    over = browser.send(page, 'id="petition_form"', **{**sent(page), **made_up})

    offered = browser.send(over, username=alice.email, password="correct horse")

    assert offered.status_code == 200
    assert "Nobody" in text_of(offered)


def test_the_frame_of_a_preview_shows_that_the_login_is_over(
    browser: Browser, alice: User, petition: Petition
) -> None:
    """A page that no frame may show is an empty frame there."""
    mark = form_recovery.mark_of(alice.pk)
    end(alice)

    over = browser.client.post(
        "/admin/petitions/petition/preview/",
        {"title": TEXT, form_recovery.TYPED_BY: mark},
    )
    wrong = browser.send(over, username=alice.email, password="wrong")
    offered = browser.send(wrong, username=alice.email, password="correct horse")

    assert html.escape(TEXT.partition("\r")[0]) in offered.content.decode()
    for page in (over, wrong, offered):
        assert page["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in page["Content-Security-Policy"]
