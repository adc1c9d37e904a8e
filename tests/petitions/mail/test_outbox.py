"""Sending the outbox to a real SMTP server that also refuses, hangs and dies."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.mail.leases import lease_time
from core.retention import expire
from organizations.models import Organization
from petitions.mail import (
    leases,
    news,
    outbox,
    sending,
)
from petitions.mail.sending import TRIES
from petitions.models import (
    MailingRecipient,
    MailTally,
    OutgoingMail,
    Petition,
    Signature,
)
from petitions.models.mails import MailState
from petitions.signatures import (
    links,
    my_data,
)
from tests.factories import make_pending, make_petition, make_signature
from tests.mailserver import MailServer, body
from tests.petitions.conftest import both_manners
from tests.petitions.mail.helpers import send, states
from tests.petitions.mail.mailing import written_to

pytestmark = pytest.mark.django_db


def test_a_confirmation_arrives(server: MailServer, petition: Petition) -> None:
    petition.targets.update(name="Stéphane Dion")
    make_pending(petition, "Maya@example.org", name="<b>Evil Name</b>", comment="evil")

    send()

    (message,) = server.mailbox.messages
    assert server.mailbox.recipients == ["Maya@example.org"]
    assert message["From"] == "Rights Now <petitions@example.org>"
    assert message["Reply-To"] == "contact@example.org"
    assert message["To"] == "Maya@example.org"
    assert message["Subject"] == "Confirm your signature: “Free the prisoners”"
    assert message["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", message["Message-ID"])
    assert message["Date"].datetime.tzinfo is not None
    for kind in ("plain", "html"):
        text = body(message, kind)
        assert "Free the prisoners" in text
        assert "Stéphane Dion" in text
        assert "http://testserver.localhost/confirm/" in text
        assert "http://testserver.localhost/not-me/" in text
        assert "The link works for 14 days." in text
        assert "1 Main Street, Ottawa" in text
        assert "contact@example.org" in text
        assert "vil" not in text.replace("civil", "")
    assert states() == {"sent": 1}


def test_the_link_stands_on_a_line_of_its_own_and_works(
    server: MailServer, petition: Petition, visitor: Client
) -> None:
    make_pending(petition)
    send()

    lines = body(server.mailbox.messages[0]).splitlines()
    (link,) = [line for line in lines if "/confirm/" in line]
    assert link.startswith("http://testserver.localhost/confirm/")
    assert link == link.strip()
    response = visitor.post(link.removeprefix("http://testserver.localhost"))

    assert response.status_code == 303
    assert Signature.objects.confirmed().count() == 1


def test_mail_is_in_the_language_of_the_form(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition, language="fr")
    send()

    (message,) = server.mailbox.messages
    assert message["Content-Language"] == "fr"
    assert "http://testserver.localhost/fr/confirm/" in body(message)


def test_a_batch_goes_over_one_connection(
    server: MailServer, petition: Petition
) -> None:
    for _ in range(25):
        make_pending(petition)

    send()

    assert len(server.mailbox.envelopes) == 25
    assert server.mailbox.sessions == 1
    assert states() == {"sent": 25}


def test_those_who_signed_first_are_written_to_first(
    server: MailServer, petition: Petition
) -> None:
    for number in range(5):
        make_pending(petition, f"signer{number}@example.org")

    send()

    assert server.mailbox.recipients == [f"signer{n}@example.org" for n in range(5)]


def test_who_has_signed_already_is_told_so_and_nobody_else(
    server: MailServer, petition: Petition
) -> None:
    make_signature(petition, "maya@example.org", now=timezone.now() - timedelta(days=9))
    OutgoingMail.objects.all().delete()
    make_pending(petition, "maya@example.org", name="Somebody")

    send()

    (message,) = server.mailbox.messages
    assert message["Subject"] == "You have already signed “Free the prisoners”"
    for kind in ("plain", "html"):
        assert "Your signature has counted since" in body(message, kind)
        assert "/petitions/" not in body(message, kind)
        assert "/confirm/" not in body(message, kind)
        assert "Somebody, probably you" in body(message, kind)


def test_the_same_form_sent_again_causes_one_mail(
    server: MailServer, petition: Petition
) -> None:
    now = timezone.now()
    for seconds in range(3):
        make_pending(petition, "m@example.org", now=now + timedelta(seconds=seconds))
    send(timedelta(seconds=5))
    make_pending(petition, "M@example.org", now=now + timedelta(seconds=30))
    send(timedelta(seconds=31))

    assert len(server.mailbox.envelopes) == 1
    assert states() == {"sent": 1, "covered": 3}


def test_another_form_for_the_same_mailbox_waits_its_turn(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition, "m@example.org", name="Mallory")
    send()
    make_pending(petition, "m@example.org", name="Maya")
    send()
    assert len(server.mailbox.envelopes) == 1

    send(outbox.GAP + timedelta(seconds=5))

    assert len(server.mailbox.envelopes) == 2
    assert states() == {"sent": 2}


def test_a_mailbox_gets_so_many_mails_a_day_and_the_share_refills(
    server: MailServer, petition: Petition
) -> None:
    for number in range(outbox.PER_PETITION + 3):
        make_pending(petition, "victim@example.org", name=f"Name {number}")
    for hour in range(23):
        send(timedelta(hours=hour))
        OutgoingMail.objects.filter(state="sent").update(finished_at=timezone.now())

    assert len(server.mailbox.envelopes) == outbox.PER_PETITION
    assert states() == {"sent": outbox.PER_PETITION, "due": 3}

    send(timedelta(days=1, hours=2))
    assert len(server.mailbox.envelopes) == outbox.PER_PETITION + 1


def test_a_mailbox_is_capped_over_all_petitions(
    server: MailServer, petition: Petition
) -> None:
    for _ in range(outbox.PER_MAILBOX + 5):
        other = make_petition(petition.organization)
        make_pending(other, "victim@example.org")
        send()

    assert len(server.mailbox.envelopes) == outbox.PER_MAILBOX
    # Other mailboxes do not wait because of it.
    make_pending(petition, "somebody@example.org")
    send()
    assert server.mailbox.recipients[-1] == "somebody@example.org"


@both_manners
def test_a_permanent_refusal_fails_this_mail_only(
    server: MailServer, petition: Petition
) -> None:
    server.mailbox.refuse = lambda address: (
        "550 5.1.1 no such user <gone@example.org>" if "gone" in address else None
    )
    for email in ("one@example.org", "gone@example.org", "two@example.org"):
        make_pending(petition, email)

    send()

    assert server.mailbox.recipients == ["one@example.org", "two@example.org"]
    assert states() == {"sent": 2, "failed": 1}
    failed = OutgoingMail.objects.get(state="failed")
    assert failed.reply.startswith("550")
    assert "gone@" not in failed.reply
    tally = MailTally.objects.get()
    assert (tally.signed, tally.handed_over, tally.failed) == (3, 2, 1)


@both_manners
def test_a_temporary_refusal_is_tried_again_later(
    server: MailServer, petition: Petition
) -> None:
    server.mailbox.refuse = lambda address: "451 4.7.1 greylisted, come back"
    make_pending(petition)
    send()
    assert states() == {"due": 1}
    assert OutgoingMail.objects.get().attempts == 1

    server.mailbox.refuse = lambda address: None
    send()
    assert server.mailbox.envelopes == []
    send(timedelta(seconds=31))
    assert states() == {"sent": 1}


def test_a_mail_that_failed_ever_so_often_is_tried_once_an_hour(
    server: MailServer, petition: Petition
) -> None:
    """A power of two of the attempts is more than a timedelta holds."""
    server.mailbox.refuse = lambda address: "451 later"
    make_pending(petition)
    OutgoingMail.objects.update(attempts=1000)
    before = timezone.now()
    send()

    mail = OutgoingMail.objects.get()
    assert mail.attempts == 1001
    assert mail.due_at - before < timedelta(minutes=61)


@both_manners
def test_a_refusal_of_the_content_is_tried_again(
    server: MailServer, petition: Petition
) -> None:
    server.mailbox.refuse_data = lambda: "452 too much mail"
    make_pending(petition)
    send()

    assert OutgoingMail.objects.get().reply == "452 too much mail"
    assert states() == {"due": 1}


def test_after_two_days_it_is_given_up(server: MailServer, petition: Petition) -> None:
    server.mailbox.refuse = lambda address: "451 later"
    make_pending(petition, now=timezone.now() - timedelta(days=2, minutes=1))
    OutgoingMail.objects.update(attempts=TRIES)
    send()

    assert states() == {"failed": 1}


def test_a_mail_server_that_is_away_loses_nothing(
    server: MailServer, petition: Petition
) -> None:
    for _ in range(3):
        make_pending(petition)
    server.stop()

    with pytest.raises(OSError, match="refused"):
        send()
    assert states() == {"due": 3}
    assert set(OutgoingMail.objects.values_list("leased_until", "attempts")) == {
        (None, 0)
    }

    again = MailServer(server.port)
    again.start()
    send()
    again.stop()
    assert len(again.mailbox.envelopes) == 3


@both_manners
def test_a_server_that_hangs_holds_up_one_mail(
    server: MailServer, petition: Petition
) -> None:
    for _ in range(3):
        make_pending(petition)
    server.mailbox.delay = 3

    with pytest.raises(OSError, match="tim"):
        send()
    server.mailbox.delay = 0
    send()

    assert states() == {"sent": 2, "due": 1}
    send(timedelta(minutes=1))
    assert states() == {"sent": 3}


@both_manners
def test_a_server_that_dies_in_the_middle_of_a_batch(
    server: MailServer, petition: Petition
) -> None:
    for _ in range(6):
        make_pending(petition)

    def die_after_three() -> str | None:
        if len(server.mailbox.envelopes) == 3:
            return "421 shutting down"
        return None

    server.mailbox.refuse_data = die_after_three
    with pytest.raises(OSError, match="shutting down"):
        send()
    taken = len(server.mailbox.envelopes)
    server.mailbox.refuse_data = lambda: None
    send(timedelta(minutes=2))

    assert taken == 3
    assert sorted(set(server.mailbox.recipients)) == sorted(server.mailbox.recipients)
    assert len(server.mailbox.recipients) == 6


def test_a_worker_that_dies_leaves_a_lease_that_runs_out(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition)
    leases.lease(timezone.now())

    send(timedelta(seconds=60))
    assert server.mailbox.envelopes == []
    send(lease_time(leases.BATCH_TIME) + timedelta(seconds=1))
    assert states() == {"sent": 1}


def test_the_next_worker_does_not_wait_for_the_lease(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition)
    leases.lease(timezone.now())

    outbox.begin_sending()
    send()

    assert states() == {"sent": 1}


def test_what_is_due_by_a_clock_since_set_back_does_not_wait_for_it(
    server: MailServer, petition: Petition
) -> None:
    ahead = timezone.now() + timedelta(hours=3)
    make_pending(petition, "now@example.org", now=ahead)
    make_pending(petition, "again@example.org")
    make_pending(petition, "later@example.org", now=ahead)
    due = OutgoingMail.objects.all()
    due.filter(signature__email="again@example.org").update(attempts=1, due_at=ahead)
    # This one had a place in its network's line when it was written.
    due.filter(signature__email="later@example.org").update(
        due_at=ahead + timedelta(minutes=50)
    )

    send()
    assert server.mailbox.recipients == []
    outbox.begin_sending()
    send()

    assert sorted(server.mailbox.recipients) == ["again@example.org", "now@example.org"]


@pytest.mark.django_db(transaction=True)
def test_no_row_is_locked_while_the_network_is_used(
    server: MailServer, petition: Petition
) -> None:
    from django.db import connection

    from petitions.signatures import confirming

    signature = make_pending(petition)
    server.mailbox.delay = 0.8
    finished = []

    def round_of_the_worker() -> None:
        send()
        finished.append(timezone.now())
        connection.close()

    worker = threading.Thread(target=round_of_the_worker)
    worker.start()
    while not server.mailbox.sessions:
        pass
    confirming.confirm(signature.pk, now=timezone.now())
    confirmed_at = timezone.now()
    worker.join()

    assert confirmed_at < finished[0]
    assert states() == {"sent": 1}


def test_an_international_address_needs_a_server_that_knows_them(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition, "josé@bücher.example")

    send()

    assert server.mailbox.recipients == ["josé@xn--bcher-kva.example"]
    assert states() == {"sent": 1}


def test_signed_and_handed_over_are_tallied_by_day_and_domain(
    server: MailServer, petition: Petition
) -> None:
    for email in ("a@one.example", "b@ONE.example", "c@two.example"):
        make_pending(petition, email)

    send()

    rows: Any = MailTally.objects.order_by("domain").values_list(
        "domain", "signed", "handed_over", "failed"
    )
    assert list(rows) == [("one.example", 2, 2, 0), ("two.example", 1, 1, 0)]


def test_an_erased_signature_takes_its_mail_along(
    server: MailServer, petition: Petition
) -> None:
    my_data.erase_signature(make_pending(petition), now=timezone.now())

    send()

    assert server.mailbox.envelopes == []
    assert not OutgoingMail.objects.exists()


def test_erasing_does_not_fill_up_the_share_of_a_mailbox(
    server: MailServer, petition: Petition
) -> None:
    for _ in range(4):
        signature = make_pending(petition, "victim@example.org")
        send()
        my_data.erase_signature(signature, now=timezone.now())

    assert len(server.mailbox.messages) == 1
    assert states() == {"sent": 1}

    # The mail is kept, with its key alone, for as long as the caps look back.
    assert OutgoingMail.objects.get().signature_id is None
    expire(timezone.now() + leases.DAY + timedelta(seconds=1))
    assert not OutgoingMail.objects.exists()


def test_a_batch_keeps_to_the_share_of_a_mailbox(server: MailServer) -> None:
    for _ in range(outbox.PER_MAILBOX + 5):
        make_pending(make_petition(), "victim@example.org")

    send()

    assert len(server.mailbox.messages) == outbox.PER_MAILBOX


@both_manners
@pytest.mark.parametrize("part", ["sender", "data"])
def test_a_refusal_that_is_not_about_the_recipient_loses_no_mail(
    server: MailServer, petition: Petition, part: str
) -> None:
    reply = "550 5.7.1 this site is blocked"
    if part == "data":
        server.mailbox.refuse_data = lambda: reply
    else:
        server.mailbox.refuse_sender = lambda: reply
    make_pending(petition)
    send()
    assert states() == {"due": 1}

    server.mailbox.refuse_data = server.mailbox.refuse_sender = lambda: None
    send(timedelta(minutes=2))
    assert states() == {"sent": 1}


def test_a_signature_is_tallied_once_however_often_its_link_is_sent(
    server: MailServer, petition: Petition
) -> None:
    signature = make_pending(petition)
    send()
    later = timezone.now() + timedelta(minutes=10)
    links.send_again(signature, now=later)
    links.send_again(signature, now=later)
    send(timedelta(minutes=11))

    # Of all days: midnight may lie between the two mails.
    tallies = MailTally.objects.values_list("signed", "handed_over")
    assert [sum(column) for column in zip(*tallies, strict=True)] == [1, 2]


def test_old_statistics_do_not_make_a_lease_slow(petition: Petition) -> None:
    def rush(name: str) -> None:
        for number in range(300):
            make_pending(petition, f"{name}{number}@example.org")

    rush("before")
    OutgoingMail.objects.all().delete()
    with connection.cursor() as cursor:
        # As autovacuum leaves it at a calm moment: pages, and no row in them.
        cursor.execute("ANALYZE petitions_outgoingmail")
        rush("after")
        now = timezone.now()
        cursor.execute(
            f"EXPLAIN (ANALYZE) {leases.LEASE_DUE}",
            {"now": now, "until": now + timedelta(minutes=2), "batch": 300},
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "rows=300" in plan
    # Otherwise each mail is compared with every other.
    assert "Rows Removed by Join Filter" not in plan


@pytest.mark.parametrize("of", ["signatures", "mailing"])
def test_old_statistics_do_not_make_marks_slow(petition: Petition, of: str) -> None:
    """Mails are marked as sent without comparing each with every other."""
    statement = sending.FINISH if of == "signatures" else news.FINISH
    model = OutgoingMail if of == "signatures" else MailingRecipient

    def rush(name: str) -> None:
        rows = [make_pending(petition, f"{name}{n}@example.org") for n in range(300)]
        if of == "mailing":
            for row in rows:
                written_to(row)
            model.objects.update(state="due", finished_at=None)

    with connection.cursor() as cursor:
        rush("before")
        model.objects.all().delete()
        # As autovacuum leaves it at a calm moment: pages, and no row in them.
        cursor.execute(f"ANALYZE {model._meta.db_table}")
        rush("after")
        ids = list(model.objects.values_list("pk", flat=True)[: sending.MARKS])
        given: dict[str, Any] = {
            "ids": ids, "times": [timezone.now()] * len(ids), "state": "sent",
            "days": [timezone.localdate()] * len(ids), "reply": "",
            "domains": ["example.org"] * len(ids),
        }  # fmt: skip
        cursor.execute(f"EXPLAIN (ANALYZE) {statement}", given)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert model.objects.filter(state="sent").count() == len(ids)
    # Nor by reading all 300 for each group of marks.
    assert "rows=300" not in plan
    assert "Rows Removed by Join Filter" not in plan


def test_confirmed_in_the_meantime_needs_no_mail(
    server: MailServer, petition: Petition
) -> None:
    make_signature(petition)

    send()

    assert server.mailbox.envelopes == []
    assert states() == {MailState.COVERED: 1}


def test_nobody_is_asked_to_confirm_while_the_petition_is_withdrawn(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition)
    now = timezone.now()
    petition.withdraw(now=now)

    outbox.send_due(now)
    assert server.mailbox.envelopes == []

    petition.take_back(now=now)
    outbox.send_due(now + timedelta(hours=1))
    assert len(server.mailbox.envelopes) == 1


@pytest.mark.parametrize("address", ["1 Main Street", "A very long street " * 26])
def test_a_link_is_in_one_piece_and_no_line_too_long(
    server: MailServer, petition: Petition, address: str
) -> None:
    petition.organization.postal_address = address
    petition.organization.legal_name = "Règlement " * 20
    petition.organization.save()
    make_pending(petition, language="fr")

    send()

    (envelope,) = server.mailbox.envelopes
    assert isinstance(envelope.content, bytes)
    lines = envelope.content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert b"\n" not in b"".join(lines)
    if len(address) < 100:
        assert any(line.startswith(b"http") and b"/confirm/" in line for line in lines)
    (message,) = server.mailbox.messages
    assert "Règlement" in body(message)
    assert "Règlement" in body(message, "html")


def test_the_mail_that_leads_to_all_signatures(
    server: MailServer,
    petition: Petition,
    other_organization: Organization,
    visitor: Client,
) -> None:
    mine = make_signature(petition, "Maya@example.org")
    OutgoingMail.objects.all().delete()
    MailTally.objects.all().delete()
    visitor.post("/signed/", {"email": "maya@example.org"})

    send()

    (message,) = server.mailbox.messages
    assert message["To"] == "Maya@example.org"
    assert message["From"] == '"testserver.localhost" <petitions@example.org>'
    assert message["Subject"] == "All you have signed on testserver.localhost"
    text = body(message)
    (link,) = [line for line in text.splitlines() if "/signed/" in line]
    assert link in body(message, "html")
    assert "/confirm/" not in text
    path = link.removeprefix("http://testserver.localhost")
    assert mine.petition.title in visitor.get(path).content.decode()
    assert not MailTally.objects.exists()


def test_on_a_site_of_one_organisation_it_comes_from_there(
    server: MailServer, petition: Petition, visitor: Client
) -> None:
    make_signature(petition, "maya@example.org")
    OutgoingMail.objects.all().delete()
    visitor.post("/signed/", {"email": "maya@example.org"})

    send()

    (message,) = server.mailbox.messages
    assert message["From"] == "Rights Now <petitions@example.org>"
    assert message["Reply-To"] == "contact@example.org"
    for kind in ("plain", "html"):
        assert "1 Main Street, Ottawa" in body(message, kind)


def test_who_has_signed_already_gets_a_link_to_the_signature(
    server: MailServer, petition: Petition, visitor: Client
) -> None:
    make_signature(petition, "maya@example.org", name="Maya Herself")
    make_pending(petition, "maya@example.org", name="Somebody Else")

    send()

    lines = body(server.mailbox.messages[0]).splitlines()
    (link,) = [line for line in lines if "/signature/" in line]
    page = visitor.get(link.removeprefix("http://testserver.localhost"))
    assert "Maya Herself" in page.content.decode()


def test_a_mail_about_everything_does_not_stand_for_a_confirmation(
    server: MailServer, petition: Petition, visitor: Client
) -> None:
    make_pending(petition, "maya@example.org")
    visitor.post("/signed/", {"email": "maya@example.org"})

    send()

    kinds = {"/confirm/": 0, "/signed/": 0}
    for message in server.mailbox.messages:
        for kind in kinds:
            kinds[kind] += kind in body(message)
    assert kinds == {"/confirm/": 1, "/signed/": 1}


def test_who_wants_no_mail_gets_none(
    server: MailServer, petition: Petition, visitor: Client
) -> None:
    make_pending(petition, "maya@example.org")
    send()
    lines = body(server.mailbox.messages[0]).splitlines()
    (link,) = [line for line in lines if "/never-again/" in line]
    path = link.removeprefix("http://testserver.localhost")
    visitor.post(path)

    make_pending(make_petition(), "MAYA@example.org")
    visitor.post("/signed/", {"email": "maya@example.org"})
    send(timedelta(hours=1))

    assert len(server.mailbox.messages) == 1
    assert states() == {"sent": 1, "covered": 3}  # a list for each spelling

    # The link from the mail only asks for another one, which is sent all the same.
    visitor.post(path, {"write": "again"})
    visitor.post(path, {"write": "again"})
    send(timedelta(hours=2))
    assert len(server.mailbox.messages) == 2
    lines = body(server.mailbox.messages[1]).splitlines()
    (link,) = [line for line in lines if "/signed/" in line]
    make_pending(make_petition(), "maya@example.org")
    send(timedelta(hours=3))
    assert len(server.mailbox.messages) == 2

    visitor.post(link.removeprefix("http://testserver.localhost"), {"write": "again"})
    make_pending(make_petition(), "maya@example.org")
    send(timedelta(hours=4))
    assert len(server.mailbox.messages) == 3
