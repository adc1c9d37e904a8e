"""Addresses at international domains, and addresses with non-ASCII letters before the
@: with a mail server that supports them, and one that does not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.mail import send_mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config.environment import Environment
from core.mail import capabilities
from core.models import Heartbeat
from core.observability import alerts
from organizations.models import Membership, Organization
from petitions import reports
from petitions.mail import (
    outbox,
)
from petitions.models import OutgoingMail, Petition, Signature
from petitions.models.mails import MailState
from tests.factories import make_pending
from tests.helpers import text_of
from tests.mailserver import MailServer
from tests.petitions.conftest import ascii_only, both_manners
from tests.petitions.mail.helpers import send, states

pytestmark = pytest.mark.django_db

SIGN = "/petitions/free-the-prisoners/sign/"


@ascii_only
@both_manners
@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("ada@münchen.test", "ada@xn--mnchen-3ya.test"),
        ("bea@xn--mnchen-3ya.test", "bea@xn--mnchen-3ya.test"),
        ("c@例子.测试", "c@xn--fsqu00a.xn--0zwm56d"),
        ("abc.@docomo.example", '"abc."@docomo.example'),
        ("a..b@ezweb.example", '"a..b"@ezweb.example'),
    ],
)
def test_every_server_takes_an_international_domain(
    server: MailServer,
    visitor: Client,
    petition: Petition,
    sign_form: dict[str, Any],
    typed: str,
    sent: str,
) -> None:
    response = visitor.post(SIGN, {**sign_form, "email": typed})
    assert response.status_code == 303

    send()

    # The server reads quotes as what they are.
    assert server.mailbox.recipients == [sent.replace('"', "")]
    (envelope,) = server.mailbox.envelopes
    assert not [each for each in envelope.mail_options if "UTF8" in str(each)]
    assert isinstance(envelope.content, bytes)
    head = envelope.content.split(b"\r\n\r\n")[0]
    assert head.isascii()
    assert f"\r\nTo: {sent}\r\n".encode() in head
    (message,) = server.mailbox.messages
    assert len(message["To"].addresses) == 1
    assert states() == {"sent": 1}


def test_other_letters_before_the_at_need_a_server_that_knows_them(
    server: MailServer, petition: Petition
) -> None:
    make_pending(petition, "josé@münchen.test")

    send()

    (envelope,) = server.mailbox.envelopes
    assert envelope.rcpt_tos == ["josé@xn--mnchen-3ya.test"]
    assert "SMTPUTF8" in envelope.mail_options
    assert capabilities.can_reach("maria@example.org")
    assert capabilities.can_reach("josé@example.org")


@ascii_only
def test_what_cannot_be_sent_is_said_on_the_page(
    server: MailServer, visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    outbox.begin_sending()  # the worker asks as soon as it works

    refused = visitor.post(SIGN, {**sign_form, "email": "josé@example.org"})

    assert refused.status_code == 422
    page = text_of(refused)
    assert "Our mail server cannot write to this address" in page
    assert 'value="josé@example.org"' in refused.content.decode()
    assert not Signature.objects.exists()
    # An international domain is no obstacle.
    taken = visitor.post(SIGN, {**sign_form, "email": "jose@münchen.test"})
    assert taken.status_code == 303


@ascii_only
def test_what_was_taken_before_that_was_known_fails_and_is_learnt_from(
    server: MailServer, visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    taken = visitor.post(SIGN, {**sign_form, "email": "josé@example.org"})
    assert taken.status_code == 303

    send()

    assert states() == {MailState.FAILED: 1}
    assert OutgoingMail.objects.get().reply.startswith("550 5.6.7")
    capabilities.IS_INTERNATIONAL.forget()
    refused = visitor.post(SIGN, {**sign_form, "email": "josé@example.org"})
    assert refused.status_code == 422


def test_a_server_that_learns_more_is_believed() -> None:
    capabilities.learn(False)
    assert not capabilities.ask_server()
    capabilities.learn(True)
    assert capabilities.ask_server()
    assert Heartbeat.objects.count() == 1
    first = Heartbeat.objects.get(name=capabilities.TAKES).beat_at
    capabilities.learn(True)
    assert Heartbeat.objects.get(name=capabilities.TAKES).beat_at == first


@ascii_only
def test_the_sender_and_where_answers_go_may_be_international(
    server: MailServer, petition: Petition, settings: Settings
) -> None:
    environment = Environment()
    settings.MAIL_FROM = environment.address("MAIL_FROM", "Büro <p@bücher.example>")
    Organization.objects.update(contact_email="info@münchen.test")
    make_pending(petition, "ada@example.org")

    send()

    (envelope,) = server.mailbox.envelopes
    assert envelope.mail_from == "p@xn--bcher-kva.example"
    (message,) = server.mailbox.messages
    assert message["From"].addresses[0].addr_spec == "p@xn--bcher-kva.example"
    assert message["Reply-To"] == "info@xn--mnchen-3ya.test"
    assert message["Message-ID"].endswith("@xn--bcher-kva.example>")


@ascii_only
def test_links_of_an_international_site_are_ones_that_mail_programs_follow(
    server: MailServer, petition: Petition, settings: Settings
) -> None:
    environment = Environment()
    environment.ENVIRON = {"SITE_URL": "https://pétitions.example:8443"}
    settings.SITE_URL = environment.site_url("SITE_URL").geturl()
    assert settings.SITE_URL == "https://xn--ptitions-b1a.example:8443"
    assert environment.problems == []
    make_pending(petition, "ada@example.org")

    send()

    (message,) = server.mailbox.messages
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert re.search(
        r"^https://xn--ptitions-b1a\.example:8443/confirm/\S+\s*$", text, re.M
    )


@ascii_only
def test_every_mail_of_the_site_has_an_id_of_its_domain(
    server: MailServer,
    petition: Petition,
    settings: Settings,
) -> None:
    settings.ALERT_EMAILS = ["ops@münchen.test"]
    organization = petition.organization
    Membership.objects.all().delete()
    Organization.objects.update(contact_email="info@münchen.test")
    organization.refresh_from_db()

    alerts.send_alert("Attention needed", "A test")
    reports.mail_report_notice(organization, 1)
    send_mail("Staff", "Text", settings.MAIL_FROM, ["abc.@docomo.ne.jp"])
    make_pending(petition, "ada@example.org")
    outbox.send_due(timezone.now())

    assert server.mailbox.recipients == [
        "ops@xn--mnchen-3ya.test", "info@xn--mnchen-3ya.test", "abc.@docomo.ne.jp",
        "ada@example.org",
    ]  # fmt: skip
    identities = [message["Message-ID"] for message in server.mailbox.messages]
    assert len(set(identities)) == 4
    assert all(each.endswith("@example.org>") for each in identities)
