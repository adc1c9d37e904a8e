"""Invitations: an owner invites a mailbox, and whoever has it accepts.

An invitation names no account. Links that let somebody in are mailed, never shown: only
the owner of the mailbox can use them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from core.mail.addresses import (
    account_address,
    address_spellings,
)
from core.security import events
from organizations.models import (
    Invitation,
    Membership,
    Organization,
    Role,
    StaffMail,
    StaffMailPurpose,
    User,
)
from organizations.rights import Right, may

KEPT = timedelta(days=14)
SALT = "organizations.invitation"


def invite(
    email: str,
    organization: Organization,
    role: Role,
    *,
    by: User,
    language: str,
    now: datetime | None = None,
) -> Invitation:
    """Invite a mailbox to join `organization` and queue the mail. Inviting it again
    renews the invitation, with the role given last."""
    now = now or timezone.now()
    address = account_address(email)
    with transaction.atomic():
        invitation, _created = Invitation.objects.update_or_create(
            organization=organization,
            email=address,
            defaults={
                "role": role,
                "invited_by": by,
                "language": language,
                "invited_at": now,
                "mailed_at": None,
                "reply": "",
            },
        )
        StaffMail.objects.create(
            purpose=StaffMailPurpose.INVITATION,
            address=address,
            invitation=invitation,
            language=language,
            created_at=now,
            due_at=now,
        )
    events.record(
        "invitation made", by=by.pk, organization=organization.pk, address=address
    )
    return invitation


def acceptance_url(invitation: Invitation) -> str:
    """Return the signed link by which the owner of the mailbox accepts."""
    token = signing.dumps(invitation.pk, salt=SALT)
    return f"{settings.SITE_URL}{reverse('accept_invitation', args=[token])}"


def invitation_of_token(token: str) -> Invitation | None:
    """Return the invitation that a link's token stands for; None when the token is
    invalid or too old, or the invitation can no longer be accepted."""
    try:
        number = signing.loads(token, salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        return None
    rows = Invitation.objects.select_related("organization", "invited_by")
    invitation = rows.filter(pk=number).first()
    return (
        invitation if invitation is not None and can_be_accepted(invitation) else None
    )


def can_be_accepted(invitation: Invitation, now: datetime | None = None) -> bool:
    """Return whether the invitation is in time and its inviter may still invite."""
    now = now or timezone.now()
    by = invitation.invited_by
    return (
        now - invitation.invited_at < KEPT
        and by is not None
        and may(by, Right.MANAGE, invitation.organization_id)
    )


def accept(invitation: Invitation, user: User) -> bool:
    """Make `user` a member and delete the invitation. Return False when it is over or
    was to another mailbox. An existing member keeps their role."""
    with transaction.atomic():
        rows = Invitation.objects.select_for_update(of=("self",))
        locked = rows.filter(
            pk=invitation.pk, email__in=address_spellings(user.email)
        ).first()
        if locked is None or not can_be_accepted(locked):
            return False
        Membership.objects.get_or_create(
            user=user,
            organization=locked.organization,
            defaults={"role": locked.role},
        )
        locked.delete()
    events.record(
        "invitation accepted",
        account=user.pk,
        by=locked.invited_by_id,
        organization=locked.organization_id,
    )
    return True


def accept_anew(invitation: Invitation, *, name: str, password: str) -> bool:
    """Create an account for the invited mailbox and accept with it. Return False when
    the invitation is over, or the mailbox has an account by now, whose password is not
    touched."""
    try:
        with transaction.atomic():
            # Two invitations of one mailbox may be accepted at the same moment.
            list(Invitation.objects.select_for_update().filter(email=invitation.email))
            if User.objects.of_address(invitation.email).exists():
                return False
            user = User.objects.create_user(invitation.email, password, name=name)
            if not accept(invitation, user):
                transaction.set_rollback(True)
                return False
    except IntegrityError:  # an administrator has just created the account
        return False
    return True


def password_link(user: User) -> str:
    """Return the link by which `user` can set a password once, within three days."""
    number = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("password_reset_confirm", args=[number, token])
    return f"{settings.SITE_URL}{path}"
