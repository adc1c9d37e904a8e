"""Uploaded pictures: bounded, without metadata, and never an error of ours."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from PIL import Image

from config.images import clean_image


def picture(width: int, height: int) -> ContentFile[bytes]:
    buffer = BytesIO()
    Image.new("RGB", (width, height), "navy").save(buffer, "PNG")
    return ContentFile(buffer.getvalue(), name="picture.png")


@pytest.mark.parametrize(
    ("size", "stored"),
    [
        ((800, 600), (800, 600)),
        ((2400, 1200), (1200, 600)),
        ((100, 20_000), (12, 2400)),
        ((1000, 17_000), (141, 2400)),
        ((40_000, 1), (1200, 1)),
        ((5000, 1), (1200, 1)),
    ],
)
def test_pictures_of_any_shape(size: tuple[int, int], stored: tuple[int, int]) -> None:
    cleaned = clean_image(picture(*size), 1200)

    with Image.open(BytesIO(cleaned.read())) as image:
        assert image.format == "WEBP"
        assert image.size == stored


def test_more_pixels_than_memory_has_room_for() -> None:
    """In six kilobytes."""
    buffer = BytesIO()
    Image.new("1", (8000, 6000)).save(buffer, "PNG")

    with pytest.raises(ValidationError, match="too many pixels"):
        clean_image(ContentFile(buffer.getvalue(), name="large.png"), 1200)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_picture_is_small_before_it_is_copied(
    monkeypatch: pytest.MonkeyPatch, orientation: int
) -> None:
    """A few kilobytes can be forty million pixels, 120 MB for each copy."""
    copied: list[tuple[int, int]] = []
    convert = Image.Image.convert

    def noted(image: Image.Image, *args: Any, **options: Any) -> Image.Image:
        copied.append(image.size)
        return convert(image, *args, **options)

    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = BytesIO()
    Image.new("RGB", (4000, 2000), "navy").save(buffer, "JPEG", exif=exif)
    monkeypatch.setattr(Image.Image, "convert", noted)

    cleaned = clean_image(ContentFile(buffer.getvalue(), name="photo.jpg"), 1200)

    upright = (1200, 600) if orientation == 1 else (1200, 2400)
    assert set(copied) == {upright}
    with Image.open(BytesIO(cleaned.read())) as image:
        assert image.size == upright
        assert not image.getexif()


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"<svg/>", picture(50, 50).read()[:60]]
)
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(ValidationError, match="cannot be read"):
        clean_image(ContentFile(data, name="x.png"), 1200)
