"""Slugs: URL path components made of titles, in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from typing import Any, ClassVar, Self
from unicodedata import category

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _

from core.text.characters import OF_FIGURES

MAX_LENGTH = 80
# Unicode categories: letters, marks (as vowel signs of many scripts) and numbers.
KEPT = ("L", "M", "N")


def make_slug(title: str) -> str:
    """Return the words of `title` in lower case, joined by hyphens, at most 80
    characters; '' when it has no letter or digit. Unlike Django's slugify it keeps
    vowel signs."""
    text = unicodedata.normalize("NFKC", title).lower()
    text = text.replace("'", "").replace("’", "")
    kept = "".join(c if unicodedata.category(c)[0] in KEPT else " " for c in text)
    # A mark without a letter is part of an emoji.
    words = [word for word in kept.split() if any(c.isalnum() for c in word)]
    slug = "-".join(words)
    if len(slug) > MAX_LENGTH:
        head, _hyphen, _tail = slug[: MAX_LENGTH + 1].rpartition("-")
        slug = head or slug[:MAX_LENGTH]
    return slug


def free_slug(title: str, taken: Callable[[str], bool], fallback: str) -> str:
    """Return a slug for `title` that is not `taken`, with a number behind it if needed;
    made of `fallback` when the title has no letter or digit."""
    slug = make_slug(title) or fallback
    candidate, number = slug, 1
    while taken(candidate):
        number += 1
        candidate = f"{slug[: MAX_LENGTH - 8]}-{number}"
    return candidate


def is_slug(text: str) -> bool:
    return bool(text) and all(
        c in "-_" or unicodedata.category(c)[0] in KEPT for c in text
    )


def normalised(typed: str) -> str:
    """Return a slug as it is stored and looked up (NFKC), with any dash as a hyphen and
    without what nobody sees in it."""
    seen = (sign for sign in typed.translate(OF_FIGURES) if category(sign) != "Cf")
    return unicodedata.normalize("NFKC", "".join(seen))


class UnicodeSlugConverter:
    """A URL path converter for letters, marks and digits of any script."""

    regex = r"[^/\x00-\x1f\s.]+"

    def to_python(self, value: str) -> str:
        # NFKC turns some letters into characters that no slug may hold.
        slug = unicodedata.normalize("NFKC", value)
        if not is_slug(slug) or len(slug) > MAX_LENGTH:
            raise ValueError
        return slug

    def to_url(self, value: str) -> str:
        return value


register_converter(UnicodeSlugConverter, "uslug")


def validate_slug(value: str) -> None:
    """Validate a model field; the message says what an address may hold."""
    if not is_slug(value) or len(value) > MAX_LENGTH:
        raise ValidationError(
            _(
                "Use letters, digits and hyphens only, at most %(max)s of them: "
                "free-the-prisoners"
            ),
            params={"max": MAX_LENGTH},
        )


class Sluggable(models.Model):
    """A model whose slug is made of its name. Former slugs keep leading to the row:
    they are stored in a model of their own (`former_slugs`), and no other row can take
    them."""

    SLUG_FROM: ClassVar[str]
    """The field that the slug is made of."""

    slug: models.CharField[str, str]
    former_slugs: Any
    _stored_slug = ""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Make the slug if it is empty, and keep the former one if it changes."""
        self.make_slug()
        super().save(*args, **kwargs)
        if self._stored_slug not in {"", self.slug}:
            self.former_slugs.get_or_create(slug=self._stored_slug)
        self._stored_slug = self.slug

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        row = super().from_db(*args, **kwargs)
        row._stored_slug = row.__dict__.get("slug", "")
        return row

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Normalise the slug first: it is validated in the form in which it is
        stored."""
        self.slug = normalised(self.slug)
        super().clean_fields(exclude)

    def clean(self) -> None:
        super().clean()
        self.make_slug()

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        if "slug" not in (exclude or ()) and self.slug_taken(self.slug):
            taken = _("Another page has, or had, this address.")
            raise ValidationError({"slug": taken})
        super().validate_unique(exclude)

    def make_slug(self) -> None:
        """Normalise the slug as it is looked up (NFKC); make it of the name if it is
        empty."""
        self.slug = normalised(self.slug)
        if not self.slug:
            name = getattr(self, self.SLUG_FROM)
            self.slug = free_slug(name, self.slug_taken, self._meta.model_name or "")

    def slug_taken(self, slug: str) -> bool:
        """Return whether another row has this slug, or had it."""
        others = type(self)._default_manager.exclude(pk=self.pk)
        return others.filter(Q(slug=slug) | Q(former_slugs__slug=slug)).exists()
