"""The model field for texts of any number of lines."""

from __future__ import annotations

from typing import Any

from django.db import models

from core.db import guards
from core.text.numbers import LongestValidator


class TextColumn(models.TextField[str, str]):
    """A text of at most `max_length` characters: forms, the import and the database all
    take the limit from here. As PostgreSQL's text has none, the model gets a check
    constraint. Migrations see a TextField."""

    def __init__(
        self, verbose_name: Any = None, *, max_length: int, **options: Any
    ) -> None:
        super().__init__(verbose_name, max_length=max_length, **options)
        self.limit = max_length
        self.validators = [*self.validators, LongestValidator(max_length)]

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False
    ) -> None:
        super().contribute_to_class(cls, name, private_only=private_only)
        rule = guards.longest(cls._meta.db_table, name, self.limit)
        declared = [*cls._meta.constraints]
        # The historical models of migrations have the constraint already.
        if not cls._meta.abstract and rule.name not in {one.name for one in declared}:
            cls._meta.constraints = [*declared, rule]
            # makemigrations reads the constraints from here, and only of models that
            # declare some.
            cls._meta.original_attrs["constraints"] = cls._meta.constraints

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.TextField", args, options
