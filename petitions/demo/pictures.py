"""Pictures of the demonstration's invented river, drawn so that none has to be owed."""

from __future__ import annotations

import math
from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from config.colours import Colour, mixed, parse
from config.images import clean_image

SKY, GLOW = parse("#cfe3e6"), parse("#f7e6c4")
HILLS = [parse(hill) for hill in ("#9dbfbb", "#6f9f97", "#3f7a6d", "#1f5a4c")]
WATER, TREE = parse("#5f9fb0"), parse("#123c33")


def drawn(picture: Image.Image, width: int) -> ContentFile[bytes]:
    """As if it had been uploaded."""
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return clean_image(ContentFile(buffer.getvalue(), name="drawn.png"), width)


def landscape(width: int, height: int, seed: float, *, trees: int) -> Image.Image:
    """Hills in the haze, the river before them, trees along the bank."""
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    horizon = height * 0.62
    for y in range(height):
        share = min(1.0, y / horizon)
        draw.line((0, y, width, y), fill=mixed(SKY, GLOW, share**2))
    disc(draw, width * 0.7, height * 0.3, height * 0.11, mixed(GLOW, SKY, -0.25))
    for layer, colour in enumerate(HILLS):
        top = height * (0.36 + 0.085 * layer)
        ridge = [
            (float(step), top + wave(step / width, layer + seed) * height * 0.09)
            for step in range(0, width + 8, 8)
        ]
        draw.polygon([*ridge, (width, height), (0, height)], fill=colour)
    bank = height * 0.8
    draw.rectangle((0, bank, width, height), fill=WATER)
    for number in range(9):
        level = bank + (height - bank) * (number + 0.6) / 9
        start = width * ((0.37 * number + seed) % 0.8)
        draw.line(
            (start, level, start + width * 0.16, level),
            fill=mixed(WATER, SKY, 0.45),
            width=3,
        )
    for number in range(trees):
        x = width * (0.04 + 0.92 * (number + 0.5 * (number % 2)) / max(1, trees))
        plant(draw, x, bank, height * (0.15 + 0.05 * (number % 3)))
    return picture


def wave(x: float, phase: float) -> float:
    return math.sin(5 * x + 2.3 * phase) + 0.4 * math.sin(13 * x + 5.1 * phase)


def disc(
    draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour
) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def plant(draw: ImageDraw.ImageDraw, x: float, ground: float, size: float) -> None:
    """A tree of `size`, standing on `ground`."""
    draw.rectangle((x - size * 0.03, ground - size, x + size * 0.03, ground), fill=TREE)
    for up, wide in ((0.35, 0.2), (0.62, 0.26), (0.9, 0.19)):
        disc(draw, x, ground - size * (up + 0.15), size * wide, TREE)


def cover() -> ContentFile[bytes]:
    return drawn(landscape(2400, 760, 0.4, trees=7), 1200)


def bank() -> ContentFile[bytes]:
    return drawn(landscape(2400, 1350, 1.7, trees=4), 1200)


def logo(colour: Colour) -> ContentFile[bytes]:
    """Three waves in a circle."""
    size = 800
    picture = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((8, 8, size - 8, size - 8), fill=colour)
    for row in range(3):
        points = [
            (x, 270 + 130 * row + 34 * math.sin(x / 62)) for x in range(170, 631, 4)
        ]
        draw.line(points, fill="white", width=42, joint="curve")
    return drawn(picture, 400)
