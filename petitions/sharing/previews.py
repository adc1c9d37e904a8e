"""Link previews: what a link to a page looks like in messengers, on social networks,
and in search results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape
from typing import Any

from babel.core import get_global
from django.conf import settings
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.text import Truncator
from django.utils.translation import gettext

from core.http.public_data import full
from core.i18n.languages import reader_language
from core.images.uploads import SizedFile
from organizations.models import Organization
from petitions import markup
from petitions.models import Petition, Update
from petitions.sharing import cards
from petitions.sharing.cards import Card
from petitions.states import TextFormat

# Locales of social networks, where their place is not the likeliest by CLDR.
LOCALES = {"ar": "ar_AR", "en": "en_US", "fr": "fr_CA"}
# The longest description, in characters.
LONGEST = 200
# Pictures that networks show large have at least so many pixels on the shorter side,
# which the longer one is at most so many times.
SMALLEST, NARROWEST = 200, 3


@dataclass(frozen=True)
class Picture:
    """A picture by its full address, with its alternative text."""

    url: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Preview:
    """The preview of a page, which templates/petitions/_preview.html writes into its
    head."""

    title: str
    description: str
    path: str
    """The canonical path of the page, with the parameters that count."""
    site_name: str
    picture: Picture
    language: str
    """The language of the title and the description."""
    kind: str = "website"
    others: tuple[str, ...] = ()
    """The languages that the page has words in; its own may be among them."""

    @property
    def locale(self) -> str:
        return locale(self.language)

    @property
    def other_locales(self) -> list[str]:
        return [locale(code) for code in self.others if code != self.language]


def preview_of_petition(
    petition: Petition, path: str, *, heading: str = "", number: int = 1
) -> Preview:
    """Return the preview of a petition's page, or of one behind it whose title begins
    with `heading`; if that is a list, `number` is its page."""
    words = petition.words
    told = words.summary or words.ask
    title = f"{heading}{gettext(':')} {words.title}" if heading else words.title
    return Preview(
        title=title,
        description=in_a_line(told) if told else opening(petition),
        path=paged(path, number),
        site_name=petition.organization.display_name,
        picture=picture_of_petition(petition),
        language=words.language,
        kind="article",
        others=tuple(petition.languages),
    )


def preview_of_update(update: Update, path: str) -> Preview:
    """Return the preview of an update: with its own picture, if networks show that
    large."""
    words, petition = update.words, update.petition
    told = first_plain_block(
        markup.markdown_blocks(words.text, words.dialect), words.dialect
    )
    image = update.image
    return Preview(
        title=words.title,
        description=told or petition.words.title,
        path=path,
        site_name=petition.organization.display_name,
        picture=Picture(full(image.url), image.width, image.height, words.picture.text)
        if image and is_shown_large(image)
        else picture_of_petition(petition),
        language=words.language,
        kind="article",
        others=tuple(update.languages),
    )


def preview_of_organization(
    organization: Organization, path: str, *, supporters: int, number: int
) -> Preview:
    """Return the preview of a page of an organisation's profile."""
    described = organization.described
    others = [other.language for other in organization.descriptions.all()]
    return Preview(
        title=organization.display_name,
        description=in_a_line(described.text) or organization.display_name,
        path=paged(path, number),
        site_name=organization.display_name,
        picture=share_picture(
            cards.card_of_organization(organization, supporters),
            reverse("organizations:share_png", args=[organization.slug]),
        ),
        language=described.language,
        kind="profile",
        others=(organization.language, *others),
    )


def preview_of_site(
    only: Organization | None, path: str, *, title: str, description: str, number: int
) -> Preview:
    """Return the preview of a page about no organisation in particular; `only` is the
    organisation that the site belongs to, if it has a single one."""
    return Preview(
        title=title,
        description=in_a_line(description),
        path=paged(path, number),
        site_name=only.display_name if only else gettext("Petitions"),
        picture=share_picture(cards.card_of_site(only), reverse("petitions:site_png")),
        language=reader_language(),
        others=tuple(code for code, _name in settings.LANGUAGES),
    )


# == Its picture ==


def share_picture(card: Card, path: str, ended: str = "", **query: str) -> Picture:
    """Return the share picture of a card, served at `path`; `ended` adds to its
    alternative text that the petition has ended."""
    said = " – ".join(filter(None, [card.title, ended, card.supporters]))
    return Picture(card.at(path, **query), cards.WIDTH, cards.HEIGHT, said)


def picture_of_petition(petition: Petition) -> Picture:
    """Return the share picture of a petition, in the language it is read in."""
    path = reverse("petitions:share_png", args=[petition.slug])
    query = {"text": petition.reading} if petition.address_language else {}
    return share_picture(
        cards.card_of(petition), path, cards.outcome(petition), **query
    )


def is_shown_large(image: Any) -> bool:
    """Return whether networks show the picture large, by the size in its name; the file
    is not opened."""
    if not isinstance(image, SizedFile) or not image.size_in_name:
        return False
    low, high = sorted(image.size_in_name)
    return low >= SMALLEST and high <= NARROWEST * low


# == Its words ==


def in_a_line(text: str) -> str:
    """Return the text on one line, at most `LONGEST` characters long."""
    return Truncator(" ".join(text.split())).chars(LONGEST)


def opening(petition: Petition) -> str:
    """Return the beginning of the petition's text without markup; the title when there
    is no text."""
    words = petition.words
    if words.text_format == TextFormat.PLAIN:
        said = in_a_line(words.text)
    else:
        said = first_plain_block(
            markup.markdown_blocks(words.text, words.dialect), words.dialect
        )
    return said or words.title


def first_plain_block(blocks: Iterable[str], dialect: int) -> str:
    """Return the first Markdown block that is no heading, without markup."""
    first = next((block for block in blocks if not block.startswith("#")), "")
    html = markup.render(first, TextFormat.MARKDOWN, dialect, 4)
    return in_a_line(unescape(strip_tags(html)))


# == Where it is ==


def paged(path: str, number: int) -> str:
    """Return the path of the `number`th page of a list."""
    if number < 2:
        return path
    return f"{path}{'&' if '?' in path else '?'}page={number}"


def locale(code: str) -> str:
    """Return a language with the place where it is most spoken: “ru_RU”, “zh_CN” for
    “zh-Hans”."""
    language = code.partition("-")[0]
    # The script that a language is mostly written in is not named there.
    likely = get_global("likely_subtags")
    subtags = likely.get(code.replace("-", "_")) or likely.get(language, "")
    place = subtags.rpartition("_")[2]
    return LOCALES.get(language) or f"{language}_{place}".rstrip("_")
