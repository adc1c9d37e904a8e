"""Mailings: who receives one, what the mail says, and how it is ordered and ended."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import chain, product, repeat
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from core.models import SwitchName
from core.operation import turn_on
from core.retention import expire
from organizations.models import Organization, Role, User
from organizations.rights import GRAVE, Right, roles_with
from petitions import probes
from petitions.admin import figures
from petitions.counts import checkpoints, folding
from petitions.identity import key_ring
from petitions.mail import (
    audience,
    bounces,
    mailings,
    messages,
    news,
    results,
    sending,
)
from petitions.mail.mailings import MailingNotPossible
from petitions.models import (
    Bounce,
    ChannelTally,
    Consent,
    Invalidation,
    Mailing,
    MailingRecipient,
    OutgoingMail,
    Petition,
    Signature,
    Update,
)
from petitions.models.mails import MailState
from petitions.signature_fields import ERASED
from petitions.signatures import confirming, consent, my_data, withdrawing
from petitions.signatures.tokens import TokenPurpose, Valid, read_token
from petitions.states import MailingScope, MailingState, State
from tests.factories import (
    backdate,
    make_pending,
    make_petition,
    make_signature,
    make_update_translation,
)
from tests.helpers import somebody_waits
from tests.mailserver import MailServer, body
from tests.petitions.delivery.helpers import erase
from tests.petitions.mail.mailing import (
    BEGUN,
    make_supporter,
    news_of,
    ordered,
    prepared,
    rounds,
    run,
    shown_to,
    written_to,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def update(petition: Petition) -> Update:
    return news_of(petition)


def addresses(mailing: Mailing) -> list[str]:
    """Return those that it is for, once they are found."""
    rows = mailing.recipients.order_by("signature__email")
    return list(rows.values_list("signature__email", flat=True))


def found(mailing: Mailing) -> list[str]:
    """Let the worker find the recipients, without a mail server."""
    now = timezone.now() + BEGUN
    mailings.advance_mailing(now)  # begins
    while Mailing.objects.get(pk=mailing.pk).filled_at is None:
        assert mailings.advance_mailing(now)
    return addresses(mailing)


# == Whom it is for ==

STANDINGS = [
    "confirmed", "pending", "withdrawn", "invalid", "erased", "suppressed", "bounced",
    "took back", "of another",
]  # fmt: skip


@pytest.mark.parametrize(
    ("wants", "standing"), list(product([True, False, None], STANDINGS))
)
def test_only_confirmed_supporters_who_said_yes_are_written_to(
    update: Update, alice: User, wants: bool | None, standing: str
) -> None:
    petition, now = update.petition, timezone.now()
    if standing == "of another":
        petition = make_petition(petition.organization)
    make = make_pending if standing == "pending" else make_signature
    row = make(petition, "maya@example.org", wants_updates=wants)
    if standing == "withdrawn":
        withdrawing.withdraw(row, now=now)
    if standing == "invalid":
        reason = Invalidation.objects.create(
            petition=petition, domain="example.org", reason="Bots", found=1, up_to=0,
            made_at=now, as_of=now,
        )  # fmt: skip
        Signature.objects.filter(pk=row.pk).update(state="invalid", invalidation=reason)
    if standing == "erased":
        erase(row)
    if standing == "suppressed":
        consent.suppress("maya@example.org", now=now)
    if standing == "bounced":
        key = key_ring.email_key("maya@example.org")
        bounces.record_bounce(key, "550 5.1.1", now=now, address="maya@example.org")
    if standing == "took back":
        given = Consent.objects.filter(email="maya@example.org").first()
        if given is not None:
            consent.end_updates(given, now=timezone.now())
    make_supporter(update.petition, "other@example.org")

    mailing = ordered(update, by=alice)

    right = ["maya@example.org"] if wants and standing == "confirmed" else []
    assert found(mailing) == [*right, "other@example.org"]
    assert mailing.number == len(right) + 1


def test_a_mailbox_is_written_to_once_for_all_it_has_signed(
    update: Update, alice: User, other_organization: Organization
) -> None:
    organization = update.petition.organization
    others = [make_petition(organization) for _ in range(2)]
    for petition in (update.petition, *others):
        make_supporter(petition, "maya@example.org")
    make_supporter(others[1], "liam@example.org")
    make_supporter(make_petition(other_organization), "theirs@example.org")

    mailing = ordered(update, by=alice, scope=MailingScope.ORGANIZATION)

    assert mailing.number == 2
    assert found(mailing) == ["liam@example.org", "maya@example.org"]


def test_the_audience_is_narrowed_by_language_country_and_day(
    update: Update, alice: User
) -> None:
    petition, now = update.petition, timezone.now()
    long_ago = now - timedelta(days=9)
    Petition.objects.update(opens_at=now - timedelta(days=30), asks_country=True)
    given: dict[str, dict[str, Any]] = {
        "a@example.org": {"language": "fr", "country": "CA"},
        "b@example.org": {"language": "en", "country": "CA"},
        "c@example.org": {"language": "fr", "country": "FR"},
        "d@example.org": {"language": "en", "text_language": "fr", "country": "CA"},
        "e@example.org": {"language": "fr", "country": "CA", "now": long_ago},
    }
    for email, fields in given.items():
        make_supporter(petition, email, **fields)
    mailing = ordered(
        update, by=alice, languages=["fr"], countries=["CA", "US"],
        since=timezone.localdate(now) - timedelta(days=1),
    )  # fmt: skip

    assert mailing.number == 2
    assert found(mailing) == ["a@example.org", "d@example.org"]


def test_whoever_signs_after_the_order_is_not_written_to(
    update: Update, alice: User
) -> None:
    make_supporter(update.petition, "maya@example.org")
    waiting = make_pending(update.petition, "liam@example.org", wants_updates=True)
    mailing = ordered(update, by=alice)
    later = timezone.now() + timedelta(minutes=1)
    confirming.confirm(waiting.pk, now=later)
    make_supporter(update.petition, "late@example.org", now=later)

    assert found(mailing) == ["maya@example.org"]


def test_whoever_got_a_mailing_lately_is_left_out_of_the_next(
    server: MailServer, update: Update, alice: User
) -> None:
    organization = update.petition.organization
    make_supporter(update.petition, "maya@example.org")
    other = make_petition(organization)
    make_supporter(other, "maya@example.org")
    make_supporter(other, "liam@example.org")
    run(ordered(update, by=alice))

    second = ordered(news_of(other), by=alice)
    assert second.number == 1
    assert found(second) == ["liam@example.org"]

    mailings.stop(second, timezone.now())
    Organization.objects.update(mailing_gap_days=0)
    assert ordered(news_of(other), by=alice).number == 2


def test_nobody_gets_one_update_twice(
    server: MailServer, update: Update, alice: User
) -> None:
    """Also when it is sent again to others, whatever the days between mailings."""
    Organization.objects.update(mailing_gap_days=0)
    make_supporter(update.petition, "maya@example.org")
    run(ordered(update, by=alice))
    make_supporter(update.petition, "liam@example.org")

    again = run(ordered(update, by=alice))

    assert (again.number, again.people, again.sent) == (1, 1, 1)
    assert server.mailbox.recipients == ["maya@example.org", "liam@example.org"]
    with pytest.raises(IntegrityError, match="recipient_once"), transaction.atomic():
        MailingRecipient.objects.update(email_key=key_ring.email_key("x@example.org"))


def test_an_update_sent_long_ago_is_not_sent_again(
    server: MailServer, update: Update, alice: User
) -> None:
    """It is no longer known who has had it."""
    make_supporter(update.petition, "maya@example.org")
    run(ordered(update, by=alice))

    late = timezone.now() + mailings.AGAIN_WITHIN + timedelta(days=1)
    assert mailings.why_not_mailed(update, timezone.now()) == ""
    assert "so long ago" in str(mailings.why_not_mailed(update, late))
    assert mailings.AGAIN_WITHIN < mailings.RECIPIENTS_KEPT


def test_one_that_was_stopped_leaves_the_rest_to_another(
    server: MailServer, update: Update, alice: User
) -> None:
    for number in range(4):
        make_supporter(update.petition, f"{number}@example.org")
    first = ordered(update, by=alice)
    assert len(found(first)) == 4
    assert mailings.stop(first, timezone.now())

    second = run(ordered(update, by=alice))

    assert (second.people, second.sent) == (4, 4)
    assert len(server.mailbox.recipients) == 4


def test_the_recipients_of_a_part_are_found_by_one_statement(
    update: Update, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "PART", 3)
    for number in range(7):
        make_supporter(update.petition, f"{number}@example.org")
    mailing = ordered(update, by=alice)
    now = timezone.now() + BEGUN
    mailings.advance_mailing(now)  # begins
    with CaptureQueriesContext(connection) as queries:
        mailings.advance_mailing(now)
    added = [q for q in queries if "INSERT INTO petitions_mailingrecipient" in q["sql"]]
    assert len(added) == 1
    assert mailing.recipients.count() == 3
    assert len(found(mailing)) == 7


def test_it_waits_while_mailboxes_change_their_keys(
    server: MailServer, update: Update, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose answer has another key than their signature has not taken it back."""
    make_supporter(update.petition)
    mailing = ordered(update, by=alice)
    found(mailing)
    with monkeypatch.context() as patched:
        patched.setattr(key_ring, "state", lambda: (2, True))
        assert not mailings.advance_mailing(timezone.now() + BEGUN)
    for begins in range(1, 6):  # at the first look, and at each later one
        states = chain([(1, False)] * begins, repeat((2, True)))
        with monkeypatch.context() as patched:
            patched.setattr(key_ring, "state", lambda states=states: next(states))
            mailings.advance_mailing(timezone.now() + BEGUN)
    assert server.mailbox.recipients == []
    assert mailing.recipients.get().leased_until is None

    assert run(mailing).sent == 1


