"""Every address of the admin, as everybody, with whatever may stand behind its “?”:
never an error of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse
from django.utils.html import strip_tags

from organizations.models import Organization, User
from petitions.admin.transitions import TRANSITIONS
from petitions.models import Signature
from petitions.signatures.supporters import PATHS
from tests.project.conftest import World, sent

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

# Numbers, dates and words that are none, are too large, or mean something in SQL.
ODD = ["", "ü\u2028'%", "99999999999999999999", "0001-01-01"]
LOOKUPS = ["exact", "iexact", "in", "gt", "isnull", "year", "regex", "range", "date",
           "contains", "search", "nowhere", "week_day", "length"]  # fmt: skip
# Names in the query of a list, besides filters.
OF_LISTS = ["q", "o", "p", "ot", "all", "e", "_facets", "_popup", "_to_field", "index"]
# Names in the query of a form.
OF_FORMS = ["_popup", "_to_field", "_changelist_filters", "_source_model", "petition",
            "language", "number", "day"]  # fmt: skip


@pytest.fixture(params=["ada", "alice", "erin", "bob", "charlie"])
def somebody(request: pytest.FixtureRequest, as_user: Login, world: World) -> Client:
    """A browser of each role, and one of an owner of another organisation."""
    return as_user(request.getfixturevalue(request.param))


def model_admins() -> list[Any]:
    return list(admin.site._registry.values())


def name_of(model_admin: Any) -> str:
    return f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}"


def lists() -> Iterator[tuple[Any, str]]:
    for model_admin in model_admins():
        yield model_admin, reverse(f"{name_of(model_admin)}_changelist")


def forms() -> Iterator[str]:
    """Yield the pages of some rows that there are, and of rows that there are not."""
    for model_admin in model_admins():
        yield reverse(f"{name_of(model_admin)}_add")
        rows = model_admin.model._default_manager.values_list("pk", flat=True)
        for number in [*rows[:6], "99999999999999999999", "abc", "_5F", "-1"]:
            for page in ("change", "delete", "history"):
                yield reverse(f"{name_of(model_admin)}_{page}", args=[number])


def own_pages() -> Iterator[str]:
    """Yield the pages that our classes add to Django's; they are found in the URL
    patterns, so that a new one is visited, too."""
    for model_admin in model_admins():
        djangos = {"changelist", "add", "history", "delete", "change"}
        for pattern in model_admin.get_urls():
            assert isinstance(pattern, URLPattern)
            name = str(pattern.name or "")
            if not name or name.rpartition("_")[2] in djangos:
                continue
            rows = model_admin.model._default_manager.values_list("pk", flat=True)
            if "supporterrequest" in name:
                rows = Signature.objects.values_list("pk", flat=True)
            if name.endswith(("export_new", "unsubscribelist_new")):
                rows = Organization.objects.values_list("pk", flat=True)
            yield from addresses(name, [*rows[:6], 999_999_999])


def addresses(name: str, numbers: list[int]) -> Iterator[str]:
    """Return the page's URLs, with everything that may stand in them."""
    verbs: list[list[Any]] = [
        [n, verb] for n in numbers for verb in [*TRANSITIONS, "nothing"]
    ]
    found: list[str] = []
    one: list[list[Any]] = [[n] for n in numbers]
    people: list[list[Any]] = [
        [kind, n, *more]
        for kind in [*PATHS, "x"]
        for n in numbers
        for more in ([], [n])
    ]
    of_members: list[list[Any]] = [
        [n, member, act]
        for n in numbers
        for member in numbers[:1]
        for act in ("remove", "resend", "nothing")
    ]
    for arguments in [[], *one, *verbs, *people, *of_members]:
        with suppress(NoReverseMatch):
            found.append(reverse(f"admin:{name}", args=arguments))
    assert found, f"{name}: nothing is known that its address could hold"
    yield from found


def queries(names: list[str]) -> Iterator[str]:
    """Yield query strings: each name with each odd value."""
    yield ""
    for name in names:
        for odd in ODD:
            yield "?" + urlencode({name: odd})
    yield "?%ED%A0%80=%FF&q=%F0%28%8C%28"
    yield "?" + urlencode(dict.fromkeys(names, "1"))


def filters_of(model_admin: Any) -> list[str]:
    """Return the lookups that the list's filters write into URLs, and those that
    anybody can write: Django takes any of a model's own columns."""
    own = [getattr(f, "parameter_name", "") for f in model_admin.list_filter]
    columns = [f.name for f in model_admin.opts.concrete_fields]
    return [
        *filter(None, own),
        *(f"{column}__exact" for column in columns),
        *(f"{columns[-1]}__{lookup}" for lookup in LOOKUPS),
        *(
            f"{field.name}__{lookup}"
            for field in model_admin.opts.concrete_fields
            if isinstance(field, models.DateField | models.ForeignKey)
            for lookup in ("year", "in", "isnull", "name__contains")
        ),
    ]


def failures(client: Client, paths: Iterator[str]) -> list[str]:
    """Return the paths that answer with a server error."""
    client.raise_request_exception = False
    return [
        f"{response.status_code} {path}"
        for path in paths
        if (response := client.get(path)).status_code >= 500
    ]


def links_in(page: str) -> Iterator[str]:
    """Yield the links of a page that lead on in the same list."""
    for link in re.findall(r'href="(\?[^"]*)"', page):
        yield unescape(link)


@pytest.mark.parametrize("prefix", ["", "/fr"])
def test_every_page_answers_everybody(somebody: Client, prefix: str) -> None:
    pages = [*(path for _admin, path in lists()), *forms(), *own_pages()]

    assert failures(somebody, (f"{prefix}{path}" for path in pages)) == []


