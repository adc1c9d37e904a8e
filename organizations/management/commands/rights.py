"""Print what each role of staff may do."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from organizations.models import Role
from organizations.rights import Right, rights_table


class Command(BaseCommand):
    help = "Print what each role of staff may do in its organisation, as a table."

    def handle(self, *args: Any, **options: Any) -> None:
        width = max(len(str(right.label)) for right in Right) + 2
        heads = [role.short for role in Role]
        self.stdout.write(" " * width + "  ".join(heads))
        for right, held in rights_table():
            marks = (
                ("yes" if has else "-").ljust(len(head))
                for head, has in zip(heads, held, strict=True)
            )
            line = str(right.label).ljust(width) + "  ".join(marks)
            self.stdout.write(line.rstrip())
        self.stdout.write("\nSite administrators may do all of it, everywhere.")
