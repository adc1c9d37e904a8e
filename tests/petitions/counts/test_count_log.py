"""The count log: what is appended, what stays, and what outsiders find when it was
changed all the same."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pymerkle import InmemoryTree

from petitions.counts import checkpoints, folding, tree, verifying
from petitions.models import (
    Checkpoint,
    CountChange,
    CountLeaf,
    CountReceipt,
    CountSubtree,
    Petition,
    Signature,
    Total,
)
from petitions.privacy import expiry
from petitions.signatures import my_data, withdrawing
from tests.factories import make_entry, make_petition, make_signature
from tests.petitions.counts.log import fill, fold_all

pytestmark = pytest.mark.django_db


def lines_of(petition: Petition) -> list[str]:
    leaves = CountLeaf.objects.filter(petition=petition).order_by("number")
    return [leaf.line for leaf in leaves]


# == Appending ==


def test_each_counted_change_is_a_line(petition: Petition) -> None:
    first = make_signature(petition)
    make_entry(petition, 400, source="paper")
    second = make_signature(petition)
    fold_all()
    withdrawing.withdraw(first, now=timezone.now())
    fold_all()

    today, words = (
        timezone.localdate().isoformat(),
        [line.rsplit(" ", 1)[0] for line in lines_of(petition)],
    )
    assert words == [
        f"{petition.pk} 0 {today} confirmed +1",
        f"{petition.pk} 1 {today} paper +400",
        f"{petition.pk} 2 {today} confirmed +1",
        f"{petition.pk} 3 {today} confirmed -1",
    ]
    assert Total.objects.get(pk=petition.pk).log_size == 4
    receipts = CountReceipt.objects.order_by("number")
    assert [(r.signature_id, r.number) for r in receipts] == [
        (first.pk, 0), (second.pk, 2), (first.pk, 3),
    ]  # fmt: skip
    assert all(proof.holds for proof in verifying.verify())


def test_petitions_are_numbered_apart(petition: Petition) -> None:
    other = make_petition(petition.organization)
    for each in (petition, other, petition):
        make_signature(each)
    fold_all()

    numbers = CountLeaf.objects.order_by("petition", "number")
    assert list(numbers.values_list("petition", "number")) == [
        (petition.pk, 0), (petition.pk, 1), (other.pk, 0),
    ]  # fmt: skip


def test_whatever_code_folds_appends(petition: Petition) -> None:
    """The former release, which runs beside this one while a site is updated, knows no
    log."""
    make_signature(petition)
    CountChange.objects.update(signature=None)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM petitions_countchange")

    assert len(lines_of(petition)) == 1
    assert not CountReceipt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_number_no_line_twice(petition: Petition) -> None:
    day = timezone.localdate()
    CountChange.objects.bulk_create(
        CountChange(petition=petition, day=day, source="confirmed", delta=1)
        for _ in range(600)
    )
    begin = threading.Barrier(3)

    def work() -> None:
        try:
            begin.wait()
            while folding.fold(batch=20):
                pass
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    fold_all()

    numbers = CountLeaf.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(600))


def test_what_was_folded_before_there_was_a_log_begins_it(petition: Petition) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    Total.objects.update(log_size=None)
    make_signature(petition, now=yesterday)
    make_signature(petition)
    make_entry(petition, 30)
    gone = make_signature(petition)
    withdrawing.withdraw(gone, now=timezone.now())
    fold_all()
    assert lines_of(petition) == []

    make_signature(petition)
    checkpoints.advance_logs(timezone.now())
    fold_all()

    deltas = [line.split()[2:5] for line in lines_of(petition)]
    assert deltas == [
        [
            yesterday.astimezone(timezone.get_current_timezone()).date().isoformat(),
            "confirmed",
            "+1",
        ],
        [timezone.localdate().isoformat(), "confirmed", "+1"],
        [timezone.localdate().isoformat(), "imported", "+30"],
        [timezone.localdate().isoformat(), "confirmed", "+1"],
    ]
    assert all(proof.holds for proof in verifying.verify())


def test_verifying_finds_a_line_that_was_added(petition: Petition) -> None:
    make_signature(petition)
    fold_all()
    CountLeaf.objects.create(
        petition=petition, number=1, day=timezone.localdate(), source="paper",
        delta=1000, nonce_hash=bytes(32),
    )  # fmt: skip

    logged = {proof.source: proof.logged for proof in verifying.verify()}
    assert logged == {"confirmed": 1, "paper": 1000, "imported": 0}
    assert not any(proof.holds for proof in verifying.verify())


@pytest.mark.parametrize("model", [CountLeaf, CountSubtree, Checkpoint])
def test_the_database_keeps_what_was_published(petition: Petition, model: Any) -> None:
    fill(petition, 256)
    checkpoints.sign_checkpoint(petition.pk, now=timezone.now())
    for statement in (
        f"UPDATE {model._meta.db_table} SET petition_id = petition_id",
        f"DELETE FROM {model._meta.db_table}",
    ):
        with (
            pytest.raises(IntegrityError, match="permanent"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


# == Receipts are erased, lines stay ==


def test_erasing_a_withdrawn_signature_erases_its_receipts(petition: Petition) -> None:
    mine, other = make_signature(petition), make_signature(petition)
    fold_all()
    withdrawing.withdraw(mine, now=timezone.now())
    fold_all()

    my_data.erase_signature(mine, now=timezone.now())

    assert not Signature.objects.filter(pk=mine.pk).exists()
    assert [r.signature_id for r in CountReceipt.objects.all()] == [other.pk]
    assert len(lines_of(petition)) == 3


def test_anonymising_a_counted_signature_erases_its_receipt(
    petition: Petition,
) -> None:

    mine = make_signature(petition)
    fold_all()
    petition.close(now=timezone.now())
    petition.refresh_from_db()
    later = timezone.now() + timedelta(days=3000)
    expiry.Anonymisation().erase(later, 100)

    assert not Signature.objects.known().filter(pk=mine.pk).exists()
    assert not CountReceipt.objects.exists()
    assert len(lines_of(petition)) == 1


def test_a_signature_erased_before_its_change_is_folded_has_no_receipt(
    petition: Petition,
) -> None:
    mine = make_signature(petition)
    withdrawing.withdraw(mine, now=timezone.now())
    my_data.erase_signature(mine, now=timezone.now())

    fold_all()

    assert len(lines_of(petition)) == 2
    assert not CountReceipt.objects.exists()


# == The tree ==


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700, 66_000])
def test_the_tree_in_tiles_is_that_of_another_implementation(
    petition: Petition, size: int
) -> None:
    fill(petition, size)
    other = InmemoryTree(algorithm="sha256")
    for line in lines_of(petition):
        other.append_entry(line.encode())

    assert tree.store_tiles(petition.pk, size, most=10_000)

    ours = tree.Tree(petition.pk, size)
    assert ours.root == other.get_root()
    for index in {0, 1, size // 3, size // 2, size - 1, 255, 256} & set(range(size)):
        assert ours.proof(index) == other.prove_inclusion(index + 1, size).path[1:]


def test_hashing_goes_on_where_it_was_left(petition: Petition) -> None:
    fill(petition, 256 * 5)

    rounds = [tree.store_tiles(petition.pk, 256 * 5, most=2) for _ in range(4)]

    assert rounds == [False, False, True, True]
    stored = CountSubtree.objects.order_by("number").values_list("number", flat=True)
    assert list(stored) == [0, 1, 2, 3, 4]


# == Signing ==


def test_a_checkpoint_is_signed_once_a_night(petition: Petition) -> None:
    noon = timezone.localtime().replace(hour=12, minute=0)
    make_signature(petition, now=noon)
    fold_all()

    def signed(moment: datetime) -> list[int]:
        checkpoints.advance_logs(moment)
        return [each.size for each in Checkpoint.objects.order_by("size")]

    assert signed(noon) == [1]  # the first one at once
    make_signature(petition, now=noon)
    fold_all()
    assert signed(noon.replace(hour=23, minute=59)) == [1]
    night = (noon + timedelta(days=1)).replace(hour=0)
    assert signed(night.replace(minute=4)) == [1]
    assert signed(night.replace(minute=6)) == [1, 2]
    assert signed(night.replace(hour=9)) == [1, 2]
    assert signed(night + timedelta(days=1)) == [1, 2]  # nothing new


def test_without_a_key_nothing_is_signed(petition: Petition, settings: Any) -> None:
    settings.CHECKPOINT_KEY = ""
    make_signature(petition)
    fold_all()

    assert checkpoints.advance_logs(timezone.now()) is False

    assert not Checkpoint.objects.exists()
    assert checkpoints.public_key() == ""


def test_a_gap_is_never_signed_and_stops_no_other_petition(petition: Petition) -> None:
    other = make_petition(petition.organization)
    fill(petition, 300)
    fill(other, 300)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE petitions_countleaf SET number = 100000"
            " WHERE petition_id = %s AND number = 7",
            [petition.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")

    assert checkpoints.advance_logs(timezone.now()) is False

    assert [each.petition for each in Checkpoint.objects.all()] == [other]
    broken = {proof.petition_id for proof in verifying.verify() if not proof.is_whole}
    assert broken == {petition.pk}
