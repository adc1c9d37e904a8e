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


def invite(
    email: str, organization: Organization, role: Role, *, by: str = ""
) -> Membership:
    """Make somebody a member and, when the account is new, mail them a link to set
    their password. `by` is who invites, for the mail."""
    with transaction.atomic():
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            user = User.objects.create_user(email)
        membership, _created = Membership.objects.get_or_create(
            user=user, organization=organization, defaults={"role": role}
        )
        if not user.has_usable_password():
            transaction.on_commit(lambda: mail_invitation(user, organization, by))
    return membership


def password_link(user: User) -> str:
    """The address under which `user` sets a password, once, for three days."""
    number = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("password_reset_confirm", args=[number, token])
    return f"{settings.SITE_URL}{path}"


def mail_invitation(user: User, organization: Organization, by: str) -> None:
    context = {"organization": organization, "by": by, "link": password_link(user)}
    send_mail(
        gettext("Your account for the petitions of %(name)s") % {"name": organization},
        render_to_string("emails/invitation.txt", context),
        settings.MAIL_FROM,
        [user.email],
    )
