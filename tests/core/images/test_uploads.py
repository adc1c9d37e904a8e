"""Uploaded pictures: bounded, without metadata, and never an error of ours."""

from __future__ import annotations

import random
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from core.images.uploads import (
    FORMATS,
    KINDS,
    TAKEN,
    UploadField,
    clean_image,
)


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

    with pytest.raises(ValidationError, match="has 48 megapixels, and may have 40"):
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


def test_a_photo_of_48_megapixels_is_made_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is decoded at a quarter: whole, it would be 144 MB."""
    decoded: list[tuple[int, int]] = []
    prepare = JpegImageFile.load_prepare

    def noted(image: JpegImageFile) -> None:
        decoded.append(image.size)
        prepare(image)

    monkeypatch.setattr(JpegImageFile, "load_prepare", noted)
    buffer = BytesIO()
    Image.new("RGB", (8000, 6000), "navy").save(buffer, "JPEG", quality=60)

    cleaned = clean_image(ContentFile(buffer.getvalue(), name="photo.jpg"), 1200)

    with Image.open(BytesIO(cleaned.read())) as image:
        assert image.size == (1200, 900)
    assert set(decoded) == {(4000, 3000)}


def test_a_photo_with_another_picture_behind_it_is_a_jpeg() -> None:
    """As phones take them, with a map of depth or of brightness."""
    buffer = BytesIO()
    photo = Image.new("RGB", (8000, 6000), "navy")
    photo.save(
        buffer, "MPO", save_all=True, append_images=[photo.resize((80, 60))], quality=60
    )

    assert stored(buffer.getvalue()).size == (1200, 900)


def profile_of_grey() -> bytes:
    """A profile whose tones are those of a gamma of 1, as ICC.1:2010 writes it."""
    text = b"desc" + bytes(4) + (5).to_bytes(4, "big") + b"grey\0" + bytes(79)
    white = b"XYZ " + bytes(4) + bytes.fromhex("0000f6d6000100000000d32d")
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + b"\x01\x00" + bytes(2)
    tags, data, place = b"", b"", 128 + 4 + 3 * 12
    for name, tag in ((b"desc", text), (b"wtpt", white), (b"kTRC", curve)):
        tags += name + place.to_bytes(4, "big") + len(tag).to_bytes(4, "big")
        data += tag
        place += len(tag)
    head = (
        place.to_bytes(4, "big")
        + bytes(4)
        + bytes.fromhex("02100000")
        + b"mntrGRAYXYZ "
    )
    head += bytes(12) + b"acsp" + bytes(28) + bytes.fromhex("0000f6d6000100000000d32d")
    return head.ljust(128, b"\0") + (3).to_bytes(4, "big") + tags + data


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_the_tones_of_a_grey_profile_become_those_of_srgb(mode: str) -> None:
    buffer = BytesIO()
    colour: Any = 128 if mode == "L" else (128, 200)
    Image.new(mode, (60, 40), colour).save(buffer, "PNG", icc_profile=profile_of_grey())

    cleaned = clean_image(ContentFile(buffer.getvalue(), name="x.png"), 1200)

    with Image.open(cleaned) as kept:
        pixel: Any = kept.convert("RGBA").getpixel((30, 20))
    assert near(pixel[:3], (188, 188, 188))
    assert abs(pixel[3] - (255 if mode == "L" else 200)) < 3


@pytest.mark.parametrize(
    "name", ["photo", "photo.jpg_large", "photo.php", f"{'x' * 200}.png", "photo.tiff"]
)
def test_what_is_in_it_counts_whatever_it_is_called(name: str) -> None:
    upload = SimpleUploadedFile(name, picture(60, 40).read(), "application/x-unknown")

    assert UploadField(max_length=100).clean(upload) is upload


def test_a_drawing_is_not_called_no_picture() -> None:
    upload = SimpleUploadedFile("logo.svg", b"<svg/>", "image/svg+xml")

    with pytest.raises(ValidationError, match="JPEG, PNG, WebP, AVIF or GIF"):
        UploadField().clean(upload)


def test_avif_is_taken() -> None:
    buffer = BytesIO()
    Image.new("RGB", (80, 60), "navy").save(buffer, "AVIF")

    cleaned = clean_image(ContentFile(buffer.getvalue(), name="x.avif"), 1200)

    with Image.open(BytesIO(cleaned.read())) as image:
        assert (image.format, image.size) == ("WEBP", (80, 60))


@pytest.mark.parametrize(
    "brands",
    [b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1miafMiHBheix", b"heif\0\0\0\0heifmif1",
     b"MiHE\0\0\0\0mif1miafMiHEheic", b"miaf\0\0\0\0" + b"tmap" * 8 + b"heic"],
)  # fmt: skip
def test_heic_is_told_apart(brands: bytes) -> None:
    data = (8 + len(brands)).to_bytes(4) + b"ftyp" + brands + bytes(200)

    with pytest.raises(ValidationError, match="HEIC photo"):
        clean_image(ContentFile(data, name="photo.heic"), 1200)


def stored(data: bytes, width: int = 1200) -> Image.Image:
    """What is kept of an upload."""
    return Image.open(clean_image(ContentFile(data, name="upload"), width)).convert(
        "RGB"
    )


def halves(mode: str, left: Any, right: Any, size: tuple[int, int]) -> Image.Image:
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def near(pixel: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(pixel, wanted, strict=True))


def test_a_grey_png_of_16_bits_keeps_its_tones() -> None:
    buffer = BytesIO()
    row = b"\x00\x80" * 30 + b"\x00\x20" * 30
    Image.frombytes("I;16", (60, 20), row * 20).save(buffer, "PNG")

    kept = stored(buffer.getvalue())

    assert near(kept.getpixel((10, 10)), (128, 128, 128))
    assert near(kept.getpixel((50, 10)), (32, 32, 32))


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_what_moves_the_first_picture_is_kept(form: str) -> None:
    frames = [Image.new("RGB", (40, 20), colour) for colour in ("red", "blue")]
    buffer = BytesIO()
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:])

    kept = stored(buffer.getvalue())

    assert getattr(kept, "n_frames", 1) == 1
    assert near(kept.getpixel((20, 10)), (255, 0, 0))


def test_a_rotated_photo_stands_upright_and_says_nothing_of_its_place() -> None:
    image = halves("RGB", "red", "blue", (60, 20))
    exif = image.getexif()
    exif[0x0112] = 6  # turned right by a quarter
    exif.get_ifd(0x8825)[1] = "N"
    buffer = BytesIO()
    image.save(buffer, "JPEG", exif=exif, quality=95)
    cleaned = clean_image(ContentFile(buffer.getvalue(), name="x.jpg"), 1200)

    with Image.open(cleaned) as kept:
        assert kept.size == (20, 60)
        assert not kept.getexif()
        rgb = kept.convert("RGB")
    assert near(rgb.getpixel((10, 10)), (254, 0, 0))
    assert near(rgb.getpixel((10, 50)), (0, 0, 254))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_jpeg_however_it_is_built(mode: str, progressive: bool) -> None:
    left: Any = (255, 0, 0)
    right: Any = (0, 0, 255)
    if mode == "CMYK":
        left, right = (0, 255, 255, 0), (255, 255, 0, 0)
    buffer = BytesIO()
    halves(mode, left, right, (2600, 400)).save(
        buffer, "JPEG", quality=95, progressive=progressive
    )

    kept = stored(buffer.getvalue())

    assert kept.size == (1200, 185)
    assert near(kept.getpixel((100, 90)), (254, 0, 0))
    assert near(kept.getpixel((1100, 90)), (0, 0, 254))


def test_a_photo_of_12_megabytes_is_taken() -> None:
    image = Image.effect_noise((3600, 3600), 120)
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=99)
    assert 10 * 2**20 < len(buffer.getvalue()) < 20 * 2**20

    assert stored(buffer.getvalue()).size == (1200, 1200)


def test_what_is_taken_is_said_alike_everywhere() -> None:
    from organizations.models import Organization
    from petitions.models import Handover, Petition, Update

    for model, column in (
        (Organization, "logo"),
        (Organization, "cover"),
        (Petition, "image"),
        (Update, "image"),
        (Handover, "image"),
    ):
        field: Any = model._meta.get_field(column)
        assert str(TAKEN) in str(field.help_text)
    for name in FORMATS:
        assert name in str(TAKEN).upper()


def test_a_picture_that_is_dear_to_encode_takes_no_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With alpha, WebP's methods 5 and 6 take a hundred times as long as method 4."""
    noise = Image.frombytes("RGBA", (400, 400), random.Random(1).randbytes(640_000))
    buffer = BytesIO()
    noise.save(buffer, "PNG", compress_level=1)
    work: list[tuple[tuple[int, int], Any]] = []
    save = Image.Image.save

    def noted(self: Image.Image, to: Any, of: str, **options: Any) -> None:
        work.append((self.size, options.get("method", 4)))
        save(self, to, of, **options)

    monkeypatch.setattr(Image.Image, "save", noted)
    clean_image(ContentFile(buffer.getvalue(), name="noise.png"), 400)

    assert work == [((400, 400), 4)]
    assert [kind.options["method"] for kind in KINDS if kind.format == "WEBP"] == [4]
