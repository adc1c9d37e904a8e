"""What goes when: each rule at its very day, and names once a petition has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core import retention
from core.db.database import statement_timeout
from core.retention import expire
from organizations.models import User
from petitions.counts import folding, verifying
from petitions.identity.key_ring import email_key
from petitions.models import (
    Consent,
    DailyTotal,
    Mailing,
    MailingRecipient,
    MailTally,
    MergedSignature,
    OutgoingMail,
    Petition,
    RetentionLimit,
    Signature,
)
from petitions.models.mails import MailState
from petitions.privacy import expiry
from petitions.signature_fields import ERASED
from petitions.signatures import (
    confirming,
    consent,
    correcting,
    links,
    my_data,
    withdrawing,
)
from petitions.signatures.tokens import (
    LIFETIME,
    TokenPurpose,
    make_token,
)
from petitions.states import SignatureState, State
from tests.factories import (
    backdate,
    make_entry,
    make_pending,
    make_petition,
    make_signature,
)
from tests.helpers import text_of
from tests.petitions.admin.helpers import form
from tests.petitions.mail.mailing import written_to
from tests.site import until

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


# == What was not confirmed, and mail ==


def test_what_nobody_confirmed_is_erased_after_thirty_days(petition: Petition) -> None:
    now = timezone.now()
    old = make_pending(petition, now=now - 30 * DAY - SECOND)
    young = make_pending(petition, now=now - 29 * DAY)
    counted = make_signature(petition, now=now - 90 * DAY)

    assert expire(now)["unconfirmed signatures"] == 1

    assert set(Signature.objects.all()) == {young, counted}
    assert not OutgoingMail.objects.filter(signature_id=old.pk).exists()
    assert OutgoingMail.objects.filter(signature_id=young.pk).exists()


def test_a_link_sent_again_works_as_long_as_it_says_and_keeps_nothing_for_ever(
    petition: Petition,
) -> None:
    now = timezone.now()
    pending = make_pending(petition, now=now - 29 * DAY)
    OutgoingMail.objects.update(state=MailState.SENT, finished_at=now - 29 * DAY)
    links.send_again(pending, now=now)
    mails = OutgoingMail.objects.filter(state=MailState.DUE)
    assert mails.update(state=MailState.SENT, finished_at=now) == 1

    expire(now + LIFETIME - SECOND)
    assert Signature.objects.exists()
    # The first mail, too: until when it may be confirmed is counted from that.
    assert OutgoingMail.objects.count() == 2
    links.send_again(pending, now=now + 2 * DAY)
    assert not OutgoingMail.objects.filter(state=MailState.DUE).exists()

    expire(now + LIFETIME + SECOND)
    assert not Signature.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_records_of_sent_mail_are_kept_for_thirty_days(petition: Petition) -> None:
    now = timezone.now()
    for days in (29, 31):
        signature = make_signature(petition)
        OutgoingMail.objects.filter(signature_id=signature.pk).update(
            state=MailState.SENT, finished_at=now - days * DAY
        )

    expire(now)

    assert OutgoingMail.objects.get().finished_at == now - 29 * DAY


def test_mails_of_erased_signatures_are_known_for_a_day_without_a_word(
    petition: Petition,
) -> None:
    now = timezone.now()
    signature = make_pending(petition)
    reply = "550 <maya@example.org>"
    OutgoingMail.objects.update(state=MailState.FAILED, finished_at=now, reply=reply)
    my_data.erase_signature(signature, now=now)

    assert OutgoingMail.objects.get().reply == ""
    with (
        pytest.raises(IntegrityError, match="mail_of_nobody_is_over"),
        transaction.atomic(),
    ):
        OutgoingMail.objects.update(reply=reply)
    expire(now + DAY - SECOND)
    assert OutgoingMail.objects.exists()
    expire(now + DAY + SECOND)
    assert not OutgoingMail.objects.exists()


def test_a_merged_signature_leaves_no_word_of_its_mail(petition: Petition) -> None:
    now = timezone.now()
    first, second = (make_pending(petition, "maya@example.org") for _ in range(2))
    OutgoingMail.objects.filter(signature=first).update(
        state=MailState.FAILED, finished_at=now, reply="550 <maya@example.org>"
    )

    confirming.confirm(second.pk, now=now)

    assert OutgoingMail.objects.get(signature=None).reply == ""


def test_rare_mail_domains_are_named_two_days_and_others_ninety(
    petition: Petition,
) -> None:
    today = timezone.localdate()
    for days in (2, 3, 90, 91):
        for domain, number in (("gmail.com", 10), ("tremblay.ca", 9), ("x.org", 0)):
            MailTally.objects.create(
                petition=petition,
                day=today - days * DAY,
                domain=domain,
                signed=number,
                confirmed=number,
                handed_over=1,
            )

    for _ in range(3):
        assert expire(timezone.now(), batch=2)["mail domains"] == 2
    expire(timezone.now())

    def named(days: int) -> dict[str, int]:
        rows = MailTally.objects.filter(day=today - days * DAY)
        return dict(rows.values_list("domain", "confirmed"))

    assert named(2) == {"gmail.com": 10, "tremblay.ca": 9, "x.org": 0}
    assert named(3) == named(90) == {"gmail.com": 10, "": 9}
    assert named(91) == {"": 19}
    # No figure is lost.
    assert sum(MailTally.objects.values_list("handed_over", flat=True)) == 12


# == Answers about updates ==


@pytest.mark.parametrize(
    ("answers", "left"),
    [
        ([(100, True)], [True]),  # holds
        ([(37, False)], []),
        ([(35, False)], [False]),
        ([(100, True), (35, False)], [True, False]),  # replaced lately
        ([(100, True), (37, True)], [True]),
        ([(100, True), (37, False)], []),
        ([(100, False), (90, True), (37, False)], []),
    ],
)
def test_answers_are_kept_while_they_hold_and_for_36_months_after(
    petition: Petition, answers: list[tuple[int, bool]], left: list[bool]
) -> None:
    now = timezone.now()
    signature = make_signature(petition)
    assert signature.email_key
    for months, updates in answers:
        given_at = retention.months_before(now, months)
        consent.record_consent(signature, wants_updates=updates, now=given_at)
    make_signature(petition, "stranger@example.org", wants_updates=True)

    # One at a time: an earlier yes never holds again, not even for a moment.
    for _ in range(4):
        newest = Consent.objects.filter(email_key=signature.email_key)
        expire(now, batch=1)
        last = newest.order_by("-given_at").first()
        assert last is None or last.wants_updates == answers[-1][1]

    mine = Consent.objects.filter(email_key=signature.email_key).order_by("given_at")
    assert list(mine.values_list("wants_updates", flat=True)) == left
    assert Consent.objects.filter(email="stranger@example.org").exists()


def test_a_no_goes_only_after_the_yes_before_it(petition: Petition) -> None:
    now = timezone.now()
    signature = make_signature(petition)
    for months, updates in ((100, True), (37, False)):
        given_at = retention.months_before(now, months)
        consent.record_consent(signature, wants_updates=updates, now=given_at)

    # Somebody else may hold the yes just then.
    assert [answer.wants_updates for answer in expiry.former_answers(now)] == [True]


# == Names and addresses ==


@pytest.fixture
def ended(petition: Petition) -> Petition:
    """Counted, merged, withdrawn and waiting signatures of a petition that has ended;
    folded, and with a mail."""
    now = timezone.now() - 3 * DAY
    Petition.objects.update(months_kept=3, opens_at=now - DAY)
    given: dict[str, Any] = {
        "place": "Ottawa", "postal_code": "K1A", "country": "CA", "comment": "Because",
        "show_name": True, "wants_updates": True,
    }  # fmt: skip
    for number in range(7):
        make_signature(petition, f"s{number}@example.org", now=now, **given)
    twice = [make_pending(petition, "two@example.org", now=now) for _ in range(2)]
    confirming.confirm(twice[1].pk, now=now)
    withdrawing.withdraw(make_signature(petition, now=now), now=now)
    make_pending(petition, "late@example.org", now=now)
    make_entry(petition, 400)
    Signature.objects.filter(email="s1@example.org").update(comment_approved=True)
    while folding.fold():
        pass
    OutgoingMail.objects.update(state=MailState.SENT, finished_at=now)
    petition.refresh_from_db()
    petition.close(now=timezone.now())
    return petition


def after(petition: Petition, months: int) -> datetime:
    assert petition.ended_at is not None
    return retention.months_after(petition.ended_at, months)


def days_of(petition: Petition) -> list[tuple[Any, ...]]:
    return list(
        petition.signatures.confirmed()
        .order_by("pk")
        .values_list("confirmed_at__date", "created_at__date", "country", "language")
    )


def expire_all(now: datetime, batch: int) -> None:
    for _ in range(20):
        expire(now, batch)


def totals() -> list[tuple[Any, ...]]:
    rows = DailyTotal.objects.order_by("pk")
    return list(rows.values_list("petition", "day", "source", "number"))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Toronto"])
def test_names_go_when_the_months_are_over_and_the_count_stays(
    ended: Petition, settings: Settings, zone: str
) -> None:
    settings.TIME_ZONE = zone
    due = after(ended, 3)
    before = (days_of(ended), totals())
    other = make_signature(make_petition(), "s1@example.org")

    expire(due - SECOND)
    assert Signature.objects.filter(email="s1@example.org").count() == 2
    ended.refresh_from_db()
    assert ended.anonymised_at is None

    expire(due)

    ended.refresh_from_db()
    assert ended.anonymised_at == due
    assert (days_of(ended), totals()) == before
    assert ended.signatures.count() == len(before[0]) == 8
    for row in ended.signatures.values(*ERASED, "state"):
        assert row == {**ERASED, "state": SignatureState.CONFIRMED}
    # No moment that an answer about updates, which stays, would share.
    for moments in ended.signatures.values_list("confirmed_at", "created_at"):
        assert {timezone.localtime(m).time() for m in moments} == {time(0)}
    assert not MergedSignature.objects.exists()
    assert not OutgoingMail.objects.filter(petition=ended).exists()
    assert Consent.objects.filter(source=f"petition:{ended.pk}").count() == 7
    assert all(proof.holds for proof in verifying.verify())
    assert Petition.objects.with_counts().get(pk=ended.pk).counts == {
        "supporters": 408, "confirmed": 8, "paper": 0, "imported": 400,
    }  # fmt: skip
    other.refresh_from_db()
    assert other.email == "s1@example.org"

    # Once more changes nothing.
    assert not any(expire(due + DAY).values())


def test_the_dry_run_counts_what_a_run_erases(ended: Petition) -> None:
    ended_at = timezone.now() - 100 * DAY
    opens_at = ended_at - DAY
    backdate(ended, ended_at=ended_at, opens_at=opens_at, erasable_from=ended_at)

    def run(*words: str) -> str:
        out = StringIO()
        call_command("expire", *words, stdout=out)
        return out.getvalue()

    dry = run("--dry-run")
    assert " 10  names and addresses of ended petitions\n" in dry
    assert Signature.objects.count() == 10
    assert run() == dry
    assert run() == run("--dry-run")
    assert " 0  names and addresses" in run()


@pytest.mark.parametrize("batch", [1, 3, 10])
def test_who_is_interrupted_goes_on_where_it_stopped(
    ended: Petition, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = after(ended, 3)
    erase = expiry.anonymise

    def die(signatures: Any) -> None:
        erase(signatures)
        if Signature.objects.known().count() < 6:
            raise KeyboardInterrupt  # after the batch, before its transaction ends

    monkeypatch.setattr(expiry, "anonymise", die)
    with pytest.raises(KeyboardInterrupt):
        expire_all(due, batch)
    # What came before stays done, what was going on is undone.
    assert Signature.objects.known().count() == {1: 6, 3: 6, 10: 9}[batch]
    monkeypatch.undo()
    assert all(proof.holds for proof in verifying.verify())

    expire_all(due, batch)

    ended.refresh_from_db()
    assert ended.anonymised_at == due
    assert not Signature.objects.known().exists()
    assert ended.signatures.count() == 8
    assert all(proof.holds for proof in verifying.verify())


def test_a_wrong_mark_leaves_nothing_out(ended: Petition) -> None:
    last = Signature.objects.order_by("-pk").values_list("pk", flat=True)[0]
    Petition.objects.filter(pk=ended.pk).update(anonymised_to=last)

    for _ in range(3):
        expire(after(ended, 3))

    assert not Signature.objects.known().exists()
    ended.refresh_from_db()
    assert ended.anonymised_at is not None


def test_the_site_caps_the_months_for_good(ended: Petition, settings: Settings) -> None:
    """Once it could no longer be called off."""
    settings.RETENTION_MONTHS = 1
    lowered = timezone.now() - 8 * DAY
    RetentionLimit.objects.create(months=1, since=lowered)
    expire(after(ended, 1) - SECOND)
    assert Signature.objects.known().exists()

    settings.RETENTION_MONTHS = 24
    expire(after(ended, 1))

    assert not Signature.objects.known().exists()


@contextmanager
def noted() -> Iterator[list[tuple[str, bool]]]:
    """Note each statement, and whether it ran within a transaction."""
    found: list[tuple[str, bool]] = []

    def note(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        found.append((sql, connection.in_atomic_block))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


@pytest.mark.django_db(transaction=True)
def test_no_lock_is_held_while_all_signatures_are_looked_through(
    ended: Petition,
) -> None:
    """Of millions that takes seconds, and staff would wait for the petition's row."""
    with noted() as statements:
        expire(after(ended, 3))

    ended.refresh_from_db()
    assert ended.anonymised_at is not None
    table = '"petitions_signature"."'
    looks = [
        (sql, locks)
        for sql, locks in statements
        if f'{table}email_key" IS NOT NULL' in sql and " LIMIT 1" in sql
    ]
    assert [f'{table}id" > ' in sql for sql, _locks in looks] == [False, True]
    assert [locks for _sql, locks in looks] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_lower_limit_takes_effect_a_few_petitions_at_a_time(
    ended: Petition, settings: Settings
) -> None:
    for _ in range(expiry.LOWERED.size + 5):
        make_petition(ended.organization, months_kept=24)
    settings.RETENTION_MONTHS = 2
    RetentionLimit.objects.create(months=2, since=timezone.now() - 8 * DAY)

    with noted() as statements:
        expire(timezone.now())

    assert not Petition.objects.filter(months_kept__gt=2).exists()
    lowers = 'UPDATE "petitions_petition" SET "months_kept"'
    assert [locks for sql, locks in statements if sql.startswith(lowers)] == [False] * 2


