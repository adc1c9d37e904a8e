"""Share pictures: the picture beside a shared link. For a petition it says who asks
whom for what, and how many support it; for an organisation and for the site, who asks.
Each is drawn when it is first requested, and then cached."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import get_language_bidi, gettext
from PIL import Image, ImageDraw, ImageOps

from core.i18n.languages import Passage
from organizations import branding
from organizations.models import Organization
from petitions.markup import listed
from petitions.models import Petition
from petitions.sharing import lettering
from petitions.states import ENDED_STATES, State

logger = logging.getLogger(__name__)

WIDTH, HEIGHT = 1200, 630
MARGIN = 64
# The width of an uploaded picture beside the words, and how many times it may be
# enlarged.
PICTURE_WIDTH = 400
MOST_ENLARGED = 4
# Part of the digest: to be raised when the same words are drawn in another way.
DRAWING = 5

PAPER, INK, MUTED = (255, 255, 255), (22, 25, 28), (85, 91, 97)
BRAND = "#0b5f6b"

# How many pictures a process caches; some 40 kB each.
KEPT = 100
# How many seconds a request waits for its turn to draw, and how many may wait at once.
# Drawing takes a tenth of a second; threads that wait for it serve nobody.
PATIENCE = 2.0
WAITING = 2


@dataclass(frozen=True)
class Card:
    """The whole content of a share picture: the picture changes when any of these
    does."""

    title: str
    rtl: bool
    petitioning: str
    supporters: str
    call: str
    organization: str
    accent: str
    logo: str
    picture: str

    @property
    def digest(self) -> str:
        """A digest of the content, by which the picture is named."""
        content = repr((DRAWING, lettering.VERSION, self))
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def at(self, path: str, **query: str) -> str:
        """Return the address of the picture that is served at `path`; it changes with
        the content of the picture."""
        return f"{settings.SITE_URL}{path}?{urlencode({'v': self.digest} | query)}"


def card_of(petition: Petition) -> Card:
    """Return the card of a petition, in the language that it is read in."""
    words = petition.words
    return Card(
        title=words.title,
        rtl=words.direction == "rtl",
        petitioning=petitioning(petition),
        supporters=supporters(petition.supporters),
        call=outcome(petition) or call(petition),
        organization=drawable_name(petition.organization).text,
        accent=petition.organization.accent or BRAND,
        logo=petition.organization.logo.name or "",
        picture=petition.image.name or "",
    )


def card_of_organization(organization: Organization, number: int) -> Card:
    """Return the card of an organisation with so many supporters."""
    name = drawable_name(organization)
    return Card(
        title=name.text,
        rtl=name.direction == "rtl",
        petitioning="",
        supporters=supporters(number),
        call=gettext("Read the petitions"),
        organization=settings.SITE_HOST,
        accent=organization.accent or BRAND,
        logo=organization.logo.name or "",
        picture=organization.cover.name or "",
    )


def card_of_site(only: Organization | None) -> Card:
    """Return the card of the site; `only` is the organisation that it belongs to, if it
    has a single one."""
    if only:
        return card_of_organization(only, 0)
    return Card(
        title=gettext("Add your name where it counts"),
        rtl=bool(get_language_bidi()),
        petitioning="",
        supporters="",
        call=gettext("Read the petitions"),
        organization=settings.SITE_HOST,
        accent=BRAND,
        logo="",
        picture="",
    )


def drawable_name(organization: Organization) -> Passage:
    """Return the name in the reader's language; where the font lacks its letters, as it
    was written."""
    name = organization.translated("name")
    if lettering.drawable(name.text):
        return name
    return Passage(organization.name, organization.language)


def outcome(petition: Petition) -> str:
    """Return “Closed” or “Won” once the petition has ended or its last day has passed,
    before the worker closes it, too; "" while it goes on."""
    standing = petition.standing(timezone.now())
    return str(State(standing).label) if standing in ENDED_STATES else ""


def call(petition: Petition) -> str:
    """Return the words of the button that says what to do; "" while signing is
    paused."""
    return gettext("Sign the petition") if petition.state == State.OPEN else ""


def petitioning(petition: Petition) -> str:
    """Return whom the petition addresses, in a line; "" when that is not settled."""
    if petition.is_unsettled:
        return ""
    targets = list(petition.targets.all())
    # With two offices the line would be too long; the names are what has to be read.
    names = [t.label_with_office if len(targets) == 1 else t.label for t in targets]
    who = petition.words.addressees or listed(names)
    return gettext("Petitioning %(who)s") % {"who": who}


def supporters(number: int) -> str:
    """Return a rounded number of supporters (“15,000+ supporters”), so that the picture
    seldom changes; "" below ten."""
    least = band(number)
    if not least:
        return ""
    return gettext("%(number)s+ supporters") % {"number": intcomma(least)}


def band(number: int) -> int:
    """Return the largest round number that has been reached; 0 below ten."""
    reached = 0
    for zeros in range(1, len(str(number))):
        for digits in (10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90):
            step = digits * 10 ** (zeros - 1)
            if step <= number:
                reached = max(reached, step)
    return reached


# == Kept ==

_kept: OrderedDict[str, bytes] = OrderedDict()
_turn = threading.Lock()
_queue = threading.BoundedSemaphore(WAITING)


def card_png(card: Card) -> bytes | None:
    """Return the picture as PNG, from the cache or newly drawn, by one thread of a
    process at a time. Return None when too many others wait to be drawn."""
    known = _kept.get(card.digest)
    if known is not None:
        return known
    if not my_turn():
        return None
    try:
        known = _kept.get(card.digest)
        if known is None:
            known = _kept[card.digest] = draw_card(card)
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
        return known
    finally:
        _turn.release()


def my_turn() -> bool:
    """Acquire the lock for drawing and return whether that succeeded. At most `WAITING`
    threads wait for it, for `PATIENCE` seconds."""
    if _turn.acquire(blocking=False):
        return True
    if not _queue.acquire(blocking=False):
        return False
    try:
        return _turn.acquire(timeout=PATIENCE)
    finally:
        _queue.release()


def forget_cards() -> None:
    _kept.clear()


# == Drawn ==


def draw_card(card: Card) -> bytes:
    """Draw the picture, with the words on the side where their language begins."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    scheme = branding.scheme(card.accent, dark=False)
    end = WIDTH - MARGIN
    if picture := picture_beside(card.picture):
        end -= PICTURE_WIDTH
        image.paste(picture, (0 if card.rtl else WIDTH - PICTURE_WIDTH, 0))
    pen = Pen(image, card.rtl, MARGIN, end)
    pen.stripe(scheme.brand, whole=picture is None)
    title = lettering.drawable(card.title)
    name = lettering.drawable(card.organization)
    head(pen, card.logo, name if title else "")
    # When the font lacks the alphabet of the title, show who asks, or the site's name
    # instead; the button below says what to do.
    site = settings.SITE_HOST
    body(pen, title or name or site, lettering.drawable(card.petitioning))
    foot(pen, card, scheme)
    out = BytesIO()
    if picture is not None:
        # A palette of 256 colours takes a fifth of the bytes, and messengers refuse
        # large pictures.
        image = image.quantize(256, method=Image.Quantize.MEDIANCUT)
    image.save(out, "PNG", compress_level=6)
    return out.getvalue()


