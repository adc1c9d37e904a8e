"""Mail that comes in, through the command that a mail server runs."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from core.models import SwitchName
from core.operation import turn_on
from petitions.counts.verifying import verify
from petitions.identity.key_ring import email_key, suppressed
from petitions.mail import incoming
from petitions.mail.incoming import NotYet, Taken, take
from petitions.mail.signed_addresses import return_path, unsubscribe_address
from petitions.models import (
    Bounce,
    Consent,
    MailingRecipient,
    MailTally,
    OutgoingMail,
    Petition,
    Signature,
    Suppression,
)
from petitions.models.mails import MailState
from petitions.signatures import my_data
from petitions.signatures.confirming import confirm
from petitions.signatures.tokens import LIFETIME
from petitions.states import SignatureState
from tests.factories import make_pending
from tests.mailserver import MailServer
from tests.petitions.mail.helpers import send, states, sweep, waiting
from tests.petitions.mail.mailing import make_supporter, news_of, ordered, run

pytestmark = pytest.mark.django_db

MAYA = "maya@example.net"
ROOT = Path(__file__).parents[3]
MESSAGES = ROOT / "tests/core/mail/messages"


@pytest.fixture(autouse=True)
def bounce_address(settings: Settings) -> None:
    settings.BOUNCE_ADDRESS = "bounces@mail.example.org"


@pytest.fixture
def mail(server: MailServer, petition: Petition) -> OutgoingMail:
    """A mail that was handed over, and the signature confirmed."""
    signature = make_pending(petition, MAYA, wants_updates=True)
    send()
    confirm(signature.pk, now=timezone.now())
    return OutgoingMail.objects.get()


def written(name: str, address: str) -> bytes:
    """Return a message that came to `address`."""
    text = (MESSAGES / f"{name}.eml").read_text()
    return text.replace("bounces+TOKEN@mail.example.org", address).encode()


def came(name: str, mail: OutgoingMail, *, later: timedelta = timedelta(0)) -> Taken:
    """Take a message that came to the return path of a mail, as it was sent."""
    address = return_path(mail.pk, now=mail.created_at)
    return take(written(name, address), now=timezone.now() + later)


def untouched(mail: OutgoingMail) -> bool:
    """Whether nothing has become of a mail that was sent, and of its signature."""
    mail.refresh_from_db()
    assert mail.signature is not None
    return (
        mail.state == MailState.SENT
        and mail.signature.state == SignatureState.CONFIRMED
        and not Bounce.objects.exists()
        and not Suppression.objects.exists()
    )


# == What goes out ==


def test_each_mail_has_a_return_path_of_its_own(
    server: MailServer, petition: Petition
) -> None:
    for email in (MAYA, "zoe@example.net"):
        make_pending(petition, email)
    send()

    senders = [envelope.mail_from for envelope in server.mailbox.envelopes]

    assert len(set(senders)) == 2
    for envelope in server.mailbox.envelopes:
        found = take(
            written("postfix-unknown", envelope.mail_from or ""), now=timezone.now()
        )
        assert found is Taken.BOUNCE
    assert states() == {"bounced": 2}
    # Readers see the same as before.
    assert {str(m["From"]) for m in server.mailbox.messages} == {
        "Rights Now <petitions@example.org>"
    }


def test_without_the_setting_it_is_the_sites(
    server: MailServer, petition: Petition, settings: Settings
) -> None:
    settings.BOUNCE_ADDRESS = ""
    waiting(petition, MAYA)
    sweep()
    send()

    (envelope,) = server.mailbox.envelopes

    assert envelope.mail_from == settings.MAIL_FROM
    assert "mailto:" not in server.mailbox.messages[0]["List-Unsubscribe"]


def test_a_reminder_can_be_answered_by_mail(
    server: MailServer, petition: Petition
) -> None:
    signature = waiting(petition, MAYA)
    sweep()
    send()
    (message,) = server.mailbox.messages
    page, mailto = message["List-Unsubscribe"].split(", ")
    assert page.startswith("<http://testserver.localhost/never-again/")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address, _, subject = mailto.strip("<>").removeprefix("mailto:").partition("?")
    assert subject == "subject=unsubscribe"

    assert take(written("unsubscribe", address), now=timezone.now()) == (
        Taken.UNSUBSCRIBE
    )

    assert suppressed([MAYA]) == {MAYA}
    assert signature.mails.get(kind="remind").state == MailState.SENT


# == What comes in ==


def test_a_bounce_does_what_a_webhook_does(mail: OutgoingMail) -> None:
    assert came("postfix-unknown", mail) is Taken.BOUNCE

    mail.refresh_from_db()
    assert (mail.state, mail.reply) == ("bounced", "bounced 5.1.1")
    assert Bounce.objects.get().reason == "bounced 5.1.1"
    assert Bounce.objects.get().email_key == email_key(MAYA)
    signature = Signature.objects.get()
    assert signature.state == SignatureState.WITHDRAWN
    assert signature.withdrawn_because == "bounced"
    assert not Consent.objects.exists()
    tally = MailTally.objects.get()
    assert (tally.signed, tally.handed_over, tally.failed) == (1, 0, 1)
    assert all(proof.holds for proof in verify())


def test_twice_is_once(mail: OutgoingMail) -> None:
    for _ in range(2):
        assert came("postfix-unknown", mail) is Taken.BOUNCE

    tally = MailTally.objects.get()
    assert (tally.signed, tally.handed_over, tally.failed) == (1, 0, 1)


@pytest.mark.parametrize(
    "name", ["postfix-expired", "gmail-full", "yahoo-unknown", "postfix-policy"]
)
def test_a_soft_bounce_silences_nobody(mail: OutgoingMail, name: str) -> None:
    assert came(name, mail) is Taken.BOUNCE

    assert states() == {"bounced": 1}
    assert not Bounce.objects.exists()


@pytest.mark.parametrize(
    "name", ["away-german", "away-french", "postfix-delayed", "letter", "no-complaint"]
)
def test_what_is_no_bounce_does_nothing(mail: OutgoingMail, name: str) -> None:
    assert came(name, mail) is Taken.NOTHING
    assert untouched(mail)


def test_it_marks_the_mail_it_names_and_no_other(
    mail: OutgoingMail, petition: Petition
) -> None:
    """The message says that it is about maya@example.net; it came to another one's."""
    make_pending(petition, "zoe@example.net")
    send()
    other = OutgoingMail.objects.exclude(pk=mail.pk).get()

    came("postfix-unknown", other)

    assert Bounce.objects.get().email_key == email_key("zoe@example.net")
    mail.refresh_from_db()
    assert mail.state == MailState.SENT