def test_a_petition_that_goes_on_keeps_its_names(petition: Petition) -> None:
    make_signature(petition)

    expire(timezone.now() + 3650 * DAY)

    assert Signature.objects.known().count() == 1


# == Afterwards ==


@pytest.fixture
def anonymised(ended: Petition) -> tuple[Petition, list[int]]:
    """The petition, and the numbers of signatures that links in mails may hold: a
    counted, a merged, a withdrawn and a waiting one."""
    merged = MergedSignature.objects.get().pk
    find = Signature.objects.filter(petition=ended).order_by("pk")
    numbers = [
        find.filter(state=state).values_list("pk", flat=True)[0]
        for state in ("confirmed", "withdrawn", "pending")
    ]
    expire(after(ended, 3))
    ended.refresh_from_db()
    assert ended.anonymised_at is not None
    return ended, [*numbers, merged]


LINKS = {
    "/confirm/{}/": TokenPurpose.CONFIRM,
    "/confirm/{}/correct/": TokenPurpose.CONFIRM,
    "/confirm/{}/resend/": TokenPurpose.CONFIRM,
    "/signature/{}/": TokenPurpose.OWN,
    "/signature/{}/withdraw/": TokenPurpose.OWN,
    "/signature/{}/erase/": TokenPurpose.OWN,
    "/signed/{}/": TokenPurpose.ALL,
    "/signed/{}/download/": TokenPurpose.ALL,
    "/signed/{}/erase/": TokenPurpose.ALL,
    "/signed/{}/end-links/": TokenPurpose.ALL,
    "/never-again/{}/": TokenPurpose.NEVER,
    "/not-me/{}/": TokenPurpose.NOT_ME,
}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("days_old", [0, 200])
def test_every_link_says_that_it_is_gone(
    visitor: Client, anonymised: tuple[Petition, list[int]], link: str, days_old: int
) -> None:
    made = timezone.now() - days_old * DAY
    petition, numbers = anonymised
    for number in numbers:
        path = link.format(make_token(LINKS[link], number, now=made))
        for answer in (visitor.get(path), visitor.post(path, {"name": "Maya"})):
            # To the first page of its kind, or of an old link, which asks for the
            # address; or that nothing is stored.
            assert answer.status_code in (410, 302, 303, 405), (path, answer)
            location = answer.headers.get("Location", "")
            assert "/thank-you/" not in location
            assert "/signature/" not in location
            if number == numbers[0] and location:
                assert answer.status_code == 302
                assert visitor.get(location).status_code == 410
    assert petition.signatures.count() == 8
    assert not Signature.objects.known().exists()
    assert not OutgoingMail.objects.exists()


