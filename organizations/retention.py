"""What this site keeps about those who run its campaigns."""

from __future__ import annotations

from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from config.retention import Rows, Rule, months_before

LOG_KEPT = 24
"""Months that it is known who changed what in the admin."""


def old_entries(now: datetime) -> QuerySet[LogEntry]:
    since = months_before(now, LOG_KEPT)
    return LogEntry.objects.filter(action_time__lt=since).order_by("pk")


def ended_sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=now).order_by("expire_date")


RULES = [
    Rule(
        name="organisations",
        columns={"organizations.organization": ("postal_address", "contact_email")},
        what=_("Organisations: their postal address and contact"),
        purpose=_("So that supporters know who asks, and whom to ask."),
        kept=_("As long as the organisation is here."),
    ),
    Rule(
        name="staff accounts",
        columns={
            "organizations.user": ("email", "name", "password"),
            "organizations.membership": ("user",),
        },
        what=_("Staff: name, e-mail address, password (not readable), organisation"),
        purpose=_("So that they can log in and do their work."),
        kept=_("As long as the account."),
    ),
    Rule(
        name="logins of staff",
        columns={"sessions.session": ("session_key", "session_data")},
        what=_("Staff: that somebody is logged in"),
        purpose=_("So that nobody logs in for every page."),
        kept=_("Twelve hours. Visitors have none."),
        expiry=Rows(ended_sessions),
    ),
    Rule(
        name="what staff did",
        columns={
            "admin.logentry": ("user", "object_id", "object_repr", "change_message"),
        },
        what=_("Staff: who changed what. Nothing of supporters stands in it"),
        purpose=_("So that a mistake, or worse, can be traced."),
        kept=format_lazy(_("{months} months."), months=LOG_KEPT),
        expiry=Rows(old_entries),
    ),
]
NOT_PERSONAL = {
    "organizations.organization": (
        "name", "slug", "legal_name", "description", "language", "website", "logo",
        "accent", "cover", "cover_description", "links",
        "charity_number", "privacy_notice",
    ),
    "organizations.description": ("language", "text"),
    "organizations.formerorganizationslug": ("slug",),
    "organizations.membership": ("role",),
}  # fmt: skip
PEOPLE = ("organizations.user",)
