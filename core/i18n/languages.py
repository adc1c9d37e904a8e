"""The languages of the interface (settings.LANGUAGES), and the languages that a text of
an organisation may be in: all that CLDR names are offered, all others of ISO 639-3 can
be typed.

The language of a page stands in its path: /fr/… is French, no prefix is English. In the
admin it comes second, /admin/fr/…: a proxy that keeps strangers away from /admin/ keeps
them away from all of it.
"""

from __future__ import annotations

import gettext
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pycountry
from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.localedata import locale_identifiers
from django.conf import settings
from django.conf.locale import LANG_INFO
from django.urls import LocalePrefixPattern, register_converter
from django.utils.translation import get_language

from core.text.characters import without_unseen

# Codes of CLDR for no one language: “several”, “root”, “unknown”, “no language”.
NO_LANGUAGE = frozenset({"mul", "root", "und", "zxx"})
RIGHT_TO_LEFT = frozenset(
    {"Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc",
     "Thaa", "Yezi"}
)  # fmt: skip


ADMIN = "/admin/"


class AdminPrefix(LocalePrefixPattern):
    """A URL prefix for the admin: “admin/”, or “admin/fr/” while French is active."""

    def __init__(self) -> None:
        super().__init__(prefix_default_language=False)

    @property
    def language_prefix(self) -> str:
        return f"{ADMIN[1:]}{super().language_prefix}"


def parts_of_path(path: str) -> tuple[str, str, str]:
    """Split `path` into what stands before the language, the language, and the rest."""
    before = ADMIN if path.startswith(ADMIN) else "/"
    prefix, slash, rest = path.removeprefix(before).partition("/")
    if prefix != settings.LANGUAGE_CODE and prefix in dict(settings.LANGUAGES):
        return before, prefix, rest
    return before, str(settings.LANGUAGE_CODE), f"{prefix}{slash}{rest}"


def language_of_path(path: str) -> str:
    """Return the code of the language that `path` asks for."""
    return parts_of_path(path)[1]


def path_in(language: str, path: str) -> str:
    """Return the path of the same page in `language`."""
    before, _language, rest = parts_of_path(path)
    prefix = "" if language == settings.LANGUAGE_CODE else f"{language}/"
    return f"{before}{prefix}{rest}"


def reader_language() -> str:
    """Return the language of the interface in which the page is rendered."""
    return get_language() or str(settings.LANGUAGE_CODE)


def interface_languages() -> list[tuple[str, str]]:
    """Return the languages of the interface, as the choices of a column: migrations see
    this function, so that a new language needs none."""
    return list(settings.LANGUAGES)


def is_of_interface(code: str) -> bool:
    return code in dict(settings.LANGUAGES)


# == Languages of texts ==


@lru_cache(maxsize=20)
def names_in(language: str) -> dict[str, str]:
    """Return the languages that a text may be in and that CLDR names: their names in
    `language`, by code. A code is a language (“fr”, “crk”) or one in a script
    (“zh-Hant”)."""
    locale = Locale.parse(language, sep="-")
    named = {
        code.replace("_", "-"): name
        for code, name in locale.languages.items()
        if code not in NO_LANGUAGE and all(len(p) == 4 for p in code.split("_")[1:])
    }
    for code in locale_identifiers():
        main, _line, script = code.partition("_")
        if len(script) == 4 and main in named and script in locale.scripts:
            in_script = f"{named[main]} ({locale.scripts[script]})"
            named.setdefault(f"{main}-{script}", in_script)
    return named


@lru_cache(maxsize=20)
def rare_names_in(language: str) -> dict[str, str]:
    """Return the languages of ISO 639-3 that CLDR does not name: their names, in
    `language` where there is a translation, by code. Other codes for languages that
    CLDR names are left out."""
    named, aliases = names_in("en"), get_global("language_aliases")
    translated = gettext.translation(
        "iso639-3", pycountry.LOCALES_DIR, [language], fallback=True
    ).gettext
    return {
        one.alpha_3: translated(one.name)
        for one in pycountry.languages
        if one.scope != "S"
        and one.alpha_3 not in named
        and one.alpha_3 not in aliases
        and not hasattr(one, "alpha_2")
    }


