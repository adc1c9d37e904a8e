"""After an erasure, neither a dump of the whole database nor the logs hold a trace:
each journey that stores anything is made with planted data, which is then searched
for."""

from __future__ import annotations

import logging
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.models import Alert, AuditAction, AuditEntry
from core.observability.logs import (
    Safe,
    TextFormatter,
)
from core.retention import expire
from devsite.embedded_postgres import binaries
from organizations.models import Organization, User
from petitions.counts import folding, verifying
from petitions.delivery import making
from petitions.identity.key_ring import email_key
from petitions.mail import (
    bounces,
    outbox,
)
from petitions.models import (
    Invalidation,
    LeftOut,
    ListedDomain,
    ListedNetwork,
    MailTally,
    MergedSignature,
    OrdinaryDomain,
    OutgoingMail,
    Pack,
    Petition,
    Report,
    Signature,
    SupporterRequest,
    Suppression,
    WebhookDelivery,
)
from petitions.privacy.webhooks import EVENTS_KEPT
from petitions.signature_fields import OPTIONAL
from petitions.signatures import (
    links,
)
from petitions.signatures.tokens import (
    TokenPurpose,
    make_token,
)
from tests.factories import make_petition, make_signature, make_update
from tests.helpers import notes
from tests.mailserver import MailServer, body
from tests.petitions import conftest
from tests.petitions.admin import callers
from tests.petitions.admin.helpers import pressed
from tests.petitions.mail.mailing import ordered, run
from tests.webhookserver import carry, make_webhook, running_tool

pytestmark = pytest.mark.django_db(transaction=True)

DOMAIN = "kauzenwald.org"
EMAIL = f"Zephyrine.Quastenflosser@{DOMAIN}"
OTHER_SPELLING = f"Zephyrine.Quastenflosser@{DOMAIN.upper()}"
# Anything of this, in any case, is a trace.
PLANTED = (
    "zephyrine", "quastenflosser", "hinterkauzingen", "qx7 9zy", "\tqx7", "weil die eule", "zephy",
    "11.22.33",
)  # fmt: skip
FORM = {
    "name": "Zephyrine Quastenflosser",
    "email": EMAIL,
    "place": "Hinterkauzingen",
    "postal_code": "QX7 9ZY",
    "country": "CA",
    "comment": "Weil die Eule ruft",
    "show_name": "1",
    "updates": "yes",
}


def key() -> UUID:
    return email_key(EMAIL)


HEX = re.compile(r"\\\\x([0-9a-f]+)")
"""How pg_dump writes bytes."""


def decoded(found: re.Match[str]) -> str:
    return bytes.fromhex(found[1]).decode(errors="replace")


