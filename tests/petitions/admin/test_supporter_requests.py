"""A caller's five requests, and the register of them: served by the same verbs that
supporters use themselves, and on record without the person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.retention import expire
from organizations.models import Organization, User
from petitions.counts import folding, verifying
from petitions.identity import key_ring
from petitions.models import (
    Consent,
    Petition,
    Signature,
    SupporterRequest,
)
from petitions.signatures.my_data import DataSubject, everything_about
from petitions.states import SignatureState
from tests.factories import make_signature
from tests.petitions.admin.callers import (
    ADMIN,
    ASKED,
    EMAIL,
    NAME,
    OTHER_SPELLING,
    ask,
    make_caller,
    page_of,
)

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


@pytest.fixture
def caller(petition: Petition, other_organization: Organization) -> list[Signature]:
    return make_caller(petition, other_organization)


def supporters(petition: Petition) -> int:
    """Return the public number of a petition, proved."""
    while folding.fold():
        pass
    assert all(proof.holds for proof in verifying.verify())
    return Petition.objects.filter(pk=petition.pk).supporters()


def recorded() -> SupporterRequest:
    row = SupporterRequest.objects.get()
    assert row.received_on == date(2026, 1, 15)
    assert (row.came_by, row.checked_by) == ("phone", "details")
    assert row.check_note == "Asked twice"
    assert row.outcome == "done"
    assert row.done_by is not None
    return row


# == The five ==


def test_access_the_copy_is_the_download_and_a_letter(
    as_user: Login,
    alice: User,
    caller: list[Signature],
) -> None:
    owner = as_user(alice)
    path = page_of(owner, EMAIL)

    answer = ask(owner, f"{path}access/")

    assert answer.headers["Location"] == f"{path}copy/"
    assert (recorded().kind, recorded().number) == ("access", 3)
    letter = owner.get(f"{path}copy/").content.decode()
    subject = DataSubject.supporter(EMAIL, caller[0].petition.organization)
    download = owner.get(f"{path}copy.json").json()
    assert download == everything_about(subject)
    assert len(download["signatures"]) == 3
    for row in download["signatures"]:
        assert row["email"] in letter
        assert row["petition"] in letter
    assert "The owl calls" in letter
    assert "Elsewhere" not in letter


def test_access_the_letter_is_in_the_language_of_the_person(
    as_user: Login, alice: User, petition: Petition
) -> None:
    make_signature(petition, EMAIL, language="fr")
    owner = as_user(alice)

    letter = owner.get(f"{page_of(owner, EMAIL)}copy/").content.decode()

    assert '<article class="letter" lang="fr">' in letter
    assert "/fr/privacy/" in letter
    assert "Ce qui est conservé à votre sujet" in letter


def test_withdraw_one_or_all(
    as_user: Login,
    alice: User,
    caller: list[Signature],
) -> None:
    first, second, third, elsewhere = caller
    owner = as_user(alice)
    path = page_of(owner, EMAIL)

    ask(owner, f"{path}withdraw/", chosen=[str(second.pk)])

    assert (supporters(first.petition), supporters(second.petition)) == (1, 0)
    assert (recorded().kind, recorded().number) == ("withdraw", 1)

    ask(owner, f"{path}withdraw/")

    assert supporters(first.petition) == 0
    assert supporters(elsewhere.petition) == 1
    second.refresh_from_db()
    assert second.state == SignatureState.WITHDRAWN
    assert second.name == NAME  # kept until it is erased
    assert third.petition.signatures.exists()
    # Nothing is left to withdraw.
    assert owner.get(f"{path}withdraw/").headers["Location"] == path


def test_never_write_again_holds_for_every_spelling(
    as_user: Login,
    alice: User,
    caller: list[Signature],
) -> None:
    owner = as_user(alice)
    path = page_of(owner, EMAIL)

    ask(owner, f"{path}never/")

    assert key_ring.suppressed([EMAIL, OTHER_SPELLING]) == {EMAIL, OTHER_SPELLING}
    assert recorded().kind == "never"
    assert "This site writes to them no more" in owner.get(path).content.decode()
    assert Signature.objects.count() == 4


def test_never_write_again_to_somebody_of_whom_nothing_is_stored(
    as_user: Login, alice: User, petition: Petition
) -> None:
    owner = as_user(alice)
    found = owner.post(f"{ADMIN}search/", {"q": "nobody@example.org"}).content.decode()
    assert f'action="{ADMIN}never-write/"' in found
    shown = owner.post(f"{ADMIN}never-write/", {"email": "nobody@example.org"})
    assert shown.status_code == 200
    assert 'value="nobody@example.org"' in shown.content.decode()
    assert not key_ring.suppressed(["nobody@example.org"])

    form = {**ASKED, "organization": petition.organization_id}
    wrong = owner.post(f"{ADMIN}never-write/", {**form, "email": "nobody"})
    named = owner.post(
        f"{ADMIN}never-write/",
        {**form, "email": "nobody@example.org", "check_note": "It is Nobody"},
    )
    done = owner.post(f"{ADMIN}never-write/", {**form, "email": "nobody@example.org"})

    assert [one.status_code for one in (wrong, named, done)] == [422, 422, 302]
    assert key_ring.suppressed(["nobody@example.org"]) == {"nobody@example.org"}
    assert (recorded().kind, recorded().number) == ("never", 0)


def test_correct_what_the_owner_could_correct(
    as_user: Login,
    alice: User,
    caller: list[Signature],
) -> None:
    first, _second, third, elsewhere = caller
    Signature.objects.filter(pk=first.pk).update(comment_approved=True)
    owner = as_user(alice)
    path = page_of(owner, EMAIL)
    fields = {"name": "Zéphyrine Q.", "comment": "It calls again", "updates": "no"}

    for row in (first, third):
        answer = ask(owner, f"{path}correct/{row.pk}/", **fields)
        assert answer.status_code == 302, answer.content.decode()

    for row in (first, third, elsewhere):
        row.refresh_from_db()
    assert (first.name, first.comment, first.comment_approved, first.wants_updates) == (
        "Zéphyrine Q.", "It calls again", False, False,
    )  # fmt: skip
    assert (third.name, third.state) == ("Zéphyrine Q.", SignatureState.PENDING)
    assert elsewhere.name == NAME
    answers = Consent.objects.filter(source=f"petition:{first.petition_id}")
    assert answers.order_by("-pk")[0].wants_updates is False
    assert SupporterRequest.objects.filter(kind="correct", number=1).count() == 2


def test_a_correction_that_is_none_keeps_what_was_typed(
    as_user: Login, alice: User, petition: Petition
) -> None:
    """A yes is the mailbox's own to give; names hold no address; a withdrawn signature
    is corrected no more."""
    signature = make_signature(petition, EMAIL, name=NAME, wants_updates=False)
    owner = as_user(alice)
    path = f"{page_of(owner, EMAIL)}correct/{signature.pk}/"

    yes = ask(owner, path, name="Z. Typed", updates="yes")
    address = ask(owner, path, name="me@example.org", comment="Kept words")
    unsure = ask(owner, path, name="Z. Typed", checked_by="")

    for answer, sentence, typed in (
        (yes, "A yes can only come from the mailbox itself.", "Z. Typed"),
        (address, "without an e-mail address or a link", "Kept words"),
        (unsure, "Say how it was made sure", "Z. Typed"),
    ):
        text = answer.content.decode()
        assert answer.status_code == 422
        assert sentence in text
        assert typed in text
    signature.refresh_from_db()
    assert (signature.name, SupporterRequest.objects.count()) == (NAME, 0)
    ask(owner, f"{page_of(owner, EMAIL)}withdraw/")
    assert owner.get(path).status_code == 404


def test_erase_everything_and_nothing_of_another_organisation(
    as_user: Login,
    alice: User,
    caller: list[Signature],
) -> None:
    first, elsewhere = caller[0], caller[3]
    owner = as_user(alice)
    path = page_of(owner, EMAIL)
    other = DataSubject.supporter(EMAIL, elsewhere.petition.organization)
    folding.fold()  # only then is there a receipt, as there is afterwards
    before = everything_about(other)
    page = owner.get(f"{path}erase/").content.decode()
    assert "Signatures: <strong>3</strong>" in page
    assert "Answers about updates: <strong>2</strong>" in page

    answer = ask(owner, f"{path}erase/")

    assert answer.headers["Location"] == ADMIN
    assert DataSubject.supporter(EMAIL, first.petition.organization).is_unknown
    assert [supporters(row.petition) for row in caller] == [0, 0, 0, 1]
    assert everything_about(other) == before
    assert (recorded().kind, recorded().number) == ("erase", 3)
    assert "Erased, with 3 signatures." in owner.get(ADMIN).content.decode()
    assert owner.get(path).status_code == 404


def test_erase_leaves_out_what_is_somebody_elses(
    as_user: Login,
    alice: User,
    caller: list[Signature],
) -> None:
    """Two spellings may be two people where a rule says that they are one mailbox."""
    first, second, third, _elsewhere = caller
    owner = as_user(alice)

    ask(owner, f"{page_of(owner, EMAIL)}erase/", chosen=[str(first.pk), str(third.pk)])

    left = Signature.objects.filter(petition__organization=first.petition.organization)
    assert left.get() == second
    assert recorded().number == 2
    assert Consent.objects.filter(email=OTHER_SPELLING).exists()
    assert not Consent.objects.filter(
        email=EMAIL, organization=first.petition.organization
    ).exists()


def test_a_spelling_alone_is_served_where_it_is_another_person(
    as_user: Login, alice: User, caller: list[Signature]
) -> None:
    first, second, third, _elsewhere = caller
    owner = as_user(alice)
    page = owner.get(page_of(owner, EMAIL)).content.decode()
    alone = f"{ADMIN}supporter/only-signature/{third.pk}/"
    assert alone in page

    shown = owner.get(alone).content.decode()
    copy = owner.get(f"{alone}copy.json").json()
    assert OTHER_SPELLING not in shown
    assert {row["email"] for row in copy["signatures"]} == {EMAIL}
    assert {row["email"] for row in copy["answers_about_updates"]} == {EMAIL}

    ask(owner, f"{alone}never/")
    assert key_ring.suppressed([EMAIL, OTHER_SPELLING]) == {EMAIL}
    ask(owner, f"{alone}erase/")
    left = Signature.objects.filter(petition__organization=first.petition.organization)
    assert left.get() == second
    assert Consent.objects.filter(email=OTHER_SPELLING).exists()


def test_erase_does_nothing_when_more_is_stored_than_was_shown(
    as_user: Login,
    alice: User,
    caller: list[Signature],
) -> None:
    owner = as_user(alice)
    path = f"{page_of(owner, EMAIL)}erase/"
    seen = owner.get(path).context["seen"]
    late = make_signature(
        Petition.objects.get(title="Third"), "zephyrine+x@example.org", name=NAME
    )

    answer = ask(owner, path, _seen=seen)

    assert answer.status_code == 409
    assert "What is stored has changed" in answer.content.decode()
    assert Signature.objects.count() == 5
    assert str(late.pk) in answer.content.decode()
    assert SupporterRequest.objects.count() == 0


# == On record, without the person ==

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"checked_by": ""}, "Say how it was made sure"),
    ({"checked_by": "believed"}, "Select a valid choice"),
    ({"came_by": ""}, "Say how it came."),
    ({"received_on": ""}, "Say when it came."),
    ({"received_on": "2999-01-01"}, "This day has not come yet."),
    ({"received_on": "1999-01-01"}, "This is too long ago."),
    ({"received_on": "yesterday"}, "Write the date as year-month-day"),
    ({"check_note": "Called z at zephyrine@example.org"}, "without the person"),
    ({"check_note": "Called 613 555 0199"}, "without the person"),
    ({"check_note": "see www.example.org/x"}, "without the person"),
    ({"check_note": "the passport of ZEPHYRINE"}, "without the person"),
    ({"check_note": "Ms. Quastenflosser"}, "without the person"),
    ({"check_note": "x" * 121}, "Shorten this to 120 characters."),
    ({"chosen": []}, "Tick at least one."),
    ({"chosen": ["999999"]}, "One of them is not there any more."),
    ({"entry": "999999"}, ""),
]


@pytest.mark.parametrize(("fields", "sentence"), WRONG)
def test_a_request_without_its_facts_does_nothing(
    as_user: Login,
    alice: User,
    caller: list[Signature],
    fields: dict[str, Any],
    sentence: str,
) -> None:
    owner = as_user(alice)
    SupporterRequest.objects.create(
        organization=caller[0].petition.organization, kind="erase", came_by="letter",
        received_on="2026-01-10",
    )  # fmt: skip

    answer = ask(owner, f"{page_of(owner, EMAIL)}erase/", **fields)

    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    assert Signature.objects.count() == 4
    assert not SupporterRequest.objects.exclude(outcome="").exists()
    for name in ("check_note",):
        assert f'value="{fields.get(name, ASKED[name])}"' in text


def test_a_letter_is_entered_when_it_comes_and_answered_later(
    as_user: Login,
    alice: User,
    caller: list[Signature],
) -> None:
    organization = caller[0].petition.organization
    owner = as_user(alice)
    today = timezone.localdate()
    form = {
        "organization": organization.pk, "kind": "erase", "came_by": "letter",
        "received_on": f"{today - timedelta(days=40)}", "checked_by": "",
        "check_note": "", "outcome": "",
    }  # fmt: skip
    assert owner.post(f"{ADMIN}add/", form).status_code == 302
    row = SupporterRequest.objects.get()
    front = owner.get("/admin/").content.decode()
    assert "1 request of a supporter is to be answered by" in front
    assert "1 is overdue." in front
    assert "overdue" in owner.get(ADMIN).content.decode()

    path = page_of(owner, EMAIL)
    ask(owner, f"{path}erase/", entry=str(row.pk), came_by="", received_on="")

    row.refresh_from_db()
    assert (row.outcome, row.number, row.came_by) == ("done", 3, "letter")
    assert SupporterRequest.objects.count() == 1
    assert "is to be answered" not in owner.get("/admin/").content.decode()


def test_a_letter_about_nobody_who_is_known_is_answered_so(
    as_user: Login, alice: User, petition: Petition
) -> None:
    owner = as_user(alice)
    form = {
        "organization": petition.organization_id, "kind": "access",
        "came_by": "letter", "received_on": "2026-01-15", "checked_by": "document",
        "check_note": "", "outcome": "nothing",
    }  # fmt: skip
    for change in (
        {"outcome": "done"},  # only a supporter's page does it
        {"check_note": "me@example.org"},
        {"received_on": "2999-01-01"},
        {"kind": ""},
    ):
        answer = owner.post(f"{ADMIN}add/", {**form, **change})
        assert answer.status_code == 200, change
    assert owner.post(f"{ADMIN}add/", form).status_code == 302

    row = SupporterRequest.objects.get()
    assert (row.outcome, row.number, row.done_by) == ("nothing", 0, alice)
    page = owner.get(f"{ADMIN}{row.pk}/change/").content.decode()
    assert "Nothing is stored about them" in page
    assert 'name="_save"' not in page


def test_what_was_answered_stays_as_it_was_recorded(
    as_user: Login, alice: User, petition: Petition
) -> None:
    row = SupporterRequest.objects.create(
        organization=petition.organization, kind="erase", came_by="letter",
        received_on="2026-01-10", checked_by="document",
    )  # fmt: skip
    row.answer("done", by=alice, now=timezone.now(), number=1)  # type: ignore[arg-type]

    for change in (
        {"number": 2},
        {"check_note": "x"},
        {"outcome": "", "done_at": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            SupporterRequest.objects.filter(pk=row.pk).update(**change)
    # Its time is three years.
    expire(timezone.now() + timedelta(days=365 * 2))
    assert SupporterRequest.objects.exists()
    expire(timezone.now() + timedelta(days=365 * 3 + 2))
    assert not SupporterRequest.objects.exists()


@pytest.mark.parametrize(
    ("received", "due"), [("2026-01-15", "2026-02-15"), ("2026-01-31", "2026-02-28")]
)
def test_a_request_is_due_after_a_month(received: str, due: str) -> None:
    row = SupporterRequest(received_on=date.fromisoformat(received))

    assert row.due_on == date.fromisoformat(due)
    assert not row.is_overdue(row.due_on)
    assert row.is_overdue(row.due_on + timedelta(days=1))
