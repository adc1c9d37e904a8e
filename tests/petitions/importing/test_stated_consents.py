"""People of an import who agreed, as staff state it, to be handed over by name: what is
kept of them, and when it goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.models import AuditEntry
from core.retention import expire
from organizations.models import User
from petitions.identity import key_ring
from petitions.importing import jobs
from petitions.importing.columns import HANDED_OVER, Column
from petitions.importing.tables import Layout
from petitions.models import (
    ImportedSignature,
    OutgoingMail,
    Petition,
    StatedConsent,
    Suppression,
)
from petitions.signatures import consent, my_data, rekeying
from petitions.states import ImportState
from tests.factories import backdate, make_petition, make_signature
from tests.petitions.importing.files import (
    NAMED,
    bring_in,
    bring_in_named,
    check,
    content,
    numbers,
    proved,
    state,
    upload,
    work,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys_as_the_database_says() -> Iterator[None]:
    key_ring.forget_keyring()
    yield
    key_ring.forget_keyring()


ANN = "ann@example.org,Ann Roy,Hull,J8X 1A1,,CA"


def kept() -> list[tuple[str, ...]]:
    rows = ImportedSignature.objects.order_by("pk")
    return list(rows.values_list("name", "place", "region", "country"))


@pytest.mark.parametrize("batch", [1, 2, 5000])
def test_names_are_kept_where_consent_is_stated(
    petition: Petition, erin: User, batch: int
) -> None:
    lines = [
        ANN,
        "bo@example.org,,Hull,J8X 1A1,,CA",
        "ANN@example.org,Another Ann,,,,",
        "cy@example.org,Cy Poe,Toronto,,Ontario,Canada",
        "di@example.org,Di Ott,,,,",
        ",Nobody Known,Hull,,,CA",
    ]
    job = upload(petition, content(lines, NAMED))
    state(job)
    jobs.begin_check(job)
    work(job, batch)

    assert ImportedSignature.objects.named().count() == 0
    jobs.begin_import(job, erin, now=timezone.now())
    work(job, batch)

    assert kept() == [
        ("Ann Roy", "Hull", "CA-QC", "CA"),
        ("", "", "", ""),
        ("Cy Poe", "Toronto", "CA-ON", "CA"),
        ("Di Ott", "", "", ""),
    ]
    assert ImportedSignature.objects.named().count() == 3
    assert numbers(petition) == (0, 4)


def test_without_a_statement_no_name_is_kept(petition: Petition, erin: User) -> None:
    bring_in(petition, erin, content([ANN], NAMED))

    assert kept() == [("", "", "", "")]
    with pytest.raises(IntegrityError, match="Nobody has stated"), transaction.atomic():
        ImportedSignature.objects.update(name="Ann Roy")
    with pytest.raises(IntegrityError, match="imported_named"), transaction.atomic():
        ImportedSignature.objects.update(place="Hull")


def test_of_whom_nothing_is_stated_what_they_live_in_is_not_read() -> None:
    layout = Layout("utf-8", ",", (*sorted(HANDED_OVER), Column.UPDATES), True)

    assert {*layout.importing().columns} == {Column.IGNORED, Column.UPDATES}
    assert {*layout.counting(stated=True).columns} == HANDED_OVER | {Column.IGNORED}


# == It stays as it was stated ==


def test_what_is_stated_stays_once_the_file_is_checked(
    petition: Petition, erin: User
) -> None:
    job = upload(petition, content([ANN], NAMED))
    stated = state(job, made_by=erin)
    other = make_petition(title="Another")

    for change in ({"words": "Other words"}, {"ended_on": "2026-03-01"}):
        with pytest.raises(IntegrityError, match="stays as"), transaction.atomic():
            StatedConsent.objects.update(**change)
    with pytest.raises(IntegrityError, match="not petitioned"), transaction.atomic():
        state(job, target=other.targets.first())
    stated.delete()
    state(job, made_by=erin)

    jobs.begin_check(job)
    for finished in (False, True):
        if finished:
            jobs.begin_import(work(job), erin, now=timezone.now())
            work(job)
        with pytest.raises(IntegrityError, match="stays as"), transaction.atomic():
            StatedConsent.objects.all().delete()
        with pytest.raises(IntegrityError, match="stays as"), transaction.atomic():
            state(job)
    StatedConsent.objects.update(made_by=None)

    said = AuditEntry.objects.filter(table="petitions_statedconsent", action="insert")
    assert [*said.values_list("now__words", flat=True)] == [stated.words] * 2


def test_nobody_else_receives_names_than_it_was_stated_of(petition: Petition) -> None:
    job = upload(petition, content([ANN], NAMED))
    stated = state(job)

    for change in ({"name": "Somebody else"}, {"kind": "body"}, {"office": "Mayor"}):
        with pytest.raises(IntegrityError, match="stays as"), transaction.atomic():
            petition.targets.update(**change)
    petition.targets.update(position=3)
    stated.delete()
    petition.targets.update(name="Somebody else")
    state(job)
    jobs.call_off_import(job)
    petition.targets.update(name="Another")


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"ended_on": "2026-01-04"}, "stated_consent_days"),
        ({"place": " "}, "stated_consent_whole"),
        ({"words": "\n"}, "stated_consent_whole"),
        ({"url": "javascript:alert(1)"}, "stated_consent_url_form"),
        ({"words": "a" * 1001}, "words_length"),
        ({"place": "a\nb"}, "stated_consent_readable"),
    ],
)
def test_what_is_no_statement_is_refused(
    petition: Petition, wrong: dict[str, Any], rule: str
) -> None:
    job = upload(petition, content([ANN], NAMED))

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        state(job, **wrong)


def test_it_is_stated_once_a_target(petition: Petition) -> None:
    job = upload(petition, content([ANN], NAMED))
    state(job)

    with pytest.raises(IntegrityError, match="consent_once"), transaction.atomic():
        state(job)


# == When names go ==


def test_who_confirms_here_leaves_and_who_is_taken_back(
    petition: Petition, erin: User
) -> None:
    job = bring_in_named(petition, erin, [ANN, "bo@example.org,Bo Li,,,,"])

    make_signature(petition, "ann@example.org")
    assert [name for name, *_ in kept()] == ["Bo Li"]
    assert numbers(petition) == (1, 1)

    jobs.reverse(job, erin, now=timezone.now())
    assert ImportedSignature.objects.named().count() == 0
    work(job)
    assert kept() == []
    assert proved(petition)
    assert StatedConsent.objects.count() == 1


def test_their_own_data_is_shown_and_erased(petition: Petition, erin: User) -> None:
    bring_in_named(petition, erin, [ANN])
    ann = my_data.DataSubject.owner("ann@example.org")

    (found,) = my_data.everything_about(ann)["signed_elsewhere"]
    assert (found["name"], found["place"], found["region"]) == (
        "Ann Roy", "Hull", "CA-QC",
    )  # fmt: skip
    assert found["agreed"] == "Paper.example: “Yes, give my name to the Minister.”"
    my_data.erase_all(ann, now=timezone.now())

    assert kept() == []
    assert not OutgoingMail.objects.exists()
    assert numbers(petition) == (0, 0)


def test_never_again_takes_a_name_from_what_is_handed_over(
    petition: Petition, erin: User
) -> None:
    bring_in_named(petition, erin, [ANN, "bo@example.org,Bo Li,,,,"])
    ann = ImportedSignature.objects.get(name="Ann Roy")
    Suppression.objects.create(
        pk=ann.email_key, address_keys=[ann.address_key], since=timezone.now()
    )

    assert [row.name for row in ImportedSignature.objects.named()] == ["Bo Li"]


def test_names_are_erased_with_those_of_the_petition(
    petition: Petition, erin: User
) -> None:
    bring_in_named(petition, erin, [ANN])
    now = timezone.now()
    petition.close(now=now)
    backdate(petition, ended_at=now - timedelta(days=3650), erasable_from=now)
    while max(expire(now).values()):
        assert proved(petition)

    assert kept() == []
    assert numbers(petition) == (0, 1)
    assert proved(petition)


def test_a_file_that_is_not_imported_leaves_no_name(petition: Petition) -> None:
    job = upload(petition, content([ANN], NAMED))
    state(job)
    jobs.begin_check(job)
    work(job)

    expire(timezone.now() + timedelta(days=15))
    work(job)

    assert job.state == ImportState.CALLED_OFF
    assert kept() == []


def test_columns_chosen_again_are_read_anew(petition: Petition, erin: User) -> None:
    job = check(petition, content([ANN], NAMED))
    jobs.choose_again(job)
    work(job)
    state(job)
    jobs.begin_check(job)
    work(job)

    assert kept() == [("Ann Roy", "Hull", "CA-QC", "CA")]


def test_never_again_takes_the_name_whatever_version_its_key_has(
    petition: Petition, erin: User
) -> None:
    bring_in_named(petition, erin, [ANN, "bo@example.org,Bo Li,,,,"])
    version = rekeying.start_version(now=timezone.now())
    rekeying.finish_version(version, now=timezone.now())
    key_ring.forget_keyring()

    consent.suppress("ann@example.org", now=timezone.now())

    assert [row.name for row in ImportedSignature.objects.named()] == ["Bo Li"]
    assert kept()[0] == ("", "", "", "")
    assert numbers(petition) == (0, 2)


def test_who_said_never_again_before_is_not_named(
    petition: Petition, erin: User
) -> None:
    consent.suppress("ann@example.org", now=timezone.now())
    version = rekeying.start_version(now=timezone.now())
    rekeying.finish_version(version, now=timezone.now())
    key_ring.forget_keyring()

    bring_in_named(petition, erin, [ANN])

    assert kept() == [("", "", "", "")]
    assert numbers(petition) == (0, 1)