# == The order ==


def test_a_test_mail_to_oneself_comes_before_the_order(
    server: MailServer, update: Update, alice: User, erin: User
) -> None:
    make_supporter(update.petition, "maya@example.org")
    make_update_translation(update, "fr")
    mailing = prepared(update, alice)
    with pytest.raises(MailingNotPossible, match="yourself"):
        mailings.order(mailing, alice, timezone.now())

    assert mailings.ask_test(mailing, alice)
    rounds()
    mailing.refresh_from_db()
    assert server.mailbox.recipients == [alice.email] * 2  # in each language
    with pytest.raises(MailingNotPossible, match="yourself"):
        mailings.order(mailing, erin, timezone.now())
    mailings.order(mailing, alice, timezone.now())

    run(mailing)
    *tests, sent = server.mailbox.messages
    # The very words that are sent.
    assert body(sent).partition("/unsubscribe/")[0] in [
        body(test).partition("/unsubscribe/")[0] for test in tests
    ]
    with pytest.raises(IntegrityError, match="mailing_tested"), transaction.atomic():
        Mailing.objects.create(
            petition=update.petition, update=update, words=[], made_at=timezone.now(),
            ordered_at=timezone.now(), state=MailingState.STOPPED,
            finished_at=timezone.now(),
            begins_at=timezone.now() + BEGUN,
        )  # fmt: skip


def test_a_test_mail_that_is_refused_is_no_test(
    server: MailServer, update: Update, alice: User
) -> None:
    make_supporter(update.petition)
    mailing = prepared(update, alice)
    server.mailbox.refuse = lambda address: "550 5.7.1 no"
    mailings.ask_test(mailing, alice)
    rounds()

    mailing.refresh_from_db()
    assert (mailing.test_due, mailing.tested_at) == (False, None)
    assert mailing.test_reply == "550 5.7.1"


def test_a_mail_server_that_is_away_during_a_test_holds_up_nothing(
    server: MailServer, update: Update, alice: User
) -> None:
    mailing = prepared(update, alice)
    mailings.ask_test(mailing, alice)
    server.stop()

    assert mailings.advance_mailing(timezone.now())
    assert not mailings.advance_mailing(timezone.now())
    mailing.refresh_from_db()
    assert mailing.test_reply == "421"


def test_nothing_goes_sooner_than_ten_minutes_after_the_order(
    server: MailServer, update: Update, alice: User
) -> None:
    make_supporter(update.petition)
    now = timezone.now()
    mailing = ordered(update, now=now, by=alice)

    assert not mailings.advance_mailing(now + timedelta(minutes=9, seconds=59))
    assert mailings.call_off_mailing(mailing, now)
    assert not mailings.advance_mailing(now + BEGUN)
    assert server.mailbox.recipients == []
    begins = {"begins_at": now + timedelta(minutes=9)}
    with pytest.raises(IntegrityError, match="begins_later"), transaction.atomic():
        Mailing.objects.filter(pk=ordered(update, now=now, by=alice).pk).update(
            **begins
        )


def test_beyond_the_number_of_the_organisation_a_second_person_approves(
    server: MailServer, update: Update, alice: User, erin: User
) -> None:
    Organization.objects.update(mailing_approval_above=1)
    make_supporter(update.petition)
    assert ordered(update, by=alice).state == MailingState.ORDERED
    mailings.call_off_mailing(update.mailings.get(), timezone.now())
    make_supporter(update.petition)
    mailing = ordered(update, by=alice)
    assert mailing.state == MailingState.WAITING
    assert rounds() == 0

    with pytest.raises(MailingNotPossible, match="Somebody else than"):
        mailings.approve(mailing, alice, timezone.now())
    late = timezone.now() + timedelta(hours=1)
    mailings.approve(mailing, erin, late)

    assert rounds(late) == 0
    rounds(late + BEGUN)
    assert len(server.mailbox.recipients) == 2
    rows = Mailing.objects.filter(pk=ordered_again(update, alice).pk)
    for change in (
        {"state": MailingState.ORDERED},
        {"approved_by": alice, "approved_at": late, "state": MailingState.ORDERED},
    ):
        with pytest.raises(IntegrityError, match="approved"), transaction.atomic():
            rows.update(**change)


def ordered_again(update: Update, by: User) -> Mailing:
    for _ in range(2):
        make_supporter(update.petition)
    return ordered(update, by=by)


def test_words_that_were_changed_since_are_not_ordered(
    update: Update, alice: User
) -> None:
    make_supporter(update.petition)
    mailing = shown_to(prepared(update, alice), alice)
    Update.objects.update(text="Something else.")

    with pytest.raises(MailingNotPossible, match="changed since"):
        mailings.order(Mailing.objects.get(pk=mailing.pk), alice, timezone.now())


