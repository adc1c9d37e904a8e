"""Staff accounts and their memberships of organisations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.i18n.languages import interface_languages
from core.mail.address_fields import AddressColumn
from core.mail.addresses import (
    account_address,
    address_spellings,
)
from organizations.models.organization import Organization


class UserManager(BaseUserManager["User"]):
    """A manager that finds accounts by e-mail address, in any case."""

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        user = self.model(email=account_address(email), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        user = self.of_address(username or "").first()
        if user is None:
            raise self.model.DoesNotExist
        return user

    def of_address(self, typed: str) -> models.QuerySet[User]:
        """Return the accounts with this address, however it is typed; the oldest first,
        should two have been made for two spellings of it."""
        return self.filter(
            email__in=address_spellings(account_address(typed))
        ).order_by("pk")


class User(AbstractBaseUser):
    """A member of an organisation's staff, or an administrator of the site."""

    email = AddressColumn(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    is_active = models.BooleanField(
        _("may log in"),
        default=True,
        help_text=_("Take the tick away instead of deleting the account."),
    )
    is_superuser = models.BooleanField(
        _("site administrator"),
        default=False,
        help_text=_("Sees every organisation and may do everything."),
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        choices=interface_languages,
        default="",
        db_default="",
        help_text=_("Of the pages after a login, and of mails to you."),
    )
    wants_notices = models.BooleanField(
        _("mail me about what waits"),
        default=True,
        db_default=True,
        help_text=_("Messages of visitors, and signatures that were set aside."),
    )
    date_joined = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name = _("staff account")
        verbose_name_plural = _("staff accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="organizations_user_email_lower",
                violation_error_message=_("Write the e-mail address in small letters."),
            ),
            guards.mail_address("organizations_user", "email"),
            guards.readable("organizations_user", lines=["name"]),
            models.CheckConstraint(
                condition=Q(language__regex="^([a-z]{2,3}(-[A-Za-z0-9]{2,8})?)?$"),
                name="organizations_user_language",
                violation_error_message=_("Choose a language from the list."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        """Return the name that the admin greets with."""
        return str(self)

    def clean(self) -> None:
        super().clean()
        self.email = account_address(self.email)

    def shut_out(self) -> None:
        """Make the password unusable, in memory; the caller saves. Sessions and links
        to set a password depend on it, so they end, too."""
        self.set_unusable_password()

    @property
    def is_staff(self) -> bool:
        """Whether the admin lets them in: every open account is one of staff;
        supporters have none."""
        return self.is_active

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Return whether the user is a site administrator. All other rights come from
        memberships (organizations.rights)."""
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active


class Role(models.TextChoices):
    """The role of a member; organizations.rights says what each may do."""

    OWNER = "owner", _("Owner: everything, also the organisation and its members")
    EDITOR = (
        "editor",
        _("Editor: writes and publishes campaigns, and decides about signatures"),
    )
    MODERATOR = (
        "moderator",
        _("Moderator: decides about signatures, comments and messages; writes nothing"),
    )
    WRITER = (
        "writer",
        _("Writer: writes and publishes campaigns; sees nobody’s name or address"),
    )
    VIEWER = (
        "viewer",
        _("Viewer: reads pages and numbers; sees nobody’s name or address"),
    )

    @property
    def short(self) -> str:
        """The name of the role alone, for the head of a column."""
        return str(self.label).partition(":")[0].strip()


class Membership(models.Model):
    """The membership of a user in an organisation, with a role."""

    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("who"),
    )
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("organisation"),
    )
    role = models.CharField(
        _("role"), max_length=10, choices=Role.choices, default=Role.EDITOR
    )

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organization"],
                name="organizations_membership_once",
                violation_error_message=_("This person is a member already."),
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values),
                name="organizations_membership_role",
                violation_error_message=_("Choose one of the roles."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organization}"