def dump() -> dict[str, str]:
    """Return the whole database as text, by table; and what sessions hold, unpacked."""
    settings = connection.settings_dict
    command = [
        str(binaries() / "pg_dump"), "--data-only", "--host", str(settings["HOST"]),
        "--port", str(settings["PORT"]), "--username", str(settings["USER"]),
        str(settings["NAME"]),
    ]  # fmt: skip
    done = subprocess.run(
        command,
        env={"PGPASSWORD": str(settings["PASSWORD"])},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = defaultdict(str)
    table = ""
    for line in done.stdout.splitlines():
        if line.startswith(("\\restrict", "\\unrestrict")):
            continue  # random letters of pg_dump's own
        if match := re.match(r"COPY public\.(\w+) ", line):
            table = match[1]
        found[table] += f"{HEX.sub(decoded, line).lower()}\n"
    for session in Session.objects.all():
        found["django_session"] += str(session.get_decoded()).lower()
    return found


def holding(*words: str) -> set[str]:
    """Return the tables that hold one of the words."""
    tables = dump().items()
    return {table for table, text in tables if any(word in text for word in words)}


def holding_key() -> set[str]:
    return holding(str(key()), key().hex)


@pytest.fixture(autouse=True)
def _pg_dump() -> None:
    if not (binaries() / "pg_dump").exists():
        pytest.skip("NOT TESTED HERE: no pg_dump beside this PostgreSQL")


class Collector(logging.Handler):
    """Collects all that the site logs, without what the tests' mail server does."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name not in {"mail.log", "asyncio"}:
            line = TextFormatter().format(Safe().filter(record))
            self.text += f"{record.name} {line}\n".lower()


@pytest.fixture
def logs() -> Iterator[None]:
    """Checks that nothing planted is logged, by whatever logger at whatever level."""
    root, collector = logging.getLogger(), Collector()
    level = root.level
    root.addHandler(collector)
    root.setLevel(logging.DEBUG)
    yield
    root.removeHandler(collector)
    root.setLevel(level)
    text = collector.text
    words = (*PLANTED, DOMAIN, str(key()), key().hex)
    assert [word for word in words if word in text] == []
    assert "method=post route=/petitions/" in text  # there was something to search


mailserver = conftest.server  # the fixture


FOLDERS = {
    TokenPurpose.OWN: "signature",
    TokenPurpose.NOT_ME: "not-me",
    TokenPurpose.ALL: "signed",
}


class Journey:
    """One signer who does everything that can be done."""

    def __init__(self, visitor: Client, mailserver: MailServer) -> None:
        self.visitor = visitor
        self.server = mailserver
        self.later = timedelta(0)

    def sign(self, petition: Petition, **changes: str) -> Signature:
        form = {**FORM, **changes}
        answer = self.visitor.post(
            f"{petition.get_absolute_url()}sign/",
            form,
            headers={"x-forwarded-for": "11.22.33.44"},
        )
        assert answer.status_code == 303
        self.visitor.get(answer.headers["Location"])
        return Signature.objects.order_by("-pk")[0]

    def send(self) -> None:
        """Run a round of the worker, late enough for the caps."""
        self.later += timedelta(hours=2)
        links.answer_requests(timezone.now() + self.later)
        outbox.send_due(timezone.now() + self.later)

    def link(self, part: str) -> str:
        """Return the path of a link with `part` in the newest mail that has one."""
        for message in reversed(self.server.mailbox.messages):
            for line in body(message).splitlines():
                if part in line:
                    return line.strip().removeprefix("http://testserver.localhost")
        raise AssertionError(f"no mail has a link with {part}")

    def post(self, path: str, **form: str) -> None:
        assert self.visitor.get(path).status_code in (200, 302), path
        assert self.visitor.post(path, form).status_code == 303, path

    def confirm(self) -> None:
        self.send()
        self.post(self.link("/confirm/"))

    def own(self, purpose: TokenPurpose, petition: Petition) -> str:
        """Return the path of a link to the newest signature under a petition."""
        newest = petition.signatures.order_by("-pk")[0]
        folder = FOLDERS[purpose]
        return f"/{folder}/{make_token(purpose, newest.pk, now=timezone.now())}/"


@pytest.fixture
def journey(visitor: Client, mailserver: MailServer) -> Journey:
    return Journey(visitor, mailserver)


@pytest.fixture
def petitions(
    organization: Organization, other_organization: Organization
) -> list[Petition]:
    asked: dict[str, Any] = {field.asked_by: True for field in OPTIONAL}
    return [
        make_petition(place, **asked)
        for place in (organization, organization, other_organization, organization)
    ]


def full(address: str) -> str:
    return f"450 4.2.2 <{address}>: the box of {address.split('@')[0]} is full"


def unknown(address: str) -> str:
    return f"550 5.7.1 <{address}>: no {address.split('@')[0]} here"


@pytest.fixture
def planted(journey: Journey, petitions: list[Petition], alice: User) -> Journey:
    """Do once everything that stores anything."""
    first, second, third, fourth = petitions
    mailbox = journey.server.mailbox
    # A mail server that refuses for now, then for good, and names the recipient.
    mailbox.refuse = full
    refused = journey.sign(first)
    journey.send()
    assert "Zephyrine" in OutgoingMail.objects.get().reply
    mailbox.refuse = unknown
    journey.send()
    assert "Zephyrine" in OutgoingMail.objects.get(state="failed").reply
    mailbox.refuse = lambda address: None
    # A second form for the address in another spelling; the first one is merged.
    journey.sign(first, email=OTHER_SPELLING)
    journey.confirm()
    assert MergedSignature.objects.get().pk == refused.pk
    # The organisation writes to those who said yes.
    assert run(ordered(make_update(first), by=alice)).sent == 1
    # Corrected and confirmed; then changed again, also the answer about updates.
    journey.sign(second)
    journey.send()
    journey.post(f"{journey.link('/confirm/')}correct/", **FORM)
    journey.sign(second, name="Z. Quastenflosser")
    journey.send()  # “you have already signed”
    journey.post(journey.link("/signature/"), **{**FORM, "updates": "no"})
    # Taken back; and one that waits, refused once, with a new link asked for.
    journey.sign(third)
    journey.confirm()
    journey.post(f"{journey.own(TokenPurpose.OWN, third)}withdraw/")
    journey.sign(fourth)
    mailbox.refuse = unknown
    journey.send()
    mailbox.refuse = lambda address: None
    journey.visitor.post("/new-link/", {"email": EMAIL})
    # All of one's signatures.
    journey.visitor.post("/signed/", {"email": EMAIL})
    journey.send()
    everything = journey.link("/signed/")
    assert journey.visitor.get(everything).status_code == 200
    assert EMAIL in journey.visitor.get(f"{everything}download/").content.decode()
    journey.visitor.get(f"{everything}erase/")
    journey.visitor.get("/petitions/?q=Zephyrine")
    staff_at_work(alice, first)
    # In the end, the signer's mailbox is closed.
    bounces.record_bounce(key(), "550 5.1.1", now=timezone.now())
    while folding.fold():
        pass
    page = journey.visitor.get(first.get_absolute_url()).content.decode()
    assert "Zephyrine Quastenflosser" in page
    return journey


def staff_at_work(alice: User, petition: Petition) -> None:
    """Let staff find the signer in every way, approve the comment, change the
    petition."""
    client = Client(headers={"host": "localhost"})
    login = {"username": alice.email, "password": "correct horse"}
    client.post("/admin/login/?next=/admin/", login)
    rows = "/admin/petitions/signature/"
    for words in (EMAIL, "Zephyrine", "Zephyrine&state__exact=confirmed"):
        assert client.get(f"{rows}?q={words}").status_code == 200
    signature = Signature.objects.confirmed().filter(petition=petition).get()
    client.get(f"{rows}{signature.pk}/change/")
    client.get(f"{rows}{signature.pk}/history/")
    chosen = {"_selected_action": [signature.pk]}
    for action in ("approve_comments", "withhold_names", "release_names"):
        page = client.get(f"{rows}?q={EMAIL}").content.decode()
        shown = re.findall(r'name="_shown" value="([^"]*)"', page)
        form = {"action": action, "_shown": shown, **chosen}
        asked = client.post(f"{rows}?q={EMAIL}", form)
        answer = client.post(f"{rows}?q={EMAIL}", {**form, **pressed(asked)})
        assert answer.status_code == 302
    form = {"outcome": "We thank all."}
    change = f"/admin/petitions/petition/{petition.pk}/"
    client.get(f"{change}figures/")
    client.post(f"{change}do/pause/", form)
    client.post(f"{change}do/resume/", form)
    assert len(notes(petition)) == 5  # what was decided, by number
    looks = AuditEntry.objects.filter(action=AuditAction.LOOK, account=alice.pk)
    assert {(look.now or {})["kind"] for look in looks} == {"search", "row", "list"}
    assert Session.objects.count() == 1


# == The tests ==

EVERYWHERE = {"petitions_signature", "petitions_consent", "petitions_outgoingmail"}
BOUNCED = {"petitions_bounce"}
WRITTEN_TO = {"petitions_mailingrecipient"}
LATER = timedelta(days=4)
MUCH_LATER = timedelta(days=31)


def test_whatever_is_asked_is_planted() -> None:
    for field in OPTIONAL:
        typed = FORM[field.name].lower()

        assert any(trace in typed for trace in PLANTED) or not field.personal


@pytest.mark.usefixtures("planted")
def test_what_was_planted_is_found_where_it_is_stored() -> None:
    assert holding(*PLANTED) == EVERYWHERE
    assert holding_key() == EVERYWHERE | BOUNCED | WRITTEN_TO
    # Of a server's reply, the outbox stores no address (core.mail.transport), but names.
    tallied = {"petitions_mailtally"}
    assert holding(DOMAIN) == EVERYWHERE - {"petitions_outgoingmail"} | tallied


@pytest.mark.usefixtures("planted")
def test_the_audit_trail_holds_nothing_of_a_signer(
    petitions: list[Petition], alice: User
) -> None:
    """Not even where staff enter it: as a condition, on a list, in what they note of a
    message."""
    now = timezone.now()
    for petition, condition in zip(
        petitions, ({"name": "Zephyrine"}, {"domain": DOMAIN}), strict=False
    ):
        Invalidation.objects.create(
            petition=petition, made_by=alice, reason="A script", found=1, as_of=now,
            made_at=now, up_to=1, **condition,
        )  # fmt: skip
    ListedDomain.objects.create(domain=DOMAIN, listing="block", note=EMAIL)
    ListedNetwork.objects.create(
        network="11.22.33.0/24", listing="block", note="Zephyrine"
    )
    OrdinaryDomain.objects.create(
        organization=alice.memberships.get().organization, domain=DOMAIN
    )
    report = Report.objects.create(
        petition=petitions[0], reason="untrue", language="en", text=EMAIL,
        email=EMAIL, created_at=now,
    )  # fmt: skip
    report.handle(by=alice, note="Zephyrine was called", now=now)
    Report.objects.all().delete()
    for model in (ListedDomain, ListedNetwork, OrdinaryDomain):
        model.objects.all().delete()

    recorded = AuditEntry.objects.values_list("table", flat=True)
    assert {
        "petitions_invalidation", "petitions_listeddomain", "petitions_listednetwork",
        "petitions_ordinarydomain", "petitions_report", "petitions_signature",
    } <= set(recorded)  # fmt: skip
    assert "config_auditentry" not in holding(*PLANTED, DOMAIN) | holding_key()


def test_a_leak_is_found_in_any_table_and_in_sessions() -> None:
    Alert.objects.create(name=EMAIL, raised_at=timezone.now())
    client = Client(headers={"host": "localhost"})
    session = client.session
    session["searched"] = EMAIL * 50  # long enough to be stored compressed
    session.save()

    assert holding(*PLANTED) == {"config_alert", "django_session"}


@pytest.mark.usefixtures("logs")
@pytest.mark.parametrize("suppressed", [False, True])
def test_erasing_everything_leaves_no_trace(planted: Journey, suppressed: bool) -> None:
    kept = {"petitions_suppression"} if suppressed else set()
    if suppressed:
        planted.post(planted.link("/never-again/"))
        assert Suppression.objects.get().pk == key()
    stranger = make_signature(Petition.objects.order_by("pk")[0], "else@example.org")

    planted.post(f"{planted.link('/signed/')}erase/")

    assert holding(*PLANTED) == set()
    # Kept for a day: that mails went out; for two: that somebody of this domain signed;
    # for minutes: to which mailboxes news had gone.
    known = {"petitions_outgoingmail"} | BOUNCED | kept
    assert holding_key() == known | WRITTEN_TO
    expire(timezone.now())
    assert holding_key() == known
    assert holding(DOMAIN) == {"petitions_mailtally"}
    assert Signature.objects.get() == stranger
    assert all(proof.holds for proof in verifying.verify())
    assert Petition.objects.supporters() == 1  # the stranger

    while folding.fold():
        pass
    expire(timezone.now() + LATER)
    assert holding_key() == BOUNCED | kept
    expire(timezone.now() + MUCH_LATER)
    assert holding_key() == kept
    assert holding(DOMAIN) == set()
    assert sum(MailTally.objects.values_list("confirmed", flat=True)) == 4


@pytest.mark.usefixtures("logs")
@pytest.mark.parametrize("answers", [True, False])
def test_a_newsletter_tool_is_told_and_then_no_trace_is_left(
    organization: Organization,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    answers: bool,
) -> None:
    make_webhook(organization)
    planted: Journey = request.getfixturevalue("planted")
    planted.post(f"{planted.link('/signed/')}erase/")
    assert holding(*PLANTED) == {"petitions_webhookevent"}

    if answers:
        with running_tool(tmp_path, monkeypatch) as tool:
            carry()
        assert {kind for kind, _email in tool.told} == {"consent.withdrawn"}
        assert WebhookDelivery.objects.exists()
    else:
        expire(timezone.now() + EVENTS_KEPT)
    assert holding(*PLANTED) == set()


@pytest.mark.usefixtures("logs", "planted")
def test_erasing_for_a_caller_leaves_only_a_line_in_the_register(
    petitions: list[Petition], alice: User, charlie: User
) -> None:
    Report.objects.create(
        petition=petitions[0], reason="data", text="Who has Zephyrine?", language="en",
        email=OTHER_SPELLING, created_at=timezone.now(),
    )  # fmt: skip
    for staff in (alice, charlie):
        client = Client(headers={"host": "localhost"})
        client.force_login(staff)
        path = callers.page_of(client, f"Zephyrine <{OTHER_SPELLING}>")
        for page in ("copy/", "copy.json", "access/", "erase/"):
            assert client.get(f"{path}{page}").status_code == 200
        # The other organisation's are left by the first of the two.
        assert holding(*PLANTED)
        assert callers.ask(client, f"{path}erase/").status_code == 302
        assert client.get("/admin/").status_code == 200

    assert holding(*PLANTED) == set()
    # As when they erase it themselves.
    assert holding_key() == {"petitions_outgoingmail"} | BOUNCED | WRITTEN_TO
    assert holding(DOMAIN) == {"petitions_mailtally"}
    assert [row.kind for row in SupporterRequest.objects.all()] == ["erase"] * 2
    assert "asked twice" in dump()["petitions_supporterrequest"]
    assert all(proof.holds for proof in verifying.verify())
    assert Petition.objects.supporters() == 0


@pytest.mark.usefixtures("logs")
def test_erasing_one_by_one_leaves_no_trace(
    planted: Journey, petitions: list[Petition]
) -> None:
    for petition in petitions:
        assert holding(*PLANTED)
        if petition.signatures.exclude(state="pending").exists():
            planted.post(f"{planted.own(TokenPurpose.OWN, petition)}erase/")
        else:
            planted.post(planted.own(TokenPurpose.NOT_ME, petition))

    assert holding(*PLANTED) == set()
    expire(timezone.now() + MUCH_LATER)
    assert holding(DOMAIN) == holding_key() == set()


@pytest.mark.usefixtures("logs", "planted")
def test_names_that_are_past_their_time_leave_no_trace(
    petitions: list[Petition],
) -> None:
    now = timezone.now()
    for petition in petitions:
        petition.close(now=now)

    expire(now + timedelta(days=190))

    # Answers about updates are kept for longer, and say so; nothing else is.
    assert holding(*PLANTED) == holding(DOMAIN) == {"petitions_consent"}
    assert holding_key() == {"petitions_consent"}
    assert (
        holding(
            "hinterkauzingen", "qx7 9zy", "\tqx7", "weil die eule", "quastenflosser\t"
        )
        == set()
    )
    assert Signature.objects.count() == 2
    assert all(proof.holds for proof in verifying.verify())


def test_erasing_everything_finds_answers_whose_signature_has_lost_its_name(
    planted: Journey, petitions: list[Petition]
) -> None:
    first, second, *_others = petitions
    now = timezone.now()
    first.close(now=now)
    expire(now + timedelta(days=190))
    assert not first.signatures.known().exists()

    planted.post(f"{planted.own(TokenPurpose.ALL, second)}erase/")

    assert holding(*PLANTED) == holding_key() == set()


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("end", ["time", "names"])
def test_files_for_whom_a_petition_addresses_go_in_their_time(
    petitions: list[Petition], alice: User, end: str
) -> None:
    petition, now = petitions[0], timezone.now()
    Signature.objects.update(delivery="comments")
    pack = Pack.objects.create(
        petition=petition, target=petition.targets.get(), made_by=alice, made_at=now
    )
    LeftOut.objects.create(pack=pack, signature=make_signature(petition, "x@y.example"))
    making.begin_pack(pack, now=timezone.now())
    while making.advance_pack(timezone.now()):
        pass
    assert holding("quastenflosser") == {*EVERYWHERE, "petitions_packpiece"}
    if end == "names":
        petition.close(now=now)
        Petition.objects.filter(pk=petition.pk).update(anonymised_at=now)

    expire(now if end == "names" else now + MUCH_LATER)

    assert "petitions_packpiece" not in holding(*PLANTED)
    assert not LeftOut.objects.exists()
