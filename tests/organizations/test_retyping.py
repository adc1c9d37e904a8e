"""A login ends while somebody writes: nothing that was typed is lost, or shown to
anybody else."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.admin import (
    form_recovery,
    logins,
)
from organizations.models import Organization, User
from petitions.models import Petition
from tests.helpers import text_of
from tests.project.conftest import sent

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db

TEXT = "A text that took an hour <to> write,\r\nwith “signs” & two lines."


class Browser:
    """A browser whose tokens are checked, as in life."""

    def __init__(self) -> None:
        self.client = Client(
            enforce_csrf_checks=True,
            headers={"host": "localhost", "sec-fetch-site": "same-origin"},
        )

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def log_in(self, user: User) -> Any:
        page = self.get("/admin/login/")
        return self.send(
            page, username=user.email, password="correct horse", next="/admin/"
        )

    def send(self, page: Any, form: int = -1, /, **changes: Any) -> Any:
        """Fill in a form of a page (the last one) and send it."""
        shown = page.content.decode()
        found = re.findall(r"<form([^>]*)>(.*?)</form>", shown, re.DOTALL)
        attributes, inside = found[form]
        fields: dict[str, list[str]] = {}
        for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", inside):
            name = re.search(r'name="([^"]*)"', tag)
            value = re.search(r'value="([^"]*)"', tag, re.DOTALL)
            if name:
                fields.setdefault(html.unescape(name[1]), []).append(
                    html.unescape(value[1]) if value else ""
                )
        action = re.search(r'action="([^"]*)"', attributes)
        path = html.unescape(action[1]) if action else page.wsgi_request.get_full_path()
        return self.client.post(path, {**fields, **changes})


def end(user: User) -> None:
    Session.objects.all().delete()


def change(organization: Organization) -> str:
    return f"/admin/organizations/organization/{organization.pk}/change/"


@pytest.fixture
def browser(alice: User) -> Browser:
    browser = Browser()
    assert browser.log_in(alice).status_code == 302
    return browser


def write(browser: Browser, page: Any, **more: Any) -> Any:
    forms = re.findall(r"<form[^>]*id=\"([^\"]*)\"", page.content.decode())
    number = forms.index("organization_form")
    return browser.send(page, number, **{**sent(page), "description": TEXT, **more})


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
    for headers, more in (
        ({"sec-fetch-site": "cross-site"}, mine),
        ({}, {}),
        ({}, {form_recovery.TYPED_BY: f"{alice.pk}:made up"}),
    ):
        answer = browser.client.post(
            change(organization), {**fields, **more}, headers=headers
        )
        assert answer.status_code == 403
        assert "Give all to me" not in answer.content.decode()


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
    assert "Give all" not in answer.content.decode()
    names = re.findall(r'name="([^"]*)"[^>]*value="[^"]', answer.content.decode())
    assert form_recovery.CARRIED not in names


def test_what_was_signed_for_one_thing_is_not_read_as_another(
    browser: Browser, alice: User, organization: Organization
) -> None:
    mark = form_recovery.mark_of(alice.pk)
    carried = form_recovery.Typed("/admin/", alice.pk, [("name", "x")]).carried()
    in_time = browser.client.post(
        change(organization), {form_recovery.TYPED_BY: carried, "name": "typed"}
    )
    end(alice)

    over = browser.client.post(change(organization), {form_recovery.TYPED_BY: carried})
    page = browser.get("/admin/login/")
    login = browser.send(
        page, username=alice.email, password="wrong", **{form_recovery.CARRIED: mark}
    )

    assert in_time.status_code == over.status_code == 403
    assert "typed" not in text_of(in_time)
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
    forms = re.findall(r"<form[^>]*id=\"([^\"]*)\"", page.content.decode())
    number = forms.index("petition_form")
    over = browser.send(page, number, **{**sent(page), "goal": "5000"})

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
    forms = re.findall(r"<form[^>]*id=\"([^\"]*)\"", page.content.decode())
    made_up = {f"targets-{'9' * 400}-name": "Nobody", "targets-٣-name": "Somebody"}
    over = browser.send(page, forms.index("petition_form"), **{**sent(page), **made_up})

    offered = browser.send(over, username=alice.email, password="correct horse")

    assert offered.status_code == 200
    assert "Nobody" in text_of(offered)
