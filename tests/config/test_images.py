"""Uploaded pictures: bounded, without metadata, and never an error of ours."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
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


# == What phones and programs save ==

SHARED = Path(__file__).parent / "display-p3.jpg"
BARS = [
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (247, 113, 33),
    (207, 170, 148),
    (0, 164, 81),
]


def test_the_colours_of_a_profile_become_those_of_srgb() -> None:
    cleaned = clean_image(ContentFile(SHARED.read_bytes(), name="p3.jpg"), 1200)

    with Image.open(BytesIO(cleaned.read())) as image:
        assert "icc_profile" not in image.info
        step = image.width // 6
        for number, right in enumerate(BARS):
            found = image.convert("RGB").getpixel(
                (step * number + step // 2, image.height // 2)
            )
            assert isinstance(found, tuple)
            assert max(abs(a - b) for a, b in zip(found, right, strict=True)) <= 8


def test_a_photo_of_48_megapixels_is_made_smaller() -> None:
    buffer = BytesIO()
    Image.new("RGB", (8000, 6000), "navy").save(buffer, "JPEG", quality=60)

    cleaned = clean_image(ContentFile(buffer.getvalue(), name="photo.jpg"), 1200)

    with Image.open(BytesIO(cleaned.read())) as image:
        assert image.size == (1200, 900)


def test_avif_is_taken() -> None:
    buffer = BytesIO()
    Image.new("RGB", (80, 60), "navy").save(buffer, "AVIF")

    cleaned = clean_image(ContentFile(buffer.getvalue(), name="x.avif"), 1200)

    with Image.open(BytesIO(cleaned.read())) as image:
        assert (image.format, image.size) == ("WEBP", (80, 60))


def test_heic_is_told_apart() -> None:
    data = b"\0\0\0\x24ftypheic\0\0\0\0mif1heic" + bytes(200)

    with pytest.raises(ValidationError, match="HEIC photo"):
        clean_image(ContentFile(data, name="photo.heic"), 1200)