def test_asking_by_address_finds_nothing(
    visitor: Client, anonymised: tuple[Petition, list[int]]
) -> None:
    for path in ("/signed/", "/new-link/"):
        answer = visitor.post(path, {"email": "s1@example.org"})
        assert answer.status_code == 303
    assert not OutgoingMail.objects.exists()


def test_public_pages_show_the_count_and_no_names(
    visitor: Client, anonymised: tuple[Petition, list[int]]
) -> None:
    petition, _numbers = anonymised

    page = text_of(visitor.get(petition.get_absolute_url()))

    assert "408 supporters" in page
    assert "Maya" not in page
    assert "Recent supporters" not in page
    data = visitor.get(f"/petitions/{petition.slug}.json").json()
    assert data["supporters"] == 408


def test_the_admin_says_that_names_are_erased(
    as_user: Any, alice: User, anonymised: tuple[Petition, list[int]]
) -> None:
    petition, (number, *_others) = anonymised
    client = as_user(alice)

    rows = client.get("/admin/petitions/signature/")
    assert text_of(rows).count("erased - erased") == 8
    one = client.get(f"/admin/petitions/signature/{number}/change/")
    assert one.status_code == 200
    assert text_of(one).count("erased") == 2
    searched = client.get("/admin/petitions/signature/?q=s1@example.org")
    assert "0 signatures" in text_of(searched)
    for action in ("withhold_names", "release_names", "approve_comments"):
        form = {"action": action, "_selected_action": [number]}
        done = client.post("/admin/petitions/signature/", form, follow=True)
        assert "There is nothing to change here." in text_of(done)
    page = client.get(f"/admin/petitions/petition/{petition.pk}/change/")
    assert "Names erased at:" in text_of(page)


