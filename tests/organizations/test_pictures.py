"""Pictures as pages offer them: small, in several widths, described."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image, features
from pytest_django import Settings

from core.images.uploads import (
    BUDGET,
    WIDTHS,
    clean_image,
)
from organizations.forms import OrganizationForm
from organizations.models import Organization, User
from petitions.models import Petition
from tests.petitions.admin.helpers import member_form

pytestmark = pytest.mark.django_db


def photo(width: int = 2000, height: int = 1200) -> ContentFile[bytes]:
    """Something with as much detail as a photo, taken at a secret place."""
    detail = Image.effect_noise((width // 8, height // 8), 40).resize((width, height))
    shade = Image.linear_gradient("L").resize((width, height))
    picture = Image.merge("RGB", (shade, detail, shade.rotate(180)))
    exif = picture.getexif()
    exif[0x010E] = "the secret place"
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=95, exif=exif)
    return ContentFile(buffer.getvalue(), name="photo.jpg")


@pytest.fixture
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def covered(media: Path, organization: Organization) -> Organization:
    organization.cover = clean_image(photo(), 1200)
    organization.cover_description = "A crowd in the rain."
    organization.save()
    return organization


def test_widths_and_formats_within_the_budget(
    media: Path, covered: Organization
) -> None:
    files = {path.name: path for path in (media / "covers").iterdir()}
    assert len(files) == 1 + 2 * len(WIDTHS)
    for width in WIDTHS:
        for kind in ("avif", "webp"):
            (name,) = (n for n in files if n.endswith(f"-{width}.{kind}"))
            assert files[name].stat().st_size <= BUDGET
            with Image.open(files[name]) as image:
                assert image.size == (width, round(720 * width / 1200))
    assert all(b"secret" not in path.read_bytes() for path in files.values())


def test_a_small_picture_is_not_blown_up(
    media: Path, organization: Organization
) -> None:
    organization.cover = clean_image(photo(600, 300), 1200)
    organization.cover_description = "Small."
    organization.save()

    names = sorted(path.name for path in (media / "covers").iterdir())
    assert [re.sub(r"^\w+-", "", name) for name in names] == [
        "600x300-480.avif",
        "600x300-480.webp",
        "600x300-600.avif",
        "600x300-600.webp",
        "600x300.webp",
    ]


def test_the_profile_offers_them_and_keeps_their_place_free(
    visitor: Client, covered: Organization
) -> None:
    page = visitor.get("/organizations/rights-now/").content.decode()
    (picture,) = re.findall(r"<picture>.*?</picture>", page, re.DOTALL)

    assert re.findall(r'type="([^"]+)"', picture) == ["image/avif", "image/webp"]
    assert 'width="1200" height="720"' in picture
    assert 'alt="A crowd in the rain."' in picture
    offered = re.findall(r"(/media/\S+) (\d+)w", picture)
    assert len(offered) == 6
    for address, _width in offered:
        answer = visitor.get(address)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == f"image/{address[-4:]}"
        assert "immutable" in answer.headers["Cache-Control"]
        answer.close()


def test_a_cover_is_described_in_the_language_that_it_was_described_in(
    visitor: Client, covered: Organization
) -> None:
    page = visitor.get("/fr/organizations/rights-now/").content.decode()

    assert re.search(r'lang="en">\s*<picture>', page)


def test_a_page_opens_no_picture(
    visitor: Client, covered: Organization, media: Path
) -> None:
    """A file that was lost costs its picture, not the page."""
    for path in (media / "covers").iterdir():
        path.unlink()
    page = visitor.get("/organizations/rights-now/")
    assert 'width="1200" height="720"' in page.content.decode()


def test_a_picture_from_before_is_shown_as_it_is(
    visitor: Client, petition: Petition
) -> None:
    Petition.objects.filter(pk=petition.pk).update(
        image="petitions/abc.webp", image_description="Old.", image_width=8,
        image_height=6,
    )  # fmt: skip
    page = visitor.get("/petitions/free-the-prisoners/").content.decode()
    assert (
        '<img src="/media/petitions/abc.webp" alt="Old." width="8" height="6">' in page
    )
    assert "<source" not in page


def test_a_picture_needs_words(organization: Organization, petition: Petition) -> None:
    form = OrganizationForm(
        {"name": "Rights Now", "language": "en", "slug": "rights-now"},
        {"cover": photo()},
        instance=organization,
    )
    assert form.errors == {
        "cover_description": ["Describe the picture for those who do not see it."]
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Petition.objects.filter(pk=petition.pk).update(image="petitions/abc.webp")


def test_a_logo_for_mails(media: Path, organization: Organization) -> None:
    assert organization.mail_logo == ""
    organization.logo = clean_image(photo(500, 100), 400)
    organization.save()

    assert organization.mail_logo.endswith("-400x80-mail.png")
    with Image.open(media / organization.mail_logo.removeprefix("/media/")) as image:
        assert image.format == "PNG"
        assert image.size == (192, 192)


def test_pillow_can_do_it() -> None:
    assert features.check("avif")
    assert features.check("webp")


def test_a_disk_without_room_is_told_and_keeps_what_was_typed(
    as_user: Callable[[User], Client],
    alice: User,
    organization: Organization,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.MEDIA_ROOT = Path("/dev/full/media")
    address = f"/admin/organizations/organization/{organization.pk}/change/"
    fields = member_form(organization, description="What was typed meanwhile")
    picture = {"cover": photo(1200, 800), "cover_description": "A crowd."}

    refused = as_user(alice).post(address, {**fields, **picture})

    assert refused.status_code == 200
    page = refused.content.decode()
    assert "The picture could not be stored: the server has no room for it" in page
    assert "What was typed meanwhile" in page
    assert "A file cannot be stored in MEDIA_ROOT: ENOTDIR" in caplog.text
    organization.refresh_from_db()
    assert organization.description != "What was typed meanwhile"
