"""Organisations, their members, and staff accounts in the admin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from core.admin.model_admin import StackedInline
from core.db.database import statement_timeout
from core.images.colours import hexadecimal
from core.security import events
from organizations import (  # noqa: F401 - the log registers itself
    audit_admin,
    branding,
    confirming,
    mailing,
)
from organizations.forms import OrganizationForm, OwnPasswordForm
from organizations.member_pages import MemberPages
from organizations.models import (
    Description,
    Organization,
    Role,
    StaffMailPurpose,
    User,
)
from organizations.models.organization import TRANSLATED
from organizations.rights import Right, rights_table
from organizations.scoping import (
    ADMINISTRATORS,
    AdministratorsAdmin,
    Needs,
    ScopedAdmin,
    ScopedPermissions,
    page,
    user_of,
)

admin.site.password_change_form = OwnPasswordForm
# Rights come from memberships.
admin.site.unregister(Group)
# What django-allauth keeps: second factors and logins have pages of their own, and the
# tables of addresses are empty.
for kept in (EmailAddress, EmailConfirmation, Authenticator, UserSession):
    if admin.site.is_registered(kept):
        admin.site.unregister(kept)

MANAGED = Needs(
    view=Right.MANAGE, add=Right.MANAGE, change=Right.MANAGE, delete=Right.MANAGE
)


class DescriptionInline(ScopedPermissions, StackedInline[Description, Organization]):
    model = Description
    fields = ["language", *TRANSLATED.values()]
    extra = 0
    needs = MANAGED


@admin.register(Organization)
class OrganizationAdmin(MemberPages, ScopedAdmin[Organization]):
    # The history names members, and whom somebody has invited.
    needs = Needs(
        view=Right.VIEW,
        add=Right.ADMINISTER,
        change=Right.MANAGE,
        history=Right.MANAGE,
    )
    organization_path = "pk"
    form = OrganizationForm
    list_display = ["name", "contact_email", "website"]
    search_fields = ["name", "slug", "descriptions__name"]
    inlines = [DescriptionInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "legal_name", "description", "language"]}),
        (
            _("How your pages look"),
            {
                "fields": [
                    "logo",
                    "accent",
                    "accent_looks",
                    "cover",
                    "cover_description",
                ]
            },
        ),
        (
            _("How supporters reach you"),
            {
                "fields": [
                    "postal_address",
                    "contact_email",
                    "website",
                    "links",
                    "charity_number",
                    "privacy_notice",
                ]
            },
        ),
        (
            _("Writing to supporters"),
            {"fields": ["mailing_gap_days", "mailing_approval_above"]},
        ),
        (_("Counting"), {"fields": ["count_approval_above"]}),
    ]

    readonly_fields = ["accent_looks"]

    @admin.display(description=_("how it looks"))
    def accent_looks(self, organization: Organization) -> SafeString:
        """Render the stored colour as button and link, on light and on dark."""
        if not organization.accent:
            return SafeString(gettext("The site’s own colour is used."))
        looks = [branding.scheme(organization.accent, dark=d) for d in (False, True)]
        context = {
            "looks": [
                {
                    **look.written,
                    "paper": hexadecimal(branding.grounds(bool(dark))[0]),
                }
                for dark, look in enumerate(looks)
            ],
            "corrected": hexadecimal(looks[0].accent) != organization.accent,
        }
        return SafeString(
            render_to_string(
                "admin/organizations/organization/_accent_looks.html", context
            )
        )

    def get_urls(self) -> list[Any]:
        return [
            path(
                "<int:number>/rights/",
                self.admin_site.admin_view(self.rights),
                name="organizations_organization_rights",
            ),
            *self.member_urls(),
            *super().get_urls(),
        ]

    @page(Right.MANAGE, is_grave=False)
    def rights(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        """Show what each role may do."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Who may do what"),
            "subtitle": str(organization),
            "opts": self.opts,
            "organization": organization,
            "roles": list(Role),
            "rows": rights_table(),
        }
        template = "admin/organizations/organization/rights.html"
        return TemplateResponse(request, template, context)

    def get_view_on_site_url(self, obj: Organization | None = None) -> str | None:
        return obj.get_absolute_url() if obj is not None else None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        organization = self.get_object(request, object_id) if object_id else None
        if organization:
            extra_context = {
                "may_connect": self.holds(request, Right.CONNECT, organization),
                "may_export": self.holds(request, Right.EXPORT, organization),
                "may_mail": self.holds(request, Right.MAIL, organization),
                "may_manage": self.holds(request, Right.MANAGE, organization),
                **(extra_context or {}),
            }
        if (
            request.method == "GET"
            and organization
            and not organization.can_ask_updates
        ):
            messages.warning(
                request,
                gettext(
                    "Supporters are not asked whether you may write to them, and no "
                    "petition can be published, until there are a postal address and a "
                    "contact e-mail."
                ),
            )
        return super().changeform_view(request, object_id, form_url, extra_context)

    def response_add(
        self,
        request: HttpRequest,
        obj: Organization,
        post_url_continue: str | None = None,
    ) -> HttpResponse:
        """Lead on to the members: nobody looks after a new organisation yet."""
        super().response_add(request, obj, post_url_continue)  # says that it was added
        return redirect("admin:organizations_organization_members", obj.pk)

    def save_model(
        self,
        request: HttpRequest,
        obj: Organization,
        form: ModelForm[Organization],
        change: bool,
    ) -> None:
        """Save with a longer statement timeout: a trigger writes a new name into the
        search documents of all its petitions, a minute for 10,000 of them."""
        with statement_timeout("5min"):
            super().save_model(request, obj, form, change)


