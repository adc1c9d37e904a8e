"""Remove the second factors of an account: the way back for the last owner."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from core.management.database_command import DatabaseCommand
from organizations.models import User
from organizations.second_factor import factors


class Command(DatabaseCommand):
    help = (
        "Remove the second factors of an account whose owner has lost them. They are "
        "told by mail and log in with their password alone, until they set up another."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="the e-mail address of the account")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        user = User.objects.of_address(address).first()
        if user is None:
            raise CommandError(f"{address}: no account has this address")
        if not factors.remove_all(user):
            raise CommandError(f"{address} has no second factor")
        self.stdout.write(
            f"{user.email} has no second factor any more, and is told so by mail."
        )
