"""A form that is too large, with a picture in it: the page says what is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from organizations.models import User
from tests.helpers import text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("prefix", "said"),
    [("", "The picture is too large"), ("fr/", "L’image est trop")],
)
def test_a_picture_that_is_too_large_is_named(
    as_user: Callable[[User], Client], erin: User, prefix: str, said: str
) -> None:
    picture = SimpleUploadedFile("photo.jpg", b"x" * 26 * 2**20, "image/jpeg")

    response = as_user(erin).post(
        f"/admin/{prefix}petitions/petition/add/", {"title": "T", "image": picture}
    )

    assert response.status_code == 413
    assert said in text_of(response)
    assert "Shorten it" not in text_of(response)
    assert "20" in text_of(response)


def test_words_that_are_too_many_are_to_be_shortened(visitor: Client) -> None:
    response = visitor.post(
        "/contact/", "x" * 200_000, content_type="application/x-www-form-urlencoded"
    )

    assert "Shorten it" in text_of(response)
