"""Pictures of the demonstration, drawn here so that no photograph needs a licence."""

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
NIGHT, DUSK, DARK = (
    parse_colour("#101c33"),
    parse_colour("#2c3f63"),
    parse_colour("#0a1122"),
)
LAMP, FLAME, WAX = (
    parse_colour("#ffd98a"),
    parse_colour("#fff3cf"),
    parse_colour("#f2e7d0"),
)
WALL, MORTAR = parse_colour("#8d5a44"), parse_colour("#6d4332")
COATS = [
    parse_colour(coat)
    for coat in ("#b5452c", "#20527a", "#d08b2c", "#5b3a6b", "#2f6b4f", "#7a2f3f")
]
FACES = [parse_colour(face) for face in ("#f0c9a5", "#8a5a3b", "#c68b5e", "#5d3a26")]


def as_upload(picture: Image.Image, width: int) -> ContentFile[bytes]:
    """Return the picture as if it had been uploaded."""
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
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


def gradient(width: int, height: int, top: Colour, bottom: Colour) -> Image.Image:
    """Return a picture that goes from one colour to another, from top to bottom."""
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        draw.line((0, y, width, y), fill=mixed(top, bottom, y / height))
    return picture


def glow(
    picture: Image.Image, x: float, y: float, radius: float, colour: Colour
) -> None:
    """Let light of a colour fall around a point, less towards `radius`."""
    size = round(2 * radius)
    light = Image.radial_gradient("L").resize((size, size))
    strength = light.point(lambda away: max(0, 190 - away))
    picture.paste(colour, (round(x - radius), round(y - radius)), strength)


def candle(
    picture: Image.Image, x: float, ground: float, size: float, *, wide: float = 0.16
) -> None:
    """Draw a burning candle of `size`, standing on `ground`."""
    top = ground - size
    glow(picture, x, top - size * 0.2, size * 1.1, LAMP)
    draw = ImageDraw.Draw(picture)
    half = size * wide
    draw.rounded_rectangle((x - half, top, x + half, ground), half * 0.3, fill=WAX)
    draw.line((x, top, x, top - size * 0.1), fill=DARK, width=6)
    tip = top - size * 0.42
    draw.polygon(
        [
            (x, tip),
            (x + half * 0.62, top - size * 0.16),
            (x - half * 0.62, top - size * 0.16),
        ],
        fill=FLAME,
    )
    disc(draw, x, top - size * 0.15, half * 0.62, FLAME)


def candles(width: int, height: int, number: int) -> Image.Image:
    """Draw burning candles in a row before the night, each of its own size."""
    picture = gradient(width, height, NIGHT, DUSK)
    ground = height * 0.86
    ImageDraw.Draw(picture).rectangle((0, ground, width, height), fill=DARK)
    for place in range(number):
        size = height * (0.3 + 0.1 * (place * 7 % 4) / 3)
        candle(picture, width * (place + 0.5) / number, ground + 12, size)
    return picture


def vigil() -> ContentFile[bytes]:
    return as_upload(candles(2000, 1125, 7), 1200)


def vigil_cover() -> ContentFile[bytes]:
    return as_upload(candles(2400, 760, 13), 1200)


def visit() -> ContentFile[bytes]:
    """Draw a dark cell whose door is open, and two visitors in the light."""
    width, height = 2000, 1125
    picture = gradient(width, height, DUSK, NIGHT)
    draw = ImageDraw.Draw(picture)
    floor = height * 0.8
    draw.rectangle((0, floor, width, height), fill=DARK)
    left, right, top = width * 0.52, width * 0.84, height * 0.16
    beam = [
        (left, floor),
        (right, floor),
        (width * 0.78, height),
        (width * 0.08, height),
    ]
    draw.polygon(beam, fill=mixed(DARK, LAMP, 0.35))
    draw.rectangle((left, top, right, floor), fill=LAMP)
    draw.polygon(
        [
            (right, top),
            (right + 150, top - 50),
            (right + 150, floor + 70),
            (right, floor),
        ],
        fill=mixed(DUSK, STONE, 0.3),
    )
    person(draw, left + 200, floor + 14, 560, 1)
    person(draw, left + 430, floor + 14, 590, 3)
    pane = (width * 0.14, height * 0.2, width * 0.34, height * 0.46)
    draw.rectangle(pane, fill=SKY)
    for bar in range(5):
        x = pane[0] + (pane[2] - pane[0]) * bar / 4
        draw.rectangle((x - 10, pane[1] - 14, x + 10, pane[3] + 14), fill=DARK)
    person(draw, width * 0.24, floor + 60, 520, 2)
    return as_upload(picture, 1200)


def parted_family() -> ContentFile[bytes]:
    """Draw a high wall of bricks, a family on one side and one person on the other."""
    width, height = 2000, 1125
    picture = gradient(width, height, SKY, GLOW)
    draw = ImageDraw.Draw(picture)
    ground = height * 0.84
    draw.rectangle((0, ground, width, height), fill=SHADE)
    left, right, top = width * 0.54, width * 0.66, height * 0.12
    draw.rectangle((left, top, right, ground + 40), fill=WALL)
    rows = 22
    for row in range(rows):
        y = top + (ground + 40 - top) * row / rows
        draw.line((left, y, right, y), fill=MORTAR, width=6)
        for brick in range(3):
            x = left + (right - left) * (brick + 0.5 * (row % 2)) / 3
            draw.line((x, y, x, y + (ground + 40 - top) / rows), fill=MORTAR, width=6)
    for number, (place, size) in enumerate(((0.16, 520), (0.29, 300), (0.4, 490))):
        person(draw, width * place, ground + 30, size, number)
    person(draw, width * 0.82, ground + 30, 510, 4)
    return as_upload(picture, 1200)


