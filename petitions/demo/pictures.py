"""Pictures of the demonstration's invented river, drawn here so that no photograph
needs a licence."""

from __future__ import annotations

import math
from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from core.images.colours import (
    Colour,
    mixed,
    parse_colour,
)
from core.images.uploads import clean_image

SKY, GLOW = parse_colour("#cfe3e6"), parse_colour("#f7e6c4")
HILLS = [parse_colour(hill) for hill in ("#9dbfbb", "#6f9f97", "#3f7a6d", "#1f5a4c")]
WATER, TREE = parse_colour("#5f9fb0"), parse_colour("#123c33")
WOOD, STONE, SHADE = (
    parse_colour("#a9743f"),
    parse_colour("#e9e2d3"),
    parse_colour("#c3b8a2"),
)
COATS = [
    parse_colour(coat)
    for coat in ("#b5452c", "#20527a", "#d08b2c", "#5b3a6b", "#2f6b4f", "#7a2f3f")
]
FACES = [parse_colour(face) for face in ("#f0c9a5", "#8a5a3b", "#c68b5e", "#5d3a26")]


def as_upload(picture: Image.Image, width: int) -> ContentFile[bytes]:
    """Return the picture as if it had been uploaded."""
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return clean_image(ContentFile(buffer.getvalue(), name="drawn.png"), width)


def landscape(width: int, height: int, seed: float, *, trees: int) -> Image.Image:
    """Draw hills in the haze, the river before them, trees along the bank."""
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
    """Draw a tree of `size`, standing on `ground`."""
    draw.rectangle((x - size * 0.03, ground - size, x + size * 0.03, ground), fill=TREE)
    for up, wide in ((0.35, 0.2), (0.62, 0.26), (0.9, 0.19)):
        disc(draw, x, ground - size * (up + 0.15), size * wide, TREE)


def person(
    draw: ImageDraw.ImageDraw, x: float, ground: float, size: float, number: int
) -> None:
    """Draw somebody in a coat, standing on `ground`; each number is another person."""
    for leg in (-0.07, 0.07):
        foot = (x + size * leg, ground)
        draw.line((x + size * leg, ground - size * 0.4, *foot), fill=TREE, width=12)
    waist, neck = ground - size * 0.24, ground - size * 0.74
    coat = [
        (x - size * 0.17, waist), (x + size * 0.17, waist),
        (x + size * 0.11, neck), (x - size * 0.11, neck),
    ]  # fmt: skip
    draw.polygon(coat, fill=COATS[number % len(COATS)])
    face = FACES[number % len(FACES)]
    disc(draw, x, ground - size * 0.85, size * 0.115, face)


def handing_over() -> ContentFile[bytes]:
    """Draw people with planks before an office, and one who comes out to meet them."""
    width, height = 2000, 1250
    picture = landscape(width, height, 0.9, trees=0)
    draw = ImageDraw.Draw(picture)
    ground = height * 0.84
    draw.rectangle((0, ground, width, height), fill=SHADE)
    left, right, eaves = width * 0.46, width * 0.96, height * 0.27
    draw.rectangle((left, eaves, right, ground), fill=STONE)
    middle = (left + right) / 2
    roof = [(left - 40, eaves), (right + 40, eaves), (middle, height * 0.1)]
    draw.polygon(roof, fill=mixed(STONE, SHADE, 0.6))
    for column in range(6):
        x = left + 50 + column * (right - left - 160) / 5
        draw.rectangle((x, eaves + 20, x + 60, ground), fill=SHADE)
    draw.rectangle((middle - 90, height * 0.47, middle + 90, ground), fill=TREE)
    for step in range(4):
        top, wide = ground - 26 * step, 420 - 55 * step
        stone = mixed(STONE, SHADE, 0.25 * (step % 2))
        draw.rectangle((middle - wide, top - 26, middle + wide, top), fill=stone)
    person(draw, middle - 250, ground + 20, 420, 1)
    for number in range(4):
        x = width * (0.08 + 0.105 * number)
        for side in (-1, 1):
            end = (x + side * 40 - 90, ground - 40)
            draw.line((x + side * 40 + 30, ground - 430, *end), fill=WOOD, width=26)
        person(draw, x, ground + 70, 430, number + 2)
    return as_upload(picture, 1200)


def crossing() -> ContentFile[bytes]:
    """Draw eight people in a line on a footbridge."""
    width, height = 2000, 1125
    picture = landscape(width, height, 2.9, trees=3)
    draw = ImageDraw.Draw(picture)
    deck = height * 0.7
    for pile in range(1, 6):
        x = width * pile / 6
        draw.rectangle((x - 16, deck, x + 16, height * 0.92), fill=TREE)
    for number in range(8):
        person(draw, width * (0.14 + 0.1 * number), deck, 250, number)
    for plank in range(80):
        x = width * plank / 80
        draw.rectangle((x, deck, x + 21, deck + 34), fill=WOOD)
    for rail in (0.0, 46.0):
        draw.line((0, deck - 96 + rail, width, deck - 96 + rail), fill=WOOD, width=9)
    return as_upload(picture, 1200)


def alders() -> ContentFile[bytes]:
    return as_upload(landscape(2000, 1125, 3.6, trees=16), 1200)


def cover() -> ContentFile[bytes]:
    return as_upload(landscape(2400, 760, 0.4, trees=7), 1200)


def bank() -> ContentFile[bytes]:
    return as_upload(landscape(2400, 1350, 1.7, trees=4), 1200)


def logo(colour: Colour) -> ContentFile[bytes]:
    """Draw three waves in a circle."""
    size = 800
    picture = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((8, 8, size - 8, size - 8), fill=colour)
    for row in range(3):
        points = [
            (x, 270 + 130 * row + 34 * math.sin(x / 62)) for x in range(170, 631, 4)
        ]
        draw.line(points, fill="white", width=42, joint="curve")
    return as_upload(picture, 400)
