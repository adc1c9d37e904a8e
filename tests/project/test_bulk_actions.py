"""Every action of a list asks first, names what it is about, and says how it is taken
back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from core.admin.bulk_actions import MOST_LISTED
from core.checks import every_admin_class_has_our_manners
from core.models import AuditEntry
from organizations.models import Organization, User
from organizations.rights import Right
from petitions.models import Petition, Signature, Topic
from petitions.states import State
from tests.factories import make_pending, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.admin.helpers import Login, decide, pressed
from tests.project.conftest import World

pytestmark = pytest.mark.django_db

LIST = "/admin/petitions/petition/"
SIGNATURES = "/admin/petitions/signature/"
WAY_BACK = re.compile(
    r"(You|An owner of the organisation) can take this back "
    r"(at any time|until [^“]+ it|until [^“]+ \([^)]+\)): “[^”]+”"
    "|This cannot be taken back: "
)


@pytest.fixture
def to_decide(world: World) -> World:
    """Rows for every action to be about."""
    make_signature(world.signed, comment="Because it matters.", show_name=True)
    withheld = make_signature(world.signed, show_name=True)
    paused = make_petition(world.organization, title="Paused one", state=State.PAUSED)
    Signature.objects.filter(pk=withheld.pk).update(name_withheld=True)
    aside = make_pending(paused)
    Signature.objects.filter(pk=aside.pk).update(quarantine_reason="burst")
    return world


def every_action() -> Iterator[tuple[Any, str, str]]:
    """Yield each model admin, the path of its list, and the name of each action that a
    site administrator is offered there."""
    for model_admin in admin.site._registry.values():
        opts = model_admin.opts
        path = f"/admin/{opts.app_label}/{opts.model_name}/"
        for action in model_admin._get_base_actions():  # type: ignore[attr-defined]
            yield model_admin, path, action.name


def stored() -> dict[str, Any]:
    models: list[Any] = [m.model for m in admin.site._registry.values()]
    models.remove(AuditEntry)  # whoever looks at the list is in it
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in models
    }


def test_every_action_asks_first_and_says_how_it_is_taken_back(
    as_user: Login, ada: User, to_decide: World
) -> None:
    client, before, asked = as_user(ada), stored(), set()

    for model_admin, path, action in every_action():
        rows = model_admin.model._default_manager.order_by("pk")
        chosen = list(rows.values_list("pk", flat=True)[:3])
        if not chosen or f'value="{action}"' not in client.get(path).content.decode():
            continue
        fields = {"action": action, "_selected_action": chosen, "select_across": "1"}

        page = client.post(path, fields)

        assert page.status_code == 200, (path, action)
        assert WAY_BACK.search(text_of(page)), (path, action, text_of(page))
        assert stored() == before, (path, action)
        asked.add(action)

    assert asked >= {
        "publish_selected", "pause_selected", "resume_selected", "close_selected",
        "approve_comments", "hide_comments", "withhold_names", "release_names",
        "release", "remove", "delete_selected",
    }  # fmt: skip


def test_an_action_that_says_nothing_is_refused_and_asks_all_the_same(
    as_user: Login, ada: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(model_admin: Any, request: HttpRequest, queryset: Any) -> None:
        queryset.update(slug="spoilt")

    spoil.right = Right.ADMINISTER  # type: ignore[attr-defined]
    topics: Any = admin.site._registry[Topic]
    assert every_admin_class_has_our_manners(None) == []
    monkeypatch.setattr(topics, "actions", [spoil])
    fields = {"action": "spoil", "_selected_action": [world.topic.pk]}
    path, client = "/admin/petitions/topic/", as_user(ada)

    page = client.post(path, fields)

    assert {e.id for e in every_admin_class_has_our_manners(None)} == {"config.E010"}
    assert "Freedom" in text_of(page)
    assert not Topic.objects.filter(slug="spoilt").exists()
    client.post(path, {**fields, **pressed(page)})
    assert Topic.objects.filter(slug="spoilt").exists()


def test_the_page_names_the_petitions_and_the_list_is_as_it_was_when_called_off(
    as_user: Login, erin: User, organization: Organization
) -> None:
    rows = [make_petition(organization, title=f"Petition {n}") for n in range(3)]
    chosen = {
        "action": "pause_selected", "_selected_action": [row.pk for row in rows],
    }  # fmt: skip

    page = decide(as_user(erin), chosen, LIST)

    for row in rows:
        assert row.title in text_of(page)
    assert "You can take this back at any time: “Resume”." in text_of(page)
    assert f'<a class="button cancel-link" href="{LIST}">' in page.content.decode()
    assert Petition.objects.filter(state=State.PAUSED).count() == 3


def test_all_of_a_long_list_are_named_before_they_are_done(
    as_user: Login, erin: User, organization: Organization
) -> None:
    """However many there are: a hundred at a time, and none that no page named."""
    number = 2 * MOST_LISTED + 20
    now = timezone.now()
    Petition.objects.bulk_create(
        Petition(
            organization=organization, title=f"Petition <{n}>", slug=f"p-{n}",
            text="Do.", state=State.OPEN, opens_at=now,
        )
        for n in range(number)
    )  # fmt: skip
    client: Client = as_user(erin)
    fields: dict[str, Any] = {
        "action": "close_selected", "_selected_action": ["1"], "select_across": "1",
    }  # fmt: skip
    page, named = client.post(LIST, fields), set[str]()

    for done in (MOST_LISTED, 2 * MOST_LISTED, number):
        named |= set(re.findall(r"Petition &lt;(\d+)&gt;", page.content.decode()))
        assert len(named) == done
        if done == number:
            late = make_petition(organization, title="Late", opens_at=now)
        page = client.post(LIST, {**fields, **pressed(page)})
        assert Petition.objects.filter(state=State.CLOSED).count() == done

    late.refresh_from_db()
    assert late.state == State.OPEN
    assert page.status_code == 302


def test_what_comes_in_while_the_page_is_open_is_not_decided(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_signature(petition, show_name=True, name="Seen Before")
    client = as_user(erin)
    fields = {
        "action": "withhold_names", "_selected_action": ["1"], "select_across": "1",
    }  # fmt: skip

    page = client.post(SIGNATURES, fields)
    assert "Seen Before" in text_of(page)
    late = make_signature(petition, show_name=True)
    answer = client.post(SIGNATURES, {**fields, **pressed(page)}, follow=True)

    withheld = Signature.objects.filter(name_withheld=True)
    assert [row.name for row in withheld] == ["Seen Before"]
    assert not Signature.objects.get(pk=late.pk).name_withheld
    sentence = (
        "You can take this back at any time: “Let names stand on the page again”."
    )
    assert sentence in text_of(page)
    assert sentence in text_of(answer)