@pytest.mark.parametrize(
    "change",
    [
        {"words": []}, {"scope": "all"}, {"languages": ["fr"]}, {"countries": ["CA"]},
        {"since": "2026-01-01"}, {"number": 5}, {"up_to": 5},
    ],
    ids=str,
)  # fmt: skip
def test_words_and_audience_are_frozen(
    update: Update, alice: User, change: dict[str, Any]
) -> None:
    make_supporter(update.petition)
    mailing = ordered(update, by=alice)

    with pytest.raises(IntegrityError, match="as it was ordered"), transaction.atomic():
        Mailing.objects.filter(pk=mailing.pk).update(**change)


def test_one_mailing_of_a_petition_at_a_time(update: Update, alice: User) -> None:
    mailing = prepared(update, alice)
    with pytest.raises(MailingNotPossible, match="not over"):
        prepared(news_of(update.petition), alice)

    mailings.call_off_mailing(mailing, timezone.now())
    prepared(news_of(update.petition), alice)


@pytest.mark.parametrize("why", ["draft", "withdrawn", "no address", "to nobody"])
def test_what_cannot_be_sent_says_why(
    update: Update, alice: User, organization: Organization, why: str
) -> None:
    make_supporter(update.petition) if why != "to nobody" else None
    mailing = shown_to(prepared(update, alice), alice)
    if why == "draft":
        Update.objects.update(published_at=timezone.now() + timedelta(days=1))
    if why == "withdrawn":
        update.petition.withdraw(now=timezone.now())
    if why == "no address":
        Organization.objects.update(postal_address="")
    mailing = Mailing.objects.get(pk=mailing.pk)

    with pytest.raises(MailingNotPossible):
        mailings.order(mailing, alice, timezone.now())
    mailing.refresh_from_db()
    assert mailing.state == MailingState.PREPARING


def test_a_record_of_a_mailing_stays(
    server: MailServer, update: Update, alice: User
) -> None:
    make_supporter(update.petition)
    mailing = run(ordered(update, by=alice))
    rows = Mailing.objects.filter(pk=mailing.pk)
    for act in (
        lambda: rows.update(state=MailingState.SENDING, finished_at=None),
        lambda: rows.update(people=7),
        lambda: rows.delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    other = make_petition(update.petition.organization)
    with pytest.raises(IntegrityError, match="stays with"), transaction.atomic():
        Mailing.objects.create(
            petition=other, update=update, words=[], made_at=timezone.now()
        )


# == Sending ==


def test_the_mail_says_what_the_update_says_in_the_language_of_its_reader(
    server: MailServer, update: Update, alice: User
) -> None:
    make_update_translation(update, "fr", title="Ils sont libres")
    make_supporter(update.petition, "maya@example.org", language="en")
    make_supporter(update.petition, "liam@example.org", language="fr")

    mailing = run(ordered(update, by=alice))

    assert mailing.state == MailingState.DONE
    assert (mailing.people, mailing.sent, mailing.left_out) == (2, 2, 0)
    found = {str(message["To"]): message for message in server.mailbox.messages}
    english, french = found["maya@example.org"], found["liam@example.org"]
    assert str(english["Subject"]) == "They are free"
    assert str(french["Subject"]) == "Ils sont libres"
    assert "There is **news**." in body(english)
    assert "<strong>nouvelles</strong>" in body(french, "html")
    assert f"/fr{update.get_absolute_url()}" in body(french)
    for message in (english, french):
        assert str(message["From"]).startswith("Rights Now <")
        assert message["Reply-To"] == "contact@example.org"
        for part in ("plain", "html"):
            text = body(message, part)
            assert "1 Main Street" in text
            assert "/never-again/" in text
            assert "/unsubscribe/" in text
            assert update.get_absolute_url() in text
        # Nothing in it tells that somebody reads it.
        assert "<img" not in body(message, "html")


def test_the_mail_names_what_was_signed_of_the_count_when_it_was_ordered(
    update: Update, server: MailServer
) -> None:
    """Whoever keeps the mail holds the site to the count of that day."""
    petition = update.petition
    for number in range(3):
        make_supporter(petition, f"s{number}@example.net")
    folding.fold()
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    mailing = ordered(update)
    make_supporter(petition, "later@example.net")
    folding.fold()
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())

    run(mailing)

    signed = petition.checkpoints.earliest("size")
    said = f"the count log had 3 signed lines with the root {signed.root_text}."
    assert len(server.mailbox.messages) == 3
    for message in server.mailbox.messages:
        text = " ".join(body(message, "plain").split())
        assert said in text
        assert f"Check the count: {settings.SITE_URL}/check/" in text
        assert said in " ".join(body(message, "html").split())


def test_mail_programs_are_told_how_to_unsubscribe(
    server: MailServer, update: Update, alice: User
) -> None:
    row = make_supporter(update.petition, "maya@example.org")
    mailing = run(ordered(update, by=alice))

    (message,) = server.mailbox.messages
    link = str(message["List-Unsubscribe"])
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link.startswith("<http")
    token = link.rstrip("/>").rpartition("/")[2]
    given = read_token(TokenPurpose.UNSUBSCRIBE, token, now=timezone.now())
    assert isinstance(given, Valid)
    assert given.number == Consent.objects.get(email=row.email).pk
    assert message["List-Id"] == f"<news.{update.petition.organization_id}.example.org>"
    feedback = str(message["Feedback-ID"]).split(":")
    assert feedback[:2] == [str(mailing.pk), str(update.petition_id)]
    assert 5 <= len(feedback[3]) <= 15
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_operator_is_named_where_it_is_stated(
    server: MailServer, update: Update, alice: User, settings: Settings
) -> None:
    settings.OPERATOR = {"en": "Rights House, 2 Side Street"}
    make_supporter(update.petition)
    run(ordered(update, by=alice))

    (message,) = server.mailbox.messages
    assert "2 Side Street" in body(message)
    assert "2 Side Street" in body(message, "html")


@pytest.mark.parametrize(
    "ends", ["no", "suppressed", "withdrawn", "erased", "anonymised", "bounced"]
)
def test_whose_consent_ended_meanwhile_is_left_out(
    server: MailServer, update: Update, alice: User, ends: str
) -> None:
    make_supporter(update.petition, "liam@example.org")
    row = make_supporter(update.petition, "maya@example.org")
    mailing = ordered(update, by=alice)
    assert len(found(mailing)) == 2
    now, address = timezone.now(), "maya@example.org"
    if ends == "no":
        consent.end_updates(Consent.objects.get(email=address), now=now)
    elif ends == "suppressed":
        consent.suppress(address, now=now)
    elif ends == "withdrawn":
        withdrawing.withdraw(row, now=now)
    elif ends == "erased":
        my_data.erase_signature(row, now=now)
    elif ends == "anonymised":
        erase(row)
    else:
        assert row.email_key is not None
        bounces.record_bounce(row.email_key, "550 5.1.1", now=now, address=address)

    run(mailing)

    assert server.mailbox.recipients == ["liam@example.org"]
    assert (mailing.state, mailing.left_out) == (MailingState.DONE, 1)
    # Nothing is kept of whom nothing was sent to.
    assert addresses(mailing) == ["liam@example.org"]