def test_verbs_that_come_too_late_do_nothing(ended: Petition) -> None:
    mine = Signature.objects.get(email="s1@example.org")
    waiting = Signature.objects.get(email="late@example.org")
    expire(after(ended, 3))
    now = timezone.now()

    withdrawing.withdraw(mine, now=now)
    correcting.change_signature(mine, {"name": "Again"}, now=now)
    correcting.correct_signature(waiting, {"name": "Again"})
    my_data.erase_signature(mine, now=now)
    assert confirming.confirm(waiting.pk, now=now) == (confirming.Confirmation.GONE, "")
    assert confirming.confirm(mine.pk, now=now) == (confirming.Confirmation.GONE, "")

    assert ended.signatures.count() == 8
    assert not Signature.objects.known().exists()
    assert all(proof.holds for proof in verifying.verify())


def test_the_database_lets_nothing_back_in(
    anonymised: tuple[Petition, list[int]],
) -> None:
    petition, (number, *_others) = anonymised
    row = Signature.objects.filter(pk=number)

    def refused(match: str) -> Any:
        return pytest.raises(IntegrityError, match=match)

    with refused("it takes no signatures"), transaction.atomic():
        make_pending(petition)
    for values in (
        {"name": "Maya"},
        {"comment": "Because"},
        {"email_key": "00000000-0000-0000-0000-000000000001"},
        {"state": "withdrawn", "withdrawn_at": timezone.now()},
    ):
        with refused("is erased"), transaction.atomic():
            row.update(**values)
    this = Petition.objects.filter(pk=petition.pk)
    with refused("names of this petition were erased"), transaction.atomic():
        this.update(anonymised_at=None)
    with refused("ended for good|anonymised_when_ended"), transaction.atomic():
        this.update(state=State.OPEN, ended_at=None)
    petition.refresh_from_db()
    petition.win(now=timezone.now())


