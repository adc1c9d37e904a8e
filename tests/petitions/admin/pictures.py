"""Helpers for the tests of pictures: files to upload."""

from __future__ import annotations

from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image

SHOWS = "Four people with a box, on steps."


def drawn() -> ContentFile[bytes]:
    """Return a picture that is quicker to make than a photo."""
    buffer = BytesIO()
    Image.new("RGB", (800, 500), "teal").save(buffer, "PNG")
    return ContentFile(buffer.getvalue(), name="drawn.png")


def taken() -> ContentFile[bytes]:
    """Return a photo as a phone takes it, with a place in its metadata."""
    image = Image.new("RGB", (2000, 1200), "teal")
    exif = image.getexif()
    exif[0x010E] = "the secret place"
    buffer = BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    assert b"secret" in buffer.getvalue()
    return ContentFile(buffer.getvalue(), name="taken.jpg")


def stored(picture: bytes) -> ContentFile[bytes]:
    return ContentFile(picture, name="abc-800x500.webp")
