"""People of an import are asked by mail to confirm: once, by order of staff, and never
who has said no."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from core.retention import expire
from organizations.models import Organization, Role, User
from petitions.importing import jobs
from petitions.mail import asking, mailings
from petitions.mail.mailings import MailingNotPossible
from petitions.models import (
    Asking,
    OutgoingMail,
    Petition,
    Signature,
    SignatureImport,
)
from petitions.models.imports import ASKING_KEPT, FILE_KEPT
from petitions.models.mails import MailKind, MailState, Priority
from petitions.signatures import my_data
from petitions.signatures.links import UNCONFIRMED_KEPT
from petitions.signatures.my_data import DataSubject
from petitions.states import AskingState, State
from tests.factories import make_member, make_pending, make_petition
from tests.helpers import text_of
from tests.mailserver import MailServer, body
from tests.petitions.importing.files import (
    bring_in,
    content,
    numbers,
    of_people,
    proved,
    work,
)
from tests.petitions.mail.askings import asked, imported, ordered, rounds
from tests.petitions.mail.helpers import send, sweep, waiting
from tests.petitions.mail.mailing import BEGUN
from tests.petitions.views.helpers import link

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]


# == From the order to the count ==


def test_whoever_confirms_moves(
    petition: Petition, alice: User, server: MailServer, visitor: Client
) -> None:
    job = imported(petition, alice, "ann", "bo")
    made = ordered(job, alice)

    assert made.number == 2
    assert not asking.advance_asking(timezone.now())
    rounds()
    made.refresh_from_db()
    assert (made.state, made.asked) == (AskingState.DONE, 2)
    send(BEGUN)

    assert sorted(mail["To"] for mail in server.mailbox.messages) == [
        "ann@example.org", "bo@example.org",
    ]  # fmt: skip
    text = body(server.mailbox.messages[0])
    assert "on Change.example:" in text
    assert petition.title in text
    assert "we will not write to you about it again" in text
    # Their line stands in the file until all are asked.
    assert f"erased within {ASKING_KEPT.days} days" in text
    assert "List-Unsubscribe" in server.mailbox.messages[0]
    ann = Signature.objects.get(email="ann@example.org")
    assert (ann.name, ann.wants_updates, ann.show_name) == ("Ann Roy", None, False)
    assert numbers(petition) == (0, 2)

    visitor.post(link(ann))

    assert numbers(petition) == (1, 1)
    assert proved(petition)
    # Nobody gets a second mail.
    OutgoingMail.objects.update(finished_at=timezone.now() - timedelta(days=2))
    sweep()
    assert not OutgoingMail.objects.filter(state=MailState.DUE).exists()


def test_whoever_does_nothing_stays_counted_and_is_erased(
    petition: Petition, alice: User
) -> None:
    job = imported(petition, alice, "ann")
    ordered(job, alice)
    rounds()
    later = timezone.now() + UNCONFIRMED_KEPT + timedelta(hours=1)

    for _ in range(3):
        expire(later)

    assert not Signature.objects.exists()
    assert numbers(petition) == (0, 1)
    assert proved(petition)


def test_the_file_goes_once_everybody_is_asked(petition: Petition, alice: User) -> None:
    job = imported(petition, alice, "ann")
    assert job.pieces.exists()
    ordered(job, alice)

    rounds()

    job.refresh_from_db()
    assert job.file_erased_at is not None
    assert not job.pieces.exists()


def test_an_import_that_asks_nobody_keeps_no_file(
    petition: Petition, alice: User
) -> None:
    job = bring_in(petition, alice, of_people("ann"))

    assert not job.pieces.exists()
    with pytest.raises(MailingNotPossible):
        ordered(job, alice)


def test_the_file_goes_when_nobody_in_it_can_be_asked_any_more(
    petition: Petition, alice: User
) -> None:
    job = imported(petition, alice, "ann", "bo")
    made = ordered(job, alice)
    asking.pause_asking(made)
    my_data.erase_all(DataSubject.owner("ann@example.org"), now=timezone.now())
    later = timezone.now() + FILE_KEPT + timedelta(hours=1)
    expire(later)
    assert job.pieces.exists()
    my_data.erase_all(DataSubject.owner("bo@example.org"), now=timezone.now())
    expire(later)

    assert not job.pieces.exists()
    made.refresh_from_db()
    assert made.state == AskingState.STOPPED
    assert numbers(petition) == (0, 0)


def test_a_file_in_which_nobody_can_be_asked_is_not_kept(
    petition: Petition, alice: User
) -> None:
    job = imported(petition, alice, file=content(["ann@example.org,"]))

    assert job.still_counted == 1
    assert not job.pieces.exists()


def test_whatever_erases_a_file_locks_it_before_its_orders(
    petition: Petition, alice: User
) -> None:
    """As `lock_import` says: otherwise one who stops an order would deadlock."""
    job = imported(petition, alice, "ann")
    ordered(job, alice)

    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        jobs.erase_import_files(SignatureImport.objects.filter(pk=job.pk))

    said = [query["sql"] for query in queries]
    locks = [n for n, sql in enumerate(said) if "FOR NO KEY UPDATE" in sql]
    orders = [n for n, sql in enumerate(said) if 'UPDATE "petitions_asking"' in sql]
    assert '"petitions_signatureimport"' in said[locks[0]]
    assert locks[0] < orders[0]


# == How much goes out ==


def test_what_may_go_out_in_a_day(
    petition: Petition, alice: User, settings: Settings, server: MailServer
) -> None:
    settings.MAIL_PER_DAY = 3
    ordered(imported(petition, alice, "ann", "bo", "cy", "di"), alice)

    rounds()
    assert len(asked()) == 3
    send(BEGUN)
    rounds()
    assert len(asked()) == 3
    later = timezone.now() + timedelta(days=1, hours=1)
    asking.advance_asking(later)

    assert len(asked()) == 4


def test_the_warm_up_counts_them(
    petition: Petition, alice: User, settings: Settings, server: MailServer
) -> None:
    now = timezone.now() + BEGUN
    settings.MAIL_WARM_UP = (timezone.localdate(now), 2)
    ordered(imported(petition, alice, "ann", "bo", "cy"), alice)
    rounds()
    assert len(asked()) == 2
    send(BEGUN)

    assert mailings.left_today(timezone.now() + BEGUN) <= 0
    assert OutgoingMail.objects.filter(state="sent").count() == 2


def test_confirmations_go_first(petition: Petition, alice: User) -> None:
    ordered(imported(petition, alice, "ann"), alice)
    rounds()
    make_pending(petition, "new@example.org")

    kinds = OutgoingMail.objects.order_by("priority").values_list("kind", flat=True)
    assert list(kinds) == [MailKind.CONFIRM, MailKind.ASK]
    assert OutgoingMail.objects.latest("priority").priority == Priority.BULK


def test_nobody_is_asked_while_a_confirmation_is_late(
    petition: Petition, alice: User
) -> None:
    ordered(imported(petition, alice, "ann"), alice)
    late = timezone.now() - timedelta(hours=1)
    make_pending(petition, "new@example.org", now=late)

    assert rounds() == 0


# == What stops it ==


def test_paused_and_stopped(
    petition: Petition, alice: User, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ordered(imported(petition, alice, "ann", "bo", "cy"), alice)
    monkeypatch.setattr(asking, "UNDER_WAY", 1)
    asking.advance_asking(timezone.now() + BEGUN)
    assert asking.pause_asking(made)
    send(BEGUN)
    assert server.mailbox.messages == []
    assert rounds() == 0

    assert asking.go_on_with_asking(made)
    assert asking.stop_asking(made, timezone.now())
    send(BEGUN + timedelta(minutes=6))

    made.refresh_from_db()
    assert made.state == AskingState.STOPPED
    assert server.mailbox.messages == []
    # What was made for the mail is erased.
    assert not Signature.objects.exists()


def test_called_off_it_can_be_ordered_again(petition: Petition, alice: User) -> None:
    job = imported(petition, alice, "ann")
    made = ordered(job, alice)

    assert asking.stop_asking(made, timezone.now())

    made.refresh_from_db()
    assert made.state == AskingState.CALLED_OFF
    assert rounds() == 0
    ordered(job, alice)
    rounds()
    assert asked() == ["ann@example.org"]


def test_an_import_taken_back_asks_nobody(
    petition: Petition, alice: User, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = imported(petition, alice, "ann", "bo")
    made = ordered(job, alice)
    monkeypatch.setattr(asking, "UNDER_WAY", 1)
    asking.advance_asking(timezone.now() + BEGUN)
    jobs.reverse(job, alice, now=timezone.now())
    work(job)
    send(BEGUN)

    made.refresh_from_db()
    assert made.state == AskingState.STOPPED
    assert server.mailbox.messages == []
    assert not Signature.objects.exists()


def test_a_closed_petition_asks_nobody(
    petition: Petition, alice: User, server: MailServer
) -> None:
    ordered(imported(petition, alice, "ann", "bo"), alice)
    Petition.objects.update(state=State.PAUSED)

    assert rounds() == 0


def test_the_file_is_not_kept_for_ever(petition: Petition, alice: User) -> None:
    waiting = imported(petition, alice, "ann")
    unordered = imported(make_petition(petition.organization), alice, "bo")
    made = ordered(waiting, alice)
    SignatureImport.objects.update(
        made_at=timezone.now() - FILE_KEPT - timedelta(days=1)
    )
    expire(timezone.now())
    assert waiting.pieces.exists()
    assert not unordered.pieces.exists()
    unordered.refresh_from_db()
    with pytest.raises(MailingNotPossible, match="not kept"):
        ordered(unordered, alice)

    expire(timezone.now() + ASKING_KEPT)

    made.refresh_from_db()
    assert not waiting.pieces.exists()
    assert made.state == AskingState.STOPPED


def test_above_a_number_a_second_person_approves(
    organization: Organization, petition: Petition, alice: User
) -> None:
    Organization.objects.update(mailing_approval_above=1)
    made = ordered(imported(petition, alice, "ann", "bo"), alice)
    assert made.state == AskingState.WAITING
    with pytest.raises(MailingNotPossible):
        asking.approve_asking(made, alice, timezone.now())
    assert rounds() == 0

    other = make_member(organization, Role.OWNER)
    assert asking.approve_asking(made, other, timezone.now())

    rounds()
    assert len(asked()) == 2


def test_slices_are_counted_together(
    organization: Organization, petition: Petition, alice: User
) -> None:
    Organization.objects.update(mailing_approval_above=2)
    other = make_petition(organization)
    first = ordered(imported(petition, alice, "ann", "bo"), alice)
    second = ordered(imported(other, alice, "cy"), alice)

    assert (first.state, second.state) == (AskingState.ORDERED, AskingState.WAITING)
    assert mailings.ordered_alone(organization, timezone.now()) == 2


def test_the_database_has_it_begin_later(petition: Petition, alice: User) -> None:
    made = ordered(imported(petition, alice, "ann"), alice)

    with pytest.raises(IntegrityError, match="asking_begins"), transaction.atomic():
        Asking.objects.filter(pk=made.pk).update(begins_at=made.ordered_at)


def test_what_is_due_keeps_to_the_day_when_others_were_quicker(
    petition: Petition, alice: User, settings: Settings, server: MailServer
) -> None:
    settings.MAIL_PER_DAY = 3
    ordered(imported(petition, alice, "ann", "bo", "cy"), alice)
    rounds()
    waiting(petition, "one@example.org", ago=timedelta(minutes=1))
    waiting(petition, "two@example.org", ago=timedelta(minutes=1))
    assert mailings.asks_waiting(timezone.now() + BEGUN) == 3

    send(BEGUN)

    assert len(server.mailbox.messages) == 1


def test_those_whose_servers_let_them_wait_hold_up_nobody(
    petition: Petition, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "UNDER_WAY", 1)
    ordered(imported(petition, alice, "ann", "bo"), alice)
    rounds()
    assert asked() == ["ann@example.org"]
    OutgoingMail.objects.update(due_at=timezone.now() + timedelta(hours=1))

    rounds()
    assert asked() == ["ann@example.org", "bo@example.org"]

    monkeypatch.setattr(asking, "POSTPONED", 2)
    assert not asking.advance_asking(timezone.now() + BEGUN)


def test_a_paused_petition_asks_later(
    petition: Petition, alice: User, server: MailServer
) -> None:
    ordered(imported(petition, alice, "ann"), alice)
    rounds()
    Petition.objects.update(state=State.PAUSED)
    send(BEGUN)
    assert server.mailbox.messages == []
    Petition.objects.update(state=State.OPEN)

    send(BEGUN + timedelta(minutes=6))

    assert len(server.mailbox.messages) == 1


def test_a_petition_that_is_withdrawn_keeps_no_file(
    petition: Petition, alice: User, server: MailServer
) -> None:
    job = imported(petition, alice, "ann", "bo")
    made = ordered(job, alice)
    rounds(after=timedelta(0))
    Petition.objects.update(state=State.WITHDRAWN, ended_at=timezone.now())

    expire(timezone.now())

    made.refresh_from_db()
    assert made.state == AskingState.STOPPED
    assert not job.pieces.exists()


def test_what_is_stopped_keeps_no_file(
    petition: Petition, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "UNDER_WAY", 1)
    job = imported(petition, alice, "ann", "bo")
    made = ordered(job, alice)
    rounds()
    asking.stop_asking(made, timezone.now())

    job.refresh_from_db()
    assert not job.pieces.exists()
    assert job.file_erased_at
    assert not asking.stop_asking(made, timezone.now())


def test_what_is_being_taken_back_is_not_ordered(
    petition: Petition, alice: User
) -> None:
    job = imported(petition, alice, "ann")
    seen = SignatureImport.objects.get(pk=job.pk)
    jobs.reverse(job, alice, now=timezone.now())

    with pytest.raises(MailingNotPossible, match="taken back"):
        ordered(seen, alice)


def test_the_mail_says_where_its_sender_is(petition: Petition, alice: User) -> None:
    job = imported(petition, alice, "ann")
    Organization.objects.update(postal_address="")
    job = SignatureImport.objects.get(pk=job.pk)

    with pytest.raises(MailingNotPossible, match="postal address"):
        ordered(job, alice)


# == As staff do it ==


def test_from_the_import_to_the_record(
    as_user: Login, organization: Organization, petition: Petition
) -> None:
    user = make_member(organization, Role.EDITOR)
    client = as_user(user)
    job = imported(petition, user, "ann", "bo")
    here = f"/admin/petitions/signatureimport/{job.pk}/change/"
    form = f"/admin/petitions/signatureimport/{job.pk}/ask/"
    assert form in client.get(here).content.decode()
    page = text_of(client.get(form))
    assert "It would go to 2 people." in page
    assert petition.title in page

    assert client.post(form, {"platform": ""}).status_code == 422
    answer = client.post(form, {"platform": "Change.example"})
    made = Asking.objects.get()
    assert (made.ordered_by, made.number) == (user, 2)
    record = f"/admin/petitions/asking/{made.pk}"
    assert answer["Location"] == f"{record}/change/"
    page = text_of(client.get(f"{record}/change/"))
    assert "It begins at" in page
    assert page.count("You can take this back") == 1
    page = client.get(here).content.decode()
    assert form not in page
    assert f"{record}/change/" in page
    assert "asked already" in text_of(client.get(form))
    client.post(f"{record}/stop/")
    made.refresh_from_db()
    assert made.state == AskingState.CALLED_OFF
    assert "Change.example" in text_of(client.get("/admin/petitions/asking/"))


def test_what_is_held_too_long_is_said_and_not_sent(
    as_user: Login, organization: Organization, petition: Petition, alice: User
) -> None:
    client = as_user(make_member(organization, Role.OWNER))
    made = ordered(imported(petition, alice, "ann", "bo"), alice)
    here = f"/admin/petitions/asking/{made.pk}/change/"
    assert "is not sent any more" not in text_of(client.get(here))
    rounds()
    assert "2 of these mails are not sent yet" in text_of(client.get(here))
    assert "held for 30 days is not sent any more" in text_of(client.get(here))

    for _ in range(3):
        expire(timezone.now() + UNCONFIRMED_KEPT + timedelta(hours=1))

    assert not OutgoingMail.objects.filter(state=MailState.DUE).exists()
    assert "not sent yet" not in text_of(client.get(here))


def test_a_second_person_approves_on_the_page(
    as_user: Login, organization: Organization, petition: Petition, alice: User
) -> None:
    Organization.objects.update(mailing_approval_above=0)
    made = ordered(imported(petition, alice, "ann"), alice)
    record = f"/admin/petitions/asking/{made.pk}"
    mine = as_user(alice)
    assert "Somebody else has to approve it" in text_of(mine.get(f"{record}/change/"))
    mine.post(f"{record}/approve/")
    made.refresh_from_db()
    assert made.state == AskingState.WAITING

    other = as_user(make_member(organization, Role.EDITOR))
    other.post(f"{record}/approve/")

    made.refresh_from_db()
    assert made.state == AskingState.ORDERED
    rounds()
    other.post(f"{record}/pause/")
    assert re.search("Done", text_of(other.get(f"{record}/change/")))


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.WRITER, Role.VIEWER])
def test_others_see_the_record_alone(
    as_user: Login,
    organization: Organization,
    petition: Petition,
    alice: User,
    role: Role,
) -> None:
    job = imported(petition, alice, "ann")
    made = ordered(job, alice)
    client = as_user(make_member(organization, role))
    record = f"/admin/petitions/asking/{made.pk}"

    assert "Call it off" not in text_of(client.get(f"{record}/change/"))
    for name in ("approve", "pause", "go-on", "stop"):
        assert client.post(f"{record}/{name}/").status_code == 403
    assert (
        client.get(f"/admin/petitions/signatureimport/{job.pk}/ask/").status_code == 403
    )