def rare_languages() -> list[tuple[str, str]]:
    """Return codes and names, in the reader's language, of the languages not
    offered."""
    return list(rare_names_in(reader_language()).items())


def name_in(language: str, code: str) -> str | None:
    """Return the name in `language` of the language `code`, also in a script that it is
    seldom written in; None when `code` is no language."""
    if name := names_in(language).get(code):
        return name
    main, hyphen, script = code.partition("-")
    name = names_in(language).get(main) or rare_names_in(language).get(main)
    if not hyphen or name is None:
        return name
    in_script = Locale.parse(language, sep="-").scripts.get(script)
    return f"{name} ({in_script})" if in_script else None


def is_text_language(code: str) -> bool:
    return code in names_in("en") or name_in("en", code) is not None


def text_language(said: str) -> str | None:
    """Return the code of the language that `said` means, or None. It may be a code,
    also with a country or as other systems write it, or a name: “fr” for fr-CA, fra,
    French, français and French (Canada), “zh-Hant” for zh-TW."""
    said = without_unseen(unicodedata.normalize("NFKC", said))
    # What is behind a dot, as in fr_CA.UTF-8, is an encoding.
    said = re.sub(r"(?<=\w)[.@][\w-]+$", "", said.strip())
    if match := re.fullmatch(r"(.+?) ?\(([^()]+)\)", said):
        part = codes_of_parts().get(sorting_key(match[2]), match[2])
        language = codes_by_name().get(sorting_key(said)) or text_language(match[1])
        is_code = re.fullmatch("[A-Za-z]{2}|[A-Z][a-z]{3}|[0-9]{3}", part)
        return text_language(f"{language}-{part}") if language and is_code else language
    by_name = codes_by_name().get(sorting_key(said))
    # “Mon” is a language, and “mon” the code of another one.
    if by_name and said[:1].isupper() and not said.isupper():
        return by_name
    main, *others = re.split(r"[-_]", said.lower())
    main, *meant = str(get_global("language_aliases").get(main, main)).split("_")
    others = [part.lower() for part in meant] + others
    usual = get_global("likely_subtags").get(main, "").split("_")
    scripts = [part.capitalize() for part in others if re.fullmatch("[a-z]{4}", part)]
    for country in (part.upper() for part in others if len(part) == 2):
        likely = get_global("likely_subtags").get(f"{main}_{country}", "")
        scripts += [part for part in likely.split("_") if len(part) == 4]
    well_formed = all(re.fullmatch("[a-z0-9]{1,8}", part) for part in others)
    if re.fullmatch("[a-z]{2,3}", main) and well_formed:
        for script in scripts[:1]:
            code = f"{main}-{script}"
            if code in names_in("en") or (
                script not in usual and is_text_language(code)
            ):
                return code
        if is_text_language(main):
            return main
    return by_name


@lru_cache(maxsize=1)
def codes_by_name() -> dict[str, str]:
    """Return codes by name, without accents and capitals: names in the languages of the
    interface, and each language's own name."""
    codes = {}
    for reader in dict(settings.LANGUAGES):
        for code, name in names_in(reader).items():
            codes[sorting_key(name)] = code
    for reader in dict(settings.LANGUAGES):
        for code, name in rare_names_in(reader).items():
            codes.setdefault(sorting_key(name), code)
        # “Canadian French”, “français canadien”.
        for code, name in Locale.parse(reader, sep="-").languages.items():
            if re.fullmatch("[a-z]{2,3}_([A-Z]{2}|[0-9]{3})", code):
                codes.setdefault(sorting_key(name), code.partition("_")[0])
    for code in names_in("en"):
        if own := LANG_INFO.get(code.lower(), {}).get("name_local", ""):
            codes.setdefault(sorting_key(own), code)
    return codes


