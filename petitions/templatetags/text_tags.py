"""Tags and filters for the languages of a petition or an update: links between its
texts, and notices about missing ones."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.utils.translation import gettext

from core.http.public_data import full
from core.i18n.languages import (
    Passage,
    is_of_interface,
    name_in_reader_language,
    own_name,
    path_in,
    reader_language,
)
from petitions.markup import listed
from petitions.models import Handover, Petition, Target, Update
from petitions.models.translations import Multilingual

register = template.Library()

type Readable = Petition | Update


def path_of(row: Readable, language: str, frame: str) -> str:
    """Return the path of the text in `language`. If the interface exists in that
    language, the page is in it, otherwise in the language `frame`."""
    if is_of_interface(language):
        return path_in(language, row.address())
    return path_in(frame, row.address(language))


def address_of(row: Readable, language: str) -> str:
    """Return the full address of the text in `language`, for programs, to which the
    language of the interface does not matter."""
    return full(path_of(row, language, settings.LANGUAGE_CODE))


def path_first_of(row: Readable, frame: str) -> str:
    """Return the canonical path, among several, of what the interface in `frame` shows:
    a text in a language that no interface has stands in the site's first one."""
    shown = row.words_in(frame).language
    if is_of_interface(shown):
        return path_of(row, frame, frame)
    return path_of(row, shown, settings.LANGUAGE_CODE)


@register.simple_tag
def other_languages(row: Readable) -> list[dict[str, str]]:
    """Return a link to it in each language but the one that it is asked for in, named
    in itself: every language of the interface, and every one that it has a text in.
    Where the interface has not that language, it stays as it is around the text."""
    codes = {*dict(settings.LANGUAGES), *row.languages} - {row.reader_language}
    return [
        {
            "code": code,
            "name": own_name(code),
            "path": path_of(row, code, reader_language()),
        }
        for code in sorted(codes, key=own_name)
    ]


@register.simple_tag
def alternates(row: Readable) -> list[tuple[str, str]]:
    """Return the `hreflang` and the path of each text and of each interface; a text
    that stands in several interfaces is listed once."""
    paths = {code: path_first_of(row, code) for code, _name in settings.LANGUAGES}
    addresses = {
        code: path_of(row, code, settings.LANGUAGE_CODE) for code in row.languages
    }
    addresses |= {
        code: path for code, path in paths.items() if path not in addresses.values()
    }
    return [*addresses.items(), ("x-default", paths[settings.LANGUAGE_CODE])]


@register.simple_tag
def canonical(row: Readable) -> str:
    """Return the canonical path of this page."""
    read = row.reading if row.reading in row.languages else reader_language()
    return path_first_of(row, read)


@register.filter
def missing_text(row: Readable) -> str:
    """Return a sentence that the text is not available in the reader's language; ""
    when it is, or when the reader asked for the language shown."""
    shown = row.words.language
    if shown == row.reader_language:
        return ""
    return gettext(
        "This text is not available in %(wanted)s yet; you are reading it in %(shown)s."
    ) % {
        "wanted": name_in_reader_language(row.reader_language),
        "shown": name_in_reader_language(shown),
    }


@register.filter
def foreign(row: Readable | Handover) -> str:
    """Return the name of the language of its words if the reader expects another, else
    ""."""
    return foreign_to(row.words.language, row)


@register.filter
def foreign_to(language: str, row: Multilingual) -> str:
    """Return the name of a language if the reader of a row expects another, else ""."""
    return "" if language == row.reader_language else name_in_reader_language(language)


@register.filter
def petitioned(petition: Petition) -> Passage:
    """Return everybody petitioned, with their offices."""
    words = petition.words
    if words.addressees:
        return Passage(words.addressees, words.language)
    labels = [target.label_with_office for target in petition.targets.all()]
    return Passage(listed(labels), petition.addressees_language)


@register.filter
def first_petitioned(petition: Petition) -> Passage:
    """Return the first of those petitioned, by name alone."""
    return Passage(petition.addressee, petition.addressees_language)


@register.filter
def named(target: Target, petition: Petition) -> Passage:
    """Return the name of one of those petitioned, in the words of the translation that
    is read, if it has any."""
    said = petition.translated_name or target.label
    return Passage(said, petition.addressees_language)


@register.filter
def named_with_office(target: Target, petition: Petition) -> Passage:
    said = petition.translated_name or target.label_with_office
    return Passage(said, petition.addressees_language)
