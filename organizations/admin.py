"""Organisations, their members, and staff accounts in the admin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from core.admin.model_admin import (
    ModelAdmin,
    StackedInline,
)
from core.db.database import statement_timeout
from core.images.colours import written
from core.security import events
from organizations import branding, invitations, mailing
from organizations.forms import (
    MemberForm,
    MemberFormSet,
    OrganizationForm,
    OwnPasswordForm,
)
from organizations.models import (
    Description,
    Invitation,
    Membership,
    Organization,
    Role,
    StaffMailPurpose,
    User,
)
from organizations.scoping import ScopedAdmin, ScopedPermissions, owns, user_of

admin.site.password_change_form = OwnPasswordForm
# Rights come from memberships.
admin.site.unregister(Group)


class MemberInline(ScopedPermissions, StackedInline[Membership, Organization]):
    model = Membership
    form = MemberForm
    formset = MemberFormSet  # type: ignore[assignment]
    fields = [("email", "role")]
    extra = 1  # so that somebody can be invited without JavaScript
    verbose_name_plural = _("members")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Django asks without a row about the rows in general; `get_queryset` scopes
        # them.
        return obj is None or owns(request, obj)

    has_change_permission = has_add_permission = has_delete_permission = (
        has_view_permission
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        rows = super().get_queryset(request).select_related("user", "organization")
        return self.scoped(request, rows)


class InvitationInline(ScopedPermissions, StackedInline[Invitation, Organization]):
    """Invitations that nobody has accepted yet; deleting one ends the mailed link."""

    model = Invitation
    fields = [("role", "invited_at", "progress")]
    readonly_fields = ["role", "invited_at", "progress"]
    extra = 0

    @admin.display(description=_("so far"))
    def progress(self, invitation: Invitation) -> str:
        return invitation.progress

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or owns(request, obj)

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # invitations are made under Members


class DescriptionInline(ScopedPermissions, StackedInline[Description, Organization]):
    model = Description
    fields = ["language", "text"]
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or owns(request, obj)

    has_change_permission = has_add_permission = has_delete_permission = (
        has_view_permission
    )


@admin.register(Organization)
class OrganizationAdmin(ScopedAdmin[Organization]):
    organization_path = "pk"
    form = OrganizationForm
    list_display = ["name", "contact_email", "website"]
    search_fields = ["name", "slug"]
    inlines = [DescriptionInline, MemberInline, InvitationInline]
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
                    "paper": written(branding.grounds(bool(dark))[0]),
                }
                for dark, look in enumerate(looks)
            ],
            "corrected": written(looks[0].accent) != organization.accent,
        }
        return SafeString(
            render_to_string(
                "admin/organizations/organization/_accent_looks.html", context
            )
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return user_of(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return super().has_change_permission(request)
        return owns(request, obj)

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

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: bool
    ) -> None:
        """Save changed roles and removals of members, and invite new members by
        mail."""
        if formset.model is not Membership:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        by = user_of(request).pk
        for gone in formset.deleted_objects:
            known = {"account": gone.user_id, "organization": gone.organization_id}
            gone.delete()
            events.record("member removed", by=by, **known)
        for membership, _changed in formset.changed_objects:
            membership.save(update_fields=["role"])
            events.record(
                "role changed",
                by=by,
                account=membership.user_id,
                organization=membership.organization_id,
            )
        given = [
            member_form.cleaned_data
            for member_form in formset.extra_forms
            if member_form.has_changed() and not member_form.cleaned_data.get("DELETE")
        ]
        formset.new_objects = [
            invitations.invite(
                member["email"],
                form.instance,
                Role(member["role"]),
                by=user_of(request),
                language=get_language() or settings.LANGUAGE_CODE,
            )
            for member in given
        ]
        if given:
            messages.info(
                request,
                gettext("Who was invited is a member as soon as they accept."),
            )


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
class UserAdmin(ModelAdmin[User]):
    """Accounts, for site administrators; owners add members to their organisation."""

    list_display = ["email", "name", "is_active", "is_superuser"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "is_active", "is_superuser", "last_login"]
    readonly_fields = ["last_login"]
    change_password_form = AdminPasswordChangeForm

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse deletion: what the account did would be deleted with it. Close it
        instead."""
        return False

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
