"""Setting and resetting the password of a staff account; Django's own views."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views
from django.urls import path

from organizations.forms import StaffPasswordResetForm

# As on the pages of the admin itself.
SITE = {"site_header": admin.site.site_header, "site_title": admin.site.site_title}

urlpatterns = [
    path(
        "reset/",
        views.PasswordResetView.as_view(
            extra_context=SITE,
            extra_email_context={"site_url": settings.SITE_URL},
            form_class=StaffPasswordResetForm,
            email_template_name="emails/password_reset.txt",
            subject_template_name="emails/password_reset.subject.txt",
        ),
        name="admin_password_reset",
    ),
    path(
        "reset/sent/",
        views.PasswordResetDoneView.as_view(extra_context=SITE),
        name="password_reset_done",
    ),
    path(
        "<uidb64>/<token>/",
        views.PasswordResetConfirmView.as_view(extra_context=SITE),
        name="password_reset_confirm",
    ),
    path(
        "set/",
        views.PasswordResetCompleteView.as_view(extra_context=SITE),
        name="password_reset_complete",
    ),
]