def test_a_row_is_erased_whole(petition: Petition) -> None:
    make_signature(petition, show_name=True)
    then = timezone.now() - 8 * DAY
    opens_at = then - DAY
    backdate(petition, state=State.CLOSED, opens_at=opens_at, ended_at=then)

    for kept in ("name", "email", "person", "place", "postal_code", "comment"):
        refused = pytest.raises(IntegrityError, match="signature_erased_whole")
        with refused, transaction.atomic():
            Signature.objects.update(**{**ERASED, kept: "x@example.org"})
    with refused, transaction.atomic():
        Signature.objects.update(**{**ERASED, "show_name": True})
    Signature.objects.update(**ERASED)


def test_a_petition_with_names_erased_is_an_ended_one(petition: Petition) -> None:
    with pytest.raises(IntegrityError, match="when_ended"), transaction.atomic():
        Petition.objects.update(anonymised_at=timezone.now())


# == The months of a petition ==


def test_more_months_are_refused_once_somebody_has_signed(petition: Petition) -> None:
    Petition.objects.update(months_kept=8)
    petition.months_kept = 9
    petition.full_clean()
    make_pending(petition)
    petition.months_kept = 8
    petition.full_clean()
    petition.months_kept = 9
    with pytest.raises(ValidationError) as caught:
        petition.full_clean()
    assert caught.value.message_dict == {
        "months_kept": [
            "People have signed under less. It can only be changed to less."
        ]
    }

    with (
        pytest.raises(IntegrityError, match="not kept for longer"),
        transaction.atomic(),
    ):
        Petition.objects.update(months_kept=9)

    Petition.objects.update(months_kept=2)


