"""Whoever only reads sees pages and numbers, and nobody's name or address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organizations.models import User
from petitions.models import Invalidation, Petition, Report, Signature
from tests.factories import make_pending, make_signature

pytestmark = pytest.mark.django_db

PERSONAL = ("Wimblethorpe", "wimblethorpe@gobbledok.example", "gobbledok.example",
            "192.0.2.0", "Fotheringay", "fotheringay@writes.example")  # fmt: skip


@pytest.fixture
def world(petition: Petition, erin: User) -> Petition:
    """Signers in every state, and a message."""
    someone: dict[str, Any] = {"name": "Ada Wimblethorpe", "comment": "Fotheringay"}
    make_signature(
        petition, "wimblethorpe@gobbledok.example", show_name=True, **someone
    )
    make_pending(petition, "wimblethorpe@gobbledok.example", **someone)
    Signature.objects.update(network="192.0.2.0")
    Report.objects.create(
        petition=petition, reason="other", text="Hello", language="en",
        email="fotheringay@writes.example", created_at=timezone.now(),
    )  # fmt: skip
    now = timezone.now()
    Invalidation.objects.create(
        petition=petition, name="Wimblethorpe", name_match="contains", reason="x",
        made_by=erin, made_at=now, as_of=now, found=0, up_to=0, state="done", finished_at=now,
    )  # fmt: skip
    return petition


def pages(petition: Petition) -> Iterator[str]:
    """Every list, searched and filtered, every row's pages, and a petition's own."""
    for model, _model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        path = reverse(f"{name}_changelist")
        yield path
        for query in ("q=wimblethorpe", "q=wimblethorpe@gobbledok.example",
                      "name__startswith=Ada", "email__contains=gobbledok"):  # fmt: skip
            yield f"{path}?{query}"
        for row in model._default_manager.all()[:5]:
            for kind in ("change", "history", "delete"):
                yield reverse(f"{name}_{kind}", args=[row.pk])
        yield (
            f"{reverse('admin:autocomplete')}?app_label={model._meta.app_label}"
            f"&model_name={model._meta.model_name}&field_name=petition&term=wim"
        )
    for page in ("figures", "spread", "invalidate"):
        yield f"/admin/petitions/petition/{petition.pk}/{page}/"
    yield f"/admin/petitions/export/new/{petition.organization_id}/"
    yield "/admin/"


def test_a_viewer_sees_nobody(
    as_user: Callable[[User], Client], bob: User, world: Petition
) -> None:
    viewer = as_user(bob)
    seen = 0

    for path in pages(world):
        answer = viewer.get(path)
        seen += answer.status_code == 200
        text = b"".join(answer) if answer.streaming else answer.content
        found = [word for word in PERSONAL if word in text.decode().partition("?q=")[0]]
        assert not found or "wimblethorpe" in path.lower(), (path, found)
        if "wimblethorpe" in path.lower():
            assert "Ada Wimblethorpe" not in text.decode()
    assert seen > 10
    for path in ("signature", "comment", "report", "ordinarydomain", "keycollision"):
        assert viewer.get(f"/admin/petitions/{path}/").status_code == 403


def test_who_edits_sees_them(
    as_user: Callable[[User], Client], erin: User, world: Petition
) -> None:
    editor = as_user(erin)
    texts = "".join(
        answer.content.decode()
        for path in pages(world)
        if not (answer := editor.get(path)).streaming
    )

    assert [word for word in PERSONAL if word not in texts] == []
