"""What the search looks into. PostgreSQL's triggers write these rows, so that whatever
publishes, corrects or translates a petition cannot forget them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from core.db import guards
from organizations.models import Organization


class SearchDocument(models.Model):
    """One text of a public petition, the own one or a translation, as words in the
    form in which its language searches them. Triggers write it."""

    petition: models.ForeignKey[Any] = models.ForeignKey(
        "petitions.Petition", on_delete=models.CASCADE, related_name="documents"
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+"
    )
    language = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    opens_at = models.DateTimeField()
    head = SearchVectorField()
    """Title (A), what a list says of it and whom it petitions (B), who asks (C)."""
    whole = SearchVectorField()
    """The same and the text (D)."""
    version = models.SmallIntegerField(db_default=0)
    """Of the rules by which it was made; of older ones they are made anew."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "language"], name="search_document_once"
            ),
            guards.language("search_document"),
        ]
        indexes = [
            GinIndex(fields=["head"], name="search_head", fastupdate=False),
            GinIndex(fields=["whole"], name="search_whole", fastupdate=False),
            # Of what is too common to fetch, the newest.
            models.Index(fields=["-opens_at"], name="search_newest"),
            models.Index(
                fields=["organization", "-opens_at"], name="search_organization"
            ),
            models.Index(fields=["state", "-opens_at"], name="search_state"),
            # Which languages are in use, each found by one step.
            models.Index(fields=["language"], name="search_language"),
            models.Index(fields=["version", "petition"], name="search_version"),
        ]

    def __str__(self) -> str:
        return f"{self.petition_id} {self.language}"


class SearchWord(models.Model):
    """A word of a public petition: what a mistyped one may have meant. The worker takes
    away those that none has any more."""

    word = models.CharField(max_length=30, primary_key=True)

    class Meta:
        indexes = [
            GinIndex(
                OpClass("word", name="gin_trgm_ops"),
                name="search_word_alike",
                fastupdate=False,
            )
        ]

    def __str__(self) -> str:
        return self.word


class WordSweep(models.Model):
    """How far the worker has come in its round through the words above, in one row:
    see petitions.search.vocabulary."""

    reached = models.CharField(max_length=30, blank=True)

    def __str__(self) -> str:
        return self.reached
