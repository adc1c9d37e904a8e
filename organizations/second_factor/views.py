"""Pages of the second factor: giving it at login, setting it up, and taking it away."""

from __future__ import annotations

import math
from typing import cast

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.admin import form_recovery
from core.images import qr
from organizations import sessions
from organizations.confirming import confirms_identity, note_identity
from organizations.models import User
from organizations.own_views import account_page
from organizations.scoping import user_of
from organizations.second_factor import factors, lost, passkeys, pending
from organizations.second_factor.forms import AppForm, CodeForm, KeyForm
from organizations.second_factor.pending import PendingLogin

Type = Authenticator.Type
SECRET = "app_secret"  # noqa: S105 - the session's key of it


# == At login ==


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def login_code(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor after the password, and log in. What was typed before
    is carried along, as through the login page."""
    is_form = request.method == "POST"
    typed = form_recovery.carried_in(request) if is_form else None
    user = PendingLogin.user_of(request, timezone.now())
    if user is None:
        if request.user.is_authenticated:
            return redirect("admin:index")
        if typed is not None:
            return form_recovery.ask_login(request, typed)
        if is_form:
            messages.warning(request, gettext("That took too long. Log in again."))
        return redirect("admin:login")
    if not is_form:
        return code_page(request, user, None)
    form = CodeForm(user, request.POST)
    if not form.is_valid():
        return code_page(request, user, typed, form)
    factors.renew_encryption(user)
    to = pending.finish_login(request, user)
    if form.factor is not None and form.factor.type == Type.RECOVERY_CODES:
        messages.warning(request, codes_left_sentence(user))
    if typed is not None:
        return form_recovery.offer(request, typed)
    return redirect(to or "admin:index")


def code_page(
    request: HttpRequest,
    user: User,
    typed: form_recovery.Typed | None,
    form: CodeForm | None = None,
) -> HttpResponse:
    """Render the page that asks for the second factor; 429 with Retry-After when too
    many codes were wrong."""
    held_up = form.held_up if form is not None else None
    context = {
        "title": gettext("Second factor"),
        "form": form or CodeForm(user),
        "typed": typed,
        "carried": typed.carried() if typed else "",
        "options": passkeys.request_options(user),
        "has_app": factors.factor_of(user, Type.TOTP) is not None,
        "has_codes": factors.codes_left(user) > 0,
    }
    response = account_page(request, "login_code", context, 429 if held_up else 200)
    if held_up is not None:
        seconds = math.ceil(held_up.wait.total_seconds())
        response.headers["Retry-After"] = str(seconds)
    return response


def codes_left_sentence(user: User) -> str:
    left = factors.codes_left(user)
    return gettext(
        "You logged in with a recovery code; %(number)s are left. Lost your telephone "
        "or key? Set up a new one under Second factor, and make new codes."
    ) % {"number": left}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keep_factor(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever follows the mailed link call off that their second factor is
    removed."""
    removal = lost.removal_of_token(token)
    if removal is None:
        title = gettext("This is over")
        return account_page(
            request, "keep_factor", {"title": title, "removal": None}, 410
        )
    is_done = request.method == "POST"
    if is_done:
        lost.call_off_factor_removal(removal)
    context = {
        "title": gettext("Your second factor"),
        "removal": removal,
        "is_done": is_done,
    }
    return account_page(request, "keep_factor", context)


# == Setting up ==


@require_http_methods(["GET", "HEAD"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Show one's own second factors, and what can be done with them."""
    user = user_of(request)
    return account_page(
        request,
        "second_factor",
        {
            "title": gettext("Second factor"),
            "app": factors.factor_of(user, Type.TOTP),
            "codes_left": factors.codes_left(user),
            "passkeys": [key.wrap() for key in passkeys.passkeys_of(user)],
            "has_one": factors.has_factor(user),
            "is_required": factors.is_required(user),
        },
    )


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@confirms_identity
def add_app(request: HttpRequest) -> HttpResponse:
    """Show the secret for an authenticator app, as QR code and in letters, until a code
    of the app proves that it has it. The secret stays the same while it is tried."""
    user = user_of(request)
    secret = request.session.get(SECRET)
    if secret is None:
        secret = request.session[SECRET] = generate_totp_secret()
    form = AppForm(secret, request.POST or None)
    if request.method == "POST" and form.is_valid():
        del request.session[SECRET]
        factors.add_app(user, secret)
        factors.use_up(user, form.cleaned_data["code"], timezone.now())
        set_up(request, user)
        messages.success(request, gettext("The app is your second factor now."))
        return redirect("admin:recovery_codes")
    url = get_adapter().build_totp_url(user, secret)
    context = {
        "title": gettext("Set up an authenticator app"),
        "form": form,
        "code": qr.as_svg(url, label=gettext("QR code of the secret")),
        "url": url,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    }
    return account_page(request, "add_app", context)


def set_up(request: HttpRequest, user: User) -> None:
    """Go on in this session with the second factor that was just proved; end the
    others, which began without it."""
    request.session[pending.PASSED] = True
    note_identity(request)
    sessions.end_all(user, but=request)


@require_http_methods(["GET", "HEAD", "POST"])
@confirms_identity
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Have the browser make a passkey, and store it."""
    user = user_of(request)
    name = gettext("Passkey %(number)s") % {
        "number": len(passkeys.passkeys_of(user)) + 1
    }
    form = KeyForm(request.POST or None, initial={"name": name})
    if len(passkeys.passkeys_of(user)) >= passkeys.MOST:
        messages.error(request, gettext("Remove a passkey first: you have too many."))
        return redirect("admin:second_factor")
    if request.method == "POST" and form.is_valid():
        had_one = factors.has_factor(user)
        answer = form.cleaned_data["credential"]
        try:
            passkeys.store_passkey(user, form.cleaned_data["name"], answer)
        except passkeys.NotAccepted:
            form.add_error(None, gettext("No passkey was made. Try again."))
        else:
            set_up(request, user)
            messages.success(request, gettext("It is your second factor now."))
            return redirect(
                "admin:second_factor" if had_one else "admin:recovery_codes"
            )
    context = {
        "title": gettext("Make a passkey"),
        "form": form,
        "options": passkeys.creation_options(user),
    }
    return account_page(request, "add_passkey", context)


@require_http_methods(["GET", "HEAD", "POST"])
@confirms_identity
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Show recovery codes once, after they were made; make new ones on a POST."""
    user = user_of(request)
    if not factors.has_factor(user):
        return redirect("admin:second_factor")
    if request.method == "POST":
        factors.renew_codes(user)
        return redirect("admin:recovery_codes")
    factor = factors.factor_of(user, Type.RECOVERY_CODES)
    codes: list[str] = []
    if factor is not None and not RecoveryCodes(factor).did_view:
        RecoveryCodes(factor).mark_as_viewed()
        codes = RecoveryCodes(factor).get_unused_codes()
    context = {
        "title": gettext("Recovery codes"),
        "codes": codes,
        "left": factors.codes_left(user),
        "account": user.email,
    }
    return account_page(request, "recovery_codes", context)


@require_POST
@confirms_identity
def remove_factor(request: HttpRequest, number: int) -> HttpResponse:
    """Remove one of one's own second factors; not the last, while one is required."""
    user = user_of(request)
    mine = Authenticator.objects.exclude(type=Type.RECOVERY_CODES)
    factor = cast("Authenticator", get_object_or_404(mine, pk=number, user_id=user.pk))
    is_last = not mine.filter(user_id=user.pk).exclude(pk=number).exists()
    if is_last and factors.is_required(user):
        messages.error(
            request,
            gettext(
                "This is your last second factor, and you need one: set up another "
                "before you remove it."
            ),
        )
    else:
        factors.remove_factor(user, factor)
        messages.success(request, gettext("It is not your second factor any more."))
    return redirect("admin:second_factor")
