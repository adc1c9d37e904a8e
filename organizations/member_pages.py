"""The page of an organisation's members in the admin, for its owners."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from core.mail.address_fields import AddressField
from core.mail.addresses import account_address, address_spellings
from core.security import events
from organizations import invitations, members
from organizations.models import Invitation, Membership, Organization, Role
from organizations.rights import Right
from organizations.scoping import page, user_of
from organizations.second_factor import factors, lost

NAME = "organizations_organization_members"


def short_roles() -> list[tuple[str, str]]:
    """Return the choices of a role by its name alone: a sentence is cut in a narrow
    window, and stands beside the form."""
    return [(role.value, role.short) for role in Role]


class InviteForm(forms.Form):
    """The form that invites a mailbox. It names no account: whether there is one is
    nobody’s business."""

    email = AddressField(label=_("E-mail address"), ascii_only=True)
    role = forms.ChoiceField(label=_("Role"), choices=short_roles, initial=Role.EDITOR)

    def __init__(self, organization: Organization, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization

    def clean_email(self) -> str:
        email = account_address(str(self.cleaned_data["email"]))
        known = self.organization.memberships.filter(
            user__email__in=address_spellings(email)
        )
        if known.exists():
            raise ValidationError(_("This person is a member already."))
        return email


class MemberPages:
    """The pages that OrganizationAdmin has beside Django's."""

    admin_site: Any

    def member_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:number>/members/", wrap(self.members), name=NAME),
            path(
                "<int:number>/members/<int:member>/<slug:act>/",
                wrap(self.act_on_member),
                name=f"{NAME}_act",
            ),
            path(
                "<int:number>/invitations/<int:invitation>/<slug:act>/",
                wrap(self.act_on_invitation),
                name="organizations_organization_invitations_act",
            ),
        ]

    @page(Right.MANAGE)
    def members(self, request: HttpRequest, organization: Organization) -> HttpResponse:
        """List members and who is invited; invite somebody."""
        form = InviteForm(organization, request.POST or None)
        if request.method == "POST" and form.is_valid():
            invitations.invite(
                form.cleaned_data["email"],
                organization,
                Role(form.cleaned_data["role"]),
                by=user_of(request),
                language=get_language() or settings.LANGUAGE_CODE,
            )
            messages.info(
                request,
                gettext("The person invited becomes a member as soon as they accept."),
            )
            return redirect(f"admin:{NAME}", organization.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Members"),
            "subtitle": str(organization),
            "opts": Organization._meta,
            "organization": organization,
            "members": members.members_of(organization),
            "invitations": organization.invitations.select_related("invited_by"),
            "roles": list(Role),
            "form": form,
            "may_help": user_of(request).is_superuser,
        }
        return TemplateResponse(
            request, "admin/organizations/organization/members.html", context
        )

    @page(Right.MANAGE)
    def act_on_member(
        self, request: HttpRequest, organization: Organization, member: int, act: str
    ) -> HttpResponse:
        """Change a member's role, end the membership, or have a lost second factor
        removed."""
        known = {
            "role": self.give_role,
            "remove": self.remove_member,
            "lost": self.ask_removal,
            "found": self.call_removal_off,
        }
        if request.method != "POST" or act not in known:
            raise Http404
        rows = organization.memberships.select_related("user")
        try:
            known[act](request, get_object_or_404(rows, pk=member))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return redirect(f"admin:{NAME}", organization.pk)

    def give_role(self, request: HttpRequest, member: Membership) -> None:
        role = request.POST.get("role", "")
        if role not in Role.values:
            raise ValidationError(gettext("Choose one of the roles."))
        members.change_role(member, Role(role), user_of(request))
        messages.success(
            request,
            gettext("%(name)s has a new role now, and has to log in again.")
            % {"name": member.user},
        )

    def remove_member(self, request: HttpRequest, member: Membership) -> None:
        name = str(member.user)
        members.remove_member(member, user_of(request))
        messages.success(
            request, gettext("%(name)s is no longer a member.") % {"name": name}
        )

    def ask_removal(self, request: HttpRequest, member: Membership) -> None:
        by = user_of(request)
        if not lost.may_ask(by, member.user):
            raise ValidationError(
                gettext(
                    "You cannot remove it: ask another owner or, for a site "
                    "administrator, another site administrator."
                )
            )
        if not factors.has_factor(member.user):
            raise ValidationError(gettext("There is no second factor to remove."))
        lost.ask_for_removal(member.user, by, timezone.now())
        messages.success(
            request,
            gettext(
                "%(name)s is being told by e-mail. The second factor will be removed "
                "in a day, unless they call it off."
            )
            % {"name": member.user},
        )

    def call_removal_off(self, request: HttpRequest, member: Membership) -> None:
        removal = getattr(member.user, "factor_removal", None)
        if removal is not None:
            lost.call_off_factor_removal(removal, user_of(request))
        messages.success(request, gettext("The second factor stays."))

    @page(Right.MANAGE)
    def act_on_invitation(
        self,
        request: HttpRequest,
        organization: Organization,
        invitation: int,
        act: str,
    ) -> HttpResponse:
        """Mail an invitation again, or take it back, which ends the mailed link."""
        if request.method != "POST" or act not in ("resend", "withdraw"):
            raise Http404
        user = user_of(request)
        row: Invitation = get_object_or_404(organization.invitations, pk=invitation)
        if act == "resend":
            invitations.invite(
                row.email, organization, Role(row.role), by=user, language=row.language
            )
            messages.success(request, gettext("The e-mail is being sent again."))
        else:
            row.delete()
            events.record(
                "invitation taken back", by=user.pk, organization=organization.pk
            )
            messages.success(request, gettext("The invitation has been withdrawn."))
        return redirect(f"admin:{NAME}", organization.pk)