def gathering() -> ContentFile[bytes]:
    """Draw nine people who hold up empty sheets of paper at sunrise."""
    width, height = 2000, 1125
    picture = gradient(width, height, DUSK, GLOW)
    glow(picture, width * 0.5, height * 0.62, height * 0.6, LAMP)
    draw = ImageDraw.Draw(picture)
    for block in range(12):
        x = width * block / 12
        roof = height * (0.4 + 0.13 * (block * 5 % 4) / 3)
        draw.rectangle((x, roof, x + width / 12, height), fill=mixed(DUSK, NIGHT, 0.5))
    ground = height * 0.97
    for number in range(9):
        x, size = width * (0.07 + 0.1075 * number), 520 + 40 * (number % 3)
        paper = ground - size * 1.1
        for hand in (-60, 60):
            draw.line((x, ground - size * 0.66, x + hand, paper), fill=TREE, width=22)
        draw.rectangle((x - 84, paper - 120, x + 84, paper + 10), fill=FLAME)
        person(draw, x, ground, size, number)
    return as_upload(picture, 1200)


def lamps() -> ContentFile[bytes]:
    """Draw a lane at night: houses, nine lamps, and somebody on the way home."""
    width, height = 2000, 1125
    picture = gradient(width, height, NIGHT, DUSK)
    draw = ImageDraw.Draw(picture)
    ground = height * 0.82
    for house in range(8):
        x, wide = width * house / 8, width / 8 - 12
        eaves = height * (0.3 + 0.12 * (house * 3 % 4) / 3)
        draw.rectangle((x, eaves, x + wide, ground), fill=mixed(NIGHT, DARK, 0.5))
        roof = [(x - 14, eaves), (x + wide + 14, eaves), (x + wide / 2, eaves - 110)]
        draw.polygon(roof, fill=DARK)
        pane = mixed(LAMP, NIGHT, 0.25 if house % 3 == 1 else 0.85)
        draw.rectangle((x + 60, eaves + 70, x + 140, eaves + 170), fill=pane)
    draw.rectangle((0, ground, width, height), fill=DARK)
    for number in range(9):
        x = width * (number + 0.5) / 9
        glow(picture, x, height * 0.5, height * 0.2, LAMP)
        glow(picture, x, ground + 40, height * 0.08, LAMP)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((x - 7, height * 0.5, x + 7, ground + 40), fill=DARK)
        disc(draw, x, height * 0.5, 24, FLAME)
    person(draw, width * 0.61, ground + 110, 330, 2)
    return as_upload(picture, 1200)


def reading_room() -> ContentFile[bytes]:
    """Draw a small house at the water in the evening, with light in its windows."""
    width, height = 2000, 1125
    picture = gradient(width, height, DUSK, mixed(GLOW, COATS[0], 0.35))
    draw = ImageDraw.Draw(picture)
    ground = height * 0.74
    draw.rectangle((0, ground, width, height), fill=mixed(WATER, NIGHT, 0.6))
    draw.rectangle((0, ground - 30, width, ground + 24), fill=TREE)
    left, right, eaves = width * 0.26, width * 0.74, height * 0.36
    draw.rectangle((left, eaves, right, ground), fill=mixed(WALL, NIGHT, 0.35))
    roof = [
        (left - 60, eaves),
        (right + 60, eaves),
        (right - 150, height * 0.17),
        (left + 150, height * 0.17),
    ]
    draw.polygon(roof, fill=DARK)
    for window in range(4):
        x = left + 90 + window * (right - left - 260) / 3
        glow(picture, x + 45, eaves + 170, 230, LAMP)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((x, eaves + 90, x + 110, eaves + 270), fill=LAMP)
        draw.rectangle((x + 50, eaves + 90, x + 60, eaves + 270), fill=DARK)
        draw.rectangle((x, eaves + 176, x + 110, eaves + 184), fill=DARK)
        for ripple in range(4):
            level = ground + 70 + 60 * ripple
            draw.line(
                (x - 20, level, x + 130, level), fill=mixed(LAMP, WATER, 0.35), width=8
            )
    return as_upload(picture, 1200)


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
    """Draw eight people in a line on the footbridge."""
    return as_upload(footbridge(people=8), 1200)


def closed_bridge() -> ContentFile[bytes]:
    """Draw the footbridge without anybody, closed by a barrier."""
    picture = footbridge(people=0)
    draw = ImageDraw.Draw(picture)
    width, deck = picture.width, picture.height * 0.7
    for side in (0.44, 0.56):
        draw.line((width * side, deck, width * side, deck - 170), fill=TREE, width=18)
    for stripe in range(8):
        x = width * (0.42 + 0.02 * stripe)
        colour = COATS[0] if stripe % 2 else FLAME
        draw.rectangle((x, deck - 170, x + width * 0.02, deck - 110), fill=colour)
    return as_upload(picture, 1200)


def footbridge(*, people: int) -> Image.Image:
    width, height = 2000, 1125
    picture = landscape(width, height, 2.9, trees=3)
    draw = ImageDraw.Draw(picture)
    deck = height * 0.7
    for pile in range(1, 6):
        x = width * pile / 6
        draw.rectangle((x - 16, deck, x + 16, height * 0.92), fill=TREE)
    for number in range(people):
        person(draw, width * (0.14 + 0.1 * number), deck, 250, number)
    for plank in range(80):
        x = width * plank / 80
        draw.rectangle((x, deck, x + 21, deck + 34), fill=WOOD)
    for rail in (0.0, 46.0):
        draw.line((0, deck - 96 + rail, width, deck - 96 + rail), fill=WOOD, width=9)
    return picture


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
