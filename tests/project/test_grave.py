"""What is grave asks for the password again: the walk goes to every page of the admin that
takes a grave right, or says itself that it is grave, as somebody who logged in long
ago."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from organizations import confirming
from organizations.confirming import GOOD_FOR
from organizations.models import User
from organizations.rights import GRAVE
from organizations.scoping import ScopedAdmin
from tests.clock import time_passes
from tests.helpers import read_to_end, text_of
from tests.project.conftest import World
from tests.project.rights_walk import DJANGOS, Walk, name_of

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

# Written out by hand, so that nobody makes something less grave without changing this.
RIGHTS = {"export", "connect", "deliver", "mail", "serve", "manage"}
MORE = {
    "petitions_petition_invalidate", "petitions_invalidation_reverse",
    "petitions_enteredcount_erase_scan",
    "petitions_answer_withdraw", "organizations_user",
}  # fmt: skip
LESS = {
    "organizations_organization_rights",
    # What ends a mailing, or lets it go on as it was ordered, does not wait.
    "petitions_mailing_call_off", "petitions_mailing_pause", "petitions_mailing_go_on",
    "petitions_mailing_stop",
    "petitions_asking_pause", "petitions_asking_go_on", "petitions_asking_stop",
}  # fmt: skip


REFUSED = "Nothing was saved or done"


def own_pages(model_admin: Any) -> Iterator[tuple[str, Any]]:
    prefix = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}_"
    for pattern in model_admin.get_urls():
        name = str(pattern.name or "")
        if name and name.removeprefix(prefix) not in DJANGOS:
            yield name, pattern.callback


def test_what_is_grave_is_what_was_decided() -> None:
    more: set[str] = set()
    less: set[str] = set()
    for model_admin in admin.site._registry.values():
        if model_admin.is_grave is not None:  # type: ignore[attr-defined]
            more.add(f"{name_of(model_admin).removeprefix('admin:')}")
        for name, view in own_pages(model_admin):
            if view.is_grave != (view.right in GRAVE):
                (more if view.is_grave else less).add(name)

    assert {right.value for right in GRAVE} == RIGHTS
    assert (more, less) == (MORE, LESS)


def unasked(client: Client, user: User) -> tuple[list[str], int]:
    """Return the grave pages that do not ask, and the number of those that do."""
    walk, found, asking = Walk(client, user, []), [], 0
    paths: list[str] = []
    for model_admin in admin.site._registry.values():
        assert isinstance(model_admin, ScopedAdmin)
        needs, name = model_admin.needs, name_of(model_admin)
        for name_of_page, view in own_pages(model_admin):
            if view.is_grave:
                paths += [path for path, _ in walk.addresses(model_admin, name_of_page)]
        for page_name, right in (("change", needs.change), ("delete", needs.delete)):
            grave = (
                right in GRAVE if model_admin.is_grave is None else model_admin.is_grave
            )
            if right and grave:
                paths += [
                    reverse(f"{name}_{page_name}", args=[row.pk])
                    for row in walk.rows(model_admin)
                    if model_admin.organization_id(row) or user.is_superuser
                    if getattr(model_admin, f"has_{page_name}_permission")(
                        SimpleNamespace(user=user), row
                    )
                ]
    for path in paths:
        # A form that does not say whose it is comes back to be copied.
        for send, words in ((client.get, "Is it you?"), (client.post, REFUSED)):
            answer = send(path)
            if answer.status_code != 403 or words not in text_of(answer):
                found.append(f"{path}: {answer.status_code}")
            read_to_end(answer)
            asking += 1
    return found, asking


def test_whoever_logged_in_long_ago_is_asked_on_every_grave_page(
    as_user: Login, ada: User, people: World
) -> None:
    client = as_user(ada)
    with time_passes(GOOD_FOR):
        found, asking = unasked(client, ada)

    assert found == []
    assert asking > 40


def test_a_page_that_does_not_ask_is_found(
    as_user: Login, ada: User, people: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = confirming.password_page
    monkeypatch.setattr(
        confirming,
        "password_page",
        lambda request: None if "/export/" in request.path else asked(request),
    )
    client = as_user(ada)
    with time_passes(GOOD_FOR):
        found, _asking = unasked(client, ada)

    assert [fault for fault in found if "/export/new/" in fault], found
