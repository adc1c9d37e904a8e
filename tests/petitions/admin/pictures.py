"""What tests of this folder share."""

from __future__ import annotations

from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image

SHOWS = "Four people with a box, on steps."


def drawn() -> ContentFile[bytes]:
    """Less work than a photo."""
    buffer = BytesIO()
    Image.new("RGB", (800, 500), "teal").save(buffer, "PNG")
    return ContentFile(buffer.getvalue(), name="drawn.png")


def taken() -> ContentFile[bytes]:
    """By a telephone, which says where."""
    image = Image.new("RGB", (2000, 1200), "teal")
    exif = image.getexif()
    exif[0x010E] = "the secret place"
    buffer = BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    assert b"secret" in buffer.getvalue()
    return ContentFile(buffer.getvalue(), name="taken.jpg")


def stored(picture: bytes) -> ContentFile[bytes]:
    return ContentFile(picture, name="abc-800x500.webp")