class Pen:
    """A pen that draws from the side where the words begin: positions such as `start`
    and `end` count from the left, and are mirrored for languages read from the
    right."""

    def __init__(self, image: Image.Image, rtl: bool, start: int, end: int) -> None:
        self.image = image
        self.draw = ImageDraw.Draw(image)
        self.rtl = rtl
        self.start = start
        self.end = end

    @property
    def width(self) -> int:
        return self.end - self.start

    def x(self, position: float, width: float = 0) -> float:
        """Return the left edge of something `width` wide that begins at `position`."""
        return WIDTH - position - width if self.rtl else position

    def stripe(self, colour: Any, *, whole: bool) -> None:
        length = WIDTH if whole else WIDTH - PICTURE_WIDTH
        left = self.x(0, length)
        self.draw.rectangle((left, 0, left + length, 17), fill=colour)

    def line(
        self, position: float, y: float, text: str, size: int, colour: Any
    ) -> float:
        """Draw one line from `position` to the end at most, with its base line at `y`.
        A text that does not fit gets smaller letters than `size`, then an ellipsis.
        Return its width in pixels."""
        room = self.end - position
        font = lettering.fitting(text, size, room)
        text = lettering.shortened_to_width(text, font, room)
        width = font.getlength(text, direction=lettering.drawn_direction(text))
        self.draw.text(
            (self.x(position, width), y), text, font=font, fill=colour, anchor="ls",
            direction=lettering.drawn_direction(text),
        )  # fmt: skip
        return width


