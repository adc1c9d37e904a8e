"""Bringing staff in: an account without a password, and a link to set one."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext

from organizations.models import Membership, Organization, Role, User


def invite(email: str, organization: Organization, role: Role) -> Membership:
    """Make somebody a member, with a new account when they have none."""
    with transaction.atomic():
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            user = User.objects.create_user(email)
        membership, _created = Membership.objects.get_or_create(
            user=user, organization=organization, defaults={"role": role}
        )
    return membership


def password_link(user: User) -> str:
    """The address under which `user` sets a password, once, for three days."""
    number = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("password_reset_confirm", args=[number, token])
    return f"{settings.SITE_URL}{path}"


def mail_invitation(user: User, organization: Organization, by: str = "") -> bool:
    """Mail a link to set the password to somebody who has none yet; `by` is who
    invites. Returns False when the mail did not go out."""
    if user.has_usable_password():
        return True
    context = {"organization": organization, "by": by, "link": password_link(user)}
    try:
        send_mail(
            gettext("Your account for the petitions of %(name)s")
            % {"name": organization},
            render_to_string("emails/invitation.txt", context),
            settings.MAIL_FROM,
            [user.email],
        )
    except OSError:
        return False
    return True
