"""Nothing that staff enter erases names within seven days, whichever way it came in;
until then it says so, and can be called off."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django import Settings

from core.retention import (
    expire,
    months_before,
)
from organizations.models import User
from petitions import loops
from petitions.models import Petition, RetentionLimit, Signature
from petitions.models.petition_lifecycle import WAIT, NotAllowed
from petitions.privacy import expiry
from petitions.probes import retention_limit
from petitions.signature_fields import ERASED
from petitions.signatures import confirming
from petitions.signatures.tokens import TokenPurpose, make_token
from petitions.states import ENDED_STATES, State
from tests.factories import backdate, make_pending, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.admin.helpers import decide, form
from tests.project.pages_of_two import opened
from tests.project.two_people import change

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

LIST = "/admin/petitions/petition/"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LONG_AGO = timedelta(days=300)


@pytest.fixture
def old(petition: Petition) -> Petition:
    """Open for 300 days, with three who confirmed and one who did not yet."""
    backdate(petition, opens_at=timezone.now() - LONG_AGO, months_kept=6)
    for _ in range(3):
        make_signature(petition)
    make_pending(petition)
    return petition


@pytest.fixture
def over(old: Petition) -> Petition:
    """The same, closed two months ago; its names are kept for six."""
    then = months_before(timezone.now(), 2) - timedelta(days=1)
    backdate(old, state=State.CLOSED, ended_at=then, state_since=then)
    return old


def names() -> int:
    return Signature.objects.known().count()


def expire_all(now: datetime) -> None:
    for _ in range(3):
        expire(now)


# == Every path ==


def type_a_closing_date(petition: Petition, client: Client) -> None:
    typed = {"closes_at_0": "2026-03-31", "closes_at_1": "12:00:00"}
    client.post(f"{LIST}{petition.pk}/change/", form(petition, **typed))


def write_a_closing_date(petition: Petition, client: Client) -> None:
    then = timezone.now() - timedelta(days=240)
    Petition.objects.filter(pk=petition.pk).update(closes_at=then)
    loops.clock(timezone.now() + timedelta(minutes=1))


def write_a_closing_date_only(petition: Petition, client: Client) -> None:
    """And the worker is away."""
    then = timezone.now() - timedelta(days=2)
    Petition.objects.filter(pk=petition.pk).update(closes_at=then)


def write_an_end(petition: Petition, client: Client) -> None:
    then = timezone.now() - timedelta(days=240)
    Petition.objects.filter(pk=petition.pk).update(state=State.CLOSED, ended_at=then)


def run_sql(petition: Petition, client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE petitions_petition SET state = 'closed', erasable_from = NULL, "
            "ended_at = now() - interval '8 months' WHERE id = %s",
            [petition.pk],
        )


def end_by_verb(petition: Petition, client: Client) -> None:
    petition.close(now=timezone.now() - timedelta(days=240))


def end_by(verb: str) -> Callable[[Petition, Client], None]:
    def end(petition: Petition, client: Client) -> None:
        client.post(f"{LIST}{petition.pk}/do/{verb}/", {"outcome": "Done."})

    return end


def end_by_list(petition: Petition, client: Client) -> None:
    chosen = {"_selected_action": [petition.pk], "action": "close_selected"}
    decide(client, chosen, LIST)


PATHS_TO_AN_END = {
    "form": type_a_closing_date,
    "closing date, written": write_a_closing_date,
    "end, written": write_an_end,
    "sql": run_sql,
    "verb": end_by_verb,
    "close": end_by("close"),
    "win": end_by("win"),
    "withdraw": end_by("withdraw"),
    "list": end_by_list,
}


@pytest.mark.parametrize("path", PATHS_TO_AN_END)
def test_no_end_is_dated_before_it_was_entered_nor_erases_within_seven_days(
    as_user: Login, alice: User, old: Petition, path: str
) -> None:
    before = timezone.now() - MINUTE

    PATHS_TO_AN_END[path](old, as_user(alice))

    old.refresh_from_db()
    assert old.ended_at is None or old.ended_at > before
    expire_all(timezone.now() + WAIT - MINUTE)
    assert names() == 4


def lower_in_the_form(petition: Petition, client: Client, settings: Any) -> None:
    typed = form(petition, months_kept="1")
    client.post(f"{LIST}{petition.pk}/change/", typed)


def lower_by_button(petition: Petition, client: Client, settings: Any) -> None:
    path = f"{LIST}{petition.pk}/months/"
    client.post(path, {"months": "1", "confirmed": "1"})


def lower_by_writing(petition: Petition, client: Client, settings: Any) -> None:
    Petition.objects.filter(pk=petition.pk).update(months_kept=1)


def lower_the_setting(petition: Petition, client: Client, settings: Any) -> None:
    settings.RETENTION_MONTHS = 1


def end_earlier(petition: Petition, client: Client, settings: Any) -> None:
    then = timezone.now() - timedelta(days=240)
    Petition.objects.filter(pk=petition.pk).update(ended_at=then)


PATHS_TO_LESS = {
    "form": lower_in_the_form,
    "button": lower_by_button,
    "written": lower_by_writing,
    "setting": lower_the_setting,
    "end, written": end_earlier,
}


@pytest.mark.parametrize("path", PATHS_TO_LESS)
def test_less_time_for_names_erases_after_seven_days_and_no_sooner(
    as_user: Login, alice: User, over: Petition, settings: Settings, path: str
) -> None:
    RetentionLimit.objects.create(months=24, since=timezone.now() - LONG_AGO)
    expire_all(timezone.now())
    assert names() == 4

    PATHS_TO_LESS[path](over, as_user(alice), settings)

    now = timezone.now()
    expire_all(now)
    expire_all(now + WAIT - MINUTE)
    assert names() == 4
    expire_all(now + WAIT + MINUTE)
    # The form shows the months of an ended petition, and takes none.
    assert names() == (4 if path == "form" else 0)


def forms_left(visitor: Client, pending: Signature) -> int:
    """How many are there once its signer has pressed the button, too late."""
    token = make_token(TokenPurpose.CONFIRM, pending.pk, now=timezone.now())
    answer = visitor.post(f"/confirm/{token}/")
    assert answer.status_code == 410
    return Signature.objects.pending().count()


@pytest.mark.parametrize("path", [*PATHS_TO_AN_END, "closing date, nobody closed it"])
def test_a_form_that_is_confirmed_too_late_waits_as_well(
    as_user: Login, visitor: Client, alice: User, old: Petition, path: str
) -> None:
    client, pending = as_user(alice), Signature.objects.pending().get()
    PATHS_TO_AN_END.get(path, write_a_closing_date_only)(old, client)
    old.refresh_from_db()
    long_ago = timezone.now() - timedelta(days=2)
    if old.state in ENDED_STATES:
        backdate(old, ended_at=long_ago, state_since=long_ago)
    else:
        backdate(old, closes_at=long_ago)

    assert forms_left(visitor, pending) == 1

    loops.clock(timezone.now())
    old.refresh_from_db()
    old.take_back(now=timezone.now())
    assert confirming.confirm(pending.pk, now=timezone.now())[0].value == "counted"


def test_a_form_that_is_confirmed_after_seven_days_is_erased(
    visitor: Client, old: Petition
) -> None:
    old.close(now=timezone.now())
    long_ago = timezone.now() - WAIT - MINUTE
    backdate(old, ended_at=long_ago, state_since=long_ago)

    assert forms_left(visitor, Signature.objects.pending().get()) == 0


def test_an_import_of_what_ended_long_ago_waits_as_well(
    db: None, tmp_path: Path
) -> None:
    file = tmp_path / "organization.json"
    petition = {
        "title": "Old", "text": "Text", "target": None, "state": "closed",
        "started_on": "2015-01-01", "ended_on": "2016-06-01",
    }  # fmt: skip
    text = {"organization": {"name": "Old ones", "petitions": [petition]}}
    file.write_text(json.dumps(text))

    call_command("import_organization", str(file), stdout=StringIO())

    old = Petition.objects.get()
    assert old.erasable_from is not None
    assert old.erasable_from > timezone.now() + WAIT - MINUTE
    expire_all(timezone.now() + WAIT - MINUTE)
    old.refresh_from_db()
    assert old.anonymised_at is None


def test_the_database_erases_nothing_within_seven_days(over: Petition) -> None:
    over.keep_less(1)
    confirmed = Signature.objects.confirmed()

    with (
        pytest.raises(IntegrityError, match="not erased yet"),
        transaction.atomic(),
    ):
        confirmed.update(**ERASED)
    with transaction.atomic(), connection.cursor() as cursor:
        later = timezone.now() + WAIT + SECOND
        cursor.execute("SELECT set_config('petitions.now', %s, true)", [str(later)])
        confirmed.update(**ERASED)


def test_names_of_a_petition_that_goes_on_are_erased_by_nobody(old: Petition) -> None:
    with (
        pytest.raises(IntegrityError, match="not erased yet"),
        transaction.atomic(),
    ):
        Signature.objects.confirmed().update(**ERASED)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("state_before", State.DRAFT),
        ("state_since", None),
        ("months_before", 60),
        ("months_lowered_at", None),
        ("erasable_from", None),
    ],
)
def test_what_the_database_noted_is_written_by_nobody_else(
    over: Petition, column: str, value: Any
) -> None:
    over.win(now=timezone.now())
    over.keep_less(1)
    noted = Petition.objects.values_list(column, flat=True)
    before = noted.get()
    assert before != value

    Petition.objects.update(**{column: value})
    assert noted.get() == before
    setattr(over, column, value)
    over.save()
    assert noted.get() == before


# == Beforehand ==


def test_the_dry_run_says_what_waits(over: Petition) -> None:
    over.keep_less(1)
    out = StringIO()

    call_command("expire", "--dry-run", stdout=out)

    assert " 0  names and addresses of ended petitions\n" in out.getvalue()
    day = timezone.localdate(timezone.now() + WAIT)
    assert f"4  waiting until {day}: names of “{over.title}”" in out.getvalue()


def test_a_lower_setting_is_told_to_whoever_runs_the_site(
    over: Petition, settings: Settings
) -> None:
    now = timezone.now()
    expire(now)
    settings.RETENTION_MONTHS = 1
    expire(now)

    (reading,) = retention_limit(now + SECOND)

    assert reading.value == 4
    day = timezone.localdate(now + WAIT)
    assert f"names of 4 people are erased on {day}" in reading.trouble
    assert "RETENTION_MONTHS=24" in reading.trouble
    (after,) = retention_limit(now + WAIT)
    assert after.trouble == ""


def test_the_page_of_a_petition_says_whose_names_go_when(
    as_user: Login, alice: User, over: Petition
) -> None:
    client = as_user(alice)
    over.keep_less(1)

    text = text_of(client.get(f"{LIST}{over.pk}/change/"))

    day = date_format(timezone.localtime(timezone.now() + WAIT))
    assert f"The names and addresses of 4 people will be erased on {day}." in text
    assert "Call it off: Keep its names as long as before" in text


def test_fewer_months_are_asked_for_before_they_are_taken(
    as_user: Login, erin: User, over: Petition
) -> None:
    client = as_user(erin)
    path = f"{LIST}{over.pk}/months/"

    for wrong in ("", "0", "6", "7", "-1", "x", "９"):
        page = client.post(path, {"months": wrong, "confirmed": "1"})
        assert "Write a whole number from 1 to 5, in digits alone." in text_of(page)
    asked = text_of(client.post(path, {"months": "1"}))

    day = date_format(timezone.localtime(timezone.now() + WAIT))
    assert f"The names and addresses of 4 people will be erased on {day}." in asked
    over.refresh_from_db()
    assert over.months_kept == 6


# == Calling it off ==


@pytest.mark.parametrize("verb", ["close", "win", "withdraw"])
@pytest.mark.parametrize("before", [State.OPEN, State.PAUSED])
def test_an_owner_takes_an_end_back(
    as_user: Login, alice: User, old: Petition, verb: str, before: State
) -> None:
    if before == State.PAUSED:
        old.pause()
    client = as_user(alice)
    client.post(f"{LIST}{old.pk}/do/{verb}/", {"outcome": "Done."})

    client.post(f"{LIST}{old.pk}/do/take_back/")

    old.refresh_from_db()
    assert (old.state, old.ended_at, old.won_at) == (before, None, None)
    expire_all(timezone.now() + LONG_AGO)
    assert Signature.objects.confirmed().known().count() == 3


def test_a_win_or_withdrawal_goes_back_to_where_it_was_closed(over: Petition) -> None:
    now = timezone.now()
    ended_at = over.ended_at
    over.win(now=now)
    over.withdraw(now=now)

    over.take_back(now=now)
    assert (over.state, over.won_at) == (State.WON, now)
    over.refresh_from_db()
    assert over.ended_at == ended_at
    with pytest.raises(NotAllowed):
        over.take_back(now=now)


def test_a_closing_date_that_has_passed_goes_with_the_end(old: Petition) -> None:
    now = timezone.now()
    backdate(old, closes_at=now - timedelta(hours=1))
    loops.clock(now)
    old.refresh_from_db()
    assert old.state == State.CLOSED

    old.take_back(now=now)

    assert (old.state, old.closes_at) == (State.OPEN, None)
    assert old.is_open(now)


def test_an_end_is_taken_back_by_owners_and_for_seven_days(
    as_user: Login, alice: User, erin: User, old: Petition
) -> None:
    old.close(now=timezone.now())
    path = f"{LIST}{old.pk}/do/take_back/"
    assert as_user(erin).post(path).status_code == 403
    assert "Save and take it back" not in text_of(
        as_user(erin).get(f"{LIST}{old.pk}/change/")
    )
    assert "Take it back" in text_of(as_user(alice).get(f"{LIST}{old.pk}/change/"))
    backdate(old, state_since=timezone.now() - WAIT - MINUTE)

    answer = as_user(alice).post(path)

    assert "It ended more than seven days ago, for good." in text_of(answer)
    with pytest.raises(IntegrityError, match="ended for good"), transaction.atomic():
        Petition.objects.update(state=State.OPEN, ended_at=None)


def test_fewer_months_are_called_off(
    as_user: Login, alice: User, over: Petition
) -> None:
    over.keep_less(3)
    over.keep_less(1)

    as_user(alice).post(f"{LIST}{over.pk}/do/keep_longer/")

    over.refresh_from_db()
    assert over.months_kept == 6
    expire_all(timezone.now() + WAIT + SECOND)
    assert names() == 4


def test_months_never_grow_beyond_what_signers_were_told(over: Petition) -> None:
    refused = pytest.raises(IntegrityError, match="not kept for longer")
    over.keep_less(1)
    with refused, transaction.atomic():
        Petition.objects.update(months_kept=7)
    backdate(over, months_lowered_at=timezone.now() - WAIT - MINUTE)
    with pytest.raises(NotAllowed):
        over.keep_longer(now=timezone.now())
    with refused, transaction.atomic():
        Petition.objects.update(months_kept=6)


def test_fewer_months_of_a_petition_that_goes_on_stay(old: Petition) -> None:
    Petition.objects.update(months_kept=3)

    with (
        pytest.raises(IntegrityError, match="not kept for longer"),
        transaction.atomic(),
    ):
        Petition.objects.update(months_kept=6)


def test_a_lower_setting_is_called_off_but_for_those_who_were_told_it(
    over: Petition, settings: Settings
) -> None:
    now = timezone.now()
    goes_on = make_petition(over.organization, months_kept=6)
    expire(now)
    settings.RETENTION_MONTHS = 1
    expire(now + timedelta(days=1))
    make_pending(goes_on, now=now + timedelta(days=2))

    settings.RETENTION_MONTHS = 24
    expire(now + timedelta(days=3))
    expire_all(now + timedelta(days=9))

    over.refresh_from_db()
    goes_on.refresh_from_db()
    assert (over.months_kept, goes_on.months_kept) == (6, 1)
    assert names() == 5


def test_seven_days_are_seven_days(over: Petition) -> None:
    over.keep_less(1)
    assert not list(expiry.past_their_months(timezone.now() + WAIT - MINUTE))
    assert list(expiry.past_their_months(timezone.now() + WAIT + SECOND)) == [over]


def test_fewer_months_are_confirmed_once_and_only_of_what_has_ended(
    as_user: Login, alice: User, erin: User, old: Petition
) -> None:
    old.close(now=timezone.now())
    client, path = as_user(erin), f"{LIST}{old.pk}/months/"
    confirmed = {"months": "1", "confirmed": "1", **opened(client, path)}

    first = client.post(path, confirmed, follow=True)
    again = client.post(path, confirmed, follow=True)

    assert "will be erased on" in text_of(first)
    assert "Write a whole number" not in text_of(again)
    assert again.redirect_chain[-1][0] == f"{LIST}{old.pk}/change/"
    seen = opened(client, path, {"months": "1"})
    as_user(alice).post(f"{LIST}{old.pk}/do/take_back/")
    late = client.post(path, {**confirmed, **seen}, follow=True)
    assert "Somebody else was quicker: see where it stands now." in text_of(late)


def test_a_closing_date_before_the_opening_of_one_that_is_open_has_passed(
    as_user: Login, erin: User, old: Petition
) -> None:
    assert old.opens_at is not None
    day = old.opens_at.date() - timedelta(days=9)
    form = change(f"{LIST}{old.pk}/change/", as_user(erin), closes_at_0=str(day))

    assert "This has passed. To end a petition now, use “Close”." in text_of(form())
