"""What a link to a page looks like where it is shared: in messengers, on social
networks, in the results of a search engine."""

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

# Where social networks know another place than CLDR thinks the likeliest.
LOCALES = {"ar": "ar_AR", "en": "en_US", "fr": "fr_CA"}
# What is told of a page, in characters.
LONGEST = 200
# What networks show large: pixels at least, and so many times as wide as high at most,
# or the other way round.
SMALLEST, NARROWEST = 200, 3


@dataclass(frozen=True)
class Picture:
    """A picture by its full address, and what it says to those who do not see it."""

    url: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Preview:
    """All that is said of a page; templates/petitions/_preview.html writes it down."""

    title: str
    description: str
    path: str
    """The one by which the page should be known, with what counts behind its “?”."""
    site_name: str
    picture: Picture
    language: str
    """Of the title and the description."""
    kind: str = "website"
    others: tuple[str, ...] = ()
    """Languages in which the same page has other words."""

    @property
    def locale(self) -> str:
        return locale(self.language)

    @property
    def other_locales(self) -> list[str]:
        return [locale(code) for code in self.others if code != self.language]


def of_petition(
    petition: Petition, path: str, *, heading: str = "", number: int = 1
) -> Preview:
    """A page of a petition: the petition's own, or one behind it that says `heading`;
    the `number`th of its kind."""
    words = petition.words
    told = words.summary or words.ask
    title = f"{heading}{gettext(':')} {words.title}" if heading else words.title
    return Preview(
        title=title,
        description=in_a_line(told) if told else opening(petition),
        path=paged(path, number),
        site_name=petition.organization.name,
        picture=picture_of_petition(petition),
        language=words.language,
        kind="article",
        others=tuple(petition.languages),
    )


def of_update(update: Update, path: str) -> Preview:
    """The page of an update: with its own picture, where networks show it large."""
    words, petition = update.words, update.petition
    told = plain(markup.markdown_blocks(words.text, words.dialect), words.dialect)
    image = update.image
    return Preview(
        title=words.title,
        description=told or petition.words.title,
        path=path,
        site_name=petition.organization.name,
        picture=Picture(full(image.url), image.width, image.height, words.picture.text)
        if image and is_shown_large(image)
        else picture_of_petition(petition),
        language=words.language,
        kind="article",
        others=tuple(update.languages),
    )


def of_organization(
    organization: Organization, path: str, *, supporters: int, number: int
) -> Preview:
    """Its profile, or the `number`th page of it."""
    described = organization.described
    others = [other.language for other in organization.descriptions.all()]
    return Preview(
        title=organization.name,
        description=in_a_line(described.text) or organization.name,
        path=paged(path, number),
        site_name=organization.name,
        picture=picture(
            cards.of_organization(organization, supporters),
            reverse("organizations:share_png", args=[organization.slug]),
        ),
        language=described.language,
        kind="profile",
        others=(organization.language, *others),
    )


def of_site(
    only: Organization | None, path: str, *, title: str, description: str, number: int
) -> Preview:
    """A page about nobody in particular, or the `number`th of its kind; `only` is
    whose site it is, if it is of one organisation."""
    return Preview(
        title=title,
        description=in_a_line(description),
        path=paged(path, number),
        site_name=only.name if only else gettext("Petitions"),
        picture=picture(cards.of_site(only), reverse("petitions:site_png")),
        language=reader_language(),
        others=tuple(code for code, _name in settings.LANGUAGES),
    )


# == Its picture ==


def picture(card: Card, path: str, ended: str = "", **query: str) -> Picture:
    """The one that is drawn; `ended` says that it is about something that has."""
    said = " – ".join(filter(None, [card.title, ended, card.supporters]))
    return Picture(card.at(path, **query), cards.WIDTH, cards.HEIGHT, said)


def picture_of_petition(petition: Petition) -> Picture:
    """The one that is drawn of it, as its page is read."""
    path = reverse("petitions:share_png", args=[petition.slug])
    query = {"text": petition.reading} if petition.address_language else {}
    return picture(cards.card_of(petition), path, cards.outcome(petition), **query)


def is_shown_large(image: Any) -> bool:
    """Whether networks show it as it is, by the size that its name says."""
    if not isinstance(image, SizedFile) or not image.size_in_name:
        return False
    low, high = sorted(image.size_in_name)
    return low >= SMALLEST and high <= NARROWEST * low


# == Its words ==


def in_a_line(text: str) -> str:
    """The text on one line, cut at a sensible length."""
    return Truncator(" ".join(text.split())).chars(LONGEST)


def opening(petition: Petition) -> str:
    """The beginning of its text in plain words; the title when that has none."""
    words = petition.words
    if words.text_format == TextFormat.PLAIN:
        said = in_a_line(words.text)
    else:
        said = plain(markup.markdown_blocks(words.text, words.dialect), words.dialect)
    return said or words.title


def plain(blocks: Iterable[str], dialect: int) -> str:
    """The first block of a text in Markdown that is no heading, without its signs."""
    first = next((block for block in blocks if not block.startswith("#")), "")
    html = markup.render(first, TextFormat.MARKDOWN, dialect, 4)
    return in_a_line(unescape(strip_tags(html)))


# == Where it is ==


def paged(path: str, number: int) -> str:
    """The `number`th page of what has this path."""
    if number < 2:
        return path
    return f"{path}{'&' if '?' in path else '?'}page={number}"


def locale(code: str) -> str:
    """A language and the place it is most spoken in: “ru_RU”."""
    language = code.partition("-")[0]
    likely = get_global("likely_subtags").get(code.replace("-", "_"), "")
    place = likely.rpartition("_")[2]
    return LOCALES.get(language) or f"{language}_{place}".rstrip("_")
