"""Uploaded pictures: only formats that browsers show, limited in size, without
metadata, and converted to the formats and widths that pages offer."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import models
from django.db.models.fields.files import ImageFieldFile
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps

from core.text.numbers import Counted

# Photos as phones take them. The upload itself waits in a file: pixels limit memory.
MAX_MEGABYTES = 20
MAX_PIXELS = 40_000_000
# More for a JPEG, which is decoded at a fraction of its size.
MAX_JPEG_PIXELS = 60_000_000
# The maximum of frames that are looked at when an animation begins with an empty one.
MOST_FRAMES = 100
HEIC_PROBLEM = _(
    "This is a HEIC photo, which browsers do not show. Open it and export it as a "
    "JPEG, or send it to yourself by e-mail, which makes one of it."
)
# MPO is a JPEG with a second picture behind it, of its depth or its brightness.
JPEGS = ("JPEG", "MPO")
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
TAKEN = format_lazy(
    _("JPEG, PNG, WebP, AVIF or GIF, at most {megabytes} MB."), megabytes=MAX_MEGABYTES
)
UNREADABLE = format_lazy("{} {}", _("The picture cannot be read."), TAKEN)
# The brands of HEIC files of phones, which no browser shows.
HEIC = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}

PICTURE_WIDTH, LOGO_WIDTH = 1200, 400
WIDTHS = (480, 800, PICTURE_WIDTH)
BUDGET = 60_000
"""The bytes that a picture on a page may have: quality is lowered until it fits."""
DETAIL = (1.0, 0.7, 0.5, 0.35, 0.25)


@dataclass(frozen=True)
class Kind:
    """A picture format, with the qualities to try in turn."""

    format: str
    suffix: str
    qualities: tuple[int, ...]
    options: dict[str, int]


# In this order in pages: browsers take the first that they know.
KINDS = (
    Kind("AVIF", "avif", (60, 45, 30, 20), {"speed": 7}),
    Kind("WEBP", "webp", (80, 60, 40, 25), {"method": 4}),
)


@dataclass(frozen=True)
class PictureSource:
    """The attributes of a <source> of a <picture>."""

    type: str
    srcset: str


class Cleaned(ContentFile[bytes]):
    """A cleaned picture that may be stored, with the smaller ones made of it so far."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data, name)
        self.made: dict[str, bytes] = {}
        """Data of the smaller pictures, by the ending of their names: "480.avif"."""


def prepare_upload(upload: Any, name: str) -> None:
    """Process the upload of field `name`, which takes seconds, before a transaction
    locks rows for it. What is no picture is left for the form to refuse."""
    width = LOGO_WIDTH if name.endswith("logo") else PICTURE_WIDTH
    try:
        cleaned = clean_image(upload, width)
    except ValidationError as refusal:
        upload.prepared = (width, refusal)
        return
    if width == PICTURE_WIDTH:
        with Image.open(cleaned) as picture:
            picture.load()
            for smaller in widths_of(picture.width):
                for kind in KINDS:
                    ending = f"{smaller}.{kind.suffix}"
                    cleaned.made[ending] = encode_picture(
                        shrunk(picture, smaller), kind
                    )
    upload.prepared = (width, cleaned)


def widths_of(own: int) -> list[int]:
    """Return the widths in which a picture is offered, up to its `own`."""
    return [*(width for width in WIDTHS if width < own), own]


