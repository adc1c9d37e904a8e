"""The topics that petitions are about, shared by all organisations of the site."""

from __future__ import annotations

from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.languages import (
    Passage,
    reader_language,
)
from core.i18n.slugs import validate_slug


class TopicQuerySet(models.QuerySet["Topic"]):
    def in_use(self, now: datetime) -> TopicQuerySet:
        """Return the topics of public petitions."""
        petitions = apps.get_model("petitions", "Petition").objects.ever_public(now)
        used = petitions.filter(topics=models.OuterRef("pk"))
        return self.filter(models.Exists(used))

    def in_reader_order(self) -> list[Topic]:
        """Return the topics with their names, in alphabetical order for the reader."""
        topics = self.prefetch_related("names")
        return sorted(topics, key=lambda topic: topic.name.text.casefold())


class Topic(models.Model):
    """A topic of petitions. Administrators of the site keep the list; staff choose from
    it."""

    slug = models.CharField(
        _("address"),
        max_length=80,
        unique=True,
        validators=[validate_slug],
        help_text=_("Last part of its page’s address: freedom-of-speech"),
    )

    objects = TopicQuerySet.as_manager()

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(slug=""),
                name="topic_slug",
                violation_error_message=_("Give the topic an address."),
            ),
            guards.slug("topic"),
        ]

    def __str__(self) -> str:
        return self.name.text

    def get_absolute_url(self) -> str:
        return reverse("petitions:topic", args=[self.slug])

    @property
    def name(self) -> Passage:
        """The name in the reader's language, or in another one that it has."""
        if self._state.adding:
            return Passage(self.slug, reader_language())
        models.prefetch_related_objects([self], "names")
        names = {name.language: name.text for name in self.names.all()}
        for language in (reader_language(), *names):
            if language in names:
                return Passage(names[language], language)
        return Passage(self.slug, reader_language())


class TopicName(models.Model):
    """The name of a topic in one language of the interface."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="names")
    language = models.CharField(_("language"), max_length=10)
    text = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("name of the topic")
        verbose_name_plural = _("names of the topic")
        ordering = ["language"]
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "language"],
                name="topic_name_once_a_language",
                violation_error_message=_("It has a name in this language already."),
            ),
            models.CheckConstraint(
                condition=guards.has_visible_text("text"),
                name="topic_name_text",
                violation_error_message=_("Name the topic."),
            ),
            guards.language("topic_name"),
            guards.readable("topic_name", lines=["text"]),
        ]

    def __str__(self) -> str:
        return self.text
