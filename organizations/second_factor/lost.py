"""Lost second factors: another owner asks, the owner of the account is told at once and
can call it off for a day, and the worker removes them then."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.translation import get_language

from core.security import events
from core.worker.loops import Loop
from organizations import mailing, sessions
from organizations.models import FactorRemoval, StaffMailPurpose, User
from organizations.rights import Right, may, memberships
from organizations.second_factor import factors

NOTICE = timedelta(days=1)
SALT = "organizations.second_factor.lost"


def may_ask(by: User | None, user: User) -> bool:
    """Return whether `by` may have the second factors of `user` removed: an owner of an
    organisation that both belong to, for a site administrator another one of those, and
    nobody their own."""
    if by is None or by == user:
        return False
    if user.is_superuser or by.is_superuser:
        return by.is_superuser and by.is_active
    return any(may(by, Right.MANAGE, number) for number in memberships(user))


def ask_for_removal(user: User, by: User, now: datetime) -> FactorRemoval:
    """Ask that the second factors of `user` be removed, and mail them so at once; a
    request that goes on already stays as it is."""
    removal, is_new = FactorRemoval.objects.get_or_create(
        user=user,
        defaults={"asked_by": by, "asked_at": now, "due_at": now + NOTICE},
    )
    if is_new:
        events.record("removal of second factor asked", account=user.pk, by=by.pk)
        mailing.request_mail(
            StaffMailPurpose.REMOVAL, user.email, language=get_language() or "en"
        )
    return removal


def call_off_factor_removal(removal: FactorRemoval, by: User | None = None) -> None:
    """End a request; nothing is removed."""
    removal.delete()
    events.record(
        "removal of second factor called off",
        account=removal.user_id,
        by=by.pk if by else None,
    )


def calling_off_link(removal: FactorRemoval) -> str:
    """Return the mailed link by which the owner of the account calls it off."""
    token = signing.dumps(removal.pk, salt=SALT)
    return f"{settings.SITE_URL}{reverse('admin:keep_factor', args=[token])}"


def removal_of_token(token: str) -> FactorRemoval | None:
    """Return the request that a link's token stands for; None when it is over."""
    try:
        number = signing.loads(token, salt=SALT, max_age=NOTICE * 2)
    except signing.BadSignature:
        return None
    return FactorRemoval.objects.filter(pk=number).first()


def remove_due(now: datetime) -> bool:
    """For the worker: carry out the request that has been due longest, if whoever asked
    may still ask; return whether more may be due."""
    with transaction.atomic():
        removal = (
            FactorRemoval.objects.select_for_update(skip_locked=True)
            .filter(due_at__lte=now)
            .order_by("due_at")
            .first()
        )
        if removal is None:
            return False
        if not may_ask(removal.asked_by, removal.user):
            call_off_factor_removal(removal)
            return True
        removal.delete()
        factors.remove_all(removal.user, removal.asked_by_id)
        sessions.end_all(removal.user)
    return True


REMOVE = Loop("second factors", 60, remove_due)
