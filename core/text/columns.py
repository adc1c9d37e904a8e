"""The column for texts of any number of lines."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxLengthValidator
from django.db import models

from core.db import guards


class TextColumn(models.TextField[str, str]):
    """A text of at most `max_length` characters, which is said here and nowhere else:
    forms, the import and the database all take it from here. PostgreSQL knows no limit
    of a text, so a model gets a constraint with each. For migrations it is a
    TextField."""

    def __init__(
        self, verbose_name: Any = None, *, max_length: int, **options: Any
    ) -> None:
        super().__init__(verbose_name, max_length=max_length, **options)
        self.limit = max_length
        self.validators = [*self.validators, MaxLengthValidator(max_length)]

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False
    ) -> None:
        super().contribute_to_class(cls, name, private_only=private_only)
        rule = guards.longest(cls._meta.db_table, name, self.limit)
        declared = [*cls._meta.constraints]
        # A model of a migration's state has it already.
        if not cls._meta.abstract and rule.name not in {one.name for one in declared}:
            cls._meta.constraints = [*declared, rule]
            # makemigrations looks at the constraints of models that declare some.
            cls._meta.original_attrs["constraints"] = cls._meta.constraints

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.TextField", args, options