def test_every_list_answers_whatever_its_address_says(
    as_user: Login, ada: User, world: World
) -> None:
    paths = (
        f"{path}{query}"
        for model_admin, path in lists()
        for query in queries([*OF_LISTS, *filters_of(model_admin)])
    )

    assert failures(as_user(ada), paths) == []


def test_every_filter_and_order_of_every_list_answers_with_counts(
    somebody: Client,
) -> None:
    """Follows the links that the lists themselves have."""
    for _model_admin, path in lists():
        first = somebody.get(f"{path}?_facets=True").content.decode()
        onward = [path + link for link in {*links_in(first)}]
        counted = [f"{link}&_facets=True" for link in onward]
        assert failures(somebody, iter([*onward, *counted])) == []


def test_every_form_answers_whatever_its_address_says(
    as_user: Login, ada: User, world: World
) -> None:
    paths = (
        f"{path}?{urlencode(dict.fromkeys(OF_FORMS, odd))}"
        for path in [*forms(), *own_pages()]
        for odd in ODD
    )
    alone = (f"{path}?_to_field=" for path in forms())

    assert failures(as_user(ada), paths) == []
    assert failures(as_user(ada), alone) == []


def test_an_add_form_takes_no_value_from_its_address(
    as_user: Login, ada: User, world: World
) -> None:
    names = {
        path: [field.name for field in model_admin.opts.get_fields()]
        for model_admin, path in lists()
    }
    paths = (
        f"{path}add/?{urlencode({**dict.fromkeys(found, odd), 'petition': number})}"
        for path, found in names.items()
        for odd in ODD
        for number in (world.signed.pk,)
    )

    assert failures(as_user(ada), paths) == []


def test_the_rest_of_the_admin_answers(somebody: Client) -> None:
    paths = [
        reverse("admin:index"), reverse("admin:jsi18n"), reverse("admin:login"),
        reverse("admin:password_change"), reverse("admin:password_change_done"),
        *(f"/admin/{app.label}/" for app in apps.get_app_configs()),
        "/admin/nowhere/", "/admin/petitions/nothing/", "/admin/petitions/petition",
        *(reverse("admin:autocomplete") + query for query in queries([
            "app_label", "model_name", "field_name", "term", "page"])),
        reverse("admin:autocomplete") + "?app_label=petitions&model_name=answer"
        "&field_name=target&term=x&page=abc",
    ]  # fmt: skip

    assert failures(somebody, iter(paths)) == []
    assert failures(somebody, (f"/fr{path}" for path in paths)) == []


def test_every_action_answers_whatever_was_chosen(somebody: Client) -> None:
    """Nothing, one row, all of them, rows that are none, an action that is none."""
    somebody.raise_request_exception = False
    for model_admin, path in lists():
        rows = model_admin.model._default_manager.values_list("pk", flat=True)
        choices = [[], ["abc"], ["99999999999999999999"], ["-1"], [*rows[:2]]]
        for action in [*(a.name for a in model_admin._get_base_actions()), "nothing"]:
            for chosen, index in zip(choices, "00x70", strict=True):
                data = {"action": action, "index": index, "select_across": "0"}
                data |= {"_selected_action": chosen}
                response = somebody.post(path, data)
                assert response.status_code < 500, (path, data)


# == The cases that this grew from ==


def test_a_topic_can_be_opened_and_renamed(
    as_user: Login, ada: User, world: World
) -> None:
    client, path = as_user(ada), f"/admin/petitions/topic/{world.topic.pk}/change/"

    page = client.get(path)
    saved = client.post(
        path, {"slug": "liberty", "name_en": "Liberty", "name_fr": "Liberté",
               "_continue": "1"}, follow=True,
    )  # fmt: skip

    assert 'href="/topics/freedom/"' in page.content.decode()
    assert "was changed successfully" in strip_tags(saved.content.decode())
    assert "/topics/liberty/" in saved.content.decode()


def test_a_class_that_is_not_made_of_ours_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from core.checks import every_admin_class_has_our_manners

    assert every_admin_class_has_our_manners(None) == []
    plain = admin.ModelAdmin(User, admin.site)
    listed = admin.site._registry[Organization]
    monkeypatch.setattr(listed, "list_editable", ["website"])
    registry: Any = admin.site._registry
    monkeypatch.setitem(registry, User, plain)

    found = {error.id for error in every_admin_class_has_our_manners(None)}

    assert found == {"config.E006", "config.E007"}


@pytest.mark.parametrize("slug", ["two words", "a/b", "a.b", "a?b", "ﷺ" * 80])
def test_an_address_that_is_none_is_refused_in_a_sentence(
    as_user: Login, erin: User, alice: User, world: World, slug: str
) -> None:
    """For a published petition and an organisation, which both have a link to their
    public page above the form."""
    petition = f"/admin/petitions/petition/{world.petition.pk}/change/"
    organization = f"/admin/organizations/organization/{world.organization.pk}/change/"

    for client, path, name in (
        (as_user(erin), petition, "title"),
        (as_user(alice), organization, "name"),
    ):
        typed = {**sent(client.get(path)), "slug": slug, name: "Typed just now"}
        response = client.post(path, typed)

        assert response.status_code == 200
        errors = response.context["adminform"].form.errors
        assert "Use letters, digits and hyphens only" in str(errors["slug"])
        assert "Typed just now" in response.content.decode()
        # What stands around the form is what is stored.
        assert response.context["original"].slug != slug
