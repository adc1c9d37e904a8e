"""Rules for addresses in the admin: validated, for site administrators alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from organizations.models import User
from petitions.identity import key_ring
from petitions.models import AddressRule, KeyCollision, Petition
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

RULES = "/admin/petitions/addressrule/"


@pytest.fixture(autouse=True)
def _keys() -> Iterator[None]:
    yield
    key_ring.forget_keyring()


def rule(**values: str) -> dict[str, str]:
    blank = {"strip_characters": "", "strip_extension": "", "same_as": ""}
    return {**blank, **values}


def test_a_new_site_has_the_first_rules_in_force() -> None:
    by_domain = {entry["domain"]: entry for entry in key_ring.drafted_rules()}

    assert by_domain == {entry["domain"]: entry for entry in key_ring.FIRST_RULES}
    assert not key_ring.waits_for_rekey()


def test_an_administrator_writes_a_rule_and_reads_when_it_holds(
    as_user: Login, ada: User
) -> None:
    client = as_user(ada)
    assert "These rules are in force." in text_of(client.get(RULES))

    given = rule(domain=" *.Bücher.example ", strip_characters="..-")
    response = client.post(f"{RULES}add/", given)

    assert response.status_code == 302
    added = AddressRule.objects.get(domain="*.xn--bcher-kva.example")
    assert added.strip_characters == ".-"
    assert "They take effect when “manage.py rekey” has run." in text_of(
        client.get(RULES)
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (rule(domain="gmail.com"), "There is a rule for this domain already."),
        (rule(domain="nonsense"), "Enter a domain such as example.org"),
        (rule(domain="a@example.org"), "Enter a domain such as example.org"),
        (rule(domain="mail.*.org"), "Enter a domain such as example.org"),
        (rule(domain="*.org."), "Enter a domain such as example.org"),
        (rule(domain="x.org", strip_characters="a"), "Enter signs only"),
        (rule(domain="x.org", strip_characters="@"), "Enter signs only"),
        (rule(domain="x.org", strip_extension="+ -"), "Enter signs only"),
        (
            rule(domain="x.org", same_as="nonsense"),
            "Enter one domain such as gmail.com",
        ),
        (rule(domain="x.org", same_as="*.gmail.com"), "Enter one domain such as"),
        (rule(domain="x.org", same_as="x.org"), "cannot be another name of itself"),
        (rule(domain="*.x.org", same_as="a.x.org"), "cannot be another name of itself"),
        (rule(domain="x.org", same_as="googlemail.com"), "another name of gmail.com"),
        (
            rule(domain="x.org", same_as="y.org", strip_extension="+"),
            "The rule of the other domain holds",
        ),
    ],
)
def test_a_mistake_gets_a_sentence(
    as_user: Login, ada: User, given: dict[str, str], sentence: str
) -> None:
    response = as_user(ada).post(f"{RULES}add/", given)

    assert response.status_code == 200
    assert sentence in text_of(response)
    assert AddressRule.objects.count() == 3


def test_names_do_not_lead_round_in_a_circle(as_user: Login, ada: User) -> None:
    gmail = AddressRule.objects.get(domain="gmail.com")
    every = AddressRule.objects.get(domain="*")
    client = as_user(ada)

    circle = client.post(
        f"{RULES}{gmail.pk}/change/", rule(domain="gmail.com", same_as="x.org")
    )
    all_of_them = client.post(
        f"{RULES}{every.pk}/change/", rule(domain="*", same_as="x.org")
    )

    assert "googlemail.com leads here: change that rule first." in text_of(circle)
    assert "Not every domain can be another name of one." in text_of(all_of_them)


@pytest.mark.parametrize("who", ["alice", "erin", "bob"])
def test_staff_of_an_organisation_do_not_see_rules(
    as_user: Login, who: str, request: Any
) -> None:
    client = as_user(request.getfixturevalue(who))
    one = AddressRule.objects.get(domain="gmail.com")

    for path in (RULES, f"{RULES}add/", f"{RULES}{one.pk}/change/"):
        assert client.get(path).status_code == 403
        assert client.post(path, rule(domain="x.org")).status_code == 403
    assert "rules for addresses" not in text_of(client.get("/admin/")).lower()


def test_staff_see_who_was_taken_back_and_change_nothing(
    as_user: Login, erin: User, charlie: User, petition: Petition
) -> None:
    found = KeyCollision.objects.create(
        petition=petition, kept=11, taken_back=4711, version=2, found_at=timezone.now()
    )
    path = "/admin/petitions/keycollision/"

    assert "4711" in text_of(as_user(erin).get(path))
    assert "4711" not in text_of(as_user(charlie).get(path))
    assert as_user(erin).post(f"{path}{found.pk}/change/").status_code == 403
    assert as_user(erin).post(f"{path}{found.pk}/delete/").status_code == 403