@pytest.mark.parametrize(
    "address",
    [
        "bounces@mail.example.org",
        "bounces+1.abc.def@mail.example.org",
        f"bounces+{'a' * 46}@mail.example.org",
        "maya@example.net",
        "",
    ],
)
@pytest.mark.parametrize("name", ["postfix-unknown", "complaint", "unsubscribe"])
def test_a_forged_address_does_nothing(
    mail: OutgoingMail, address: str, name: str
) -> None:
    assert take(written(name, address), now=timezone.now()) is Taken.NOTHING
    assert untouched(mail)


def test_the_address_it_came_to_counts_before_what_it_says(mail: OutgoingMail) -> None:
    """Its header names a mail of ours, but it was sent elsewhere."""
    data = written("postfix-unknown", return_path(mail.pk, now=timezone.now()))

    found = take(data, recipient="bounces@mail.example.org", now=timezone.now())

    assert found is Taken.NOTHING
    assert untouched(mail)


def test_a_token_within_the_message_is_nobodys_address(mail: OutgoingMail) -> None:
    address = return_path(mail.pk, now=timezone.now())
    data = written("postfix-unknown", "bounces@mail.example.org")

    for more in (f"To: {address}\n", f"Subject: {address}\n", f"X-Mail: {address}\n"):
        found = take(more.encode() + data, now=timezone.now())
        assert found is Taken.NOTHING
    assert take(data + address.encode(), now=timezone.now()) is Taken.NOTHING
    assert untouched(mail)


def test_a_bounce_of_long_ago_does_nothing(mail: OutgoingMail) -> None:
    later = LIFETIME + timedelta(minutes=1)

    assert came("postfix-unknown", mail, later=later) is Taken.NOTHING
    assert untouched(mail)


