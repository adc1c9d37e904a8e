"""Uploaded pictures: only what a browser shows, of bounded size, without metadata."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

MAX_BYTES = 5 * 2**20
MAX_PIXELS = 40_000_000


def clean_image(upload: File[bytes], width: int) -> ContentFile[bytes]:
    """The picture as WebP, at most `width` pixels wide, upright, without metadata
    (a phone writes the place into its photos); named by its content."""
    if upload.size > MAX_BYTES:
        raise ValidationError(
            _("The picture has more than 5 MB. Choose a smaller one.")
        )
    try:
        with Image.open(upload.open(), formats=["JPEG", "PNG", "WEBP", "GIF"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValidationError(_("The picture has too many pixels."))
            upright: Any = ImageOps.exif_transpose(image)
            picture = upright.convert(
                "RGBA" if upright.has_transparency_data else "RGB"
            )
            # As high as twice its width at most, which bounds strips of any shape.
            picture.thumbnail((width, 2 * width), Image.Resampling.LANCZOS)
            buffer = BytesIO()
            picture.save(buffer, "WEBP", quality=80, method=6)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise ValidationError(
            _("The picture cannot be read. Choose a JPEG, PNG or WebP file.")
        ) from None
    data = buffer.getvalue()
    name = f"{hashlib.sha256(data).hexdigest()[:24]}.webp"
    return ContentFile(data, name=name)
