"""Newsletter tools are told who may be written to: all of it, in the end rightly, and
nobody else is told anything."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as other_hmac
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.models import AuditEntry
from core.retention import expire
from organizations.models import Organization, Role, User
from petitions.identity import key_ring
from petitions.importing import unsubscribing
from petitions.mail import bounces
from petitions.models import (
    Bounce,
    Consent,
    KeyVersion,
    Petition,
    Signature,
    UnsubscribeList,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from petitions.models.webhooks import (
    BOTH_SIGN,
    MOST_WEBHOOKS,
    TRIES_REFUSED,
    WebhookProblem,
)
from petitions.privacy import webhook_notices, webhooks
from petitions.privacy.export import export_supporters
from petitions.privacy.webhooks import EVENTS_KEPT, LEASE, LONGEST_PAUSE, Courier
from petitions.signatures import confirming, consent, my_data
from petitions.signatures.my_data import DataSubject
from tests.factories import make_member, make_pending, make_petition, make_signature
from tests.helpers import text_of
from tests.parallel import all_at_once
from tests.petitions.importing.files import content
from tests.petitions.mail.mailing import make_supporter
from tests.webhookserver import URL, Tool, carry, make_webhook, running_tool

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

MAYA = "maya@example.org"
GIVEN, WITHDRAWN = ("consent.given", MAYA), ("consent.withdrawn", MAYA)


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tool]:
    with running_tool(tmp_path, monkeypatch) as tool:
        yield tool


@pytest.fixture
def webhook(organization: Organization) -> Webhook:
    return make_webhook(organization)


# == What is told ==


def test_a_yes_is_told_with_as_much_as_a_list_has(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    signature = make_supporter(petition, MAYA)

    carry()

    assert json.loads(tool.bodies[0]) == {
        "type": "consent.given",
        "timestamp": Consent.objects.get().given_at.isoformat(),
        "data": {
            "email": MAYA,
            "name": signature.name,
            "language": "en",
            "organization": petition.organization.slug,
            "petition": petition.slug,
            "wording_version": 1,
        },
    }
    assert len(tool.bodies) == 1
    assert not WebhookEvent.objects.exists()


def test_it_is_signed_as_the_standard_says(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    former = webhook.signing_secrets(timezone.now())[0]
    secret = webhook.renew_secret(timezone.now())
    webhook.save()
    make_supporter(petition, MAYA)

    carry()

    headers, body = tool.headers[0], tool.bodies[0]
    signatures = headers["webhook-signature"].split(" ")
    assert len(signatures) == 2
    for key, signature in zip([secret, former], signatures, strict=True):
        mac = other_hmac.HMAC(base64.b64decode(key[6:]), hashes.SHA256())
        for part in (headers["webhook-id"], headers["webhook-timestamp"]):
            mac.update(part.encode() + b".")
        mac.update(body)
        mac.verify(base64.b64decode(signature.removeprefix("v1,")))
    assert len(webhook.signing_secrets(timezone.now() + BOTH_SIGN)) == 1
    assert secret not in str(Webhook.objects.values())


def test_the_example_of_the_standard() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = webhooks.signature_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        now=at,
    )
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-signature"] == expected


def unsubscribe(_petition: Petition, _by: User) -> None:
    consent.end_updates(Consent.objects.latest("pk"), now=timezone.now())


def say_no(petition: Petition, _by: User) -> None:
    other = make_petition(petition.organization)
    make_signature(other, MAYA, wants_updates=False)


def never_again(_petition: Petition, _by: User) -> None:
    consent.suppress(MAYA, now=timezone.now())


def come_back(_petition: Petition, _by: User) -> None:
    bounces.record_bounce(key_ring.email_key(MAYA), "5.1.1", now=timezone.now())


def erase_all(_petition: Petition, _by: User) -> None:
    my_data.erase_all(DataSubject.owner(MAYA), now=timezone.now())


def forget(_petition: Petition, _by: User) -> None:
    consent.forget_answers(Signature.objects.get(email=MAYA))


def take_in_a_list(petition: Petition, by: User) -> None:
    made = UnsubscribeList(
        organization=petition.organization, label="A", made_at=timezone.now()
    )
    unsubscribing.keep(made, "a.csv", io.BytesIO(content([MAYA], "Email")))
    unsubscribing.take_in(made, by, now=timezone.now())


def go_around(_petition: Petition, _by: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE petitions_consent SET wants_updates = false")


WAYS = [
    unsubscribe, say_no, never_again, come_back, erase_all, forget, take_in_a_list,
    go_around,
]  # fmt: skip


@pytest.mark.parametrize("end", WAYS)
def test_whatever_ends_a_yes_is_told(
    petition: Petition, webhook: Webhook, tool: Tool, alice: User, end: Any
) -> None:
    make_supporter(petition, MAYA)
    carry()

    end(petition, alice)
    carry()

    assert tool.told[0] == GIVEN
    assert tool.told[-1] == WITHDRAWN
    assert set(json.loads(tool.bodies[-1])["data"]) == {"email", "organization"}
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("end", WAYS)
def test_a_tool_that_was_away_is_told_the_end(
    petition: Petition, webhook: Webhook, tool: Tool, alice: User, end: Any
) -> None:
    tool.status = 503
    make_supporter(petition, MAYA)
    carry()
    end(petition, alice)
    tool.bodies.clear()
    tool.status = 200

    carry(after=timedelta(minutes=1))

    assert set(tool.told) == {WITHDRAWN}


def test_a_no_in_lower_case_is_told_as_in_the_list(
    petition: Petition, webhook: Webhook, tool: Tool, alice: User
) -> None:
    make_supporter(petition, "Maya@example.org")
    carry()
    say_no(petition, alice)
    carry()

    now = timezone.now()
    listed = b"".join(export_supporters(petition.organization, alice, now=now))
    assert b"aya@" not in listed
    assert tool.told == [("consent.given", "Maya@example.org"), WITHDRAWN]


def test_a_later_yes_is_told_too(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_supporter(petition, MAYA)
    come_back(petition, User())
    carry()
    Bounce.objects.all().delete()
    carry()
    assert tool.told[-1] == GIVEN


def test_nobody_who_has_not_said_yes_is_named(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_signature(petition, MAYA, wants_updates=False)
    make_signature(petition, "noor@example.org", wants_updates=None)
    carry()
    my_data.erase_all(DataSubject.owner(MAYA), now=timezone.now())
    carry()

    assert tool.bodies == []
    assert not WebhookEvent.objects.exists()


def test_an_old_answer_that_was_replaced_is_erased_in_silence(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_supporter(petition, MAYA)
    unsubscribe(petition, User())
    carry()
    tool.bodies.clear()

    Consent.objects.order_by("pk")[0].delete()
    carry()

    assert tool.bodies == []


def test_other_organizations_tools_are_told_nothing(
    petition: Petition, other_organization: Organization, tool: Tool
) -> None:
    make_webhook(other_organization)
    make_supporter(petition, MAYA)
    carry()
    assert tool.bodies == []


def test_after_all_keys_are_made_anew_those_on_hold_are_looked_at(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_supporter(petition, MAYA)
    carry()
    never_again(petition, User())
    WebhookEvent.objects.all().delete()  # as if neither had seen the other

    number = key_ring.current_keyring().newest.number
    KeyVersion.objects.filter(pk=number).update(finished_at=timezone.now())
    carry()

    assert tool.told == [GIVEN, WITHDRAWN]


# == How it is sent ==


def test_a_message_keeps_its_id_until_something_happens(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    tool.status = 500
    make_supporter(petition, MAYA)
    carry()
    carry(after=timedelta(minutes=1))
    unsubscribe(petition, User())
    carry(after=timedelta(minutes=2))

    first, again, other = [each["webhook-id"] for each in tool.headers]
    assert first == again != other


def test_what_was_committed_late_changes_the_id_too(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    """A tool that knows an id would take the no for the yes that it has had."""
    tool.status = 500
    make_supporter(petition, MAYA)
    carry()
    first = WebhookEvent.objects.get().pk
    unsubscribe(petition, User())
    WebhookEvent.objects.exclude(pk=first).update(id=first - 1)
    carry(after=timedelta(minutes=1))

    assert tool.told == [GIVEN, WITHDRAWN]
    assert len({each["webhook-id"] for each in tool.headers}) == 2


def test_what_fails_is_tried_for_ever_and_at_least_each_hour(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    tool.status = 410
    make_supporter(petition, MAYA)
    courier, after = Courier(), timedelta(0)
    pauses = []
    for _ in range(15):
        now = timezone.now() + after
        carry(courier, after=after)
        webhook.refresh_from_db()
        pauses.append(round((webhook.due_at - now).total_seconds()))
        after += webhook.due_at - now + timedelta(seconds=1)

    assert pauses[:3] == [5, 10, 20]
    assert pauses[-1] == LONGEST_PAUSE.total_seconds()
    assert len(tool.bodies) == 15
    assert webhook.failing_since is not None
    last = webhook.deliveries.latest("pk")
    assert (last.status, last.attempt) == (410, 15)
    assert last.problem == WebhookProblem.STATUS
    assert MAYA not in str(WebhookDelivery.objects.values())

    tool.status = 200
    carry(courier, after=after)
    assert Webhook.objects.filter(failing_since=None, attempts=0).exists()


def test_later_ones_wait_for_the_first(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    tool.status = 500
    for email in (MAYA, "noor@example.org"):
        make_supporter(petition, email)
    carry()
    assert tool.told == [GIVEN]

    tool.status = 200
    carry(after=timedelta(minutes=1))
    assert [email for _kind, email in tool.told] == [MAYA, MAYA, "noor@example.org"]


def test_an_address_that_a_tool_refuses_holds_up_nobody(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    def refuse_noor() -> None:
        tool.status = 422 if b"noor" in tool.bodies[-1] else 200

    tool.before_answer = refuse_noor
    for email in ("noor@example.org", MAYA):
        make_supporter(petition, email)
    carry()
    unsubscribe(petition, User())
    carry(after=timedelta(minutes=1))

    assert [each for each in tool.told if each[1] == MAYA] == [GIVEN, WITHDRAWN]
    webhook.refresh_from_db()
    assert webhook.failing_since is not None
    assert list(Webhook.objects.in_trouble()) == [webhook]
    assert webhook.due_at < timezone.now() + timedelta(minutes=2)
    assert WebhookEvent.objects.get().email == "noor@example.org"


def test_many_that_a_tool_refuses_hold_up_nobody(
    petition: Petition, webhook: Webhook, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "BATCH", 2)

    def refuse_some() -> None:
        tool.status = 422 if b"refused" in tool.bodies[-1] else 200

    tool.before_answer = refuse_some
    for number in range(5):
        make_supporter(petition, f"refused{number}@example.org")
    make_supporter(petition, MAYA)

    carry()  # without a pause

    assert tool.told[-1] == GIVEN
    assert len(tool.told) == 6
    assert WebhookEvent.objects.count() == 5
    carry()
    assert len(tool.told) == 6
    carry(after=timedelta(minutes=2))
    assert len(tool.told) == 11


def test_what_is_refused_again_and_again_is_set_aside(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    tool.status = 422
    make_supporter(petition, MAYA)
    courier, after = Courier(), timedelta(0)
    carry(courier)
    while event := WebhookEvent.objects.first():
        assert event.again_at is not None
        after = event.again_at - timezone.now() + timedelta(seconds=1)
        carry(courier, after=after)

    assert len(tool.told) == TRIES_REFUSED
    assert timedelta(hours=8) < after < timedelta(hours=30)
    assert len({each["webhook-id"] for each in tool.headers}) == 1
    log = webhook.deliveries.order_by("pk")
    assert list(log.values_list("attempt", flat=True)) == [*range(1, TRIES_REFUSED + 1)]
    assert log.last().problem == WebhookProblem.SET_ASIDE  # type: ignore[union-attr]
    webhook.refresh_from_db()
    # Without a yes it writes to one person less.
    assert webhook.incomplete_since is None
    assert not Webhook.objects.waiting().exists()
    assert not Webhook.objects.behind(timezone.now()).exists()


def test_something_new_about_whom_a_tool_refused_is_told(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_supporter(petition, MAYA)
    later = timezone.now() + timedelta(hours=4)
    WebhookEvent.objects.update(refused=TRIES_REFUSED - 1, again_at=later)
    carry()
    assert tool.told == []

    unsubscribe(petition, User())
    carry()

    assert tool.told == [WITHDRAWN]
    assert not WebhookEvent.objects.exists()


def test_a_no_that_is_set_aside_leaves_the_tool_incomplete(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_supporter(petition, MAYA)
    carry()
    unsubscribe(petition, User())
    WebhookEvent.objects.update(refused=TRIES_REFUSED - 1)
    tool.status = 400

    carry()

    webhook.refresh_from_db()
    assert webhook.incomplete_since is not None
    assert list(Webhook.objects.in_trouble()) == [webhook]


@pytest.mark.django_db(transaction=True)
def test_no_address_gets_another_key_while_a_batch_is_read(
    petition: Petition, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key ring says by which keys to look, and answers are looked for by them."""
    make_supporter(petition, MAYA)
    read, keys_of = [], key_ring.keys_of

    def rekeyed(address: str) -> Any:
        found = keys_of(address)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()"
                " AND relation = 'petitions_keyversion'::regclass"
            )
            read.append(cursor.fetchone()[0])
        return found

    monkeypatch.setattr(key_ring, "keys_of", rekeyed)
    webhooks.batch_for(webhook, timezone.now())

    assert set(read) == {1}


