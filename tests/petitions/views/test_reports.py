"""Messages from visitors: taken from everybody, read by those whom they are for, told
of in a bounded way, erased in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.retention import expire
from organizations.models import Organization, Role, User
from petitions import reports
from petitions.abuse.rate_limits import RATE_LIMITS
from petitions.models import Limit, ListedNetwork, Petition, Report
from petitions.states import OF_PETITIONS, OF_SITE, State
from tests.factories import make_member, make_organization, make_petition
from tests.helpers import text_of

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]
REPORT = "/petitions/free-the-prisoners/report/"
LIST = "/admin/petitions/report/"
WORDS = "The second sentence is not true."


@pytest.fixture
def form() -> dict[str, str]:
    return {"reason": "untrue", "text": WORDS, "email": "Reader@Example.org"}


def make_report(petition: Petition | None, **fields: Any) -> Report:
    fields.setdefault("created_at", timezone.now())
    fields = {"reason": "other", "text": WORDS, "language": "en", **fields}
    return Report.objects.create(petition=petition, **fields)


# == Taking them ==


def test_a_report_is_stored_for_its_petition(
    visitor: Client, petition: Petition, form: dict[str, str]
) -> None:
    response = visitor.post(f"/fr{REPORT}", form)

    assert response.status_code == 303
    assert response.headers["Location"] == f"/fr{REPORT}?sent=1"
    report = Report.objects.get()
    assert (report.petition, report.reason, report.text) == (petition, "untrue", WORDS)
    assert (report.email, report.language) == ("Reader@example.org", "fr")
    assert not report.is_trapped
    assert "Rights Now" in text_of(visitor.get(response.headers["Location"]))


def test_contact_is_about_the_site(visitor: Client, db: None) -> None:
    response = visitor.post("/contact/", {"reason": "access", "text": "Too small."})

    assert response.headers["Location"] == "/contact/?sent=1"
    assert Report.objects.get().petition is None


def test_each_form_offers_its_own_reasons(visitor: Client, petition: Petition) -> None:
    for path, reasons in ((REPORT, OF_PETITIONS), ("/contact/", OF_SITE)):
        page = visitor.get(path).content.decode()
        assert [r for r in reasons if f'value="{r.value}"' not in page] == []
        assert page.count('<input type="radio"') == len(reasons)
    chosen = visitor.get("/contact/?reason=access").content.decode()
    assert 'value="access" checked' in chosen
    refused = visitor.post("/contact/", {"reason": "untrue", "text": "x"})
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reason": ""}, "Choose what it is about"),
        ({"reason": "x" * 500}, "Choose what it is about"),
        ({"text": " "}, "Write what you would like to tell us"),
        (
            {"text": "é" * 3001},
            "Shorten your message to 3,000 characters; it has 3,001",
        ),
        ({"text": "a\ufffdb"}, "Character 2 (U+FFFD) cannot be read"),
        ({"email": "me at home"}, "Enter an e-mail address such as name@example.org"),
    ],
)
def test_mistakes_are_said_and_what_was_typed_stays(
    visitor: Client,
    petition: Petition,
    form: dict[str, str],
    changes: dict[str, str],
    sentence: str,
) -> None:
    response = visitor.post(REPORT, form | changes)

    assert response.status_code == 422
    page = response.content.decode()
    assert text_of(response).count(sentence) == 2, "in the summary and beside the field"
    assert "<title>Error: " in page
    if "text" not in changes:
        assert WORDS in page
    if "reason" not in changes:
        assert 'value="untrue" checked' in page
    assert not Report.objects.exists()


def test_another_site_cannot_send_it(petition: Petition, form: dict[str, str]) -> None:
    stranger = Client(headers={"host": "localhost", "sec-fetch-site": "cross-site"})

    response = stranger.post(REPORT, form)

    assert response.status_code == 403
    assert WORDS in response.content.decode()
    assert "sent from another site" in text_of(response)
    assert not Report.objects.exists()


def test_beyond_the_ceiling_what_was_typed_stays(
    visitor: Client, petition: Petition, form: dict[str, str]
) -> None:
    Limit.objects.all().delete()
    Limit.objects.create(scope="ceiling", most=2, minutes=60)
    RATE_LIMITS.forget()

    answers = [
        visitor.post(
            path, form | {"reason": "other"}, headers={"x-forwarded-for": "9.9.9.9"}
        )
        for path in (REPORT, "/contact/", REPORT, "/contact/")
    ]

    assert [answer.status_code for answer in answers] == [303, 303, 429, 429]
    assert Report.objects.count() == 2
    for refused in answers[2:]:
        assert refused.headers["Retry-After"] == "60"
        assert WORDS in refused.content.decode()
        assert "try again in a few minutes" in text_of(refused)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [REPORT, "/fr/contact/"])
def test_while_the_database_takes_no_writes_what_was_typed_stays(
    visitor: Client, petition: Petition, form: dict[str, str], path: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        response = visitor.post(path, form | {"reason": "other"})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET default_transaction_read_only")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "10"
    assert WORDS in response.content.decode()
    said = (
        "est toujours là" if path.startswith("/fr/") else "What you typed is still here"
    )
    assert said in text_of(response)
    assert not Report.objects.exists()


def test_one_network_does_not_bury_what_others_write(
    visitor: Client, petition: Petition, form: dict[str, str]
) -> None:
    """Far fewer than it may sign: each is read by somebody."""

    def write(address: str, path: str = REPORT) -> int:
        headers = {"x-forwarded-for": address}
        return visitor.post(
            path, form | {"reason": "other"}, headers=headers
        ).status_code

    answers = [write("9.9.9.9") for _ in range(22)]

    assert answers == [303] * 20 + [429] * 2
    assert (write("9.9.9.8", "/contact/"), write("9.9.8.9")) == (429, 303)
    ListedNetwork.objects.create(network="9.9.9.0/24", listing="allow")
    RATE_LIMITS.forget()
    assert write("9.9.9.9") == 303


def test_a_program_gets_the_same_answer_and_wakes_nobody(
    visitor: Client, petition: Petition, alice: User, form: dict[str, str]
) -> None:
    human = visitor.post(REPORT, form)
    program = visitor.post(REPORT, form | {"subject": "Buy now"})

    assert human.headers["Location"] == program.headers["Location"]
    assert [r.is_trapped for r in Report.objects.order_by("pk")] == [False, True]
    Report.objects.filter(is_trapped=False).delete()
    reports.mail_reports(timezone.now())
    assert mail.outbox == []


def test_only_what_the_public_sees_can_be_reported(
    visitor: Client, organization: Organization, form: dict[str, str]
) -> None:
    make_petition(organization, title="Draft", state=State.DRAFT)
    make_petition(organization, title="Gone", state=State.WITHDRAWN)
    make_petition(organization, title="Over", state=State.CLOSED)

    assert visitor.post("/petitions/draft/report/", form).status_code == 404
    gone = visitor.get("/petitions/gone/report/")
    assert gone.headers["Location"] == "/petitions/gone/"
    assert visitor.post("/petitions/over/report/", form).status_code == 303


def test_a_message_is_taken_whatever_became_of_the_petition_meanwhile(
    visitor: Client, petition: Petition, form: dict[str, str]
) -> None:
    """The form was open in a browser."""
    petition.slug = "free-them-all"
    petition.save()
    moved = visitor.post(REPORT, form)
    petition.withdraw(now=timezone.now())
    withdrawn = visitor.post("/petitions/free-them-all/report/", form)

    for answer in (moved, withdrawn):
        assert answer.status_code == 303
        thanks = text_of(visitor.get(answer.headers["Location"]))
        assert "Thank you for telling us" in thanks
    assert Report.objects.filter(petition=petition).count() == 2


def test_a_body_that_is_no_form(visitor: Client, petition: Petition) -> None:
    response = visitor.post(REPORT, "{}", content_type="application/json")

    assert response.status_code == 415


# == Telling staff ==


def told(now: datetime) -> list[EmailMessage]:
    """What the worker sends in a round at `now`."""
    before = len(mail.outbox)
    reports.mail_reports(now)
    return list(mail.outbox[before:])


def test_an_organisation_is_told_once_an_hour(
    petition: Petition, alice: User, erin: User, bob: User
) -> None:
    now = timezone.now()
    for _ in range(3):
        make_report(petition)
    (first,) = told(now)
    make_report(petition)

    assert sorted(first.to) == ["alice@example.org", "erin@example.org"]
    assert first.subject == "3 visitors have written to you"
    assert f"http://testserver.localhost{LIST}?handled=no" in str(first.body)
    assert WORDS not in str(first.message())
    assert told(now + timedelta(minutes=59)) == []
    (second,) = told(now + timedelta(minutes=61))
    assert second.subject == "A visitor has written to you"
    assert told(now + timedelta(hours=3)) == []


def test_each_organisation_has_its_own_hour(
    petition: Petition, alice: User, charlie: User, other_organization: Organization
) -> None:
    make_report(petition)
    now = timezone.now()
    assert [m.to for m in told(now)] == [["alice@example.org"]]

    make_report(make_petition(other_organization))

    assert [m.to for m in told(now)] == [["charlie@example.org"]]


def test_what_is_about_the_site_goes_to_those_who_run_it(
    alice: User, ada: User, settings: Settings
) -> None:
    make_report(None)
    assert [m.to for m in told(timezone.now())] == [["admin@example.org"]]

    settings.ALERT_EMAILS = []
    make_report(None)
    later = timezone.now() + timedelta(hours=2)
    assert [m.to for m in told(later)] == [["ada@example.org"]]


def test_an_organisation_without_editors_is_told_at_its_contact() -> None:
    organization = make_organization("Small", contact_email="office@small.example")
    make_member(organization, Role.VIEWER, "viewer@example.org")
    make_report(make_petition(organization))

    assert [m.to for m in told(timezone.now())] == [["office@small.example"]]


def test_a_mail_server_that_is_away_is_asked_again(
    petition: Petition, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_report(petition)
    now = timezone.now()

    def away(*args: object, **options: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(reports, "send_mail", away)
        assert reports.mail_reports(now) is False
    assert Report.objects.untold().count() == 1
    assert len(told(now + timedelta(seconds=30))) == 1


def test_what_is_handled_already_is_not_told(petition: Petition, alice: User) -> None:
    make_report(petition).handle(by=alice, note="Done.", now=timezone.now())

    assert told(timezone.now()) == []


# == Handling them ==


def test_staff_say_what_was_done(
    as_user: Login, erin: User, petition: Petition
) -> None:
    report = make_report(petition, email="reader@example.org")
    client, path = as_user(erin), f"{LIST}{report.pk}/change/"
    page = client.get(path)
    assert WORDS in text_of(page)
    assert "reader@example.org" in text_of(page)

    without = client.post(path, {"handled": "on", "note": " "})
    unticked = client.post(path, {"note": "Corrected."})
    assert "Say in a few words what was done." in text_of(without)
    assert "Tick it when this is dealt with" in text_of(unticked)

    assert client.post(path, {"handled": "on", "note": "Corrected."}).status_code == 302
    report.refresh_from_db()
    assert (report.handled_by, report.note) == (erin, "Corrected.")
    assert report.handled_at is not None
    assert "Free the prisoners" not in text_of(client.get(f"{LIST}?handled=no"))
    assert "Free the prisoners" in text_of(client.get(f"{LIST}?handled=yes"))

    assert client.post(path, {"note": ""}).status_code == 302
    again = Report.objects.get()
    assert (again.handled_at, again.handled_by, again.note) == (None, None, "")


def test_viewers_see_none_and_administrators_alone_what_is_about_the_site(
    as_user: Login, bob: User, alice: User, ada: User, petition: Petition
) -> None:
    site = make_report(None)
    own = make_report(petition)
    form = {"handled": "on", "note": "Mine now."}

    assert as_user(bob).get(f"{LIST}{own.pk}/change/").status_code == 403
    assert as_user(bob).post(f"{LIST}{own.pk}/change/", form).status_code == 403
    assert as_user(alice).post(f"{LIST}{site.pk}/change/", form).status_code == 404
    assert not Report.objects.filter(handled_at__isnull=False).exists()
    assert as_user(ada).post(f"{LIST}{site.pk}/change/", form).status_code == 302
    assert Report.objects.get(handled_at__isnull=False) == site


@pytest.mark.parametrize("fields", [{"reason": "nonsense"}, {"note": "by nobody"}])
def test_the_database_refuses(petition: Petition, fields: dict[str, str]) -> None:
    with pytest.raises(IntegrityError):
        make_report(petition, **fields)


# == Erasing them ==


def test_words_go_a_month_after_and_half_a_year_at_most(
    petition: Petition, alice: User
) -> None:
    now = timezone.now()
    long_ago = now - timedelta(days=190)
    forgotten = make_report(petition, created_at=long_ago, email="a@example.org")
    done, fresh = make_report(petition), make_report(petition)
    done.handle(by=alice, note="Done.", now=now - timedelta(days=31))
    fresh.handle(by=alice, note="Done.", now=now - timedelta(days=29))

    assert expire(now)["messages from visitors"] == 2
    assert expire(now)["messages from visitors"] == 0

    for report in (forgotten, done, fresh):
        report.refresh_from_db()
    assert (forgotten.text, forgotten.email, done.text, done.note) == ("", "", "", "")
    assert (fresh.text, fresh.note) == (WORDS, "Done.")
