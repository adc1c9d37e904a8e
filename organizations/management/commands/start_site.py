"""The first organisation of a new installation, and its owner."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.db.guards import (
    LINE,
    is_seen,
)
from core.mail.address_fields import checked_address
from core.security import events
from organizations.invitations import password_link
from organizations.mailing import compose
from organizations.models import (
    Membership,
    Organization,
    Purpose,
    Role,
    StaffMail,
    User,
)


class Command(BaseCommand):
    help = (
        "Make the first organisation and its owner, who is mailed a link to set a "
        "password and administers the site. Running it again mails a new link."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, help="its name")
        parser.add_argument("--owner", required=True, help="the owner's e-mail address")

    def handle(self, *args: Any, organization: str, owner: str, **options: Any) -> None:
        try:
            owner = checked_address(owner, ascii_only=True)
        except ValidationError:
            raise CommandError(f"--owner {owner}: not an e-mail address") from None
        name = organization.strip()
        if not is_seen(name) or not re.match(LINE, name) or len(name) > 200:
            raise CommandError("--organization: give a name of 1 to 200 characters")
        row = Organization.objects.filter(name=name).first()
        if row is None:
            row = Organization.objects.create(name=name)
        address = owner.strip()
        user = User.objects.of_address(address).first()
        is_new = user is None
        if user is None:
            user = User.objects.create_user(address)
        Membership.objects.get_or_create(
            user=user, organization=row, defaults={"role": Role.OWNER}
        )
        if not user.is_superuser:
            user.is_superuser = True
            user.save(update_fields=["is_superuser"])
            events.record("administrator made", account=user.pk)
        self.stdout.write(f"{name}: {settings.SITE_URL}{row.get_absolute_url()}")
        if user.has_usable_password():
            self.stdout.write(f"{owner} is its owner and has a password already.")
            return
        mailed = self.mail_link(user)
        if is_new:
            self.stdout.write(
                f"{owner} is its owner and sets a password here, within three days:\n"
                f"{password_link(user)}"
            )
        if not mailed:
            raise CommandError(
                f"The mail with this link could not be sent. Try: manage.py check_mail "
                f"--to {owner}; or set a password: manage.py changepassword {owner}"
            )
        self.stdout.write(f"{'The same' if is_new else 'A'} link was mailed.")

    def mail_link(self, user: User) -> bool:
        """Mail the link at once: whoever runs this waits to hear whether mail goes out.
        Returns False when it did not."""
        message = compose(StaffMail(purpose=Purpose.PASSWORD, address=user.email))
        assert message is not None
        try:
            message.send()
        except OSError:
            return False
        return True