@pytest.mark.parametrize(
    ("months", "sentence"),
    [
        ("25", "This site keeps names for at most 24 months."),
        ("0", "Write a whole number from 1 to 120, in digits alone."),
        ("-1", "Write a whole number from 1 to 120, in digits alone."),
        ("", "Write a whole number from 1 to 120, in digits alone."),
    ],
)
def test_a_number_of_months_that_cannot_be_is_said_beside_the_field(
    as_user: Any, alice: User, petition: Petition, months: str, sentence: str
) -> None:
    path = f"/admin/petitions/petition/{petition.pk}/change/"

    answer = as_user(alice).post(path, form(petition, months_kept=months))

    assert answer.status_code == 200
    assert sentence in text_of(answer)


@pytest.mark.parametrize(
    ("months", "cap", "sentence"),
    [
        (6, 24, "Your details are erased 6 months after the petition closes."),
        (1, 24, "Your details are erased 1 month after the petition closes."),
        (6, 3, "Your details are erased 3 months after the petition closes."),
    ],
)
def test_the_form_says_how_long(
    visitor: Client, petition: Petition, settings: Settings, months: int, cap: int,
    sentence: str,
) -> None:  # fmt: skip
    Petition.objects.update(months_kept=months)
    settings.RETENTION_MONTHS = cap

    assert sentence in text_of(visitor.get(petition.get_absolute_url()))


def test_a_new_petition_keeps_no_longer_than_the_site(settings: Settings) -> None:
    assert Petition().months_kept == 6
    settings.RETENTION_MONTHS = 4
    assert Petition().months_kept == 4


def test_the_privacy_page_prints_the_very_rules(visitor: Client) -> None:
    response = visitor.get("/privacy/")

    text = text_of(response)
    assert len(retention.RULES) >= 12
    for rule in retention.RULES:
        for sentence in (rule.what, rule.purpose, rule.kept):
            assert " ".join(str(sentence).split()) in text
    page = response.content.decode()
    assert page.count('<th scope="rowgroup"') == len(retention.RULES)
    assert page.count('scope="col"') == 2
    assert "<caption>" in page


# == A process that is killed ==

ROOT = Path(__file__).parents[3]
MANY = 20_000
FILL = """
INSERT INTO petitions_signature (
    petition_id, state, name, email, email_key, email_key_version, person, place,
    postal_code, country, comment, comment_approved, show_name, language, text_version,
    consent_version, delivery, weak_signs, created_at, confirmed_at)
SELECT %s, 'confirmed', 'Maya', 'maya' || n || '@example.org', gen_random_uuid(), 1, '',
       '', '', 'CA', '', false, false, 'en', 0, 1, 'number', 0, now(), now()
  FROM generate_series(1, %s) n
"""


