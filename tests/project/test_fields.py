"""Every text comes in by a field that cleans it, in each form of the site and of the
admin."""

from __future__ import annotations

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.forms import BaseUserCreationForm, PasswordResetForm
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import FieldError
from django.test import RequestFactory

from core.mail.address_fields import AddressField
from core.text.fields import LineField
from organizations.models import User
from tests.factories import make_user
from tests.project.forms import own_forms

# Fields that hold no text for readers: choices, numbers, secrets, files.
OTHERS = (
    AddressField, SimpleArrayField, forms.SlugField, forms.GenericIPAddressField,
    forms.UUIDField, forms.JSONField, forms.RegexField, forms.FilePathField,
)  # fmt: skip


def goes_around(field: forms.Field) -> bool:
    # What a script fills in is as little read as a password.
    unread = field.widget.is_hidden or isinstance(field.widget, forms.PasswordInput)
    return (
        isinstance(field, forms.CharField)
        and not isinstance(field, (LineField, *OTHERS))
        and not unread
    )


def test_forms_of_the_site() -> None:
    found = {
        f"{form.__module__}.{form.__name__}.{name}"
        for form in own_forms()
        if not issubclass(form, (PasswordResetForm, BaseUserCreationForm))
        # A ModelForm of the admin gets its fields there: see below.
        and (not issubclass(form, forms.BaseModelForm) or form._meta.formfield_callback)
        for name, field in getattr(form, "base_fields", {}).items()
        if goes_around(field)
    }

    assert found == set()


@pytest.mark.django_db
def test_forms_of_the_admin(rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = make_user(is_superuser=True)
    looked_at, found = 0, set()
    for model, of_model in admin.site._registry.items():
        try:
            makers = [of_model.get_form(request)]
        except FieldError:  # read only: it shows what is no column
            assert not of_model.has_add_permission(request)
            continue
        for inline in of_model.get_inline_instances(request):
            makers.append(inline.get_formset(request).form)
        for form in makers:
            for name, field in form.base_fields.items():
                looked_at += isinstance(field, LineField)
                if goes_around(field) and model is not User:
                    found.add(f"{form._meta.model.__name__}.{name}")

    assert found == set()
    assert looked_at > 40
