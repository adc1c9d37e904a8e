"""Bounces: at once, by SMTP, or later, by the provider's webhook."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from django.conf import settings
from django.test import Client
from django.utils import timezone

from core import checks
from core.mail.transport import Refused
from core.retention import expire
from petitions.counts.verifying import verify
from petitions.identity.key_ring import email_key
from petitions.mail import bounces
from petitions.mail.messages import message_id
from petitions.models import (
    Bounce,
    Consent,
    MailTally,
    OutgoingMail,
    Petition,
    Signature,
    Suppression,
)
from petitions.models.mails import MailState
from petitions.signatures import (
    consent,
    links,
)
from petitions.signatures.confirming import confirm
from petitions.states import SignatureState
from tests.factories import make_pending, make_petition
from tests.mailserver import MailServer
from tests.petitions.mail.helpers import send, states

pytestmark = pytest.mark.django_db

MAYA = "maya@example.org"
HOOK = "/mail-events/postmark/tracking/"


def tell(
    kind: str,
    email: str = MAYA,
    *,
    at: datetime | None = None,
    details: str = "smtp;550 5.1.1 <maya@example.org> does not exist",
    given_id: str = "883953f4-6105-42a2-a16a-77a8eac79483",
    secret: str = settings.ANYMAIL["WEBHOOK_SECRET"],
) -> Any:
    """What Postmark posts, as its documentation shows it."""
    body: dict[str, Any] = {
        "RecordType": "SpamComplaint" if kind == "SpamComplaint" else "Bounce",
        "MessageStream": "outbound",
        "ID": 4323372036854775807,
        "Type": kind,
        "TypeCode": 1,
        "MessageID": given_id,
        "Description": "The server was unable to deliver your message.",
        "Details": details,
        "Email": email,
        "From": "petitions@example.org",
        "BouncedAt": (at or timezone.now()).isoformat(),
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Confirm your signature",
        "Metadata": {},
    }
    return Client(headers={"host": "localhost"}).post(
        HOOK,
        json.dumps(body),
        content_type="application/json",
        headers={"authorization": "Basic " + b64encode(secret.encode()).decode()},
    )


def sent_and_confirmed(petition: Petition, email: str = MAYA) -> Signature:
    """Return a signature that was confirmed after its mail was handed over."""
    signature = make_pending(petition, email, wants_updates=True)
    send()
    confirm(signature.pk, now=timezone.now())
    signature.refresh_from_db()
    assert signature.state == SignatureState.CONFIRMED
    return signature


# == Refused by SMTP ==


@pytest.mark.parametrize(
    ("code", "reply", "gone"),
    [
        (550, "5.1.1 no such user", True),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; not found", True),
        (550, "5.2.1 this account is disabled", True),
        (553, "5.1.2 we do not relay for that domain", True),
        (550, "no such user here", False),
        (550, "listed by a block list", False),
        (550, "5.7.1 your network is blocked", False),
        (550, "5.1.8 sender's domain not found", False),
        (552, "5.2.2 mailbox full", False),
        (552, "mailbox full", False),
        (554, "transaction failed", False),
        (550, "blocked, see 127.5.1.1", False),
        (451, "4.1.1 greylisted", False),
    ],
)
def test_what_says_that_there_is_no_such_mailbox(
    code: int, reply: str, gone: bool
) -> None:
    assert Refused(code, reply).no_such_mailbox is gone
    assert not Refused(code, reply, of_recipient=False).no_such_mailbox


def test_a_mailbox_that_does_not_exist_is_not_tried_again_for_a_while(
    server: MailServer, petition: Petition, visitor: Client
) -> None:
    tried = []

    def refuse(address: str) -> str:
        tried.append(address)
        return "550 5.1.1 <maya@example.org>: no such user"

    server.mailbox.refuse = refuse
    make_pending(petition, MAYA)
    send()
    (bounce,) = Bounce.objects.values("email_key", "reason")
    assert bounce == {"email_key": email_key(MAYA), "reason": "550 5.1.1"}

    other = make_petition(petition.organization)
    form = {"name": "Maya", "email": "Maya@example.org"}
    answers = [
        visitor.post(f"/petitions/{other.slug}/sign/", {**form, "email": email})
        for email in ("Maya@example.org", "somebody@example.org")
    ]
    server.mailbox.refuse = lambda address: tried.append(address)
    send()

    assert [answer.status_code for answer in answers] == [303, 303]
    assert tried == [MAYA, "somebody@example.org"]
    assert states() == {"failed": 2, "sent": 1}
    reply = OutgoingMail.objects.exclude(petition=petition).get(state="failed").reply
    assert reply == "not tried: 550 5.1.1"
    tally = MailTally.objects.get(petition=other)
    assert (tally.signed, tally.handed_over, tally.failed) == (2, 1, 1)

    expire(timezone.now() + bounces.HELD_FOR + timedelta(seconds=1))
    make_pending(make_petition(), MAYA)
    send()
    assert tried[2:] == [MAYA]


def test_a_server_that_refuses_us_marks_no_mailbox(
    server: MailServer, petition: Petition
) -> None:
    server.mailbox.refuse = lambda address: "550 5.7.1 your network is blocked"
    make_pending(petition, MAYA)

    send()

    assert states() == {"failed": 1}
    assert not Bounce.objects.exists()


def test_a_server_without_international_addresses_marks_no_mailbox() -> None:
    refusal = Refused(550, "5.6.7 the mail server takes no international addresses")

    assert not refusal.no_such_mailbox


def test_whoever_wants_mail_again_is_tried_again(petition: Petition) -> None:
    key = email_key(MAYA)
    bounces.record_bounce(key, "550 5.1.1", now=timezone.now())

    consent.lift_suppression(MAYA)

    assert not Bounce.objects.exists()


# == Accepted, and bounced later ==


def test_a_signature_that_nobody_can_have_confirmed_is_taken_back(
    server: MailServer, petition: Petition
) -> None:
    signature = sent_and_confirmed(petition)
    assert Consent.objects.filter(email_key=email_key(MAYA)).exists()

    assert tell("HardBounce").status_code == 200

    signature.refresh_from_db()
    assert signature.state == SignatureState.WITHDRAWN
    assert signature.withdrawn_because == "bounced"
    assert Bounce.objects.get().reason == "bounced 5.1.1"
    assert not Consent.objects.exists()
    assert states() == {"bounced": 1}
    assert "maya" not in OutgoingMail.objects.get().reply
    tally = MailTally.objects.get()
    assert (tally.signed, tally.handed_over, tally.failed) == (1, 0, 1)
    assert all(proof.holds for proof in verify())


def test_a_signature_with_another_mail_that_arrived_stays(
    server: MailServer, petition: Petition
) -> None:
    """The owner may have come from the link to all signatures of the mailbox."""
    signature = make_pending(petition, MAYA)
    send()
    links.send_signed([email_key(MAYA)], now=timezone.now())
    send()
    OutgoingMail.objects.filter(kind="confirm").update(
        finished_at=timezone.now() - timedelta(minutes=5)
    )
    confirm(signature.pk, now=timezone.now())

    tell("HardBounce", at=timezone.now() - timedelta(minutes=4))

    signature.refresh_from_db()
    assert signature.state == SignatureState.CONFIRMED
    assert Bounce.objects.exists()
    assert states() == {"bounced": 1, "sent": 1}


def test_a_mailbox_that_closes_later_takes_nothing_back(
    server: MailServer, petition: Petition
) -> None:
    signature = sent_and_confirmed(petition)
    OutgoingMail.objects.update(finished_at=timezone.now() - timedelta(days=3))
    Signature.objects.update(created_at=timezone.now() - timedelta(days=3))
    make_pending(petition, MAYA, name="Once more")
    send()

    for _ in range(3):  # reports come more than once
        tell("HardBounce")

    signature.refresh_from_db()
    assert signature.state == SignatureState.CONFIRMED
    assert states() == {"bounced": 1, "sent": 1}


def test_a_mail_that_may_have_arrived_before_the_connection_broke(
    server: MailServer, petition: Petition
) -> None:
    signature = make_pending(petition, MAYA)
    server.mailbox.die_after = lambda: True
    with pytest.raises(OSError, match=r"."):
        send()
    confirm(signature.pk, now=timezone.now())
    OutgoingMail.objects.update(
        state=MailState.FAILED,
        finished_at=timezone.now(),
        attempts=2,
        reply="550 5.1.1 no such user",
    )

    bounces.record_bounce(email_key(MAYA), "550 5.1.1", now=timezone.now())

    signature.refresh_from_db()
    assert signature.state == SignatureState.CONFIRMED


def test_what_is_older_than_the_records_of_mail_is_not_judged(
    server: MailServer, petition: Petition
) -> None:
    signature = sent_and_confirmed(petition)
    Signature.objects.update(created_at=timezone.now() - timedelta(days=31))

    tell("HardBounce")

    signature.refresh_from_db()
    assert signature.state == SignatureState.CONFIRMED


def test_a_mail_of_an_erased_signature_keeps_no_reply(
    server: MailServer, petition: Petition
) -> None:
    signature = make_pending(petition, MAYA)
    send()
    signature.delete()

    assert tell("HardBounce").status_code == 200

    (mail,) = OutgoingMail.objects.all()
    assert (mail.state, mail.reply, mail.signature) == ("bounced", "", None)
    assert Bounce.objects.exists()


def test_our_message_id_names_the_mail(server: MailServer, petition: Petition) -> None:
    make_pending(petition, MAYA)
    send()
    make_pending(make_petition(), MAYA)
    send()
    first, second = OutgoingMail.objects.order_by("pk")
    named: dict[str, Any] = {
        "recipient": MAYA,
        "reason": "bounced 4.4.7",
        "no_such_mailbox": False,
        "at": timezone.now(),
        "now": timezone.now(),
    }

    bounces.came_back(first.email_key, given_id="<other@example.org>", **named)
    assert states() == {"sent": 2}
    bounces.came_back(first.email_key, given_id=message_id(first), **named)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("bounced", "sent")
    assert not Bounce.objects.exists()


@pytest.mark.parametrize(
    ("kind", "details", "marked"),
    [
        ("HardBounce", "smtp;550 5.1.1 no such user", True),
        ("HardBounce", "", True),
        ("SoftBounce", "smtp;552 5.2.2 over quota", False),
        ("VirusNotification", "", False),
        ("Blocked", "smtp;550 5.7.1 blocked", False),
        ("BadEmailAddress", "", True),
    ],
)
def test_only_what_speaks_of_the_mailbox_marks_it(
    server: MailServer, petition: Petition, kind: str, details: str, marked: bool
) -> None:
    make_pending(petition, MAYA)
    send()

    tell(kind, details=details)

    assert Bounce.objects.exists() is marked
    assert states() == {"bounced": 1}


@pytest.mark.parametrize("kind", ["Transient", "AutoResponder", "DnsError", "Unknown"])
def test_what_is_no_bounce_changes_nothing(
    server: MailServer, petition: Petition, kind: str
) -> None:
    make_pending(petition, MAYA)
    send()

    assert tell(kind).status_code == 200

    assert states() == {"sent": 1}
    assert not Bounce.objects.exists()


def test_a_complaint_silences_for_ever(server: MailServer, petition: Petition) -> None:
    signature = sent_and_confirmed(petition)

    tell("SpamComplaint", "MAYA@example.org")

    assert Suppression.objects.get().pk == email_key(MAYA)
    signature.refresh_from_db()
    assert signature.state == SignatureState.CONFIRMED
    make_pending(make_petition(), MAYA)
    send()
    assert len(server.mailbox.envelopes) == 1


def test_a_report_about_nobody_is_taken_in_silence(petition: Petition) -> None:
    assert tell("HardBounce", "not an address").status_code == 200
    assert not Bounce.objects.exists()


@pytest.mark.parametrize("secret", ["postmark:wrong", "", ":"])
def test_without_the_secret_nobody_tells_anything(
    server: MailServer, petition: Petition, secret: str
) -> None:
    signature = sent_and_confirmed(petition)

    assert tell("HardBounce", secret=secret).status_code == 400

    signature.refresh_from_db()
    assert signature.state == SignatureState.CONFIRMED
    assert not Bounce.objects.exists()


def test_only_the_chosen_provider_has_an_address(visitor: Client, db: None) -> None:
    assert visitor.post("/mail-events/mailgun/tracking/").status_code == 404
    assert visitor.post("/mail-events/postmark/inbound/").status_code == 404


def test_a_provider_whose_key_is_missing_is_found_by_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert checks.webhooks_have_their_keys(None) == []
    mailgun = SimpleNamespace(func=MailgunTrackingWebhookView.as_view())
    monkeypatch.setattr(checks, "resolve", lambda address: mailgun)

    (error,) = checks.webhooks_have_their_keys(None)
    assert "MAILGUN_WEBHOOK_SIGNING_KEY" in error.msg


def test_a_large_report_is_not_too_large(petition: Petition) -> None:
    assert tell("HardBounce", details="x" * 200_000).status_code == 200
    assert Bounce.objects.exists()


def test_staff_see_why_a_signature_was_withdrawn(
    server: MailServer, petition: Petition, as_user: Any, alice: Any
) -> None:
    signature = sent_and_confirmed(petition)
    tell("HardBounce")

    page = as_user(alice).get(f"/admin/petitions/signature/{signature.pk}/change/")

    assert "Every mail to its address came back" in page.content.decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"x"',
        b"\xff\xfe\x00",
        b'{"RecordType": ["Bounce"], "Type": {}, "Email": {}}',
        b"[" * 100_000,
    ],
)
def test_a_webhook_that_cannot_be_read_is_refused(
    petition: Petition, body: bytes
) -> None:
    """With a 500, the provider would retry it for days."""
    answer = hooked(body)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "odd",
    [{"Email": 5}, {"Email": ["a@example.org"]}, {"MessageID": {}, "Email": MAYA}],
)
def test_a_webhook_with_words_that_are_none_is_taken(
    petition: Petition, odd: dict[str, Any]
) -> None:
    now = timezone.now().isoformat()
    body = {
        "RecordType": "Bounce",
        "Type": "HardBounce",
        "BouncedAt": now,
        "Details": 7,
        "MessageID": "x",
        **odd,
    }

    assert hooked(json.dumps(body).encode()).status_code == 200


def hooked(body: bytes) -> Any:
    """Post `body` to the webhook with the right secret; return the response."""
    secret = b64encode(settings.ANYMAIL["WEBHOOK_SECRET"].encode()).decode()
    client = Client(headers={"host": "localhost"}, raise_request_exception=False)
    headers = {"authorization": f"Basic {secret}"}
    return client.post(HOOK, body, "application/json", headers=headers)
