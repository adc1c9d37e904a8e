"""The dialect that a text was written in (petitions.markup)."""

from __future__ import annotations

from typing import Any

from django.db import models

from petitions.markup import COMMONMARK, NEWEST_DIALECT


def newest() -> int:
    """Return the dialect of new texts; as a function, so that a newer one needs no
    migration."""
    return NEWEST_DIALECT


class HasDialect(models.Model):
    """A model with a text that a page prints. Saving it brings the text to the newest
    dialect, unless people have signed it as it was."""

    dialect = models.PositiveSmallIntegerField(
        default=newest, db_default=COMMONMARK, editable=False
    )

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields") is None:
            self.modernise()
        super().save(*args, **kwargs)

    @property
    def keeps_dialect(self) -> bool:
        """Whether the text must be shown as it was."""
        return False

    def modernise(self) -> None:
        """Move the text to the newest dialect, where that is allowed."""
        if self.dialect != NEWEST_DIALECT and not self.keeps_dialect:
            self.dialect = NEWEST_DIALECT
