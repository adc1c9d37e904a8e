"""Retention rules for the data of staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from core.admin.saves import REMEMBERED
from core.models import AuditEntry, SavedForm
from core.retention import (
    RetentionRule,
    Rows,
    months_before,
)
from organizations import invitations, mailing
from organizations.models import Invitation, SeenNetwork, StaffMail

NETWORK_KEPT = timedelta(days=180)
LOG_KEPT = 24
"""Months that the admin's log of changes is kept."""


def old_entries(now: datetime) -> QuerySet[LogEntry]:
    since = months_before(now, LOG_KEPT)
    return LogEntry.objects.filter(action_time__lt=since).order_by("pk")


def old_forms(now: datetime) -> QuerySet[SavedForm]:
    return SavedForm.objects.filter(saved_at__lt=now - REMEMBERED).order_by("pk")


@dataclass(frozen=True)
class OldEntries:
    """The expiry of the audit trail, which gives up an entry to this alone."""

    def waiting(self, now: datetime) -> int:
        return AuditEntry.objects.filter(at__lt=self.since(now)).count()

    def erase(self, now: datetime, batch: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT audit_expire(%s, %s)", [self.since(now), batch])
            (number,) = cursor.fetchone()
        return int(number)

    def since(self, now: datetime) -> datetime:
        return months_before(now, settings.AUDIT_MONTHS)


def old_invitations(now: datetime) -> QuerySet[Invitation]:
    since = now - invitations.KEPT
    return Invitation.objects.filter(invited_at__lt=since).order_by("pk")


def old_mail(now: datetime) -> QuerySet[StaffMail]:
    return StaffMail.objects.filter(created_at__lt=now - mailing.KEPT).order_by("pk")


def old_networks(now: datetime) -> QuerySet[SeenNetwork]:
    return SeenNetwork.objects.filter(seen_at__lt=now - NETWORK_KEPT).order_by("pk")


def ended_sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=now).order_by("expire_date")


def ended_logins(now: datetime) -> QuerySet[UserSession]:
    """Return the rows of logins whose session is gone, or was renewed by none for as
    long as sessions last."""
    running = Session.objects.filter(
        session_key=OuterRef("session_key"), expire_date__gte=now
    )
    ended = UserSession.objects.filter(~Exists(running)).order_by("pk")
    return cast("QuerySet[UserSession]", ended)


