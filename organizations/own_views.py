"""Pages of one's own account: where one is logged in, and giving the password again."""

from __future__ import annotations

import math
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.admin import form_recovery, saves
from core.admin.edit_conflicts import ConflictAwareForm, arrived, told
from core.admin.logins import HeldUp
from core.security import events
from core.text.numbers import Counted
from organizations import confirming, logins, sessions
from organizations.languages import in_own_language
from organizations.models import User
from organizations.scoping import user_of
from organizations.second_factor import passkeys


def account_page(
    request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render a page about one's own account in the look of the admin."""
    context = {**admin.site.each_context(request), "subtitle": None, **context}
    return render(request, f"admin/account/{name}.html", context, status=status)


# == Where one is logged in ==


@require_http_methods(["GET", "HEAD"])
def logins_list(request: HttpRequest) -> HttpResponse:
    """List where one is logged in."""
    here = request.session.session_key
    shown = [
        {
            "row": session,
            "device": sessions.device(session),
            "is_here": session.session_key == here,
            "network": sessions.network_words(session),
        }
        for session in sessions.sessions_of(user_of(request))
    ]
    context = {"title": gettext("Where you are logged in"), "logins": shown}
    return account_page(request, "logins", context)


@require_POST
def end_login(request: HttpRequest, number: int) -> HttpResponse:
    """End one of one's own logins."""
    user = user_of(request)
    if sessions.end_session(user, number):
        events.record("login ended", account=user.pk)
        messages.success(request, gettext("That login has ended."))
    else:
        messages.info(request, gettext("That login had ended already."))
    return redirect("admin:logins")


@require_POST
def end_logins(request: HttpRequest) -> HttpResponse:
    """End all of one's own logins but this one."""
    user = user_of(request)
    ended = sessions.end_all(user, but=request)
    events.record("other logins ended", account=user.pk)
    sentence = ngettext(
        "One other login has ended.", "%(number)s other logins have ended.", ended
    )
    messages.success(request, sentence % {"number": Counted(ended)})
    return redirect("admin:logins")


# == Name, language, mails ==


class AccountForm(ConflictAwareForm, forms.ModelForm[User]):
    """The form for what somebody decides about their own account."""

    class Meta:
        model = User
        fields = ["name", "language", "wants_notices"]
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [  # type: ignore[attr-defined]
            ("", _("that of the page where you log in")),
            *settings.LANGUAGES,
        ]


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Show and change one's own name, language and mails."""
    user = user_of(request)
    form = AccountForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    form.sent = arrived(request)
    form.sent.who = saves.meanwhile(User, str(user.pk), form.sent.opened)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        saves.say_kept(request, form.sent)
        messages.success(request, gettext("Your account is changed."))
        return redirect(in_own_language(saved, request.path))
    context = {
        "title": gettext("Your account"),
        "form": form,
        "seen": told(form),
        "account": user,
    }
    return account_page(request, "account", context)


# == The password again ==


class ConfirmForm(forms.Form):
    """The form in which somebody logged in gives the password again, or has a passkey
    sign."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    credential = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.user = user
        self.held_up: HeldUp | None = None

    def clean(self) -> None:
        if answer := self.cleaned_data.get("credential"):
            try:
                passkeys.check_passkey(self.user, answer)
            except passkeys.NotAccepted:
                raise ValidationError(
                    gettext("The passkey was not accepted.")
                ) from None
            return
        password = str(self.cleaned_data.get("password") or "")
        try:
            right = logins.attempt_own(
                self.user, lambda: self.user.check_password(password) or None
            )
        except HeldUp as held:
            self.held_up = held
            self.add_error("password", ValidationError(held.sentence()))
            return
        if not right:
            self.add_error("password", gettext("This is not your password."))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_identity(request: HttpRequest) -> HttpResponse:
    """Take the password again, and go on: with what was typed, which is offered to be
    sent, or to the page that was asked for."""
    user = user_of(request)
    to = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(to, {request.get_host()}):
        to = "admin:index"
    if request.method != "POST":
        return identity_page(request, to, None, status=200)
    typed = form_recovery.carried_in(request)
    form = ConfirmForm(user, request.POST)
    if not form.is_valid():
        return identity_page(request, to, typed, form)
    confirming.note_identity(request)
    events.record("identity confirmed", account=user.pk)
    return form_recovery.offer(request, typed) if typed else redirect(to)


def identity_page(
    request: HttpRequest,
    to: str,
    typed: form_recovery.Typed | None,
    form: ConfirmForm | None = None,
    status: int = 403,
) -> HttpResponse:
    """Render the page that asks for the password again (403: nothing was done)."""
    user = user_of(request)
    held_up = form.held_up if form is not None else None
    context: dict[str, Any] = {
        "title": gettext("Is it you?"),
        "form": form or ConfirmForm(user),
        "next": to,
        "typed": typed,
        "carried": typed.carried() if typed else "",
        "options": passkeys.request_options(user),
        "minutes": confirming.GOOD_FOR.seconds // 60,
    }
    response = account_page(request, "confirm", context, 429 if held_up else status)
    if held_up is not None:
        seconds = math.ceil(held_up.wait.total_seconds())
        response.headers["Retry-After"] = str(seconds)
    return response