def test_a_worker_that_dies_has_it_sent_again_with_the_same_id(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_supporter(petition, MAYA)
    dying = Courier()
    dying.round(timezone.now())
    for thread in dying.under_way.values():
        thread.join(20)

    carry()  # the lease of the dead one holds
    assert len(tool.bodies) == 1
    carry(after=LEASE)

    assert tool.bodies[0] == tool.bodies[1]
    assert tool.headers[0]["webhook-id"] == tool.headers[1]["webhook-id"]
    assert not WebhookEvent.objects.exists()


def test_what_happens_while_it_is_sent_is_told_afterwards(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_supporter(petition, MAYA)
    arrived, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        arrived.set()
        go_on.wait(10)

    tool.before_answer = wait
    courier = Courier()
    courier.round(timezone.now())
    assert arrived.wait(10)
    unsubscribe(petition, User())
    go_on.set()
    carry(courier)

    assert tool.told == [GIVEN, WITHDRAWN]


def test_a_slow_tool_holds_up_no_other(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    other = make_webhook(petition.organization, f"{URL}&other")
    make_supporter(petition, MAYA)
    go_on = threading.Event()
    first = iter([lambda: go_on.wait(10)])
    tool.before_answer = lambda: next(first, lambda: True)()  # type: ignore[assignment]
    courier = Courier()
    courier.round(timezone.now())
    while len(courier.under_way) == 2:
        courier.round(timezone.now())

    assert Webhook.objects.waiting().count() == 1
    go_on.set()
    carry(courier)
    assert not Webhook.objects.waiting().exists()
    assert other.deliveries.count() == webhook.deliveries.count() == 1


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://nowhere.invalid/", WebhookProblem.NO_HOST),
        ("https://127.0.0.1/", WebhookProblem.PRIVATE),
        ("https://[::1]/", WebhookProblem.PRIVATE),
    ],
)
def test_why_it_failed_is_said(
    petition: Petition, webhook: Webhook, url: str, problem: str
) -> None:
    Webhook.objects.update(url=url)
    make_supporter(petition, MAYA)
    carry()
    assert webhook.deliveries.get().problem == problem


def test_a_lost_secret_key_is_said_and_a_new_secret_mends_it(
    petition: Petition, webhook: Webhook, tool: Tool, settings: Settings
) -> None:
    settings.SECRET_KEY = "x" * 60
    make_supporter(petition, MAYA)
    carry()
    assert webhook.deliveries.get().problem == WebhookProblem.SECRET

    webhook.refresh_from_db()
    webhook.renew_secret(timezone.now())
    webhook.save()
    carry(after=timedelta(minutes=1))
    assert tool.told == [GIVEN]


def test_secrets_follow_the_newest_secret_key(
    webhook: Webhook, settings: Settings
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "y" * 60
    Courier().begin()
    settings.SECRET_KEY_FALLBACKS = []

    webhook.refresh_from_db()
    assert webhook.signing_secrets(timezone.now())


def test_a_clock_that_was_set_back_delays_nothing_for_long(webhook: Webhook) -> None:
    Webhook.objects.update(due_at=timezone.now() + timedelta(days=9))
    Courier().begin()
    webhook.refresh_from_db()
    assert webhook.due_at <= timezone.now() + LONGEST_PAUSE


# == What stays, and what goes ==


def test_while_it_is_paused_all_is_kept(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_supporter(petition, MAYA)
    carry()
    Webhook.objects.update(is_paused=True)
    unsubscribe(petition, User())
    carry()
    assert list(Webhook.objects.in_trouble()) == [webhook]
    Webhook.objects.update(is_paused=False)
    carry()
    assert tool.told == [GIVEN, WITHDRAWN]
    assert not Webhook.objects.in_trouble().exists()


def test_addresses_go_in_time_and_that_is_said(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    make_supporter(petition, MAYA)
    my_data.erase_all(DataSubject.owner(MAYA), now=timezone.now())
    assert WebhookEvent.objects.exists()

    expire(timezone.now() + EVENTS_KEPT - timedelta(hours=1))
    assert WebhookEvent.objects.exists()
    expire(timezone.now() + EVENTS_KEPT + timedelta(hours=1))

    assert not WebhookEvent.objects.exists()
    webhook.refresh_from_db()
    assert webhook.incomplete_since is not None
    assert list(Webhook.objects.in_trouble()) == [webhook]


def test_the_log_goes_in_time(petition: Petition, webhook: Webhook, tool: Tool) -> None:
    make_supporter(petition, MAYA)
    carry()
    assert webhook.deliveries.count() == 1
    expire(timezone.now() + webhooks.LOG_KEPT + timedelta(hours=1))
    assert not webhook.deliveries.exists()


def test_an_organization_has_a_few(organization: Organization) -> None:
    for number in range(MOST_WEBHOOKS):
        make_webhook(organization, f"{URL}{number}")
    with pytest.raises(IntegrityError), transaction.atomic():
        Webhook.objects.create(organization=organization, name="A", url=URL, place=4)
    with pytest.raises(IntegrityError), transaction.atomic():
        Webhook.objects.create(organization=organization, name="A", url=URL, place=1)


@pytest.mark.django_db(transaction=True)
def test_a_yes_and_a_never_again_at_once(
    petition: Petition, webhook: Webhook, tool: Tool
) -> None:
    signature = make_signature(petition, MAYA)
    said, go_on = threading.Event(), threading.Event()

    def say_yes() -> None:
        with transaction.atomic():
            consent.record_consent(signature, wants_updates=True, now=timezone.now())
            said.set()
            go_on.wait(0.3)

    def stop() -> None:
        said.wait(10)
        consent.suppress(MAYA, now=timezone.now())

    all_at_once([say_yes, stop])

    # That of the yes, and that of the “never again”, which waited to see it.
    assert WebhookEvent.objects.count() == 2
    carry()
    assert set(tool.told) == {WITHDRAWN}


@pytest.mark.django_db(transaction=True)
def test_who_signs_while_a_tool_is_removed_is_counted(
    petition: Petition, webhook: Webhook
) -> None:
    pending = make_pending(petition, MAYA, wants_updates=True)
    removing = threading.Event()

    def remove() -> None:
        with transaction.atomic():
            Webhook.objects.select_for_update().get().delete()
            removing.set()
            threading.Event().wait(0.5)

    def sign() -> None:
        removing.wait(10)
        confirming.confirm(pending.pk, now=timezone.now())

    all_at_once([remove, sign])
    assert Consent.objects.filter(wants_updates=True).count() == 1
    assert not WebhookEvent.objects.exists()


def test_owners_are_told_of_a_tool_that_is_a_day_behind(
    organization: Organization, petition: Petition, webhook: Webhook
) -> None:
    for role in Role:
        make_member(organization, role, f"{role}@example.org")
    make_supporter(petition, MAYA)

    def mails(days: float) -> list[list[str]]:
        mail.outbox.clear()
        webhook_notices.remind_of_webhooks(timezone.now() + timedelta(days=days))
        assert MAYA not in "".join(str(message.body) for message in mail.outbox)
        return [message.to for message in mail.outbox]

    assert mails(0.9) == []
    assert mails(1.1) == [["owner@example.org"]]
    assert mails(7) == []
    assert mails(8.2) == [["owner@example.org"]]
    expire(timezone.now() + EVENTS_KEPT + timedelta(days=1))
    assert mails(16) == [["owner@example.org"]]
    Webhook.objects.update(incomplete_since=None)
    assert mails(30) == []


# == As staff do it ==


def test_from_entering_a_tool_to_removing_it(
    as_user: Login, organization: Organization, petition: Petition, tool: Tool
) -> None:
    client = as_user(make_member(organization, Role.OWNER))
    answer = client.post(
        "/admin/petitions/webhook/add/",
        {"organization": organization.pk, "name": "Letters", "url": URL},
    )
    webhook = Webhook.objects.get()
    here = f"/admin/petitions/webhook/{webhook.pk}"
    assert answer["Location"] == f"{here}/change/"
    assert "no secret yet" in text_of(client.get(f"{here}/change/"))
    # Another address would be another tool, with the former one's secret and no list.
    client.post(f"{here}/change/", {"name": "Letters", "url": "https://else.example/"})
    webhook.refresh_from_db()
    assert webhook.url == URL
    make_supporter(petition, MAYA)
    carry()
    assert tool.bodies == []

    shown = client.post(f"{here}/new-secret/")
    webhook.refresh_from_db()
    (secret,) = webhook.signing_secrets(timezone.now())
    assert secret in text_of(shown)
    assert "one more day" in text_of(client.post(f"{here}/new-secret/"))
    page = text_of(client.get(f"{here}/change/"))
    assert "told of 1 change" in page
    assert secret not in page
    # What follows the host is often a secret, too.
    assert "https://tool.example/…" in page
    history = text_of(client.get(f"{here}/history/"))
    listed = text_of(client.get("/admin/petitions/webhook/"))
    assert "list=1" not in page + history + listed
    assert "list=1" not in str(list(AuditEntry.objects.values()))
    carry()
    tested = client.post(f"{here}/test/", follow=True)
    assert "accepted the test message" in text_of(tested)
    assert json.loads(tool.bodies.pop())["type"] == "webhook.test"
    page = text_of(client.get(f"{here}/change/"))
    assert "told of everything" in page
    assert "204" in page
    assert MAYA not in page

    tool.status = 500
    tested = client.post(f"{here}/test/", follow=True)
    assert "did not answer with a status" in text_of(tested)
    unsubscribe(petition, User())
    carry()
    assert "it has not taken everything" in text_of(client.get(f"{here}/change/"))
    assert "is not up to date" in text_of(client.get("/admin/"))
    Webhook.objects.update(incomplete_since=timezone.now())
    assert "replace the list" in text_of(client.get(f"{here}/change/"))
    client.post(f"{here}/complete/")
    webhook.refresh_from_db()
    assert webhook.incomplete_since is None

    assert "not been told of everything yet" in text_of(client.get(f"{here}/remove/"))
    client.post(f"{here}/remove/")
    assert not Webhook.objects.exists()
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://letters.example/", "https://localhost/", "https://127.0.0.1/",
        "https://[::1]/", "https://10.0.0.1/", "https://letters.example:8443/",
        "https://me@letters.example/", "https://[::1/", "https://letters.example:x/",
        "https://é.example/", "https://letters.example/#a", "https://a.test/a b", "",
    ],
)  # fmt: skip
def test_a_wrong_address_gets_a_sentence(
    as_user: Login, organization: Organization, url: str
) -> None:
    client = as_user(make_member(organization, Role.OWNER))
    answer = client.post(
        "/admin/petitions/webhook/add/",
        {"organization": organization.pk, "name": "Letters", "url": url},
    )
    assert "errorlist" in answer.content.decode()
    assert "Letters" in answer.content.decode()
    assert not Webhook.objects.exists()


def test_a_fourth_tool_gets_a_sentence(
    as_user: Login, organization: Organization
) -> None:
    for number in range(MOST_WEBHOOKS):
        make_webhook(organization, f"{URL}{number}")
    client = as_user(make_member(organization, Role.OWNER))
    answer = client.post(
        "/admin/petitions/webhook/add/",
        {"organization": organization.pk, "name": "Letters", "url": URL},
    )
    assert "at most 3 newsletter tools" in text_of(answer)


@pytest.mark.parametrize("role", set(Role) - {Role.OWNER})
def test_others_than_owners_do_not_see_them(
    as_user: Login, organization: Organization, webhook: Webhook, role: Role
) -> None:
    client = as_user(make_member(organization, role))
    here = f"/admin/petitions/webhook/{webhook.pk}"
    assert client.get("/admin/petitions/webhook/").status_code == 403
    assert client.post(f"{here}/new-secret/").status_code in (403, 404)