RULES = [
    RetentionRule(
        name="organisations",
        columns={"organizations.organization": ("postal_address", "contact_email")},
        what=_("Organisations: their postal address and contact"),
        purpose=_("So that supporters know who is asking, and who to contact."),
        kept=_("As long as the organisation is on this site."),
    ),
    RetentionRule(
        name="staff accounts",
        columns={
            "organizations.user": ("email", "name", "password"),
            "organizations.membership": ("user",),
        },
        what=_("Staff: name, e-mail address, password (not readable), organisation"),
        purpose=_("So that they can log in and do their work."),
        kept=_("As long as the account exists."),
    ),
    RetentionRule(
        name="second factors",
        columns={"mfa.authenticator": ("user", "data")},
        what=_("Staff: second factors for logging in, encrypted where they are secret"),
        purpose=_("So that a password alone does not let anybody in."),
        kept=_("Until it is removed, or the account is deleted."),
    ),
    RetentionRule(
        name="lost second factors",
        columns={"organizations.factorremoval": ("user", "asked_by")},
        what=_("Staff: that an owner asked to remove a lost second factor"),
        purpose=_("So that the person concerned hears of it and can stop it."),
        kept=_("A day, until it is done or stopped."),
    ),
    RetentionRule(
        name="list of logins",
        columns={
            "usersessions.usersession": (
                "user",
                "ip",
                "session_key",
                "user_agent",
                "data",
            ),
        },
        what=_(
            "Staff: where somebody is logged in: browser and network, never a full "
            "address"
        ),
        purpose=_(
            "So that they can see their logins, and end any that are not theirs."
        ),
        kept=_("Until the login ends, usually a day."),
        expiry=Rows(ended_logins),
    ),
    RetentionRule(
        name="invitations",
        columns={"organizations.invitation": ("email", "invited_by", "reply")},
        what=_("Staff: an address that was invited to work here"),
        purpose=_("So that the person invited can accept."),
        kept=format_lazy(
            _("Until the invitation is accepted or withdrawn, {days} days at most."),
            days=invitations.KEPT.days,
        ),
        expiry=Rows(old_invitations),
    ),
    RetentionRule(
        name="mail to staff",
        columns={"organizations.staffmail": ("address", "network")},
        what=_("Staff: that a link or a warning is to be e-mailed to an address"),
        purpose=_("So that it is sent, and not too often."),
        kept=format_lazy(
            _("Until it is sent, usually within a second; {days} days at most."),
            days=mailing.KEPT.days,
        ),
        expiry=Rows(old_mail),
    ),
    RetentionRule(
        name="networks of staff",
        columns={"organizations.seennetwork": ("user", "network")},
        what=_("Staff: from which network somebody logged in, never a full address"),
        purpose=_(
            "So that they are told of a login from elsewhere, and can still log in "
            "while somebody else is guessing passwords."
        ),
        kept=format_lazy(
            _("{days} days after the last login from that network."),
            days=NETWORK_KEPT.days,
        ),
        expiry=Rows(old_networks),
    ),
    RetentionRule(
        name="limits on logins",
        columns={"config.bucket": ("key",)},
        what=_("That an address or network was just used to log in"),
        purpose=_(
            "To limit how often this can happen. Stored as a keyed hash, not as an "
            "address."
        ),
        kept=_("Until the limit no longer needs it, two days at most."),
    ),
    RetentionRule(
        name="logins of staff",
        columns={"sessions.session": ("session_key", "session_data")},
        what=_("Staff: that somebody is logged in"),
        purpose=_("So that staff stay logged in from page to page."),
        kept=_("Four hours after the last page, a day at most. Visitors have none."),
        expiry=Rows(ended_sessions),
    ),
    RetentionRule(
        name="what staff did",
        columns={
            "config.auditentry": (
                "process",
                "session_role",
                "row",
                "was",
                "now",
                "reason",
            ),
        },
        what=_(
            "Staff: who changed what, and who looked at supporters’ data. It holds no "
            "supporter’s data"
        ),
        purpose=_("So that a mistake or an abuse can be traced."),
        kept=format_lazy(_("{months} months."), months=settings.AUDIT_MONTHS),
        expiry=OldEntries(),
    ),
    RetentionRule(
        name="what staff did, as noted before",
        columns={
            "admin.logentry": ("user", "object_id", "object_repr", "change_message"),
        },
        what=_("Staff: who changed what, as noted by an earlier version of this site"),
        purpose=_("So that a mistake or an abuse can be traced."),
        kept=format_lazy(_("{months} months."), months=LOG_KEPT),
        expiry=Rows(old_entries),
    ),
    RetentionRule(
        name="forms of staff",
        columns={"config.savedform": ("token", "row", "content")},
        what=_("Staff: that a form was saved; nothing of what was typed into it"),
        purpose=_("So that a form sent twice is saved once."),
        kept=format_lazy(_("{days} days."), days=REMEMBERED.days),
        expiry=Rows(old_forms),
    ),
]
NOT_PERSONAL = {
    "config.auditentry": ("table", "action"),
    "organizations.organization": (
        "name", "slug", "legal_name", "description", "language", "website", "logo",
        "accent", "cover", "cover_description", "links",
        "charity_number", "privacy_notice",
    ),
    "organizations.description": (
        "language", "name", "legal_name", "text", "cover_description", "website",
        "privacy_notice",
    ),
    "organizations.formerorganizationslug": ("slug",),
    "organizations.membership": ("role",),
    "organizations.user": ("language",),
    "organizations.invitation": ("role", "language"),
    "organizations.staffmail": ("purpose", "language"),
    "mfa.authenticator": ("type",),
    # Tables of django-allauth that this site leaves empty.
    "account.emailaddress": ("user", "email"),
    "account.emailconfirmation": ("key",),
}  # fmt: skip
PEOPLE = ("organizations.user",)