@lru_cache(maxsize=1)
def codes_of_parts() -> dict[str, str]:
    """Return the codes of countries and scripts by their names in the languages of the
    interface; also usual ones that CLDR has not."""
    codes = {
        "traditional": "Hant", "simplified": "Hans",
        "hong kong": "HK", "macau": "MO", "macao": "MO",
    }  # fmt: skip
    for reader in dict(settings.LANGUAGES):
        locale = Locale.parse(reader, sep="-")
        for names in (locale.territories, locale.scripts):
            codes |= {sorting_key(name): code for code, name in names.items()}
    return codes


def name_in_reader_language(code: str) -> str:
    """Return “French”, or “français” for a reader of French; the code when it has no
    name."""
    return name_in(reader_language(), code) or name_in("en", code) or code


@lru_cache(maxsize=200)
def own_name(code: str) -> str:
    """Return the language's name in itself, capitalised as in a list: “Français”."""
    try:
        name = Locale.parse(code, sep="-").get_display_name() or ""
    except (UnknownLocaleError, ValueError):
        name = ""
    name = name or name_in_reader_language(code)
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=200)
def direction(code: str) -> str:
    """Return “rtl” or “ltr”, by the script that the language is usually written in."""
    language, _hyphen, script = code.partition("-")
    if not script:
        likely = get_global("likely_subtags").get(language, "")
        script = next((p for p in likely.split("_")[1:] if len(p) == 4), "")
    return "rtl" if script in RIGHT_TO_LEFT else "ltr"


def text_languages() -> list[tuple[str, str]]:
    """Return codes and labels to choose from: the name in the reader's language and,
    where Django knows it and it differs, the language's own."""
    return text_languages_in(reader_language())


@lru_cache(maxsize=20)
def text_languages_in(language: str) -> list[tuple[str, str]]:
    """Return the same choices for readers of `language`, languages of the interface
    first."""
    choices = []
    for code, name in names_in(language).items():
        # Django knows the own names of major languages. Babel knows all, but loading
        # them would take half a second and 100 MB.
        own = LANG_INFO.get(code.lower(), {}).get("name_local", "")
        differs = own and sorting_key(own) != sorting_key(name)
        choices.append((code, f"{name} – {own}" if differs else name))
    choices.sort(key=lambda choice: sorting_key(choice[1]))
    return sorted(choices, key=lambda choice: not is_of_interface(choice[0]))


def sorting_key(name: str) -> str:
    """Return the name without accents and case, so that É sorts with E."""
    bare = unicodedata.normalize("NFD", name)
    return "".join(c for c in bare if not unicodedata.combining(c)).casefold()


@dataclass(frozen=True, slots=True)
class Passage:
    """A text and its language, for the attributes `lang` and `dir` around it."""

    text: str
    language: str

    @property
    def direction(self) -> str:
        return direction(self.language)

    def __bool__(self) -> bool:
        return bool(self.text)


class TextLanguageConverter:
    """A URL path converter for the language of a text."""

    regex = r"[a-zA-Z]{2,3}(?:-[a-zA-Z]{4})?"

    def to_python(self, value: str) -> str:
        language, hyphen, script = value.partition("-")
        code = f"{language.lower()}{hyphen}{script.capitalize()}"
        if not is_text_language(code):
            raise ValueError
        return code

    def to_url(self, value: str) -> str:
        return value


register_converter(TextLanguageConverter, "language")


def said(by_language: Mapping[str, str]) -> Passage | None:
    """Return what was said in the reader's language, or else in the first one in which
    it was; None where nothing was."""
    for language in (reader_language(), *by_language):
        if language in by_language:
            return Passage(by_language[language], language)
    return None
