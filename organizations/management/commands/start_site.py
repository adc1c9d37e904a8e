"""Create the first organisation of a new installation, and its owner."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from core.db.guards import (
    LINE,
    is_visible,
)
from core.mail.address_fields import checked_address
from core.management.commands.check_mail import explain_mail_error, place
from core.management.database_command import DatabaseCommand
from core.security import events
from organizations.mailing import compose
from organizations.models import (
    Membership,
    Organization,
    Role,
    StaffMail,
    StaffMailPurpose,
    User,
)


class Command(DatabaseCommand):
    """The link that lets the owner in is mailed and never shown: output ends up in logs
    of deployments. Whoever can run this can set a password without it."""

    help = (
        "Make the first organisation and its owner, who is mailed a link to set a "
        "password and administers the site. Running it again mails a new link; with "
        "another --owner, whoever was named before and has not come in yet is out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, help="its name")
        parser.add_argument("--owner", required=True, help="the owner's e-mail address")

    def handle(self, *args: Any, organization: str, owner: str, **options: Any) -> None:
        try:
            owner = checked_address(owner, ascii_only=True)
        except ValidationError as error:
            raise CommandError(
                f"--owner {owner}: not an e-mail address. {error.messages[0]}"
            ) from None
        name = organization.strip()
        if not is_visible(name) or not re.match(LINE, name) or len(name) > 200:
            raise CommandError("--organization: give a name of 1 to 200 characters")
        with transaction.atomic():
            row, user, others = self.make(name, owner)
        self.stdout.write(f"{name}: {settings.SITE_URL}{row.get_absolute_url()}")
        for address in others:
            self.stdout.write(
                f"{address} was named before, has not come in, and is out: the link "
                "that was mailed there leads nowhere."
            )
        if Organization.objects.exclude(pk=row.pk).exists():
            self.stdout.write(
                "This site has another organisation, too. When its name was mistyped, "
                "delete it in the admin, under Organisations."
            )
        if user.has_usable_password():
            self.stdout.write(f"{owner} is its owner and has a password already.")
            return
        self.mail_link(user)
        self.stdout.write(
            f"{owner} is its owner. A link to set a password was mailed there; it is "
            "good for three days. No mail? Try: manage.py check_mail --to "
            f"{owner}; when the address is wrong, run this again with the right one."
        )

    def make(self, name: str, owner: str) -> tuple[Organization, User, list[str]]:
        """Create or find the organisation and its owner, and delete owners named before
        who have never logged in. Return the organisation, the owner, and the addresses
        of those deleted."""
        row = Organization.objects.filter(name=name).first()
        if row is None:
            row = Organization.objects.create(name=name)
        user = User.objects.of_address(owner).first()
        if user is None:
            user = User.objects.create_user(owner)
        if not user.is_active:
            raise CommandError(
                f"{owner} has an account that may not log in. Name another owner, or "
                "let another administrator tick “may log in” in the admin."
            )
        Membership.objects.update_or_create(
            user=user, organization=row, defaults={"role": Role.OWNER}
        )
        if not user.is_superuser:
            user.is_superuser = True
            user.save(update_fields=["is_superuser"])
            events.record("administrator made", account=user.pk)
        named = User.objects.filter(
            memberships__organization=row,
            memberships__role=Role.OWNER,
            is_superuser=True,
            last_login=None,
        ).exclude(pk=user.pk)
        others = [other for other in named if not other.has_usable_password()]
        for other in others:
            events.record("administrator unmade", account=other.pk)
            other.delete()
        return row, user, [other.email for other in others]

    def mail_link(self, user: User) -> None:
        """Mail the link at once, past the outbox: whoever runs this waits to hear of
        it."""
        message = compose(
            StaffMail(purpose=StaffMailPurpose.PASSWORD, address=user.email)
        )
        assert message is not None  # an active account always has a message
        try:
            message.send()
        except OSError as error:
            raise CommandError(
                f"{user.email} is its owner, but the mail with the link to set a "
                f"password could not be sent. {place()}: {explain_mail_error(error)}\n"
                "Then run this again; or set a password without mail: manage.py "
                f"changepassword {user.email}"
            ) from None
