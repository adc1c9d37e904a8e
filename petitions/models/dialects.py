"""In which dialect a text was written: see petitions.markup."""

from __future__ import annotations

from typing import Any

from django.db import models

from petitions.markup import COMMONMARK, NEWEST_DIALECT


def newest() -> int:
    """That of new texts; a function, so that another one changes no table."""
    return NEWEST_DIALECT


class HasDialect(models.Model):
    """What has a text that a page prints. Saving it brings it to the newest dialect,
    unless people have signed what it was."""

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
        """Whether it must be shown as it was."""
        return False

    def modernise(self) -> None:
        """Read it as new texts are read, where that is allowed."""
        if self.dialect != NEWEST_DIALECT and not self.keeps_dialect:
            self.dialect = NEWEST_DIALECT
