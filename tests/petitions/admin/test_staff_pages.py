"""What the pages around a petition's form say: dates, lists, previews."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from organizations.models import User
from petitions.models import Petition, Signature, Update
from tests.factories import make_organization, make_pending, make_petition
from tests.helpers import text_of
from tests.petitions.admin.life import DAY, LIST, typed

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (-5000, "The petition had not begun then: check the year."),
        (5000, "This is more than ten years ahead: check the year."),
    ],
)
def test_an_update_is_dated_neither_before_its_petition_nor_far_ahead(
    as_user: Login, erin: User, petition: Petition, days: int, sentence: str
) -> None:
    values = {
        "language": "en", "title": "News", "text": "They answered.",
        "image_description": "",
        "translations-TOTAL_FORMS": "0", "translations-INITIAL_FORMS": "0",
        **typed("published_at", timezone.now() + days * DAY),
    }  # fmt: skip
    path = f"/admin/petitions/update/add/?petition={petition.pk}"

    refused = as_user(erin).post(path, values)

    assert refused.context["adminform"].form.errors["published_at"] == [sentence]
    assert not Update.objects.exists()


def test_where_nobody_has_signed_no_names_are_said_to_be_erased(
    as_user: Login, erin: User, petition: Petition
) -> None:
    page = text_of(as_user(erin).get(f"{LIST}{petition.pk}/do/close/"))

    assert "There are no names and addresses to erase." in page
    assert "0 people" not in page


@pytest.mark.parametrize("verb", ["pause", "close"])
def test_the_preview_of_one_that_takes_no_signatures_has_no_form(
    as_user: Login, erin: User, petition: Petition, verb: str
) -> None:
    client, preview = as_user(erin), f"{LIST}{petition.pk}/preview/"
    assert 'name="email"' in client.get(preview).content.decode()

    client.post(f"{LIST}{petition.pk}/do/{verb}/")

    assert 'name="email"' not in client.get(preview).content.decode()


@pytest.mark.parametrize(
    ("admin", "heading"), [("/admin/", "Petitions"), ("/admin/fr/", "Pétitions")]
)
def test_a_list_is_headed_by_what_it_lists(
    as_user: Login, erin: User, petition: Petition, admin: str, heading: str
) -> None:
    page = as_user(erin).get(LIST.replace("/admin/", admin)).content.decode()

    assert f"<h1>{heading}</h1>" in page


def test_the_first_page_says_what_waits_for_staff(
    as_user: Login, erin: User, bob: User, petition: Petition
) -> None:
    first = text_of(as_user(erin).get("/admin/"))
    signature = make_pending(petition)
    Signature.objects.filter(pk=signature.pk).update(quarantine_reason="limit")
    other = make_pending(make_petition(make_organization(slug="others"), slug="other"))
    Signature.objects.filter(pk=other.pk).update(quarantine_reason="limit")

    client = as_user(erin)
    page = client.get("/admin/")

    assert "set aside" not in first
    assert "1 signature is set aside until you have looked at it." in text_of(page)
    link = re.search(r'<p class="waiting"><a href="([^"]+)"', page.content.decode())
    assert link is not None
    assert "Maya Tremblay" in text_of(client.get(link[1]))
    # Who only reads releases nothing.
    assert "set aside" not in text_of(as_user(bob).get("/admin/"))