def clean_image(upload: File[bytes], width: int) -> Cleaned:
    """Return the picture as WebP, at most `width` pixels wide, upright, without
    metadata (a phone writes the place into its photos), named by its content and its
    size. Raise ValidationError when it is refused."""
    prepared_width, prepared = getattr(upload, "prepared", (0, None))
    if prepared_width == width:
        if isinstance(prepared, ValidationError):
            raise prepared
        return cast("Cleaned", prepared)
    refuse(upload)
    try:
        with Image.open(upload.open(), formats=FORMATS) as image:
            profile = image.info.get("icc_profile", b"")
            if image.width * image.height > most_pixels(image):
                raise ValidationError(
                    _(
                        "The picture has %(its)s megapixels, and may have %(most)s. "
                        "Save a smaller one."
                    )
                    % {
                        "its": Counted(ceil(image.width * image.height / 1_000_000)),
                        "most": Counted(most_pixels(image) // 1_000_000),
                    }
                )
            first_seen(image)
            # At most twice as high as wide, which limits narrow strips.
            most = (width, 2 * width)
            if image.format in JPEGS:
                # Decode at a fraction of the size when it is much larger than what is
                # kept.
                w, h = image.size
                ratio = max(min(a / w, b / h) for a, b in (most, most[::-1]))
                image.draft(None, (round(2 * w * ratio), round(2 * h * ratio)))
            ImageOps.exif_transpose(image, in_place=True)
            mode = "RGBA" if image.has_transparency_data else "RGB"
            deep = image.mode.startswith("I")  # 16-bit greyscale
            if image.mode == mode or deep:
                # Before a copy is made: one copy of so many pixels takes 120 MB and
                # more.
                image.thumbnail(most, Image.Resampling.LANCZOS)
            picture = (
                image if image.mode == "CMYK" and profile else in_8_bits(image, mode)
            )
            picture.thumbnail(most, Image.Resampling.LANCZOS)
            picture = in_srgb(picture, profile)
            if picture.mode == "RGBA" and not picture.getchannel("A").getbbox():
                raise ValidationError(_("There is nothing to be seen in the picture."))
            buffer = BytesIO()
            # Methods 5 and 6 make it hardly smaller, and may take a minute for alpha.
            picture.save(buffer, "WEBP", quality=85, method=4)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise ValidationError(UNREADABLE) from None
    data = buffer.getvalue()
    digest = hashlib.sha256(data).hexdigest()[:24]
    return Cleaned(data, name=f"{digest}-{picture.width}x{picture.height}.webp")


def first_seen(image: Image.Image) -> None:
    """Go to the first frame of an animation that has more than one colour."""
    if image.format in JPEGS or not getattr(image, "is_animated", False):
        return
    # All frames together have no more pixels than one picture may have.
    looked_at = min(MOST_FRAMES, MAX_PIXELS // (image.width * image.height))
    for number in range(looked_at):
        try:
            image.seek(number)
        except EOFError:
            break
        if image.getcolors(1) is None:
            return
    image.seek(0)


def refuse(upload: File[bytes]) -> None:
    """Refuse what need not be opened: too many bytes, or HEIC."""
    if upload.size > MAX_MEGABYTES * 2**20:
        raise ValidationError(
            _("The picture has more than %(most)s MB. Choose a smaller one.")
            % {"most": MAX_MEGABYTES}
        )
    if is_heic(upload):
        raise ValidationError(HEIC_PROBLEM)


def most_pixels(image: Image.Image) -> int:
    """Return how many pixels a picture may have, by the memory that decoding takes."""
    progressive = image.info.get("progressive")
    return MAX_JPEG_PIXELS if image.format in JPEGS and not progressive else MAX_PIXELS


def is_heic(upload: File[bytes]) -> bool:
    """Return whether it is a HEIC photo, by the brands that its first bytes name, of
    which any may stand first; AVIF begins much the same."""
    upload.seek(0)
    start = upload.read(80)
    upload.seek(0)
    size = min(int.from_bytes(start[:4]), len(start))
    brands = {start[at : at + 4] for at in range(8, size, 4)}
    return start[4:8] == b"ftyp" and bool(brands & HEIC) and b"avif" not in brands


def in_8_bits(image: Image.Image, mode: str) -> Image.Image:
    """Convert to `mode`. Pillow alone would turn 16-bit greyscale white."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda tone: tone * (1 / 256)).convert("L")
    return image.convert(mode)


def in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture in sRGB, which browsers assume: its colours are converted from
    its own profile, which is not kept."""
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    if not profile:
        return picture
    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile))
        if own.profile.xcolor_space.strip() == "GRAY":
            return grey_in_srgb(picture, own)
        converted = ImageCms.profileToProfile(
            picture, own, ImageCms.createProfile("sRGB"), outputMode=mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture.convert(mode)  # not a colour profile, or a broken one
    return converted or picture.convert(mode)


def grey_in_srgb(picture: Image.Image, own: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(
        picture.convert("L"), own, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    if converted is None:
        return picture
    if picture.mode == "RGBA":
        converted.putalpha(picture.getchannel("A"))
    return converted


def shrunk(picture: Image.Image, width: int) -> Image.Image:
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def encode_picture(picture: Image.Image, kind: Kind) -> bytes:
    """Encode the picture in the best quality that fits the budget; if none does, with
    less detail, which looks better than the lowest quality."""
    data = b""
    for detail in DETAIL:
        softer = shrunk(picture, max(1, round(picture.width * detail)))
        softer = shrunk(softer, picture.width)
        for quality in kind.qualities:
            buffer = BytesIO()
            softer.save(buffer, kind.format, quality=quality, **kind.options)
            data = buffer.getvalue()
            if len(data) <= BUDGET:
                return data
    return data


class SizedFile(ImageFieldFile, ABC):
    """A stored picture whose name holds its size, as `clean_image` writes it, so that a
    page need not open the file. Such a name also means that there are pictures made of
    it."""

    SIZE = re.compile(r"-(\d+)x(\d+)")

    @property
    def size_in_name(self) -> tuple[int, int] | None:
        match = self.SIZE.search(self.name or "")
        return (int(match[1]), int(match[2])) if match else None

    @property
    def width(self) -> int:
        return self.size_in_name[0] if self.size_in_name else super().width

    @property
    def height(self) -> int:
        return self.size_in_name[1] if self.size_in_name else super().height

    def beside(self, ending: str) -> str:
        """Return the name of a picture made of this one."""
        return f"{(self.name or '').removesuffix('.webp')}-{ending}"

    def save(self, name: str, content: File[bytes], save: bool = True) -> None:
        self.made = content.made if isinstance(content, Cleaned) else {}
        super().save(name, content, save)
        if self.size_in_name:
            with self.storage.open(self.name or "") as file, Image.open(file) as image:
                image.load()
                self.derive(image)

    @abstractmethod
    def derive(self, picture: Image.Image) -> None:
        """Store the pictures made of this one."""

    @property
    @abstractmethod
    def derived(self) -> list[str]:
        """The names of the pictures made of this one."""

    def discard(self) -> None:
        """Delete the file and the pictures made of it. No other row uses them: a
        picture that is uploaded twice is stored twice."""
        for name in (self.name, *self.derived):
            if name:
                self.storage.delete(name)


class PictureFile(SizedFile):
    """A picture on a page, in several widths and formats."""

    @property
    def widths(self) -> list[int]:
        own = self.size_in_name
        return widths_of(own[0]) if own else []

    def derive(self, picture: Image.Image) -> None:
        for width in self.widths:
            for kind in KINDS:
                ending = f"{width}.{kind.suffix}"
                data = self.made.get(ending) or encode_picture(
                    shrunk(picture, width), kind
                )
                self.storage.save(self.beside(ending), ContentFile(data))

    @property
    def derived(self) -> list[str]:
        return [
            self.beside(f"{w}.{kind.suffix}") for w in self.widths for kind in KINDS
        ]

    def address(self, width: int, kind: Kind) -> str:
        return self.storage.url(self.beside(f"{width}.{kind.suffix}"))

    @property
    def sources(self) -> list[PictureSource]:
        """For <picture>, best format first; empty for a picture stored without its
        size."""
        return [
            PictureSource(
                type=f"image/{kind.suffix}",
                srcset=", ".join(f"{self.address(w, kind)} {w}w" for w in self.widths),
            )
            for kind in KINDS
            if self.widths
        ]


class LogoFile(SizedFile):
    """A logo: small on pages, and as a square PNG for mail programs."""

    MAIL_SIZE = 192

    def derive(self, picture: Image.Image) -> None:
        size = (self.MAIL_SIZE, self.MAIL_SIZE)
        square = ImageOps.pad(picture.convert("RGBA"), size, color=(0, 0, 0, 0))
        buffer = BytesIO()
        square.save(buffer, "PNG", optimize=True)
        self.storage.save(self.beside("mail.png"), ContentFile(buffer.getvalue()))

    @property
    def derived(self) -> list[str]:
        return [self.beside("mail.png")] if self.size_in_name else []

    @property
    def mail_url(self) -> str:
        return self.storage.url(self.beside("mail.png")) if self.size_in_name else ""


class UploadField(forms.ImageField):
    """A form field for a picture, whatever the file is called: the content decides, and
    it is stored under another name. HEIC and drawings get a better message than
    Django's."""

    default_validators = []
    default_error_messages = {"invalid_image": UNREADABLE}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "max_length": None})

    def to_python(self, data: Any) -> Any:
        if data:
            refuse(data)
        return super().to_python(data)


class UploadedField(models.ImageField):
    def formfield(self, **options: Any) -> Any:
        return super().formfield(**{"form_class": UploadField, **options})


class PictureField(UploadedField):
    attr_class = PictureFile


class LogoField(UploadedField):
    attr_class = LogoFile
