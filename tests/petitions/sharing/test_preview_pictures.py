"""Uploaded pictures of any kind beside shared links."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from core.images.uploads import clean_image
from petitions.models import Petition
from tests.factories import make_petition, make_update
from tests.petitions.sharing.previews import HOST, page_at, picture_at, told

pytestmark = pytest.mark.django_db


def upload(picture: Image.Image, kind: str, **options: Any) -> ContentFile[bytes]:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return ContentFile(buffer.getvalue(), name=f"picture.{kind.lower()}")


def uploads() -> dict[str, ContentFile[bytes]]:
    """Pictures as people have them: left half red, right half blue, where they show
    anything at all."""
    halves = Image.new("RGB", (900, 600), (200, 0, 0))
    halves.paste((0, 0, 200), (450, 0, 900, 600))
    empty = Image.new("RGBA", (900, 600), (0, 0, 0, 0))
    turned = Image.Exif()
    turned[0x0112] = 6
    half_seen = empty.copy()
    half_seen.paste((200, 0, 0, 255), (0, 0, 450, 600))
    return {
        "animated, begins with nothing": upload(
            empty, "GIF", save_all=True, append_images=[halves.convert("RGBA")],
            duration=100, disposal=2,
        ),
        "animated, begins white": upload(
            Image.new("RGB", (900, 600), "white"), "WEBP", save_all=True,
            append_images=[halves], lossless=True,
        ),
        "turned": upload(halves.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=turned),
        "palette": upload(halves.quantize(16), "PNG"),
        "CMYK": upload(halves.convert("CMYK"), "JPEG"),
        "see-through": upload(half_seen, "PNG"),
        "palette, see-through": upload(half_seen.quantize(16), "PNG"),
        "grey in 16 bits": upload(Image.new("I;16", (900, 600), 30000), "PNG"),
        "a dot": upload(Image.new("RGB", (1, 1), "red"), "PNG"),
        "a strip": upload(Image.new("RGB", (4000, 90), "red"), "PNG"),
        "a pole": upload(Image.new("RGB", (90, 4000), "red"), "PNG"),
        "small": upload(halves.resize((120, 80)), "PNG"),
    }  # fmt: skip


def show(petition: Petition, picture: ContentFile[bytes]) -> None:
    petition.image = clean_image(picture, 1200)
    petition.image_description = "Two halves"
    petition.save()


WHITE = (255, 255, 255, 255)


def colour_at(picture: Image.Image, where: tuple[int, int]) -> tuple[int, ...]:
    found = picture.convert("RGBA").getpixel(where)
    assert isinstance(found, tuple)
    return found


# Too small, or of too odd a shape, to stand beside words or to be shown large.
LEFT_OUT = {"a dot", "a strip", "a pole", "small"}


@pytest.mark.parametrize("kind", uploads())
def test_an_uploaded_picture_of_any_kind(
    visitor: Client, media: Path, kind: str
) -> None:
    petition = make_petition(slug="odd")
    plain = told(page_at(visitor, "/petitions/odd/"))
    show(petition, uploads()[kind])
    update = make_update(
        petition,
        image=clean_image(uploads()[kind], 1200),
        image_description="Two halves",
    )

    one = told(page_at(visitor, "/petitions/odd/"))
    news = told(page_at(visitor, "/petitions/odd/updates/1/"))
    drawn = picture_at(visitor, one)
    shown = picture_at(visitor, news)

    assert one["image"] != plain["image"]
    corner = colour_at(drawn, (1190, 320))
    if kind in LEFT_OUT:
        assert corner == WHITE
        assert news["image"] == one["image"]
        return
    assert news["image"] == f"{HOST}{update.image.url}"
    assert news["image:alt"] == "Two halves"
    assert news["image:width"] in {"900", "1200"}
    left, right = (colour_at(shown, (x, 300)) for x in (200, shown.width - 200))
    if kind == "grey in 16 bits":
        assert corner != WHITE
    elif "see-through" in kind:
        # Nothing is black behind it.
        assert min(corner) > 240
        assert left[0] > 150
        assert right[3] == 0
    else:
        assert corner[2] > 150 > corner[0]
        assert left[0] > 150 > left[2]
        assert right[2] > 150 > right[0]


def test_a_picture_without_anything_in_it_is_refused() -> None:
    empty = Image.new("RGBA", (300, 300), (9, 9, 9, 0))

    for nothing in (upload(empty, "PNG"), upload(empty.quantize(4), "PNG")):
        with pytest.raises(ValidationError, match="nothing to be seen"):
            clean_image(nothing, 1200)


def test_another_picture_has_another_address(visitor: Client, media: Path) -> None:
    petition = make_petition(slug="odd")
    seen = []
    for colour in ("red", "blue", ""):
        if colour:
            show(petition, upload(Image.new("RGB", (800, 600), colour), "PNG"))
        else:
            petition.image = ""
            petition.save()
        seen.append(told(page_at(visitor, "/petitions/odd/"))["image"])

    assert len(set(seen)) == 3