@pytest.mark.django_db(transaction=True)
def test_a_killed_run_is_taken_up_by_the_next(petition: Petition) -> None:
    with transaction.atomic(), statement_timeout("0"), connection.cursor() as cursor:
        cursor.execute(FILL, [petition.pk, MANY])
    ended_at = timezone.now() - 400 * DAY
    opens_at = ended_at - DAY
    backdate(petition, state=State.CLOSED, opens_at=opens_at, ended_at=ended_at)
    settings = connection.settings_dict
    url = (
        f"postgresql://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:"
        f"{settings['PORT']}/{settings['NAME']}"
    )

    def mark() -> int:
        return Petition.objects.values_list("anonymised_to", flat=True).get()

    process = subprocess.Popen(
        [sys.executable, "manage.py", "expire"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    until(lambda: mark() > 0 or process.poll() is not None, 30, every=0.005)
    process.send_signal(signal.SIGKILL)
    output, _nothing = process.communicate()
    assert process.returncode == -signal.SIGKILL, output

    done = MANY - Signature.objects.known().count()
    assert 0 < done < MANY
    # Whole batches: all up to the mark, and nothing beyond it.
    assert Signature.objects.known().filter(pk__lte=mark()).count() == 0
    assert Signature.objects.known().filter(pk__gt=mark()).count() == MANY - done

    out = StringIO()
    call_command("expire", stdout=out)

    assert f"{MANY - done:,}  names and addresses" in out.getvalue()
    assert not Signature.objects.known().exists()
    assert Signature.objects.confirmed().count() == MANY
    assert Petition.objects.get().anonymised_at is not None


# == Mailings ==


def test_who_a_mailing_went_to_is_forgotten_after_ninety_days(
    petition: Petition,
) -> None:
    row = make_signature(petition, wants_updates=True)
    written_to(row)
    now = timezone.now()

    assert expire(now + 89 * DAY)["recipients of mailings"] == 0
    assert MailingRecipient.objects.exists()
    assert expire(now + 91 * DAY)["recipients of mailings"] == 1
    assert not MailingRecipient.objects.exists()
    # What it was stays.
    assert Mailing.objects.exists()


def test_whom_a_mailing_is_for_is_known_as_long_as_it_goes_on(
    petition: Petition,
) -> None:
    written_to(make_signature(petition, wants_updates=True), is_over=False)
    late = timezone.now() + 91 * DAY

    assert expire(late)["recipients of mailings"] == 0
    over = {"state": "called_off", "finished_at": late}
    Mailing.objects.update(**over)
    assert expire(late)["recipients of mailings"] == 1


def test_who_a_mailing_went_to_goes_with_the_names_of_the_petition(
    petition: Petition,
) -> None:
    written_to(make_signature(petition, wants_updates=True))

    expiry.anonymise(Signature.objects.none())
    assert MailingRecipient.objects.exists()
    now = timezone.now()
    petition.close(now=now)
    backdate(petition, ended_at=now - 400 * DAY, erasable_from=now - 200 * DAY)
    expire(now)

    assert not MailingRecipient.objects.exists()


@pytest.mark.parametrize("way", ["erased", "anonymised"])
@pytest.mark.parametrize("also_signed", [True, False])
def test_that_an_erased_mailbox_was_written_to_is_kept_while_it_may_be_again(
    petition: Petition, way: str, also_signed: bool
) -> None:
    """While the mailing goes on, or the mailbox has signed something else."""
    row = make_signature(petition, "maya@example.org", wants_updates=True)
    if also_signed:
        make_signature(make_petition(petition.organization), "maya@example.org")
    written_to(row, is_over=False)
    now = timezone.now()
    if way == "erased":
        my_data.erase_signature(row, now=now)
    else:
        petition.close(now=now)
        backdate(petition, ended_at=now - 400 * DAY, erasable_from=now - 200 * DAY)

    expire(now)
    found = MailingRecipient.objects.get()
    assert (found.signature, found.email_key) == (None, email_key("maya@example.org"))

    over = {"state": "called_off", "finished_at": now}
    Mailing.objects.update(**over)
    expire(now + DAY)
    assert MailingRecipient.objects.exists() == also_signed
    expire(now + 91 * DAY)
    assert not MailingRecipient.objects.exists()