@pytest.mark.parametrize("name", ["complaint", "complaint-phishing"])
def test_a_complaint_silences_the_address_for_good(
    mail: OutgoingMail, name: str
) -> None:
    assert came(name, mail) is Taken.COMPLAINT

    assert suppressed([MAYA]) == {MAYA}
    mail.refresh_from_db()
    assert mail.state == MailState.SENT
    assert Signature.objects.get().state == SignatureState.CONFIRMED


@pytest.mark.parametrize("name", ["complaint", "complaint-headers-only"])
def test_a_complaint_to_the_address_agreed_with_a_provider(
    mail: OutgoingMail, name: str
) -> None:
    """What it is about is told by the signed address that the mail came from."""
    address = return_path(mail.pk, now=mail.created_at)

    found = take(
        written(name, address),
        recipient="bounces@mail.example.org",
        now=timezone.now() + LIFETIME * 2,
    )

    assert found is Taken.COMPLAINT
    assert suppressed([MAYA]) == {MAYA}


@pytest.mark.parametrize("name", ["away-german", "postfix-unknown", "read-receipt"])
def test_no_program_unsubscribes_somebody(mail: OutgoingMail, name: str) -> None:
    assert mail.signature_id is not None
    address = unsubscribe_address(mail.signature_id, now=timezone.now())

    assert take(written(name, address), now=timezone.now()) is Taken.NOTHING
    assert untouched(mail)


def test_the_address_of_an_old_mail_still_unsubscribes(mail: OutgoingMail) -> None:
    assert mail.signature_id is not None
    address = unsubscribe_address(mail.signature_id, now=mail.created_at)

    found = take(
        written("unsubscribe", address), now=timezone.now() + timedelta(days=400)
    )

    assert found is Taken.UNSUBSCRIBE


def test_whoever_was_erased_is_not_found(mail: OutgoingMail) -> None:
    assert mail.signature_id is not None
    address = unsubscribe_address(mail.signature_id, now=timezone.now())
    mail.signature = None
    mail.save()
    Signature.objects.update(
        state=SignatureState.WITHDRAWN, withdrawn_at=timezone.now()
    )
    Signature.objects.all().delete()

    assert take(written("unsubscribe", address), now=timezone.now()) is Taken.NOTHING
    assert came("complaint", mail) is Taken.NOTHING
    assert came("postfix-unknown", mail) is Taken.BOUNCE
    assert Bounce.objects.get().email_key == email_key(MAYA)
    OutgoingMail.objects.all().delete()
    assert came("postfix-unknown", mail) is Taken.NOTHING


