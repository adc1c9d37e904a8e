"""Encrypt the secrets of second factors under SECRET_KEY, after it was replaced."""

from __future__ import annotations

from collections import Counter
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import CommandError

from core.management.database_command import DatabaseCommand
from organizations.second_factor.factors import Renewal, renew_factor


class Command(DatabaseCommand):
    help = (
        "Encrypt the secrets of second factors under SECRET_KEY that are encrypted "
        "under one of SECRET_KEY_FALLBACKS. People may log in meanwhile; a run that "
        "was ended may be started again. Exits 1 when a secret cannot be read."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        renewals: Counter[Renewal] = Counter()
        lost: set[str] = set()
        factors = Authenticator.objects.order_by("pk").values_list("pk", "user__email")
        for number, address in factors.iterator():
            renewal = renew_factor(number)
            renewals[renewal] += 1
            if renewal is Renewal.UNREADABLE:
                lost.add(address)
        self.stdout.write(
            f"{renewals[Renewal.RENEWED]} second factors were encrypted anew, "
            f"{renewals[Renewal.CURRENT]} needed nothing."
        )
        if lost:
            raise CommandError(
                "No key reads the second factors of: " + ", ".join(sorted(lost)) + ". "
                "Add the SECRET_KEY of their time to SECRET_KEY_FALLBACKS and run this "
                "again, or remove them with `manage.py remove_second_factor`."
            )
        self.stdout.write(
            "Second factors need no former SECRET_KEY any more. Links in mails that "
            "are out do, for a month."
        )
