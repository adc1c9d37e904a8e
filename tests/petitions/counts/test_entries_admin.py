"""Count entries in the form of a petition."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from organizations.models import User
from petitions.models import Petition
from tests.factories import make_entry
from tests.helpers import text_of
from tests.project.two_people import LIST, change

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


def test_a_label_that_is_there_is_asked_about_and_kept(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_entry(petition, 5, source="paper", label="Sheets of May")
    row = {
        "count_entries-TOTAL_FORMS": "2", "count_entries-1-source": "paper",
        "count_entries-1-number": "31", "count_entries-1-label": "Sheets of May",
        "count_entries-1-counted_by": "Erin", "count_entries-1-counted_at": "2026-05-05",
    }  # fmt: skip

    page = change(f"{LIST}{petition.pk}/change/", as_user(erin), **row)()

    assert "An entry with this label is there already." in text_of(page)
    assert "duplicate data" not in text_of(page)
    assert petition.count_entries.count() == 1
