"""What is deleted in the admin is deleted at once, and is staff's own: no row of
anybody who signed, wrote or was mailed to goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import models
from django.test import RequestFactory

from organizations.models import User
from petitions.models import (
    Bounce,
    Consent,
    LinkRequest,
    MergedSignature,
    OutgoingMail,
    Petition,
    Report,
    Signature,
    Suppression,
)

pytestmark = pytest.mark.django_db

OF_VISITORS = {
    Bounce, Consent, OutgoingMail, LinkRequest, MergedSignature, Report, Signature,
    Suppression,
}  # fmt: skip


def deletable(ada: User) -> Iterator[type[models.Model]]:
    """Yield the models of which a site administrator, who may do everything, can delete
    a row: on its page, in the list, or in an inline of another's page."""
    request = RequestFactory().get("/")
    request.user = ada
    for model, model_admin in site._registry.items():
        row = Petition(state="draft") if model is Petition else model()
        if model_admin.has_delete_permission(request) or (
            model not in OF_VISITORS and may_delete(model_admin, request, row)
        ):
            yield model
        for inline in model_admin.get_inline_instances(request):
            if inline.can_delete and may_delete(inline, request, row):
                yield inline.model


def may_delete(options: Any, request: Any, row: Any) -> bool:
    try:
        return bool(options.has_delete_permission(request, row))
    except (AttributeError, models.ObjectDoesNotExist, ValueError):
        return True  # it depends on the row


def goes_along(model: type[models.Model]) -> set[type[models.Model]]:
    """Return the model and all whose rows are deleted with one of its rows."""
    found, ahead = {model}, [model]
    while ahead:
        for relation in ahead.pop()._meta.related_objects:
            other = relation.related_model
            on_delete = relation.on_delete
            if on_delete is models.CASCADE and other not in found:
                found.add(other)
                ahead.append(other)
    return found


def test_nobody_is_deleted_with_what_staff_delete(ada: User) -> None:
    models_found = list(deletable(ada))

    assert Petition in models_found
    for model in models_found:
        assert not goes_along(model) & OF_VISITORS, model


def test_no_list_and_no_page_deletes_visitors(ada: User) -> None:
    request = RequestFactory().get("/")
    request.user = ada
    for model, model_admin in site._registry.items():
        if model in OF_VISITORS or issubclass(model, Signature):
            assert not model_admin.has_delete_permission(request), model
            assert not model_admin.has_delete_permission(request, model()), model
            assert "delete_selected" not in model_admin.get_actions(request)