def test_a_mailbox_that_does_not_exist_is_not_tried_again(
    server: MailServer, update: Update, alice: User
) -> None:
    make_supporter(update.petition, "maya@example.org")
    make_supporter(update.petition, "liam@example.org")
    server.mailbox.refuse = lambda address: (
        "550 5.1.1 unknown" if address.startswith("maya") else None
    )
    mailing = run(ordered(update, by=alice))

    assert (mailing.sent, mailing.failed, mailing.left_out) == (1, 1, 0)
    assert key_ring.silenced(
        Bounce.objects.all(), {"maya@example.org", "liam@example.org"}
    ) == {"maya@example.org"}


def test_what_cannot_be_sent_now_is_tried_again_with_the_same_message_id(
    server: MailServer, update: Update, alice: User
) -> None:
    make_supporter(update.petition, "maya@example.org")
    mailing = ordered(update, by=alice)
    seen: list[str] = []
    server.mailbox.die_after = lambda: not seen and not seen.append("once")  # type: ignore[func-returns-value]
    with pytest.raises(SMTPServerDisconnected):
        rounds()
    row = mailing.recipients.get()
    assert (row.state, row.attempts) == ("due", 1)

    rounds(timezone.now() + timedelta(hours=1))

    first, second = server.mailbox.messages
    assert first["Message-ID"] == second["Message-ID"]
    mailing.refresh_from_db()
    assert (mailing.state, mailing.sent) == (MailingState.DONE, 1)


