"""Setting and resetting the password of a staff account; Django's own views."""

from django.contrib.auth import views
from django.urls import path

from organizations.forms import StaffPasswordResetForm

urlpatterns = [
    path(
        "reset/",
        views.PasswordResetView.as_view(
            form_class=StaffPasswordResetForm,
            email_template_name="emails/password_reset.txt",
            subject_template_name="emails/password_reset.subject.txt",
        ),
        name="admin_password_reset",
    ),
    path(
        "reset/sent/",
        views.PasswordResetDoneView.as_view(),
        name="password_reset_done",
    ),
    path(
        "<uidb64>/<token>/",
        views.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path(
        "set/",
        views.PasswordResetCompleteView.as_view(),
        name="password_reset_complete",
    ),
]
