"""The tables that the search reads. Triggers of PostgreSQL write them, so that no code
that publishes, corrects or translates a petition can forget to."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from core.db import guards
from organizations.models import Organization


class SearchDocument(models.Model):
    """A text of a public petition, its own or a translation, as lexemes of its
    language. Triggers write it."""

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
    """Title (A), summary and whom it petitions (B), who asks (C)."""
    whole = SearchVectorField()
    """`head`, and the text (D)."""
    version = models.SmallIntegerField(db_default=0)
    """The version of the rules by which it was made; older ones are reindexed."""

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
            # Finds the newest of what is too common to fetch.
            models.Index(fields=["-opens_at"], name="search_newest"),
            models.Index(
                fields=["organization", "-opens_at"], name="search_organization"
            ),
            models.Index(fields=["state", "-opens_at"], name="search_state"),
            # Finds the languages in use, each in one step.
            models.Index(fields=["language"], name="search_language"),
            models.Index(fields=["version", "petition"], name="search_version"),
        ]

    def __str__(self) -> str:
        return f"{self.petition_id} {self.language}"


class SearchWord(models.Model):
    """A word of a public petition, which a mistyped one may have meant. The worker
    deletes words that no petition has any more."""

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
    """The progress of the worker in its round through `SearchWord`, in one row
    (petitions.search.vocabulary)."""

    reached = models.CharField(max_length=30, blank=True)

    def __str__(self) -> str:
        return self.reached
