"""Folding, and the proof that the count is right."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from petitions.counts import by_day, folding, verifying
from petitions.models import CountChange, DailyTotal, MailTally, Petition, Total
from petitions.signatures import (
    withdrawing,
)
from petitions.states import Source
from tests.factories import make_entry, make_petition, make_signature

pytestmark = pytest.mark.django_db


def fold_all() -> None:
    while folding.fold():
        pass


def counted(petition: Petition) -> dict[str, int]:
    return Petition.objects.with_counts().get(pk=petition.pk).counts


def test_a_count_is_the_same_before_and_after_folding(petition: Petition) -> None:
    for _ in range(3):
        make_signature(petition)
    make_entry(petition, 400)
    make_entry(petition, 61, source="paper")
    expected = {"supporters": 464, "confirmed": 3, "paper": 61, "imported": 400}

    before = counted(petition)
    fold_all()

    assert before == counted(petition) == expected
    assert not CountChange.objects.exists()
    total = Total.objects.get()
    assert (total.confirmed, total.paper, total.imported) == (3, 61, 400)


def test_folding_takes_a_batch_at_a_time(petition: Petition) -> None:
    for _ in range(5):
        make_signature(petition)

    assert [folding.fold(batch=2) for _ in range(4)] == [2, 2, 1, 0]
    assert counted(petition)["confirmed"] == 5


def test_old_statistics_do_not_make_a_rush_slow(petition: Petition) -> None:
    def rush() -> None:
        CountChange.objects.bulk_create(
            CountChange(
                petition=petition,
                day=timezone.localdate(),
                source=Source.PAPER,
                delta=1,
            )
            for _ in range(1000)
        )

    rush()
    fold_all()
    with connection.cursor() as cursor:
        # As autovacuum leaves it at a calm moment: pages, and no row in them.
        cursor.execute("ANALYZE petitions_countchange")
        rush()
        cursor.execute(
            f"EXPLAIN (ANALYZE) {folding.FOLD}", folding.fold_parameters(batch=1000)
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "rows=1000" in plan
    # Otherwise each change is compared with every other.
    assert "Rows Removed by Join Filter" not in plan


def test_past_days_do_not_change(petition: Petition) -> None:
    now = timezone.now()
    earlier = now - timedelta(days=4)
    signature = make_signature(petition, now=earlier)
    fold_all()

    withdrawing.withdraw(signature, now=now)
    fold_all()

    assert dict(by_day.shown_days(petition)) == {
        timezone.localdate(earlier): 1,
        timezone.localdate(now): -1,
    }
    assert counted(petition)["supporters"] == 0


def test_an_organisation_adds_up_its_petitions(petition: Petition) -> None:
    organization = petition.organization
    other = make_petition(organization)
    make_signature(petition, "same@example.org")
    make_signature(other, "same@example.org")
    fold_all()
    make_entry(other, 10)
    make_entry(make_petition(), 1000)

    public = organization.petitions.ever_public(timezone.now())

    assert public.supporters() == 12


def test_confirmations_are_tallied_by_mail_domain(petition: Petition) -> None:
    make_signature(petition, "a@Example.ORG")
    make_signature(petition, "b@example.org")
    make_signature(petition, "c@example.com")
    fold_all()

    assert dict(MailTally.objects.values_list("domain", "confirmed")) == {
        "example.org": 2,
        "example.com": 1,
    }


def test_the_proof_holds_for_every_source(petition: Petition) -> None:
    make_signature(petition)
    make_entry(petition, 7)
    folding.fold(batch=1)

    proofs = {proof.source: proof for proof in verifying.verify()}

    assert set(proofs) == set(Source)
    assert all(proof.holds for proof in proofs.values())
    assert proofs[Source.CONFIRMED].folded == 1
    assert proofs[Source.IMPORTED].unfolded == 7


def verify() -> str:
    out = StringIO()
    call_command("verify_counts", stdout=out)
    return out.getvalue()


def test_verify_counts_prints_a_line_per_petition(petition: Petition) -> None:
    make_signature(petition)
    make_entry(petition, 2, source="paper")
    make_petition(petition.organization, title="Another")

    assert verify() == (
        "ok    free-the-prisoners: 3 = 1 confirmed, 2 paper\nok    another: 0 = none\n"
    )


@pytest.mark.parametrize("damage", ["lost", "doubled", "total", "day"])
def test_verify_counts_fails_with_the_difference(
    petition: Petition, damage: str
) -> None:
    make_signature(petition)
    if damage == "lost":
        CountChange.objects.all().delete()
    elif damage == "doubled":
        CountChange.objects.create(
            petition=petition, day=timezone.localdate(), source="confirmed", delta=1
        )
    else:
        fold_all()
        if damage == "total":
            Total.objects.update(confirmed=5)
        else:
            DailyTotal.objects.update(number=2)
    out = StringIO()

    with pytest.raises(CommandError, match="1 petition"):
        call_command("verify_counts", stdout=out)

    differences = {"lost": "-1", "doubled": "+1", "total": "+4", "day": "+0"}
    assert f"difference {differences[damage]}" in out.getvalue()
    assert "WRONG free-the-prisoners: confirmed" in out.getvalue()


def test_an_entry_counts_once_by_its_label(petition: Petition) -> None:
    make_entry(petition, 5, label="Sheets 1-3")

    with pytest.raises(IntegrityError, match="count_entry_once"), transaction.atomic():
        make_entry(petition, 5, label="Sheets 1-3")

    assert counted(petition)["imported"] == 5


def test_an_entry_is_permanent_and_corrected_by_another(petition: Petition) -> None:
    entry = make_entry(petition, 50, label="Sheets")
    for statement in (
        "UPDATE petitions_countentry SET number = 5",
        "DELETE FROM petitions_countentry",
    ):
        with (
            pytest.raises(IntegrityError, match="permanent"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    make_entry(petition, -3, label="Sheets, recounted")

    assert counted(petition)["imported"] == 47
    entry.refresh_from_db()
    assert entry.number == 50