# The security event for each change of an account: by field, and by whether it holds a
# value afterwards.
EVENTS = {
    ("is_active", True): "account opened",
    ("is_active", False): "account closed",
    ("is_superuser", True): "administrator made",
    ("is_superuser", False): "administrator unmade",
    ("email", True): "address of account changed",
}


@admin.register(User)
class UserAdmin(AdministratorsAdmin[User]):
    """Accounts, for site administrators; owners add members to their organisation."""

    # Not deleted: what the account did would be deleted with it. It is closed instead.
    needs = replace(ADMINISTRATORS, delete=None)
    is_grave = True

    list_display = [
        "email", "name", "is_active", "is_superuser", "organizations", "last_login",
    ]  # fmt: skip
    search_fields = ["email", "name"]
    fields = ["email", "name", "is_active", "is_superuser", "last_login"]
    readonly_fields = ["last_login"]
    change_password_form = AdminPasswordChangeForm

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        rows = super().get_queryset(request)
        return rows.prefetch_related("memberships__organization")

    @admin.display(description=_("organisations"))
    def organizations(self, user: User) -> str:
        """Return where somebody works, and as what: “Rights Now (Editor)”."""
        return ", ".join(
            f"{member.organization} ({member.role})"
            for member in user.memberships.all()
        )

    def get_readonly_fields(
        self, request: HttpRequest, obj: User | None = None
    ) -> list[str]:
        """Make the rights of one's own account read-only: nobody can close or demote
        themselves, so one administrator is always left."""
        own = ["is_active", "is_superuser"] if obj == request.user else []
        return [*self.readonly_fields, *own]

    def save_model(
        self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool
    ) -> None:
        """Save the account. A new one is mailed a link to set its password. Changing
        `is_active` or `email` of somebody else's ends its password, sessions and links,
        and mails a new link when it is active."""
        is_own = obj == request.user
        begins = not change or (
            not is_own and not {"is_active", "email"}.isdisjoint(form.changed_data)
        )
        if begins:
            obj.shut_out()
        super().save_model(request, obj, form, change)
        by = user_of(request).pk
        if not change:
            events.record("account made", account=obj.pk, by=by)
        if begins and obj.is_active:
            mailing.request_mail(
                StaffMailPurpose.PASSWORD,
                obj.email,
                language=get_language() or settings.LANGUAGE_CODE,
            )
        if begins and change:
            sentence = gettext(
                "Its password, its logins and links in mails have ended."
            )
            if obj.is_active:
                sentence += " " + gettext("A link to set a password is mailed to it.")
            messages.info(request, sentence)
        for name in set(form.changed_data) & {"is_active", "is_superuser", "email"}:
            events.record(EVENTS[name, bool(getattr(obj, name))], account=obj.pk, by=by)
