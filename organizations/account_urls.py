"""URLs by which staff set a password or accept an invitation."""

from django.contrib.auth import views
from django.urls import path, re_path

from organizations.account_views import (
    SITE,
    PasswordReset,
    SetPassword,
    accept_invitation,
    glued_link,
)

SIGNED = "[0-9A-Za-z_:-]+"
"""What the tokens of mailed links consist of."""

urlpatterns = [
    # Before the links themselves, which would take what is glued for a part of theirs.
    re_path(
        rf"^(?P<link>invitation/{SIGNED}|second-factor/keep/{SIGNED}"
        rf"|password/{SIGNED}/{SIGNED})"
        r"(?!/?$)[^0-9A-Za-z_:-][\s\S]*$",
        glued_link,
        name="glued_link",
    ),
    path("password/reset/", PasswordReset.as_view(), name="admin_password_reset"),
    path(
        "password/reset/sent/",
        views.PasswordResetDoneView.as_view(extra_context=SITE),
        name="password_reset_done",
    ),
    path(
        "password/<uidb64>/<token>/",
        SetPassword.as_view(),
        name="password_reset_confirm",
    ),
    path(
        "password/set/",
        views.PasswordResetCompleteView.as_view(extra_context=SITE),
        name="password_reset_complete",
    ),
    path("invitation/<str:token>/", accept_invitation, name="accept_invitation"),
]
