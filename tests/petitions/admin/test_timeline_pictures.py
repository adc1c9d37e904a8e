"""Pictures of updates and of handovers: from the admin to everybody, and away again."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.http.cache_policy import page_cache
from core.images.uploads import (
    WIDTHS,
)
from organizations.models import User
from petitions.models import Handover, Petition, Update
from tests.factories import make_entry, make_handover, make_translation, make_update
from tests.helpers import text_of
from tests.petitions.admin.helpers import add_url, change_url, errors_of, form, given
from tests.petitions.admin.pictures import SHOWS, drawn, stored, taken

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

PAGE = "/petitions/free-the-prisoners/"
MAKE: dict[str, Callable[..., Any]] = {"update": make_update, "handover": make_handover}
both = pytest.mark.parametrize("name", MAKE)


@pytest.fixture(autouse=True)
def _signed(petition: Petition) -> None:
    make_entry(petition, 3, source="paper")


def with_picture(name: str, petition: Petition, picture: bytes, **fields: Any) -> Any:
    described = {"image": stored(picture), "image_description": SHOWS, **fields}
    return MAKE[name](petition, **described)


def files(media: Path) -> list[str]:
    folder = media / "story"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def page_of(visitor: Client, path: str) -> str:
    page_cache.clear()
    response = visitor.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


# == From the admin ==


@both
def test_a_picture_goes_from_the_admin_to_everybody(
    as_user: Login, erin: User, visitor: Client, media: Path, petition: Petition, name: str
) -> None:  # fmt: skip
    client = as_user(erin)
    fields = given(name, petition, image=taken(), image_description=SHOWS)
    if name == "update":
        fields["publish_now"] = "on"

    response = client.post(add_url(name, petition), fields)

    assert response.status_code == 302, errors_of(response)
    assert len(files(media)) == 1 + 2 * len(WIDTHS)
    assert all(b"secret" not in p.read_bytes() for p in (media / "story").iterdir())
    (shown,) = re.findall(r"<picture>.*?</picture>", page_of(visitor, PAGE), re.DOTALL)
    assert re.findall(r'type="([^"]+)"', shown) == ["image/avif", "image/webp"]
    assert 'width="1200" height="720" loading="lazy"' in shown
    assert f'alt="{SHOWS}"' in shown
    for address in re.findall(r"(/media/story/[^\s\"]+)", shown):
        answer = visitor.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        answer.close()


@both
def test_a_picture_without_words_is_refused_beside_the_field(
    as_user: Login, erin: User, media: Path, petition: Petition, name: str
) -> None:
    fields = given(name, petition, image=drawn(), image_description="")

    response = as_user(erin).post(add_url(name, petition), fields)

    errors = response.context["adminform"].form.errors
    assert errors == {
        "image_description": ["Describe the picture for those who do not see it."]
    }
    assert not files(media)


@both
def test_the_database_refuses_a_picture_without_words(
    petition: Petition, name: str
) -> None:
    row = MAKE[name](petition)

    with pytest.raises(IntegrityError, match="_image_described"), transaction.atomic():
        type(row).objects.update(image="story/abc.webp")


@both
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "The picture cannot be read. JPEG, PNG",
        ),
        (b"GIF89a", "The picture cannot be read. JPEG, PNG"),
        (b"x" * (20 * 2**20 + 1), "The picture has more than 20 MB."),
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(
    as_user: Login, erin: User, media: Path, petition: Petition, name: str,
    data: bytes, sentence: str,
) -> None:  # fmt: skip
    if sentence.endswith("20 MB."):
        data = drawn().read() + data
    upload = ContentFile(data, name="picture.png")
    fields = given(name, petition, image=upload, image_description=SHOWS)

    response = as_user(erin).post(add_url(name, petition), fields)

    assert sentence in text_of(response)
    assert SHOWS in response.content.decode()
    assert not files(media)


def test_a_changed_picture_of_what_is_public_is_dated(
    as_user: Login, erin: User, media: Path, petition: Petition, picture: bytes
) -> None:
    update = with_picture("update", petition, picture, title="News", text="Old")
    moment = timezone.localtime(update.published_at)
    fields = given(
        "update", petition, text="Old", image_description="Four of us.",
        published_at_0=f"{moment:%Y-%m-%d}", published_at_1=f"{moment:%H:%M:%S}",
    )  # fmt: skip

    response = as_user(erin).post(change_url(update), fields)

    assert response.status_code == 302, errors_of(response)
    update.refresh_from_db()
    assert update.changed_at is not None
    assert update.image


# == To readers ==


def test_a_picture_of_an_update_stands_wherever_it_does(
    visitor: Client, media: Path, petition: Petition, picture: bytes
) -> None:
    update = with_picture("update", petition, picture, language="fr")
    own = update.get_absolute_url()

    for path in (PAGE, f"{PAGE}updates/", own):
        page = page_of(visitor, path)
        assert re.search(
            rf'<div class="picture" lang="fr">\s*<picture>.*?alt="{SHOWS}"', page, re.S
        ), path
    assert 'loading="lazy"' not in page_of(visitor, own)
    assert (
        f'property="og:image" content="http://testserver.localhost{update.image.url}"'
        in page_of(visitor, own)
    )
    without = page_of(visitor, make_update(petition).get_absolute_url())
    assert (
        f'property="og:image" content="http://testserver.localhost{PAGE}share.png'
        in (without)
    )


@pytest.mark.parametrize(
    "path", ["/organizations/rights-now.atom", f"{PAGE}updates.atom"]
)
def test_feeds_have_it_before_the_words(
    visitor: Client, media: Path, petition: Petition, picture: bytes, path: str
) -> None:
    update = with_picture(
        "update", petition, picture, image_description='A "box" & <b>'
    )
    make_update(petition, published_at=timezone.now() - timedelta(hours=1))
    atom = "{http://www.w3.org/2005/Atom}"

    entries = ElementTree.fromstring(page_of(visitor, path)).findall(f"{atom}entry")
    first, second = (entry.findtext(f"{atom}summary", "") for entry in entries[:2])

    found = re.match(
        r'<p><img src="http://testserver.localhost([^"]+)" alt="([^"]*)" '
        r'width="800" height="500"></p>\n<p>There is',
        first,
    )
    assert found is not None
    assert found[1] == update.image.url
    assert html.unescape(found[2]) == 'A "box" & <b>'
    assert "<img" not in second


@both
def test_a_lost_file_costs_its_picture_and_no_page(
    visitor: Client, media: Path, petition: Petition, picture: bytes, name: str
) -> None:
    with_picture(name, petition, picture)
    for path in (media / "story").iterdir():
        path.unlink()

    assert 'width="800" height="500"' in page_of(visitor, PAGE)


# == And away ==


@both
@pytest.mark.parametrize("way", ["replaced", "taken down", "deleted"])
def test_what_is_taken_down_is_erased_and_nothing_else(
    as_user: Login, alice: User, media: Path, petition: Petition, picture: bytes,
    name: str, way: str, django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    other = {"update": {}, "handover": {"handed_on": "2026-02-01"}}[name]
    draft = {"published": False} if name == "update" else {"confirmed": 0, "paper": 3}
    with_picture(name, petition, picture, **other)
    kept = files(media)
    row = with_picture(name, petition, picture, **draft)
    assert len(files(media)) == 2 * len(kept)
    url, fields = change_url(row), given(name, petition, image_description=SHOWS)
    if way == "replaced":
        fields["image"] = drawn()
    elif way == "taken down":
        fields["image-clear"] = "on"
    else:
        url, fields = url.replace("/change/", "/delete/"), {"post": "yes"}

    with django_capture_on_commit_callbacks(execute=True):
        response = as_user(alice).post(url, fields)

    assert response.status_code == 302, errors_of(response)
    left = [name for name in files(media) if name not in kept]
    assert set(kept) <= set(files(media))
    if way == "replaced":
        row.refresh_from_db()
        assert len(left) == len(kept)
        assert Path(row.image.name).name in left
    else:
        assert left == []
        assert not type(row).objects.filter(pk=row.pk).exclude(image="").exists()


def test_a_picture_that_could_not_be_replaced_stays(
    as_user: Login, erin: User, media: Path, petition: Petition, picture: bytes,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    update = with_picture("update", petition, picture)
    before = files(media)
    fields = given("update", petition, title="", image=drawn(),
                   image_description=SHOWS)  # fmt: skip

    with django_capture_on_commit_callbacks(execute=True):
        as_user(erin).post(change_url(update), fields)

    assert files(media) == before


def test_the_picture_of_a_petition_goes_likewise(
    as_user: Login, erin: User, media: Path, petition: Petition, picture: bytes,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    petition.image, petition.image_description = stored(picture), SHOWS
    petition.save()
    assert list((media / "petitions").iterdir())
    url = reverse("admin:petitions_petition_change", args=[petition.pk])
    typed = form(petition, **{"image-clear": "on", "image_description": SHOWS})

    with django_capture_on_commit_callbacks(execute=True):
        response = as_user(erin).post(url, typed)

    assert response.status_code == 302, errors_of(response)
    assert not list((media / "petitions").iterdir())


def test_nobody_else_gives_one(
    as_user: Login, bob: User, charlie: User, media: Path, petition: Petition
) -> None:
    for name in MAKE:
        row = MAKE[name](petition)
        fields = given(name, petition, image=drawn(), image_description=SHOWS)
        for user in (bob, charlie):
            assert as_user(user).post(change_url(row), fields).status_code != 200
            assert (
                as_user(user).post(add_url(name, petition), fields).status_code == 403
            )
    assert not files(media)
    assert not Update.objects.exclude(image="").exists()
    assert not Handover.objects.exclude(image="").exists()


def test_a_description_says_which_language_it_is_in(
    visitor: Client, media: Path, petition: Petition, picture: bytes
) -> None:
    petition.image, petition.image_description = stored(picture), SHOWS
    petition.save()
    text = make_translation(petition, "fr", title="Libérez-les")
    path = f"/fr/petitions/{petition.slug}/"

    page = visitor.get(path).content.decode()
    assert re.search(rf'class="picture" lang="en">.*?alt="{SHOWS}"', page, re.DOTALL)

    text.image_description = "Un mur rouge."
    text.save()
    page_cache.clear()
    page = visitor.get(path).content.decode()
    assert re.search(r'class="picture" lang="fr">.*?alt="Un mur', page, re.DOTALL)
