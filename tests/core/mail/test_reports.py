"""What messages that come in report: written as mail servers and programs write them,
and as nobody should."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail import reports
from core.mail.reports import CameBack, Complaint, read_report, split_message

MESSAGES = Path(__file__).parent / "messages"

# The file, what it reports, and whether there is no such mailbox.
BOUNCES = [
    ("exchange-french", "5.1.1", True),
    ("exchange-full", "5.2.2", False),
    ("exchange-only-members", "5.7.133", False),
    ("exchange-unknown", "5.1.10", True),
    ("exchange-utf8-base64", "5.1.1", True),
    ("exim-full", "4.2.2", False),
    ("exim-old", "", False),
    ("exim-unknown", "5.1.1", True),
    ("gmail-full", "4.2.2", False),
    ("gmail-unknown", "5.1.1", True),
    ("outlook-unavailable", "5.5.0", False),
    ("postfix-alias-both", "5.2.2", False),
    ("postfix-expired", "4.4.1", False),
    ("postfix-no-code", "5.0.0", False),
    ("postfix-no-domain", "5.1.2", True),
    ("postfix-policy", "5.7.1", False),
    ("postfix-unknown", "5.1.1", True),
    ("qmail-full", "5.2.2", False),
    ("qmail-remote", "", False),
    ("qmail-unknown", "5.1.1", True),
    ("sendmail-old", "5.1.1", True),
    ("sendmail-unknown", "5.1.1", True),
    ("yahoo-report", "5.0.0", False),
    ("yahoo-unknown", "", False),
]
COMPLAINTS = ["complaint", "complaint-headers-only", "complaint-phishing"]
# Delays, arrivals, absences, letters, and what programs tell each other.
NOTHING = [
    "away-french",
    "away-german",
    "away-postmaster",
    "dmarc-failure",
    "exim-old-warning",
    "gmail-delayed",
    "letter",
    "letter-postmaster",
    "letter-with-a-bounce",
    "no-complaint",
    "postfix-alias-partly",
    "postfix-arrived",
    "postfix-delayed",
    "read-receipt",
    "unsubscribe",
]


def message(name: str) -> bytes:
    return (MESSAGES / f"{name}.eml").read_bytes()


def test_each_message_stands_in_one_list() -> None:
    listed = [name for name, _, _ in BOUNCES] + COMPLAINTS + NOTHING

    assert sorted(listed) == sorted(path.stem for path in MESSAGES.glob("*.eml"))


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(("name", "status", "gone"), BOUNCES)
def test_bounces(name: str, status: str, gone: bool, line_end: bytes) -> None:
    found = read_report(split_message(message(name).replace(b"\n", line_end)))

    assert found == CameBack(status)
    assert found.no_such_mailbox is gone


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("name", COMPLAINTS)
def test_complaints(name: str, line_end: bytes) -> None:
    found = read_report(split_message(message(name).replace(b"\n", line_end)))

    assert isinstance(found, Complaint)
    assert "<bounces+TOKEN@mail.example.org>" in found.return_path


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("name", NOTHING)
def test_what_is_neither(name: str, line_end: bytes) -> None:
    assert read_report(split_message(message(name).replace(b"\n", line_end))) is None


def test_where_it_was_sent_to_is_what_delivered_it_noted() -> None:
    data = (
        b"X-Original-To: one@example.org\nDelivered-To: two@example.org\n"
        b"Envelope-To: three@example.org\nTo: four@example.org\n\n"
        b"Delivered-To: five@example.org\n"
    )

    found = reports.sent_to(split_message(data))

    assert found.split() == ["one@example.org", "two@example.org", "three@example.org"]


# == What nobody should write ==

KIND = b"multipart/report; report-type=delivery-status"
STATUS = b"Content-Type: message/delivery-status\n\n\nAction: failed\nStatus: 5.1.1\n"


def nested(depth: int) -> bytes:
    """A message in which each part has a part."""
    levels = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level)
        for level in range(depth)
    )
    return b'Content-Type: %b; boundary="x"\n\n--x\n' % KIND + levels


HOSTILE = {
    "nothing": b"",
    "a blank line": b"\n",
    "no header": b"\n\n\x00\xff\xfe" * 1000,
    "no end of the header": b"Subject: x\n" * 200_000,
    "one long line": b"x" * 3_000_000,
    "100,000 parts": b'Content-Type: %b; boundary="x"\n\n' % KIND
    + b"--x\nContent-Type: text/plain\n\ny\n" * 100_000,
    "100,000 levels": nested(100_000),
    "100,000 recipients": b'Content-Type: %b; boundary="x"\n\n--x\n' % KIND
    + b"Content-Type: message/delivery-status\n\n"
    + b"Final-Recipient: rfc822; a@example.org\n\n" * 100_000,
    "a long type": b"Content-Type: multipart/report" + b"; a=b" * 100_000 + b"\n\n",
    "a type of quotes": b"Content-Type: multipart/report; boundary=" + b'"\\' * 30_000,
    "a long boundary": b'Content-Type: %b; boundary="%b"\n\n' % (KIND, b"x" * 60_000),
    "numbered parameters": b"Content-Type: multipart/report"
    + b"".join(b"; boundary*%d=x" % number for number in range(50))
    + b"\n\n--x\n",
    "an unknown charset": b"Content-Type: multipart/report; boundary*=no-such''%FF\n\n",
    "broken base64": b'Content-Type: %b; boundary="x"\n\n--x\n' % KIND
    + b"Content-Type: message/delivery-status\n"
    + b"Content-Transfer-Encoding: base64\n\nabc\n--x--\n",
    "bytes in the header": b"Content-Type: \xff\xfe; boundary=\xff\nTo: \xff\n\n\xff",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_report_nothing_in_little_memory(name: str) -> None:
    data = HOSTILE[name][: reports.LONGEST]
    tracemalloc.start()
    try:
        found = read_report(split_message(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert found is None
    # A few copies of what is read, however it is cut up.
    assert peak < 6 * reports.LONGEST


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_does_not_hide_what_it_reports(name: str) -> None:
    """The lines before it are a report, so that the same code goes through both."""
    before = b'Content-Type: %b; boundary="first"\n\n--first\n%b--first\n' % (
        KIND,
        STATUS,
    )

    data = (before + HOSTILE[name])[: reports.LONGEST]

    assert read_report(split_message(data)) == CameBack("5.1.1")


WORDS = st.sampled_from(
    [
        b"Content-Type: ", b"multipart/report; ", b"boundary=", b'"x"', b"--x", b"\n",
        b"\r\n", b"\n\n", b"message/delivery-status", b"message/feedback-report",
        b"Action: failed", b"Status: 5.1.1", b"Feedback-Type: abuse", b"From: ",
        b"mailer-daemon@x", b"Return-Path: <>", b"charset*=", b"''%", b"=?utf-8?q?",
        b"Content-Transfer-Encoding: base64", b"Hi. This is the ", b" 550 ", b"\xff",
    ]
)  # fmt: skip


@given(st.lists(WORDS | st.binary(max_size=8), max_size=60).map(b"".join))
def test_anything_can_be_read(data: bytes) -> None:
    message = split_message(data)

    assert isinstance(read_report(message), CameBack | Complaint | None)
    assert isinstance(reports.sent_to(message), str)
    assert isinstance(reports.is_from_program(message), bool)
