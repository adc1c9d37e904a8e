"""Whoever calls or writes is found in every spelling, and their five requests are
served; what is left is a line in the register that names nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from core.models import AuditAction, AuditEntry
from organizations.models import Organization, Role, User
from petitions.addresses import NotAnAddress, clean_address
from petitions.identity import key_ring, same_person
from petitions.identity.key_ring import email_key
from petitions.models import (
    Consent,
    ImportedSignature,
    KeyVersion,
    Petition,
    Report,
    Signature,
    SupporterRequest,
)
from tests.factories import make_member, make_pending, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.admin.callers import (
    ADMIN,
    ASKED,
    EMAIL,
    NAME,
    OTHER_SPELLING,
    ask,
    find,
    make_caller,
    page_of,
)
from tests.petitions.identity.mailboxes import DIFFERENT, RULES, SAME
from tests.petitions.importing.files import bring_in, content, numbers

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


@pytest.fixture
def caller(petition: Petition, other_organization: Organization) -> list[Signature]:
    return make_caller(petition, other_organization)


# == Found ==


@pytest.fixture
def rules(db: None) -> None:
    """The address rules that the table of spellings is about, in force."""
    newest = KeyVersion.objects.order_by("-number")[0]
    KeyVersion.objects.filter(pk=newest.pk).update(
        rules=[
            {"domain": domain, **vars_of(rule)}
            for domain, rule in RULES.by_domain.items()
        ]
    )
    key_ring.forget_keyring()


def vars_of(rule: Any) -> dict[str, str]:
    return {
        "strip_characters": rule.strip_characters,
        "strip_extension": rule.strip_extension,
        "same_as": rule.same_as,
    }


@pytest.mark.usefixtures("rules")
def test_a_caller_is_found_by_every_spelling_and_no_other_person_is(
    as_user: Login, alice: User, petition: Petition
) -> None:
    owner = as_user(alice)
    for signed, typed in [*SAME, *((two, one) for one, two in SAME)]:
        signature = make_pending(petition, clean_address(signed))

        assert page_of(owner, typed) == f"{ADMIN}supporter/signature/{signature.pk}/"
        same_person.delete_signatures(Signature.objects.all())
    for signed, typed in DIFFERENT:
        make_pending(petition, clean_address(signed))

        answer = find(owner, typed)
        assert answer.status_code == 200
        assert "Nothing is stored under that." in answer.content.decode()
        same_person.delete_signatures(Signature.objects.all())


@pytest.mark.parametrize(
    "typed",
    [
        f"Zephyrine <{EMAIL}>", f"mailto:{EMAIL}", f" {EMAIL}. ", EMAIL.upper(),
        "zephyrine", "QUASTEN zéph", "flosser", "Zéphyrine",
    ],
)  # fmt: skip
def test_a_caller_is_found_as_people_write(
    as_user: Login, alice: User, caller: list[Signature], typed: str
) -> None:
    """In either case, by any part of the name, with or without accents."""
    make_signature(caller[0].petition, "else@example.org", name="Somebody Else")

    path = page_of(as_user(alice), typed)

    text = as_user(alice).get(path).content.decode()
    for expected in (EMAIL, OTHER_SPELLING, "The owl calls", "Second", "Third"):
        assert expected in text
    assert "Elsewhere" not in text


def test_two_people_of_one_name_are_told_apart(
    as_user: Login, alice: User, petition: Petition
) -> None:
    second = make_petition(petition.organization, title="Second")
    make_signature(petition, "one@example.org", name="Ann Lee", place="Hull")
    make_signature(second, "two@example.org", name="ann  lee")
    owner = as_user(alice)

    answer = find(owner, "Ann Lee")

    path = answer.headers["Location"]
    assert "Ann" not in path
    text = owner.get(path).content.decode()
    for expected in ("one@example.org", "two@example.org", "Hull", "Second"):
        assert expected in text
    assert len(re.findall(r'href="[^"]*/supporter/signature/[0-9]+/"', text)) == 2


def test_a_name_of_many_lists_the_newest_and_says_so(
    as_user: Login, alice: User, petition: Petition
) -> None:
    for number in range(21):
        make_pending(petition, f"n{number}@example.org", name=f"Ann Lee {number}")
    owner = as_user(alice)

    text = owner.get(find(owner, "ann").headers["Location"]).content.decode()

    assert "More than 20 people are called so" in text
    assert "n20@example.org" in text
    assert "n0@example.org" not in text


@pytest.mark.parametrize("kind", ["answer", "message"])
def test_a_caller_without_a_signature_is_found(
    as_user: Login, alice: User, petition: Petition, kind: str
) -> None:
    if kind == "answer":
        Consent.objects.create(
            organization=petition.organization, email=EMAIL, email_key=email_key(EMAIL),
            wants_updates=True, wording_version=1, language="en", sender="Rights Now",
            source="petition:0", given_at=timezone.now(),
        )  # fmt: skip
    else:
        Report.objects.create(
            petition=petition, reason="other", text="Look", email=EMAIL, language="en",
            created_at=timezone.now(),
        )  # fmt: skip
    owner = as_user(alice)

    path = page_of(owner, OTHER_SPELLING)
    assert EMAIL in owner.get(path).content.decode()
    ask(owner, f"{path}erase/")

    assert find(owner, EMAIL).status_code == 200  # nothing is stored
    assert SupporterRequest.objects.get().number == 0


def test_who_is_only_imported_is_found_told_and_erased(
    as_user: Login, alice: User, petition: Petition, other_organization: Organization
) -> None:
    elsewhere = make_petition(other_organization, title="Elsewhere")
    file = content([f"{EMAIL},{NAME}", "bo@example.org,Bo"])
    for one in (petition, elsewhere):
        bring_in(one, alice, file)
    owner = as_user(alice)

    path = page_of(owner, OTHER_SPELLING)
    page = text_of(owner.get(path))
    asked = ask(owner, f"{path}access/")
    copy = text_of(owner.get(asked.headers["Location"]))
    download = owner.get(f"{path}copy.json").json()
    before = text_of(owner.get(f"{path}erase/"))
    ask(owner, f"{path}erase/")

    assert "Known only from a file of people who signed elsewhere" in page
    assert "Signed elsewhere (1)" in page
    assert "Signed elsewhere (1)" in copy
    assert [row["counted"] for row in download["signed_elsewhere"]] == [True]
    assert "imported later adds them again" in before
    assert find(owner, EMAIL).status_code == 200  # nothing is stored
    assert owner.get(path).status_code == 404
    assert (numbers(petition), numbers(elsewhere)) == ((0, 1), (0, 2))


def test_who_is_only_imported_has_nothing_to_withdraw_and_no_address_to_stop(
    as_user: Login, alice: User, petition: Petition
) -> None:
    bring_in(petition, alice, content([f"{EMAIL},{NAME}"]))
    owner = as_user(alice)

    path = page_of(owner, EMAIL)
    page = owner.get(path).content.decode()

    assert f"{path}withdraw/" not in page
    assert f"{path}never/" in page
    assert owner.get(f"{path}never/").headers["Location"] == f"{ADMIN}never-write/"


@pytest.fixture
def _keys_as_the_database_says() -> Iterator[None]:
    yield
    key_ring.forget_keyring()


@pytest.mark.usefixtures("_keys_as_the_database_says")
def test_who_is_imported_under_two_keys_is_listed_under_each(
    as_user: Login, alice: User, petition: Petition
) -> None:
    """Nothing leads from the key of one version to that of another."""
    for one in (petition, make_petition(petition.organization, title="Second")):
        bring_in(one, alice, content([f"{EMAIL},{NAME}"]))
    newest = KeyVersion.objects.order_by("-number")[0]
    owner = as_user(alice)
    path = page_of(owner, EMAIL)
    assert "Signed elsewhere (2)" in text_of(owner.get(path))
    newest.number += 1
    newest.save(force_insert=True)
    key_ring.forget_keyring()
    key = key_ring.current_keyring().newest.key(EMAIL)
    ImportedSignature.objects.filter(petition=petition).update(email_key=key)

    answer = find(owner, EMAIL)
    listed = owner.get(answer.headers["Location"]).content.decode()

    assert len(re.findall(r'supporter/imported/\d+/"', listed)) == 2
    assert "No signature" not in listed


def test_nothing_typed_is_in_a_url_a_session_or_a_message(
    as_user: Login, alice: User, caller: list[Signature]
) -> None:
    owner = as_user(alice)

    for typed in (EMAIL, NAME, "nobody@example.org"):
        answer = find(owner, typed)
        assert "zeph" not in answer.headers.get("Location", "").lower()
    ask(owner, f"{page_of(owner, EMAIL)}never/")

    for session in Session.objects.all():
        assert "zeph" not in str(session.get_decoded()).lower()
    assert "zeph" not in str(owner.cookies).lower()


ODD = [
    "", " ", "@", "a@", "@b", "\0", "%", "_", "' OR 1=1", "ü\u2028", "\U0001f600", "x" * 5000,
    "a@b@c", "maya@exa_mple.org", "\u202e", "(", "\\",
]  # fmt: skip


@pytest.mark.parametrize("typed", ODD)
def test_whatever_is_typed_is_answered(
    as_user: Login, alice: User, caller: list[Signature], typed: str
) -> None:
    answer = find(as_user(alice), typed)

    assert answer.status_code in (200, 302, 422)
    try:
        clean_address(typed)
    except NotAnAddress:
        assert ("@" in typed or not typed.strip("\0 ")) is (answer.status_code == 422)


# == By whom ==


@pytest.mark.parametrize("who", ["erin", "bob"])
def test_who_may_not_serve_sees_no_box_and_no_page(
    as_user: Login, caller: list[Signature], who: str, request: pytest.FixtureRequest
) -> None:
    client = as_user(request.getfixturevalue(who))
    person = f"{ADMIN}supporter/signature/{caller[0].pk}/"

    assert "find-supporter" not in client.get("/admin/").content.decode()
    assert find(client, EMAIL).status_code == 403
    for path in (
        f"{ADMIN}found/?signature={caller[0].pk}",
        ADMIN,
        f"{ADMIN}never-write/",
    ):
        assert client.get(path).status_code == 403
    for page in (
        "",
        "erase/",
        "access/",
        "copy/",
        "copy.json",
        f"correct/{caller[0].pk}/",
    ):
        assert client.get(f"{person}{page}").status_code == 403
        assert client.post(f"{person}{page}", ASKED).status_code == 403
    assert SupporterRequest.objects.count() == 0


def test_a_moderator_serves(
    as_user: Login, organization: Organization, caller: list[Signature]
) -> None:
    client = as_user(make_member(organization, Role.MODERATOR))

    assert "find-supporter" in client.get("/admin/").content.decode()
    ask(client, f"{page_of(client, EMAIL)}erase/")

    assert SupporterRequest.objects.get().number == 3


def test_another_organisation_finds_its_own_rows_alone(
    as_user: Login, alice: User, charlie: User, caller: list[Signature]
) -> None:
    other = as_user(charlie)

    path = page_of(other, EMAIL)

    assert path == f"{ADMIN}supporter/signature/{caller[3].pk}/"
    text = other.get(path).content.decode()
    assert "Elsewhere" in text
    assert "Second" not in text
    for page in ("", "erase/", "copy.json"):
        assert (
            other.get(f"{ADMIN}supporter/signature/{caller[0].pk}/{page}").status_code
            == 404
        )
    assert other.get(f"{path}correct/{caller[0].pk}/").status_code == 404
    listed = other.get(f"{ADMIN}found/?signature={caller[0].pk}").content.decode()
    assert EMAIL not in listed


def test_an_administrator_chooses_the_organisation(
    as_user: Login, ada: User, caller: list[Signature]
) -> None:
    client = as_user(ada)

    answer = find(client, EMAIL)

    text = client.get(answer.headers["Location"]).content.decode()
    assert "Rights Now" in text
    assert "Somebody Else" in text


def test_every_page_has_the_box(
    as_user: Login, alice: User, petition: Petition
) -> None:
    owner = as_user(alice)

    for path in ("/admin/", ADMIN, f"/admin/petitions/petition/{petition.pk}/change/"):
        assert (
            owner.get(path).content.decode().count('role="search" method="post"') == 1
        )


def test_each_look_at_a_person_is_on_record_without_the_person(
    as_user: Login, alice: User, caller: list[Signature], organization: Organization
) -> None:
    owner = as_user(alice)
    path = page_of(owner, EMAIL)
    for page in ("", "copy/", "copy.json", "erase/"):
        assert owner.get(f"{path}{page}").status_code == 200
    owner.get(f"{ADMIN}found/?signature={caller[0].pk}")
    find(owner, "nobody@example.org")
    find(owner, "Nobody At All")

    looks = AuditEntry.objects.filter(action=AuditAction.LOOK).order_by("pk")
    assert [look.now for look in looks] == [
        {"kind": "search", "rows": 1},
        {"kind": "row", "rows": 3},
        {"kind": "row", "rows": 3},
        {"kind": "download", "rows": 3},
        {"kind": "row", "rows": 3},
        {"kind": "list", "rows": 1},
        {"kind": "search", "rows": 0},
        {"kind": "search", "rows": 0},
    ]
    assert {look.organization for look in looks} == {organization.pk}
    assert {look.account for look in looks} == {alice.pk}
    written = str(list(AuditEntry.objects.values())).lower()
    for word in (EMAIL, NAME.lower(), "zephyrine", "nobody"):
        assert word not in written
    log = text_of(owner.get("/admin/config/auditentry/?action__exact=look"))
    assert "a search for a person (0)" in log
    assert "one supporter (3)" in log
