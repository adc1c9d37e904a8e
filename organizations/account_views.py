"""Views to set a password and accept an invitation: Django's own where it has them,
with mail sent by the worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from core.audit.actors import acting
from core.i18n.languages import ADMIN
from core.mail.addresses import account_address
from core.security import events
from core.security.buckets import (
    Rate,
    draw,
)
from core.security.client_network import network_of
from organizations import invitations
from organizations.forms import AcceptForm, StaffPasswordResetForm, StaffSetPasswordForm
from organizations.models import User

# The same titles as on the admin's own pages.
SITE = {"site_header": admin.site.site_header, "site_title": admin.site.site_title}

RESETS = Rate("password resets", burst=20, emission_interval=timedelta(minutes=3))
"""Rate limit: password reset forms from one network, whatever address they name."""


class PasswordReset(views.PasswordResetView):
    """Django's view to ask for a password link, rate limited by network."""

    extra_context = SITE
    form_class = StaffPasswordResetForm

    def form_valid(self, form: Any) -> HttpResponse:
        network = network_of(self.request)
        if network and draw(RESETS.of(str(network)), now=timezone.now()):
            form.add_error(
                None,
                gettext(
                    "Many forms came from your network. Try again in a few minutes."
                ),
            )
            response = self.form_invalid(form)
            response.status_code = 429
            return response
        # By its mark, whether or not it has an account: asking for that takes time.
        address = account_address(form.cleaned_data["email"])
        events.record("password link asked", network=network, address=address)
        return super().form_valid(form)


class SetPassword(views.PasswordResetConfirmView):
    extra_context = SITE
    form_class = StaffSetPasswordForm

    def get_user(self, uidb64: str) -> User | None:
        """Return the account that the link is for; None once that account is closed."""
        user = super().get_user(uidb64)
        return user if isinstance(user, User) and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password; whoever has the link acts as the account."""
        with acting(str(form.user.pk)):
            return super().form_valid(form)


@sensitive_post_parameters("new_password1", "new_password2")
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever follows the mailed link, and so has the mailbox, accept the
    invitation. Without an account they choose a password; the owner of an account logs
    in before they accept."""
    invitation = invitations.invitation_of_token(token)
    if invitation is None:
        return show_invitation(
            request, {"title": gettext("This invitation is over")}, status=410
        )
    account = User.objects.of_address(invitation.email).first()
    form = None
    if account is None:
        form = AcceptForm(invitation, request.POST or None)
        if request.method == "POST" and form.is_valid():
            if invitations.accept_anew(
                invitation,
                name=form.cleaned_data["name"],
                password=form.cleaned_data["new_password1"],
            ):
                return redirect("password_reset_complete")
            return redirect(request.path)
    elif request.method == "POST" and request.user == account:
        with acting(str(account.pk)):
            accepted = invitations.accept(invitation, account)
        if accepted:
            messages.success(
                request,
                gettext("You work for %(name)s now.")
                % {"name": invitation.organization.display_name},
            )
            return redirect("admin:index")
        return redirect(request.path)
    context = {
        "title": gettext("An invitation"),
        "invitation": invitation,
        "account": account,
        "form": form,
        "is_theirs": account is not None and request.user == account,
        "login_url": f"{reverse('admin:login')}?next={request.path}",
    }
    return show_invitation(request, context)


@require_safe
def glued_link(request: HttpRequest, link: str) -> HttpResponse:
    """Redirect to the page of a mailed link behind which a mail program glued the text
    around it."""
    return redirect(f"{ADMIN}{link}/")


def show_invitation(
    request: HttpRequest, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render the page of an invitation in the look of the admin."""
    return render(
        request,
        "admin/accept_invitation.html",
        {
            **admin.site.each_context(request),
            "subtitle": None,
            "invitation": None,
            "form": None,
            **context,
        },
        status=status,
    )