def head(pen: Pen, logo_name: str, name: str) -> None:
    """Draw who asks: the logo and the name."""
    position: float = pen.start
    if logo := open_picture(logo_name):
        logo = logo.convert("RGBA")
        logo.thumbnail((180, 72))
        left = round(pen.x(position, logo.width))
        pen.image.paste(logo, (left, 92 - logo.height // 2), logo)
        position += logo.width + 20
    pen.line(position, 103, name, 32, INK)


def body(pen: Pen, text: str, whom: str) -> None:
    """Draw whom the petition addresses, and its title as large as it fits."""
    font, lines = lettering.fitted(text, pen.width)
    height = font.size * lettering.LEADING
    top = 330 - height * len(lines) / 2 + (12 if whom else 0)
    if whom:
        pen.line(pen.start, top - 26, whom, 27, MUTED)
    direction = "rtl" if pen.rtl else "ltr"
    for number, line in enumerate(lines):
        width = font.getlength(line, direction=lettering.usable(direction))
        y = top + height * (number + 0.8)
        pen.draw.text(
            (pen.x(pen.start, width), y), line, font=font, fill=INK, anchor="ls",
            direction=lettering.usable(direction),
        )  # fmt: skip


def foot(pen: Pen, card: Card, scheme: branding.Scheme) -> None:
    """Draw the button and the number of supporters."""
    position: float = pen.start
    if card.call:
        font = lettering.font(30)
        width = font.getlength(card.call) + 64
        left = pen.x(position, width)
        box = (left, 514, left + width, 582)
        pen.draw.rounded_rectangle(
            box, 10, fill=scheme.brand, outline=scheme.brand_edge, width=3
        )
        pen.draw.text(
            (left + width / 2, 558), card.call, font=font, fill=scheme.on_brand,
            anchor="ms",
        )  # fmt: skip
        position += width + 32
    if card.supporters:
        pen.line(position, 559, card.supporters, 34, scheme.accent)


def picture_beside(name: str) -> Image.Image | None:
    """Return an uploaded picture cropped to stand beside the words; None when it would
    have to be enlarged so much that it would be a blur."""
    picture = open_picture(name)
    size = (PICTURE_WIDTH, HEIGHT)
    if picture is None or any(
        wanted > MOST_ENLARGED * has
        for wanted, has in zip(size, picture.size, strict=True)
    ):
        return None
    if picture.has_transparency_data:
        paper = Image.new("RGBA", picture.size, PAPER)
        picture = Image.alpha_composite(paper, picture.convert("RGBA"))
    return ImageOps.fit(picture.convert("RGB"), size)


def open_picture(name: str) -> Image.Image | None:
    """Load an uploaded picture; None when there is none, or its file cannot be read."""
    if not name:
        return None
    try:
        with default_storage.open(name) as file:
            picture = Image.open(file)
            picture.load()
            return picture
    except (OSError, ValueError, SyntaxError):
        logger.warning("A picture cannot be read for the card of a petition")
        return None
