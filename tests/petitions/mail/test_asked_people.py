"""Whom an import asks by mail to confirm, what they can do about it, and that nobody is
asked twice."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from organizations.models import Organization, User
from petitions.admin import figures
from petitions.channels import ASKED_BY_MAIL
from petitions.counts import folding
from petitions.identity import key_ring, same_person
from petitions.importing import jobs, unsubscribing
from petitions.mail import asking, bounces, messages
from petitions.mail.mailings import MailingNotPossible
from petitions.mail.reminders import AFTER
from petitions.models import (
    AskedMailbox,
    Asking,
    ImportedSignature,
    OutgoingMail,
    Petition,
    Signature,
    UnsubscribeList,
)
from petitions.models.mails import MailKind
from petitions.signatures import (
    confirming,
    consent,
    links,
    my_data,
    rekeying,
    withdrawing,
)
from petitions.signatures.my_data import DataSubject
from petitions.signatures.tokens import TokenPurpose
from petitions.states import SignatureState
from tests.factories import make_pending, make_petition, make_signature
from tests.mailserver import MailServer
from tests.petitions.importing.files import (
    check,
    content,
    numbers,
    proved,
    work,
)
from tests.petitions.mail.askings import asked, imported, ordered, rounds
from tests.petitions.mail.helpers import send, sweep
from tests.petitions.mail.mailing import BEGUN, make_supporter
from tests.petitions.views.helpers import token_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys_as_the_database_says() -> Iterator[None]:
    key_ring.forget_keyring()
    yield
    key_ring.forget_keyring()


type Login = Callable[[User], Client]


# == Who is asked ==


def test_who_is_not_asked(
    organization: Organization, petition: Petition, alice: User, server: MailServer
) -> None:
    now = timezone.now()
    lines = [f"{name}@example.org,{name.title()} Roy" for name in (
        "ann", "signed", "pending", "withdrawn", "never", "bounced", "elsewhere", "left",
    )]  # fmt: skip
    job = imported(petition, alice, file=content([*lines, "nameless@example.org,"]))
    make_signature(petition, "signed@example.org")
    make_pending(petition, "pending@example.org")
    consent.suppress("never@example.org", now=now)
    other = make_petition(organization)
    gone = make_supporter(other, "bounced@example.org")
    assert gone.email_key
    bounces.record_bounce(gone.email_key, "550", now=now, address=gone.email)
    make_signature(other, "left@example.org", wants_updates=False)
    on_a_list(organization, alice, "elsewhere@example.org")
    withdrawn = make_signature(petition, "withdrawn@example.org")
    withdrawing.withdraw(withdrawn, now=now)

    made = ordered(job, alice)
    rounds()

    assert made.number == 1
    assert asked() == ["ann@example.org"]


def test_who_says_no_between_the_order_and_their_turn_is_not_asked(
    petition: Petition, alice: User
) -> None:
    job = imported(petition, alice, "ann", "bo", "cy")
    ordered(job, alice)
    consent.suppress("ann@example.org", now=timezone.now())
    make_signature(petition, "bo@example.org")

    rounds()

    assert asked() == ["cy@example.org"]


FILES = {
    "yes": (["ann@example.org,Ann Roy,yes"], 1),
    "no": (["ann@example.org,Ann Roy,no"], 0),
    "silence": (["ann@example.org,Ann Roy,"], 1),
    "unclear": (["ann@example.org,Ann Roy,who knows"], 0),
    "twice": (["ann@example.org,Ann Roy,yes", "Ann@example.org,Ann Roy,no"], 0),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("batch", [0, 1])
def test_a_no_in_the_file_counts_and_is_not_asked(
    petition: Petition, alice: User, kind: str, batch: int
) -> None:
    lines, number = FILES[kind]
    file = content(lines, "Email,Name,Subscribed")
    job = check(petition, file, asks=True)
    if batch:
        jobs.choose_again(job)
        work(job)
        jobs.begin_check(job)
        work(job, batch)
    jobs.begin_import(job, alice, now=timezone.now())
    work(job)

    assert numbers(petition) == (0, 1)
    assert asking.people_to_ask(job).count() == number


def test_two_spellings_of_a_mailbox_are_asked_once(
    petition: Petition, alice: User
) -> None:
    lines = ["ann@example.org,Ann", "ann+news@example.org,Ann"]
    ordered(imported(petition, alice, file=content(lines)), alice)

    rounds()

    assert len(asked()) == 1


def forgotten() -> None:
    """Have the signatures erased that nobody confirmed."""
    for row in Signature.objects.pending():
        same_person.delete_signatures(Signature.objects.filter(pk=row.pk))


def test_no_other_import_asks_again(petition: Petition, alice: User) -> None:
    job = imported(petition, alice, "ann", "bo")
    ordered(job, alice)
    rounds()
    with pytest.raises(MailingNotPossible):
        ordered(job, alice)
    jobs.reverse(job, alice, now=timezone.now())
    work(job)
    forgotten()

    again = imported(petition, alice, "ann", "bo", "cy")
    made = ordered(again, alice)
    rounds()

    assert made.number == 1
    assert list(Signature.objects.values_list("email", flat=True)) == ["cy@example.org"]


def test_whoever_had_all_erased_is_not_asked_again(
    petition: Petition, alice: User
) -> None:
    ordered(imported(petition, alice, "ann"), alice)
    rounds()
    my_data.erase_all(DataSubject.owner("ann@example.org"), now=timezone.now())

    again = imported(petition, alice, "ann", "bo")

    assert asking.number_to_ask(again) == 1


def test_the_database_asks_a_mailbox_once(petition: Petition, alice: User) -> None:
    ordered(imported(petition, alice, "ann"), alice)
    rounds()
    asked_one = AskedMailbox.objects.get()

    asked_one.pk = None
    with pytest.raises(IntegrityError, match="asked_once"), transaction.atomic():
        asked_one.save()


def test_people_known_by_a_former_key_are_asked_and_spared_alike(
    organization: Organization, petition: Petition, alice: User, server: MailServer
) -> None:
    ordered(imported(petition, alice, "ann", "bo", "cy", "di"), alice)
    version = rekeying.start_version(now=timezone.now())
    rekeying.finish_version(version, now=timezone.now())
    key_ring.forget_keyring()
    other = make_petition(organization)
    make_signature(other, "bo@example.org", wants_updates=False)
    make_signature(petition, "di@example.org")
    on_a_list(organization, alice, "cy@example.org")

    rounds()
    OutgoingMail.objects.exclude(kind=MailKind.ASK).delete()
    send(BEGUN)

    assert [mail["To"] for mail in server.mailbox.messages] == ["ann@example.org"]


def test_a_no_of_another_spelling_counts(
    organization: Organization, petition: Petition, alice: User
) -> None:
    job = imported(petition, alice, "ann", "bo")
    other = make_petition(organization)
    make_signature(other, "ann+news@example.org", wants_updates=False)
    third = make_petition(organization)
    make_signature(third, "ann@example.org", wants_updates=True)
    # A yes after a no takes it back.
    make_signature(other, "bo@example.org", wants_updates=False)
    make_signature(third, "bo@example.org", wants_updates=True)

    ordered(job, alice)
    rounds()

    assert asked() == ["bo@example.org"]


def on_a_list(organization: Organization, by: User, *addresses: str) -> None:
    """Take in a list of these people, who have unsubscribed elsewhere."""
    now = timezone.now()
    made = UnsubscribeList(organization=organization, label="A", made_at=now)
    file = "\n".join(("Email", *addresses)).encode()
    unsubscribing.keep(made, "a.csv", io.BytesIO(file))
    unsubscribing.take_in(made, by, now=now)


def test_a_no_while_the_mail_waits_keeps_it_back(
    organization: Organization, petition: Petition, alice: User, server: MailServer
) -> None:
    names = ("ann", "listed", "silent", "signing", "withdrawn")
    ordered(imported(petition, alice, *names), alice)
    rounds()
    on_a_list(organization, alice, "listed@example.org")
    make_signature(
        make_petition(organization), "silent@example.org", wants_updates=False
    )
    make_pending(petition, "signing@example.org")
    own = make_signature(petition, "withdrawn@example.org")
    withdrawing.withdraw(own, now=timezone.now())
    OutgoingMail.objects.exclude(kind=MailKind.ASK).delete()

    send(BEGUN)

    assert [mail["To"] for mail in server.mailbox.messages] == ["ann@example.org"]
    # What was made to ask the others is erased.
    made = Signature.objects.filter(via=ASKED_BY_MAIL)
    assert [row.email for row in made] == ["ann@example.org"]


@pytest.mark.parametrize("size", [1, 2, 7])
def test_batches_ask_everybody_once(
    petition: Petition, alice: User, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    names = [f"p{number}" for number in range(7)]
    job = imported(petition, alice, *names)
    ordered(job, alice)
    monkeypatch.setattr(asking, "UNDER_WAY", size)
    for _ in range(20):
        rounds()
        OutgoingMail.objects.filter(state="due").update(
            state="sent", finished_at=timezone.now()
        )

    assert asked() == [f"{name}@example.org" for name in names]


def test_a_killed_worker_asks_nobody_twice(
    petition: Petition, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered(imported(petition, alice, "ann"), alice)

    def killed(*_given: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Asking, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            asking.advance_asking(timezone.now() + BEGUN)

    assert asked() == []
    rounds()
    assert asked() == ["ann@example.org"]


# == What the person can do ==


def not_me(row: Signature) -> str:
    return f"/not-me/{token_of(TokenPurpose.NOT_ME, row)}/"


def test_who_did_not_sign_there_is_not_counted_any_more(
    petition: Petition, alice: User, visitor: Client
) -> None:
    ordered(imported(petition, alice, "ann", "bo"), alice)
    rounds()
    ann = Signature.objects.get(email="ann@example.org")

    visitor.post(not_me(ann))

    assert numbers(petition) == (0, 1)
    assert proved(petition)
    assert not Signature.objects.filter(email="ann@example.org").exists()


def test_a_stranger_s_form_takes_nobody_from_the_import(
    petition: Petition, alice: User, visitor: Client
) -> None:
    imported(petition, alice, "ann")
    form = make_pending(petition, "ann@example.org")

    visitor.post(not_me(form))

    assert numbers(petition) == (0, 1)


def test_my_data_says_that_they_were_asked(petition: Petition, alice: User) -> None:
    ordered(imported(petition, alice, "ann"), alice)
    rounds()
    subject = DataSubject.owner("ann@example.org")

    found = my_data.everything_about(subject)
    assert found["asked_to_confirm"][0]["petition"] == petition.title
    assert found["mails"][0]["kind"] == "ask"
    my_data.erase_all(subject, now=timezone.now())

    assert not ImportedSignature.objects.exists()
    assert not Signature.objects.exists()
    assert numbers(petition) == (0, 0)


def test_a_signature_asked_for_is_of_the_petition_as_it_is(
    organization: Organization, alice: User
) -> None:
    shared = make_petition(organization, shared_addresses=True, delivery="names")
    ordered(imported(shared, alice, "ann"), alice)
    rounds()
    (row,) = Signature.objects.all()

    assert (row.person, row.delivery, row.language) == ("ann roy", "names", "en")
    outcome, _slug = confirming.confirm(row.pk, now=timezone.now())
    assert outcome is confirming.Confirmation.COUNTED
    folding.fold_round(timezone.now())
    assert proved(shared)


def test_links_that_a_stranger_asks_for_and_reminders_leave_them_out(
    petition: Petition, alice: User, server: MailServer
) -> None:
    ordered(imported(petition, alice, "ann"), alice)
    rounds()
    send(BEGUN)
    links.ask_links("ann@example.org", MailKind.CONFIRM, now=timezone.now())
    send(BEGUN)
    long_ago = timezone.now() - AFTER - timedelta(minutes=5)
    OutgoingMail.objects.update(finished_at=long_ago)
    sweep()

    assert list(OutgoingMail.objects.values_list("kind", flat=True)) == [MailKind.ASK]


def test_figures_compare_the_petition_s_own_mails_alone(
    petition: Petition, alice: User, server: MailServer
) -> None:
    ordered(imported(petition, alice, "ann"), alice)
    rounds()
    send(BEGUN)
    ann = Signature.objects.get(email="ann@example.org")
    confirming.confirm(ann.pk, now=timezone.now())
    folding.fold()

    assert numbers(petition) == (1, 0)
    assert proved(petition)
    assert not petition.mail_tallies.exists()
    (link,) = figures.channels(petition, None)
    assert (link["name"], link["confirmed"]) == ("Asked by mail after an import", 1)


def test_a_confirmation_whose_mail_came_back_is_nobody_s(
    petition: Petition, alice: User, server: MailServer
) -> None:
    ordered(imported(petition, alice, "ann"), alice)
    rounds()
    send(BEGUN)
    ann = Signature.objects.get()
    confirming.confirm(ann.pk, now=timezone.now() + BEGUN)
    mail = OutgoingMail.objects.get()
    assert ann.email_key

    bounces.came_back(
        ann.email_key, ann.email, given_id=messages.message_id(mail), reason="550",
        no_such_mailbox=True, at=timezone.now() + BEGUN, now=timezone.now() + BEGUN,
    )  # fmt: skip

    ann.refresh_from_db()
    assert ann.state == SignatureState.WITHDRAWN
