"""Lists of people who have unsubscribed elsewhere: read, looked at, taken in, and never
overruled but by their own yes."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.retention import expire
from organizations.models import Organization, Role, User
from petitions.importing import unsubscribing
from petitions.importing.problems import TableProblem
from petitions.mail import audience
from petitions.models import (
    Consent,
    Petition,
    Signature,
    UnsubscribedMailbox,
    UnsubscribeList,
)
from petitions.models.imports import FILE_KEPT
from petitions.privacy import export
from petitions.signatures import consent, my_data, one_press, signing
from petitions.signatures.my_data import DataSubject
from tests.factories import make_member, make_petition, make_signature
from tests.helpers import notes, text_of
from tests.petitions.importing.files import content
from tests.petitions.mail.mailing import (
    make_supporter,
    news_of,
    ordered,
    prepared,
    run,
    written_to,
)

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


def read(
    organization: Organization, file: bytes, name: str = "people.csv", **fields: Any
) -> UnsubscribeList:
    given: dict[str, Any] = {"label": "Elsewhere", "made_at": timezone.now(), **fields}
    made = UnsubscribeList(organization=organization, **given)
    unsubscribing.keep(made, name, io.BytesIO(file))
    return made


def taken_in(organization: Organization, by: User, *emails: str) -> UnsubscribeList:
    made = read(organization, content(emails, "Email"))
    unsubscribing.take_in(made, by, now=timezone.now())
    made.refresh_from_db()
    return made


def may_be_written_to(row: Signature) -> bool:
    """Return whether mailings go to somebody, as the newest answer says."""
    given = Consent.objects.filter(email=row.email).latest("given_at", "pk")
    return consent.newest_answer(given).wants_updates


# == What a file says ==

FILES = {
    "alone": ("Email", ["a@x.example"], (1, 0, 0)),
    "none": ("Email", ["a@x.example", "nobody", ""], (1, 0, 1)),
    "twice": ("Email", ["a@x.example", "A@X.example"], (1, 0, 0)),
    "answers": (
        "Email,Subscribed",
        ["a@x.example,no", "b@x.example,yes", "c@x.example,", "d@x.example,cleaned",
         "e@x.example,who knows"],
        (3, 2, 0),
    ),
    "those who left": (
        "Email,Unsubscribed",
        ["a@x.example,yes", "b@x.example,no", "c@x.example,2026-03-01"],
        (2, 1, 0),
    ),
    "both": ("Email,Newsletter,Opt out", ["a@x.example,yes,yes"], (1, 0, 0)),
    "both, unclear": ("Email,Newsletter,Opt out", ["a@x.example,yes,why"], (1, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_who_is_on_a_list(organization: Organization, kind: str) -> None:
    heading, lines, numbers = FILES[kind]

    made = read(organization, content(lines, heading))

    assert (made.addresses, made.left_out, made.unreadable) == numbers
    assert made.mailboxes.count() == made.addresses


def test_a_file_that_says_so_by_its_name(organization: Organization) -> None:
    file = content(["a@x.example,yes"], "Email,Subscribed")
    name = "unsubscribed_email_export_1.csv"

    assert read(organization, file, name).addresses == 1


def test_a_file_of_those_who_subscribed_is_refused(organization: Organization) -> None:
    with pytest.raises(TableProblem, match="of those who subscribed"):
        read(organization, content(["a@x.example"], "Email"), "subscribed_1.csv")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"Name\nAnn\n", "No column has e-mail addresses"),
        (b"%PDF-1.7", "This is a PDF"),
        (b"Email\na@x.example\nb@x.example\nc@x.example\n", "more than 2 lines"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_nothing(
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    file: bytes,
    words: str,
) -> None:
    monkeypatch.setattr(unsubscribing, "MOST_LINES", 2)

    with pytest.raises(TableProblem) as refused:
        read(organization, file)

    assert words in str(refused.value)
    assert not UnsubscribeList.objects.exists()


# == What it does ==


def test_nobody_on_it_is_written_to(
    organization: Organization, petition: Petition, alice: User
) -> None:
    maya = make_supporter(petition, "Maya@example.org")
    make_supporter(petition, "noor@example.org")
    mailing = prepared(news_of(petition))
    made = read(organization, content(["maya@EXAMPLE.org", "new@x.example"], "Email"))

    assert unsubscribing.would_end(made) == 1
    assert audience.count_recipients(mailing, timezone.now()) == 2
    unsubscribing.take_in(made, alice, now=timezone.now())

    made.refresh_from_db()
    assert (made.ended, made.taken_in_by) == (1, alice)
    assert not may_be_written_to(maya)
    assert audience.count_recipients(mailing, timezone.now()) == 1
    assert export.number_of_supporters(organization) == (1, True)


def test_another_spelling_of_the_mailbox_is_silent_too(
    organization: Organization, petition: Petition, alice: User
) -> None:
    maya = make_supporter(petition, "maya+news@example.org")

    assert taken_in(organization, alice, "maya@example.org").ended == 1
    assert not may_be_written_to(maya)


def test_a_mail_that_went_out_before_signs_nothing(
    organization: Organization, petition: Petition, alice: User
) -> None:
    maya = make_supporter(petition, "maya@example.org")
    following = make_petition(organization)
    offer = one_press.find_offer(
        written_to(maya, next_petition=following).pk, following
    )
    assert offer is not None
    assert offer.stands(timezone.now(), signing.NO_RULES)

    taken_in(organization, alice, "maya@example.org")

    assert not offer.stands(timezone.now(), signing.NO_RULES)


def test_who_waits_for_a_mailing_gets_none(
    organization: Organization, petition: Petition, alice: User, server: Any
) -> None:
    make_supporter(petition, "maya@example.org")
    make_supporter(petition, "noor@example.org")
    mailing = ordered(news_of(petition))
    taken_in(organization, alice, "maya@example.org")

    assert run(mailing).sent == 1


def test_their_own_new_yes_alone_overrules_it(
    organization: Organization, petition: Petition, alice: User
) -> None:
    maya = make_supporter(petition, "maya@example.org")
    taken_in(organization, alice, "maya@example.org", "noor@example.org")
    make_signature(make_petition(organization), "maya@example.org")
    assert not may_be_written_to(maya)

    noor = make_supporter(petition, "noor@example.org")
    again = make_supporter(make_petition(organization), "maya@example.org")

    assert may_be_written_to(noor)
    assert may_be_written_to(again)


def test_another_organisation_is_not_concerned(
    organization: Organization,
    other_organization: Organization,
    petition: Petition,
    alice: User,
) -> None:
    theirs = make_petition(other_organization)
    make_supporter(theirs, "maya@example.org")

    assert taken_in(organization, alice, "maya@example.org").ended == 0
    assert export.number_of_supporters(other_organization) == (1, True)


def test_a_no_holds_though_the_clock_was_set_back(
    organization: Organization, petition: Petition, alice: User
) -> None:
    later = timezone.now() + timedelta(hours=5)
    maya = make_supporter(petition, "maya@example.org", now=later)

    taken_in(organization, alice, "maya@example.org")

    assert not may_be_written_to(maya)


def test_it_is_taken_in_once(organization: Organization, alice: User) -> None:
    made = taken_in(organization, alice, "maya@example.org")

    with pytest.raises(unsubscribing.NotPossible):
        unsubscribing.take_in(made, alice, now=timezone.now())
    with pytest.raises(unsubscribing.NotPossible):
        unsubscribing.call_off(made)
    assert UnsubscribedMailbox.objects.in_force().count() == 1


@pytest.mark.parametrize("what", ["list", "undone", "key", "moved"])
def test_the_database_keeps_what_was_taken_in(
    organization: Organization,
    other_organization: Organization,
    alice: User,
    what: str,
) -> None:
    made = taken_in(organization, alice, "maya@example.org")
    rows = UnsubscribeList.objects.filter(pk=made.pk)
    acts: dict[str, Callable[[], object]] = {
        "list": rows.delete,
        "undone": lambda: rows.update(taken_in_at=None),
        "key": made.mailboxes.all().delete,
        "moved": lambda: rows.update(organization=other_organization),
    }

    with (
        pytest.raises(IntegrityError, match="only their own yes"),
        transaction.atomic(),
    ):
        acts[what]()


def test_the_account_of_whoever_took_it_in_can_go(
    organization: Organization, petition: Petition
) -> None:
    user = make_member(organization, Role.EDITOR)
    made = taken_in(organization, user, "maya@example.org")
    user.delete()

    made.refresh_from_db()
    assert made.taken_in_by is None
    assert made.taken_in_at is not None


def test_what_is_kept_outlives_an_erasure(
    organization: Organization, petition: Petition, alice: User
) -> None:
    make_supporter(petition, "maya@example.org")
    read(organization, content(["maya@example.org"], "Email"))
    subject = DataSubject.owner("maya@example.org")
    assert my_data.everything_about(subject)["unsubscribed_elsewhere"] == []

    taken_in(organization, alice, "maya@example.org")
    found = my_data.everything_about(subject)
    my_data.erase_all(subject, now=timezone.now())

    (told,) = found["unsubscribed_elsewhere"]
    assert told["organization"] == "Rights Now"
    assert told["since"][:4].isdigit()
    assert UnsubscribedMailbox.objects.in_force().count() == 1


def test_an_organisation_reads_its_own_lists_alone(
    organization: Organization, other_organization: Organization, alice: User
) -> None:
    taken_in(organization, alice, "maya@example.org")

    theirs = DataSubject.supporter("maya@example.org", organization)
    others = DataSubject.supporter("maya@example.org", other_organization)

    assert len(my_data.everything_about(theirs)["unsubscribed_elsewhere"]) == 1
    assert my_data.everything_about(others)["unsubscribed_elsewhere"] == []
    # Somebody who is on a list alone is not unknown.
    assert (theirs.is_unknown, others.is_unknown) == (False, True)


def test_the_no_of_a_list_goes_with_the_signature_that_is_erased(
    organization: Organization, petition: Petition, alice: User
) -> None:
    signature = make_supporter(petition, "maya@example.org")
    taken_in(organization, alice, "maya@example.org")
    assert Consent.objects.count() == 2

    my_data.erase_signature(signature, now=timezone.now())

    assert not Consent.objects.exists()


def test_what_nobody_takes_in_is_erased(
    organization: Organization, alice: User
) -> None:
    old = timezone.now() - FILE_KEPT - timedelta(minutes=1)
    read(organization, content(["maya@example.org"], "Email"), made_at=old)
    held = read(organization, content(["noor@example.org"], "Email"), made_at=old)
    unsubscribing.take_in(held, alice, now=timezone.now())
    new = read(organization, content(["zoe@example.org"], "Email"))

    expire(timezone.now())

    assert set(UnsubscribeList.objects.values_list("pk", flat=True)) == {
        held.pk,
        new.pk,
    }
    assert UnsubscribedMailbox.objects.count() == 2


# == As staff do it ==


def send(client: Client, organization: Organization, file: bytes, **fields: str) -> Any:
    return client.post(
        f"/admin/petitions/unsubscribelist/new/{organization.pk}/",
        {"label": "Mailchimp", "file": SimpleUploadedFile("a.csv", file), **fields},
    )


def test_from_a_file_to_the_record(
    as_user: Login, organization: Organization, petition: Petition
) -> None:
    client = as_user(make_member(organization, Role.EDITOR))
    maya = make_supporter(petition, "maya@example.org")
    own = client.get(f"/admin/organizations/organization/{organization.pk}/change/")
    form = f"/admin/petitions/unsubscribelist/new/{organization.pk}/"
    assert form in own.content.decode()
    assert "is not written to from here either" in text_of(client.get(form))

    file = content(["maya@example.org", "zoe@example.org"], "Email")
    assert "Say where they unsubscribed." in text_of(
        send(client, organization, file, label="")
    )
    answer = send(client, organization, file)
    made = UnsubscribeList.objects.get()
    here = f"/admin/petitions/unsubscribelist/{made.pk}"
    assert answer["Location"] == f"{here}/change/"
    page = text_of(client.get(answer["Location"]))
    assert "1 address in this file belongs to somebody who said yes" in page
    assert "Nothing is changed yet" in page
    assert page.count("This cannot be taken back") == 1
    assert may_be_written_to(maya)

    client.post(f"{here}/take-in/")
    page = text_of(client.get(f"{here}/change/"))
    assert "Nothing is changed yet" not in page
    assert "This cannot be taken back" not in page
    assert not may_be_written_to(maya)
    assert notes(made) == ["Took in who has unsubscribed"]
    client.post(f"{here}/call-off/")
    assert UnsubscribeList.objects.get() == made
    assert "Mailchimp" in text_of(client.get("/admin/petitions/unsubscribelist/"))


def test_a_file_is_called_off(as_user: Login, organization: Organization) -> None:
    client = as_user(make_member(organization, Role.EDITOR))
    send(client, organization, content(["maya@example.org"], "Email"))
    made = UnsubscribeList.objects.get()

    client.get(f"/admin/petitions/unsubscribelist/{made.pk}/call-off/")
    assert UnsubscribeList.objects.exists()
    client.post(f"/admin/petitions/unsubscribelist/{made.pk}/call-off/")

    assert not UnsubscribeList.objects.exists()
    assert not UnsubscribedMailbox.objects.exists()


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.WRITER, Role.VIEWER])
def test_others_see_the_record_alone(
    as_user: Login, organization: Organization, role: Role
) -> None:
    made = read(organization, content(["maya@example.org"], "Email"))
    client = as_user(make_member(organization, role))
    here = f"/admin/petitions/unsubscribelist/{made.pk}"

    assert "Take it in" not in text_of(client.get(f"{here}/change/"))
    assert client.post(f"{here}/take-in/").status_code == 403
    assert send(client, organization, b"Email\na@x.example\n").status_code == 403