def test_nothing_in_the_log_says_whose(
    mail: OutgoingMail, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in ("postfix-unknown", "complaint", "letter"):
        came(name, mail)

    said = [r.getMessage() for r in caplog.records if r.name == incoming.__name__]
    assert said == [
        f"Mail that came in: came back, mail {mail.pk}",
        f"Mail that came in: a complaint, mail {mail.pk}",
        f"Mail that came in: nothing for us, mail {mail.pk}",
    ]
    assert "example.net" not in caplog.text
    assert "+" not in caplog.text


# == The command ==


def pipe(
    monkeypatch: pytest.MonkeyPatch, data: bytes, **options: str
) -> tuple[int, int]:
    """Run the command as a mail server does; return its exit code, and how many bytes
    it left unread."""
    stream = io.BytesIO(data)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
    try:
        call_command("take_mail", **options)
    except CommandError as error:
        return error.returncode, len(stream.read())
    return 0, len(stream.read())


def test_it_takes_a_message_from_a_pipe(
    mail: OutgoingMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = return_path(mail.pk, now=timezone.now())
    data = written("postfix-unknown", "somebody@example.org")

    assert pipe(monkeypatch, data, recipient=address.upper()) == (0, 0)

    assert states() == {"bounced": 1}


def test_a_long_message_is_read_to_its_end_and_not_kept(
    mail: OutgoingMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report stands before the mail that it quotes."""
    address = return_path(mail.pk, now=timezone.now())
    data = written("postfix-unknown", address) + b"x" * 30_000_000

    assert pipe(monkeypatch, data) == (0, 0)

    assert states() == {"bounced": 1}


def test_a_mail_that_is_only_just_being_sent_is_tried_again(
    mail: OutgoingMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's bounce may overtake the worker's mark."""
    OutgoingMail.objects.update(
        state=MailState.DUE,
        finished_at=None,
        leased_until=timezone.now() + timedelta(minutes=1),
    )
    data = written("postfix-unknown", return_path(mail.pk, now=timezone.now()))

    assert pipe(monkeypatch, data) == (os.EX_TEMPFAIL, 0)
    assert not Bounce.objects.exists()

    OutgoingMail.objects.update(
        state=MailState.SENT, finished_at=timezone.now(), leased_until=None
    )
    assert pipe(monkeypatch, data) == (0, 0)
    assert states() == {"bounced": 1}


def test_a_site_that_is_read_only_takes_nothing(
    mail: OutgoingMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_on(SwitchName.READ_ONLY, {}, now=timezone.now(), by=None)
    data = written("postfix-unknown", return_path(mail.pk, now=timezone.now()))

    assert pipe(monkeypatch, data)[0] == os.EX_TEMPFAIL
    assert untouched(mail)


def test_without_the_setting_it_says_what_to_set(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BOUNCE_ADDRESS = ""

    with pytest.raises(CommandError, match="BOUNCE_ADDRESS is not set") as refused:
        call_command("take_mail")

    assert refused.value.returncode == os.EX_TEMPFAIL


def test_a_database_that_is_away_is_no_reason_to_send_it_back() -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": "postgresql://postgres@127.0.0.1:1/none",
        "BOUNCE_ADDRESS": "bounces@mail.example.org",
    }

    done = subprocess.run(
        [sys.executable, "manage.py", "take_mail"],
        cwd=ROOT,
        env=environment,
        input=written("postfix-unknown", "bounces@mail.example.org"),
        capture_output=True,
        check=False,
    )

    assert done.returncode == os.EX_TEMPFAIL, done.stderr
    assert b"127.0.0.1" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_database_that_goes_away_meanwhile(
    mail: OutgoingMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = written("postfix-unknown", return_path(mail.pk, now=timezone.now()))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        code, _left = pipe(monkeypatch, data)
        transaction.set_rollback(True)  # and with it what was set

    assert code == os.EX_TEMPFAIL
    assert untouched(mail)


def test_a_mistake_of_ours_sends_nothing_back(
    mail: OutgoingMail,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stumble(message: object) -> None:
        raise RecursionError

    monkeypatch.setattr(incoming, "read_report", stumble)
    data = written("postfix-unknown", return_path(mail.pk, now=timezone.now()))

    assert pipe(monkeypatch, data) == (0, 0)

    assert "could not be read: builtins.RecursionError" in caplog.text
    assert untouched(mail)


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("tmp", "new", "cur"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_it_takes_what_is_new_in_a_maildir(mail: OutgoingMail, maildir: Path) -> None:
    address = return_path(mail.pk, now=timezone.now())
    for number, name in enumerate(["letter", "postfix-unknown", "away-german"]):
        (maildir / "new" / f"{number}.host").write_bytes(written(name, address))
    (maildir / "new" / "empty").touch()
    (maildir / "new" / ".hidden").touch()
    (maildir / "new" / "elsewhere").symlink_to("/dev/zero")
    os.mkfifo(maildir / "new" / "pipe")
    (maildir / "cur" / "old:2,").write_bytes(written("complaint", address))
    out = io.StringIO()

    call_command("take_mail", maildir=maildir, stdout=out)

    assert out.getvalue().split() == ["1", "came", "back", "3", "nothing", "for", "us"]
    assert sorted(path.name for path in (maildir / "new").iterdir()) == [
        ".hidden", "elsewhere", "pipe",
    ]  # fmt: skip
    assert sorted(path.name for path in (maildir / "cur").iterdir()) == [
        "0.host:2,S", "1.host:2,S", "2.host:2,S", "empty:2,S", "old:2,",
    ]  # fmt: skip
    assert states() == {"bounced": 1}
    assert not Suppression.objects.exists()


def test_what_is_for_later_stays_new_and_holds_up_no_other(
    mail: OutgoingMail, petition: Petition, maildir: Path
) -> None:
    make_pending(petition, "zoe@example.net")
    due = OutgoingMail.objects.exclude(pk=mail.pk).get()
    OutgoingMail.objects.filter(pk=due.pk).update(
        leased_until=timezone.now() + timedelta(minutes=1)
    )
    for number, each in enumerate((due, mail)):
        address = return_path(each.pk, now=timezone.now())
        path = maildir / "new" / str(number)
        path.write_bytes(written("postfix-unknown", address))

    with pytest.raises(CommandError, match="1 left for later") as left:
        call_command("take_mail", maildir=maildir, stdout=io.StringIO())

    assert left.value.returncode == os.EX_TEMPFAIL
    assert [path.name for path in (maildir / "new").iterdir()] == ["0"]
    assert states() == {"due": 1, "bounced": 1}


def test_a_folder_that_is_no_maildir_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is no maildir: it has no new and cur"):
        call_command("take_mail", maildir=tmp_path / "none")


# == Mails of mailings ==


@pytest.fixture
def news(server: MailServer, petition: Petition) -> MailingRecipient:
    """A mail of a mailing that was handed over."""
    make_supporter(petition, MAYA)
    run(ordered(news_of(petition)))
    return MailingRecipient.objects.get()


def came_for(name: str, address: str) -> Taken:
    return take(written(name, address), now=timezone.now())


def test_a_mail_of_a_mailing_that_comes_back_is_counted_and_silences_its_mailbox(
    server: MailServer, news: MailingRecipient
) -> None:
    address = server.mailbox.envelopes[-1].mail_from or ""
    assert address.startswith("bounces+")

    for _ in range(2):
        assert came_for("postfix-unknown", address) is Taken.BOUNCE

    news.refresh_from_db()
    assert (news.state, news.reply) == ("bounced", "bounced 5.1.1")
    assert (news.mailing.sent, news.mailing.bounced) == (0, 1)
    assert Bounce.objects.get().email_key == email_key(MAYA)
    assert Signature.objects.get().state == SignatureState.CONFIRMED


def test_it_is_no_other_mail_of_the_same_number(
    server: MailServer, news: MailingRecipient, petition: Petition
) -> None:
    other = make_pending(petition, "zoe@example.net").mails.get()
    OutgoingMail.objects.filter(pk=other.pk).update(
        id=news.pk, state="sent", finished_at=timezone.now()
    )

    came_for("postfix-unknown", server.mailbox.envelopes[-1].mail_from or "")

    assert OutgoingMail.objects.get().state == MailState.SENT
    assert Bounce.objects.get().email_key == email_key(MAYA)


@pytest.mark.parametrize("agreed", [True, False])
def test_a_complaint_about_a_mailing_silences_the_address_for_good(
    server: MailServer, news: MailingRecipient, agreed: bool
) -> None:
    address = server.mailbox.envelopes[-1].mail_from or ""
    to = "bounces@mail.example.org" if agreed else ""

    found = take(written("complaint", address), recipient=to, now=timezone.now())

    assert found is Taken.COMPLAINT
    assert suppressed([MAYA]) == {MAYA}


def test_one_of_an_erased_signature_comes_back_all_the_same(
    server: MailServer, news: MailingRecipient
) -> None:
    my_data.erase_signature(Signature.objects.get(), now=timezone.now())
    address = server.mailbox.envelopes[-1].mail_from or ""

    assert came_for("complaint", address) is Taken.NOTHING
    assert came_for("postfix-unknown", address) is Taken.BOUNCE

    news.refresh_from_db()
    assert (news.state, news.reply, news.mailing.bounced) == ("bounced", "", 1)
    news.delete()
    assert came_for("postfix-unknown", address) is Taken.NOTHING


def test_one_that_is_only_just_being_sent_is_tried_again(
    server: MailServer, news: MailingRecipient
) -> None:
    until = timezone.now() + timedelta(minutes=1)
    MailingRecipient.objects.update(state="due", finished_at=None, leased_until=until)

    with pytest.raises(NotYet):
        came_for("postfix-unknown", server.mailbox.envelopes[-1].mail_from or "")