def test_a_worker_that_was_killed_loses_nobody(
    server: MailServer, update: Update, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before its marks are written: they are sent again, and no more than a
    group of them."""
    for number in range(3):
        make_supporter(update.petition, f"{number}@example.org")
    mailing = ordered(update, by=alice)
    found(mailing)

    def killed(*args: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(news.NewsOutbox, "finish", killed)
        patched.setattr(news.NewsOutbox, "release", lambda *args: None)
        with pytest.raises(SystemExit):
            mailings.advance_mailing(timezone.now() + BEGUN)
    assert mailing.recipients.filter(leased_until__isnull=False).count() == 3
    mailings.begin_mailings()

    run(mailing)
    assert (mailing.sent, mailing.left_out) == (3, 0)
    assert sorted(server.mailbox.recipients) == sorted(
        [f"{number}@example.org" for number in range(3)] * 2
    )
    assert len({str(m["Message-ID"]) for m in server.mailbox.messages}) == 3


@pytest.mark.parametrize("end", [mailings.pause, mailings.stop])
def test_a_batch_under_way_ends_when_it_is_paused_or_stopped(
    server: MailServer,
    update: Update,
    alice: User,
    end: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(news, "LOOK_EVERY", 0)
    for number in range(5):
        make_supporter(update.petition, f"{number}@example.org")
    mailing = ordered(update, by=alice)
    found(mailing)

    looks = news.NewsOutbox.may_go_on

    def may_go_on(outbox: news.NewsOutbox) -> bool:
        if len(server.mailbox.envelopes) == 2:
            end(*([mailing] if end is mailings.pause else [mailing, timezone.now()]))
        return looks(outbox)

    monkeypatch.setattr(news.NewsOutbox, "may_go_on", may_go_on)
    mailings.advance_mailing(timezone.now() + BEGUN)
    assert len(server.mailbox.envelopes) == 2
    assert rounds() == 0
    # Those not begun are free at once.
    assert not mailing.recipients.filter(leased_until__isnull=False).exists()
    mailing.refresh_from_db()
    assert mailing.sent == 2

    monkeypatch.setattr(news.NewsOutbox, "may_go_on", looks)
    goes_on = mailings.go_on_with_mailing(mailing, timezone.now())
    assert goes_on == (end is mailings.pause)
    run(mailing)
    assert mailing.sent == (5 if goes_on else 2)
    assert len(server.mailbox.recipients) == mailing.sent


def test_it_yields_to_confirmations_that_wait(
    server: MailServer, update: Update, alice: User
) -> None:
    make_supporter(update.petition, "maya@example.org")
    mailing = ordered(update, by=alice)
    found(mailing)
    OutgoingMail.objects.all().delete()
    late = timezone.now() - news.CONFIRMATION_LATE - timedelta(seconds=1)
    make_pending(update.petition, "liam@example.org", now=late)

    assert rounds() == 0
    assert server.mailbox.recipients == []

    OutgoingMail.objects.update(due_at=timezone.now() + timedelta(hours=1))
    run(mailing)
    assert server.mailbox.recipients == ["maya@example.org"]


def test_a_batch_under_way_yields_to_confirmations_that_wait(
    server: MailServer,
    update: Update,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(news, "LOOK_EVERY", 0)
    for number in range(5):
        make_supporter(update.petition, f"{number}@example.org")
    mailing = ordered(update, by=alice)
    found(mailing)
    late = timezone.now() - news.CONFIRMATION_LATE - timedelta(seconds=1)
    looks = news.NewsOutbox.may_go_on

    def may_go_on(outbox: news.NewsOutbox) -> bool:
        if len(server.mailbox.envelopes) == 2:
            make_pending(update.petition, "liam@example.org", now=late)
        return looks(outbox)

    monkeypatch.setattr(news.NewsOutbox, "may_go_on", may_go_on)
    assert mailings.advance_mailing(timezone.now() + BEGUN)

    assert len(server.mailbox.envelopes) == 2
    assert rounds() == 0
    monkeypatch.setattr(news.NewsOutbox, "may_go_on", looks)
    OutgoingMail.objects.all().delete()
    assert run(mailing).sent == 5


def test_mail_per_day_bounds_mailings_and_not_confirmations(
    server: MailServer, update: Update, alice: User, settings: Settings
) -> None:
    settings.MAIL_PER_DAY = 3
    for number in range(5):
        make_supporter(update.petition, f"{number}@example.org")
    OutgoingMail.objects.all().delete()
    OutgoingMail.objects.create(
        petition=update.petition, email_key=key_ring.email_key("x@example.org"),
        due_at=timezone.now(), created_at=timezone.now(), finished_at=timezone.now(),
        state="sent",
    )  # fmt: skip
    mailing = ordered(update, by=alice)

    rounds()
    assert len(server.mailbox.recipients) == 2
    rounds(timezone.now() + timedelta(hours=25))
    assert len(server.mailbox.recipients) == 5
    mailing.refresh_from_db()
    assert mailing.state == MailingState.DONE


def test_a_sender_that_nobody_knows_begins_with_few_and_doubles_them(
    server: MailServer, update: Update, alice: User, settings: Settings
) -> None:
    now = timezone.now() + BEGUN
    day = timezone.localdate(now)
    settings.MAIL_WARM_UP = (day, 2)
    for number in range(5):
        make_supporter(update.petition, f"{number}@example.org")
    OutgoingMail.objects.all().delete()
    # A confirmation, which does not count.
    OutgoingMail.objects.create(
        petition=update.petition, email_key=key_ring.email_key("x@example.org"),
        due_at=now, created_at=now, finished_at=timezone.now(), state="sent",
    )  # fmt: skip
    ordered(update, by=alice)

    rounds(now)

    assert len(server.mailbox.recipients) == 2
    assert mailings.left_today(now) == 0
    # The end of the next day: the mails are older than 24 hours, whatever the hour is.
    later = timezone.localtime(now + timedelta(days=1)).replace(
        hour=23, minute=59, second=59, microsecond=999_999
    )
    assert mailings.left_today(later) == 4
    settings.MAIL_PER_DAY = 3
    assert mailings.left_today(later) == 3
    assert mailings.warm_up_share(day - timedelta(days=9)) == 2
    assert mailings.warm_up_share(day + timedelta(days=3)) == 16
    assert mailings.warm_up_share(day + timedelta(days=300)) is None


@pytest.mark.parametrize(
    ("warm_up", "per_day", "people", "expected"),
    [
        (None, 0, 12, None),
        (2, 0, 2, None),
        (2, 0, 12, (2, 12, 2)),  # 2, 4, 6 of 8
        (2, 3, 12, (2, 12, 4)),  # 2, 3, 3, 3, 1
        (None, 5, 12, (5, 12, 2)),
        (None, 1, 3_000_000, (1, 3_000_000, mailings.FAR_OFF)),
    ],
)
def test_until_when_all_will_have_gone(
    update: Update,
    settings: Settings,
    warm_up: int | None,
    per_day: int,
    people: int,
    expected: tuple[int, int, int] | None,
) -> None:
    now = timezone.now()
    day = timezone.localdate(now)
    settings.MAIL_WARM_UP = (day, warm_up) if warm_up else None
    settings.MAIL_PER_DAY = per_day

    found = mailings.pace(prepared(update), people, now)

    if expected is None:
        assert found is None
    else:
        assert found is not None
        days = (found.until - day).days
        assert (found.today, found.left, days) == expected


def test_what_went_out_yesterday_takes_nothing_from_today(
    update: Update, settings: Settings
) -> None:
    morning = timezone.localtime().replace(hour=8)
    settings.MAIL_WARM_UP = (morning.date() - timedelta(days=1), 2)
    mail = written_to(make_supporter(update.petition, "x@example.org"))
    rows = MailingRecipient.objects.filter(pk=mail.pk)
    rows.update(finished_at=morning - timedelta(hours=20))
    assert mailings.left_today(morning) == 3

    found = mailings.pace(prepared(update), 12, morning)

    assert found is not None
    assert (found.today, found.until) == (4, morning.date() + timedelta(days=1))


def test_a_withdrawn_petition_stands_still(
    server: MailServer, update: Update, alice: User
) -> None:
    make_supporter(update.petition)
    ordered(update, by=alice)
    Petition.objects.filter(pk=update.petition_id).update(
        state=State.WITHDRAWN, ended_at=timezone.now(), state_before=State.OPEN
    )

    assert rounds() == 0


def test_mailings_of_several_petitions_take_turns(
    server: MailServer, update: Update, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "BATCH", 1)
    monkeypatch.setattr(sending.PACE, "most_in_a_batch", lambda size: 1)
    other = make_petition(make_petition().organization)
    make_supporter(other, "theirs@example.org")
    for number in range(4):
        make_supporter(update.petition, f"{number}@example.org")
    ordered(update, by=alice)
    ordered(news_of(other))

    rounds()

    assert server.mailbox.recipients.index("theirs@example.org") <= 1


# == What comes back ==


@pytest.mark.parametrize("own_id", [True, False])
def test_a_mail_that_comes_back_is_counted_once(
    server: MailServer, update: Update, alice: User, own_id: bool
) -> None:
    row = make_supporter(update.petition, "maya@example.org")
    mailing = run(ordered(update, by=alice))
    given = str(server.mailbox.messages[-1]["Message-ID"]) if own_id else "theirs"
    assert row.email_key is not None
    for _ in range(2):
        bounces.came_back(
            row.email_key, "maya@example.org", given_id=given, reason="bounced 5.1.1",
            no_such_mailbox=True, at=timezone.now(), now=timezone.now(),
        )  # fmt: skip

    mailing.refresh_from_db()
    assert (mailing.sent, mailing.bounced) == (0, 1)
    # The signature counts: its own mail did arrive.
    row.refresh_from_db()
    assert row.state == "confirmed"


def test_owners_and_editors_may_mail() -> None:
    assert roles_with(Right.MAIL) == [Role.OWNER, Role.EDITOR]
    assert Right.MAIL in GRAVE


# == What a stranger found ==


@pytest.mark.parametrize("name", ["signed", "signature", "unsubscribe", "confirm"])
def test_no_words_of_staff_bring_a_readers_links_into_an_address(
    server: MailServer, petition: Petition, alice: User, name: str
) -> None:
    mark = f"https://{name}-link.invalid/"
    make_supporter(petition, "maya@example.org")
    words = f"[more](https://evil.example/?u={mark}) https://evil.example/?v={mark}"

    run(ordered(news_of(petition, text=words), by=alice))

    (message,) = server.mailbox.messages
    for kind in ("plain", "html"):
        found = re.findall(r"evil\.example[^\s\"<]*", body(message, kind))
        assert found
        assert all(settings.SITE_HOST not in address for address in found)


def test_the_preview_does_not_show_what_stands_for_links(
    as_user: Callable[[User], Client], update: Update, alice: User
) -> None:
    mailing = prepared(update, alice)
    path = f"/admin/petitions/mailing/{mailing.pk}/preview/"

    for query in ("", "?html=1"):
        page = as_user(alice).get(path + query).content.decode()
        assert messages.NOWHERE in page
        assert messages.NONCE not in page


@pytest.mark.parametrize("way", ["link", "page"])
def test_a_no_holds_when_the_signature_it_was_given_with_is_erased(
    server: MailServer, update: Update, alice: User, way: str
) -> None:
    now = timezone.now()
    make_supporter(update.petition, "maya@example.org", now=now - timedelta(hours=2))
    other = make_petition(update.petition.organization)
    two = make_supporter(other, "maya@example.org", now=now - timedelta(hours=1))
    if way == "link":
        newest = Consent.objects.latest("given_at")
        assert consent.end_updates(newest, now=now)
    else:
        consent.record_consent(two, wants_updates=False, now=now)

    my_data.erase_signature(two, now=now)

    assert not Consent.objects.filter(source=f"petition:{other.pk}").exists()
    with pytest.raises(MailingNotPossible, match="nobody to write to"):
        ordered(update, by=alice)


def test_a_no_holds_when_the_mails_of_its_signature_came_back(
    update: Update, alice: User
) -> None:
    now = timezone.now()
    make_supporter(update.petition, "maya@example.org", now=now - timedelta(hours=2))
    other = make_petition(update.petition.organization)
    two = make_signature(
        other, "maya@example.org", wants_updates=False, now=now - timedelta(hours=1)
    )
    mails = OutgoingMail.objects.filter(signature=two)
    assert mails.update(state="bounced", finished_at=now, leased_until=None)
    assert two.email_key is not None

    bounces.withdraw_bounced(two.email_key, now=now)

    two.refresh_from_db()
    assert two.state == "withdrawn"
    assert not Consent.objects.latest("given_at", "pk").wants_updates


def test_an_older_no_holds_again_when_the_yes_after_it_is_erased(
    update: Update, alice: User
) -> None:
    now = timezone.now()
    make_signature(
        update.petition, "maya@example.org", wants_updates=False,
        now=now - timedelta(hours=2),
    )  # fmt: skip
    other = make_petition(update.petition.organization)
    two = make_supporter(other, "maya@example.org", now=now - timedelta(hours=1))

    my_data.erase_signature(two, now=now)

    assert [row.wants_updates for row in Consent.objects.all()] == [False]


def test_a_link_unsubscribes_though_the_signature_it_came_from_is_erased(
    server: MailServer, update: Update, alice: User, visitor: Client
) -> None:
    now = timezone.now()
    one = make_supporter(
        update.petition, "maya@example.org", now=now - timedelta(hours=2)
    )
    run(ordered(update, by=alice))
    link = re.search(r"/unsubscribe/[^/\s]+/", body(server.mailbox.messages[0]))
    assert link
    other = make_petition(update.petition.organization)
    make_supporter(other, "maya@example.org", now=now - timedelta(hours=1))

    my_data.erase_signature(one, now=now)

    assert visitor.post(link[0], {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Consent.objects.latest("given_at", "pk").wants_updates


def test_whoever_was_left_out_when_it_was_ordered_stays_so(
    server: MailServer, update: Update, alice: User
) -> None:
    """The number that staff were told decides whether a second person must approve."""
    Organization.objects.update(mailing_gap_days=7)
    for number in range(5):
        make_supporter(update.petition, f"{number}@example.org")
    first = run(ordered(news_of(update.petition), by=alice))
    last = first.recipients.latest("finished_at").finished_at
    assert last is not None
    Organization.objects.update(mailing_approval_above=6)
    make_supporter(update.petition, "new@example.org")
    # Ten minutes later the seven days are over.
    when = last + timedelta(days=7) - timedelta(minutes=5)
    mailing = ordered(update, by=alice, now=when)
    assert mailing.number == 1

    rounds(when + BEGUN)

    mailing.refresh_from_db()
    assert mailing.sent == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda update: Update.objects.update(title="Corrected"),
        lambda update: Organization.objects.update(postal_address=""),
    ],
)
def test_what_could_not_be_ordered_any_more_is_called_off_when_it_begins(
    server: MailServer, update: Update, alice: User, change: Callable[[Update], object]
) -> None:
    make_supporter(update.petition, "maya@example.org")
    mailing = ordered(update, by=alice)
    change(update)

    run(mailing)

    assert mailing.state == MailingState.CALLED_OFF
    assert server.mailbox.recipients == []


def test_nothing_is_approved_that_could_not_be_ordered_any_more(
    update: Update, alice: User, erin: User
) -> None:
    Organization.objects.update(mailing_approval_above=0)
    make_supporter(update.petition, "maya@example.org")
    mailing = ordered(update, by=alice)
    Update.objects.update(title="Corrected")
    mailing = Mailing.objects.get(pk=mailing.pk)

    with pytest.raises(MailingNotPossible, match="changed since"):
        mailings.approve(mailing, erin, timezone.now())


# == An erased signature ==


@pytest.fixture
def two(update: Update) -> tuple[Signature, Signature]:
    """Two signatures of one mailbox, under the petition and under another one."""
    Organization.objects.update(mailing_gap_days=0)
    other = make_petition(update.petition.organization)
    earlier = timezone.now() - timedelta(hours=1)
    one, two = (
        make_supporter(petition, "maya@example.org", now=earlier)
        for petition in (update.petition, other)
    )
    return one, two


def test_nobody_gets_one_update_twice_because_a_signature_is_erased(
    server: MailServer, update: Update, alice: User, two: tuple[Signature, Signature]
) -> None:
    run(ordered(update, by=alice))
    my_data.erase_signature(two[0], now=timezone.now())
    expire(timezone.now())
    make_supporter(two[1].petition, "liam@example.org")

    again = run(ordered(update, by=alice, scope=MailingScope.ORGANIZATION))

    assert server.mailbox.recipients == ["maya@example.org", "liam@example.org"]
    assert (again.number, again.people, again.sent) == (1, 1, 1)


def test_a_signature_erased_before_its_turn_leaves_it_to_another(
    server: MailServer,
    update: Update,
    alice: User,
    two: tuple[Signature, Signature],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audience, "PART", 1)
    mailing = ordered(update, by=alice, scope=MailingScope.ORGANIZATION)
    for _ in range(2):  # begins, and finds the first one
        mailings.advance_mailing(timezone.now() + BEGUN)
    my_data.erase_signature(two[0], now=timezone.now())

    run(mailing)

    assert server.mailbox.recipients == ["maya@example.org"]
    assert (mailing.recipients.get().signature, mailing.sent) == (two[1], 1)


def test_a_signature_erased_while_its_mail_is_on_its_way_has_had_it(
    server: MailServer,
    update: Update,
    alice: User,
    two: tuple[Signature, Signature],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = news.NewsOutbox.message

    def message(outbox: news.NewsOutbox, mail: news.LeasedRecipient) -> bytes:
        my_data.erase_signature(two[0], now=timezone.now())
        return written(outbox, mail)

    monkeypatch.setattr(news.NewsOutbox, "message", message)
    mailing = run(ordered(update, by=alice))

    row = mailing.recipients.get()
    assert (row.state, row.signature, mailing.sent) == ("sent", None, 1)


def test_of_an_erased_signature_no_reply_is_kept(
    server: MailServer, update: Update, alice: User, two: tuple[Signature, Signature]
) -> None:
    server.mailbox.refuse = lambda address: f"550 5.7.1 {address} is not welcome"
    mailing = run(ordered(update, by=alice))
    rows = MailingRecipient.objects.filter(mailing=mailing)
    assert rows.get().reply

    my_data.erase_signature(two[0], now=timezone.now())

    assert rows.get().reply == ""
    rows.update(reply="550 maya@example.org")
    assert rows.get().reply == ""


@pytest.mark.parametrize("way", ["deleted", "erased"])
def test_the_database_leaves_a_recipient_without_an_erased_signature(
    update: Update, alice: User, way: str
) -> None:
    """A release that knows of no mailings erases signatures as well, and would keep
    who signed, or be refused."""
    row = make_supporter(update.petition)
    mailing = ordered(update, by=alice)
    found(mailing)
    rows = Signature.objects.filter(pk=row.pk)
    if way == "deleted":
        withdrawing.withdraw(row, now=timezone.now())
        OutgoingMail.objects.filter(signature=row).delete()
        rows._raw_delete("default")
    else:
        now, year = timezone.now(), timedelta(days=365)
        update.petition.close(now=now)
        backdate(update.petition, ended_at=now - 2 * year, erasable_from=now - year)
        rows.update(**ERASED, links_ended_at=None)

    connection.check_constraints()
    assert mailing.recipients.get().signature is None


@pytest.mark.parametrize("why", ["paused", "withdrawn"])
def test_an_erased_mailbox_is_not_known_for_ever_by_what_does_not_go_on(
    server: MailServer, update: Update, alice: User, why: str
) -> None:
    maya, liam = (
        make_supporter(update.petition, f"{name}@example.org")
        for name in ("maya", "liam")
    )
    mailing = ordered(update, by=alice)
    found(mailing)
    now = timezone.now() + BEGUN
    first = mailing.recipients.filter(signature=maya)
    first.update(state=MailState.SENT, finished_at=now)
    if why == "paused":
        mailings.pause(mailing)
    else:
        update.petition.withdraw(now=now)
    for row in (maya, liam):
        my_data.erase_signature(row, now=now)

    expire(now + mailings.RECIPIENTS_KEPT - timedelta(days=1))
    mailing.refresh_from_db()
    assert mailing.finished_at is None
    assert mailing.recipients.exists()  # it may go on, and knows who has had it
    late = now + mailings.RECIPIENTS_KEPT + timedelta(days=1)
    expire(late)
    assert not MailingRecipient.objects.exists()
    mailing = Mailing.objects.get(pk=mailing.pk)
    assert (mailing.state, mailing.finished_at) == (MailingState.STOPPED, late)


@pytest.mark.parametrize("moved", ["went on", "found", "wrote"])
def test_one_that_went_on_lately_is_not_stopped(
    update: Update, alice: User, moved: str
) -> None:
    make_supporter(update.petition, "maya@example.org")
    mailing = ordered(update, by=alice)
    found(mailing)
    late = timezone.now() + mailings.RECIPIENTS_KEPT + timedelta(days=1)
    lately = late - timedelta(days=1)
    match moved:
        case "went on":
            mailings.pause(mailing)
            mailings.go_on_with_mailing(mailing, lately)
        case "found":
            mailing.recipients.update(created_at=lately)
        case "wrote":
            mailing.recipients.update(state=MailState.SENT, finished_at=lately)

    assert mailings.stop_abandoned(late) == 0
    assert mailings.stop_abandoned(late + mailings.RECIPIENTS_KEPT) == 1


# == One that stands still ==

LONG = mailings.STANDS_STILL_AFTER + timedelta(minutes=1)


@pytest.fixture
def standing(update: Update, alice: User) -> Mailing:
    """A mailing that has begun and found its recipients, and sends nothing."""
    for number in range(3):
        make_supporter(update.petition, f"{number}@example.org")
    mailing = ordered(update, by=alice)
    found(mailing)
    return Mailing.objects.get(pk=mailing.pk)


def troubles(after: timedelta = LONG) -> list[str]:
    """Return what the probe says, so long after the mailing has begun."""
    readings = probes.mailings(timezone.now() + BEGUN + after)
    return [each.trouble for each in readings if each.trouble]


def test_one_that_stands_still_is_told(standing: Mailing) -> None:
    assert troubles(timedelta(minutes=14)) == []
    (said,) = troubles()
    assert f"/admin/petitions/mailing/{standing.pk}/change/" in said

    # Also when each of them is refused for now, and waits.
    later = timezone.now() + timedelta(days=1)
    standing.recipients.update(attempts=3, due_at=later)
    assert len(troubles()) == 1


def test_one_that_new_words_interrupted_is_told(standing: Mailing) -> None:
    began = timezone.now() + BEGUN
    Update.objects.update(title="Corrected")
    assert mailings.advance_mailing(began)
    standing.refresh_from_db()
    assert standing.state == MailingState.PAUSED

    assert troubles(timedelta(minutes=14)) == []
    assert len(troubles()) == 1
    mailings.stop(standing, began)
    assert troubles() == []


def test_one_that_never_begins_is_told(update: Update, alice: User) -> None:
    make_supporter(update.petition)
    ordered(update, by=alice)

    assert troubles(timedelta(0)) == []
    assert len(troubles()) == 1


@pytest.mark.parametrize(
    "why",
    [
        "sent lately", "found lately", "paused", "went on", "not public", "mail stopped",
        "keys change", "some wait", "over",
    ],
)  # fmt: skip
def test_nobody_is_told_of_one_that_goes_on_or_has_to_wait(
    standing: Mailing, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now() + BEGUN + LONG
    recipients, rows = standing.recipients, Mailing.objects.filter(pk=standing.pk)
    one = recipients.filter(pk=recipients.latest("pk").pk)
    match why:
        case "sent lately":
            one.update(state="sent", finished_at=now - timedelta(minutes=2))
        case "found lately":
            one.update(created_at=now - timedelta(minutes=2))
        case "paused":
            mailings.pause(standing)
        case "went on":
            mailings.pause(standing)
            mailings.go_on_with_mailing(standing, now - timedelta(minutes=2))
        case "not public":
            Update.objects.update(published_at=now + timedelta(days=1))
        case "mail stopped":
            turn_on(SwitchName.STOP_MAIL, {}, now=now, by=None)
        case "keys change":
            monkeypatch.setattr(key_ring, "state", lambda: (2, True))
        case "some wait":  # their own servers have no room
            one.update(state="sent", finished_at=now - timedelta(hours=1))
            rows.update(sent=1)
            later = now + timedelta(minutes=20)
            recipients.filter(state="due").update(attempts=3, due_at=later)
        case "over":
            mailings.stop(standing, now)

    assert troubles() == []


def test_nobody_is_told_of_one_that_waits_for_the_cap(
    standing: Mailing, settings: Settings
) -> None:
    settings.MAIL_PER_DAY = 1
    one = standing.recipients.filter(pk=standing.recipients.latest("pk").pk)
    began = timezone.now() + BEGUN
    one.update(state="sent", finished_at=began)
    day = timedelta(days=1)

    assert troubles() == []
    assert troubles(day + timedelta(minutes=1)) == []  # there is room again just now
    assert len(troubles(day + LONG)) == 1


# == Between the lease and the mail ==


@pytest.fixture
def groups(update: Update, alice: User, monkeypatch: pytest.MonkeyPatch) -> Mailing:
    """A mailing to four people, which is sent in groups of two."""
    monkeypatch.setattr(sending, "MARKS", 2)
    monkeypatch.setattr(news, "LOOK_EVERY", 3600)
    for number in range(4):
        make_supporter(update.petition, f"{number}@example.org")
    mailing = ordered(update, by=alice)
    found(mailing)
    return Mailing.objects.get(pk=mailing.pk)


def send_with(
    act: Callable[[], object], monkeypatch: pytest.MonkeyPatch, *, after: int = 1
) -> None:
    """Let the worker send one batch, in which something happens while the mail number
    `after` is on its way."""
    written, so_far = news.NewsOutbox.message, []

    def message(outbox: news.NewsOutbox, mail: news.LeasedRecipient) -> bytes:
        so_far.append(mail)
        if len(so_far) == after:
            act()
        return written(outbox, mail)

    with monkeypatch.context() as patched:
        patched.setattr(news.NewsOutbox, "message", message)
        mailings.advance_mailing(timezone.now() + BEGUN)


@pytest.mark.parametrize("ends", ["no", "suppressed", "withdrawn", "erased"])
def test_a_yes_taken_back_while_a_batch_is_sent_holds_from_the_next_group_on(
    server: MailServer,
    groups: Mailing,
    ends: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last = groups.recipients.latest("pk").signature
    assert last is not None
    address = last.email

    def end() -> None:
        now = timezone.now()
        if ends == "no":
            consent.end_updates(Consent.objects.get(email=address), now=now)
        elif ends == "suppressed":
            consent.suppress(address, now=now)
        elif ends == "withdrawn":
            withdrawing.withdraw(last, now=now)
        else:
            my_data.erase_signature(last, now=now)

    send_with(end, monkeypatch)

    assert len(server.mailbox.recipients) == 3
    assert address not in server.mailbox.recipients
    rounds()
    groups.refresh_from_db()
    assert (groups.state, groups.sent, groups.left_out) == ("done", 3, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda: Update.objects.update(title="Corrected"),
        lambda: Update.objects.update(text="Not free"),
    ],
    ids=["title", "text"],
)
def test_one_whose_update_is_changed_is_interrupted_at_the_next_group(
    server: MailServer,
    groups: Mailing,
    change: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send_with(change, monkeypatch)
    rounds()

    groups = Mailing.objects.get(pk=groups.pk)
    assert len(server.mailbox.recipients) == 2
    assert (groups.state, groups.sent) == (MailingState.PAUSED, 2)
    assert not groups.recipients.filter(leased_until__isnull=False).exists()
    with pytest.raises(MailingNotPossible, match="stop this"):
        mailings.go_on_with_mailing(groups, timezone.now())
    # What the others get is what readers see.
    mailings.stop(groups, timezone.now())
    again = run(ordered(groups.update))
    assert (again.state, again.people, again.sent) == (MailingState.DONE, 2, 2)


def test_one_whose_update_is_translated_meanwhile_goes_on(
    server: MailServer, groups: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def translate() -> None:
        make_update_translation(groups.update, "fr")

    send_with(translate, monkeypatch)

    assert run(groups).sent == 4


def test_one_whose_update_is_taken_from_readers_stands_still_at_the_next_group(
    server: MailServer, groups: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = groups.update.published_at
    later = timezone.now() + timedelta(days=1)
    send_with(lambda: Update.objects.update(published_at=later), monkeypatch)

    assert rounds() == 0
    assert len(server.mailbox.recipients) == 2
    Update.objects.update(published_at=published)
    assert run(groups).sent == 4


# == The rules of the organisation ==


def test_mailings_in_slices_count_together_towards_a_second_person(
    update: Update, alice: User
) -> None:
    Organization.objects.update(mailing_approval_above=3)
    petitions = [make_petition(update.petition.organization) for _ in range(4)]
    for petition in petitions:
        for _ in range(2):
            make_supporter(petition)
    slices = [news_of(petition) for petition in petitions]
    now = timezone.now()

    assert ordered(slices[0], by=alice, now=now).state == MailingState.ORDERED
    waiting = ordered(slices[1], by=alice, now=now)
    assert waiting.state == MailingState.WAITING
    # What a second person looks at, and what is called off, does not count.
    assert mailings.ordered_alone(update.petition.organization, now) == 2
    mailings.call_off_mailing(Mailing.objects.get(update=slices[0]), now)
    assert ordered(slices[2], by=alice, now=now).state == MailingState.ORDERED
    week = mailings.COUNTED_TOGETHER
    soon = now + week - timedelta(minutes=1)
    assert mailings.ordered_alone(update.petition.organization, soon) == 2
    later = now + week + timedelta(minutes=1)
    assert ordered(slices[3], by=alice, now=later).state == MailingState.ORDERED


def test_slices_of_another_organisation_do_not_count(
    update: Update, alice: User, other_organization: Organization
) -> None:
    Organization.objects.update(mailing_approval_above=1)
    theirs = make_petition(other_organization)
    make_supporter(theirs)
    make_supporter(update.petition)
    ordered(news_of(theirs))

    assert ordered(update, by=alice).state == MailingState.ORDERED


@pytest.mark.django_db(transaction=True)
def test_two_slices_ordered_at_once_count_together(update: Update, alice: User) -> None:
    Organization.objects.update(mailing_approval_above=1)
    updates = [update, news_of(make_petition(update.petition.organization))]
    for each in updates:
        make_supporter(each.petition)
    one, two = (shown_to(prepared(each, alice), alice) for each in updates)

    def order_two() -> None:
        try:
            mailings.order(two, alice, timezone.now())
        finally:
            connection.close()

    at_once = threading.Thread(target=order_two)
    with transaction.atomic():
        mailings.order(one, alice, timezone.now())
        at_once.start()
        while at_once.is_alive() and not somebody_waits():
            pass
    at_once.join()

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.state, two.state) == (MailingState.ORDERED, MailingState.WAITING)


def test_more_days_between_mailings_hold_from_the_next_lease_on(
    server: MailServer, update: Update, alice: User
) -> None:
    Organization.objects.update(mailing_gap_days=0)
    make_supporter(update.petition, "maya@example.org")
    run(ordered(news_of(update.petition), by=alice))
    make_supporter(update.petition, "liam@example.org")
    mailing = ordered(update, by=alice)
    assert len(found(mailing)) == 2
    Organization.objects.update(mailing_gap_days=7)

    run(mailing)

    assert server.mailbox.recipients == ["maya@example.org", "liam@example.org"]
    assert (mailing.sent, mailing.left_out) == (1, 1)


# == Signed through its links ==


def test_the_links_of_a_mail_have_the_tag_of_its_mailing(
    server: MailServer, petition: Petition, alice: User
) -> None:
    site = settings.SITE_URL
    words = (
        f"[Sign]({site}/petitions/other/#sign), [here](/petitions/more/?text=fr), "
        f"[there](https://elsewhere.example/), or {site}/petitions/bare/., "
        f"[{site}/petitions/named/]({site}/petitions/named/)"
    )
    make_supporter(petition, "maya@example.org")
    update = news_of(petition, text=words)
    mailing = run(ordered(update, by=alice))

    (message,) = server.mailbox.messages
    tag = f"via=mailing-{mailing.pk}"
    for kind in ("plain", "html"):
        said = body(message, kind).replace("&amp;", "&")
        for link in (
            f"/petitions/other/?{tag}#sign", f"/petitions/more/?text=fr&{tag}",
            f"/petitions/bare/?{tag}", f"/petitions/named/?{tag}",
            f"{update.get_absolute_url()}?{tag}", f"{petition.get_absolute_url()}?{tag}",
        ):  # fmt: skip
            assert f"{site}{link}" in said
        assert "https://elsewhere.example/" in said
        # No mark of a person, and nothing else that is counted.
        assert said.count("via=") == said.count(tag)
    # What readers see on the site stays as it was written.
    update.refresh_from_db()
    assert update.text == words


def test_a_petition_that_nobody_can_sign_is_not_asked_for(
    server: MailServer, petition: Petition, alice: User
) -> None:
    make_supporter(petition)
    petition.close(now=timezone.now())
    run(ordered(news_of(petition), by=alice))

    (message,) = server.mailbox.messages
    assert f"{petition.get_absolute_url()}?via" not in body(message)


def test_who_signed_through_its_links_is_counted_and_not_who(
    server: MailServer, update: Update, alice: User, other_organization: Organization
) -> None:
    make_supporter(update.petition, "maya@example.org")
    mailing = run(ordered(update, by=alice))
    tag = f"mailing-{mailing.pk}"
    other = make_petition(update.petition.organization)
    theirs = make_petition(other_organization)
    for petition in (update.petition, other, other, theirs):
        make_signature(petition, via=tag)
    make_signature(other, via=f"mailing-{mailing.pk + 1}")
    make_signature(other, via="mailing-999999999999")

    while folding.fold():
        pass

    assert results.signed_through(mailing) == 3
    tallies = ChannelTally.objects.exclude(via="")
    assert set(tallies.values_list("via", flat=True)) == {tag}
    page = figures.channels(other, None)
    assert f"Mailing no. {mailing.pk}" in [row["name"] for row in page]
