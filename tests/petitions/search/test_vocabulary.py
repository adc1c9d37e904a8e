"""Words that no public petition has any more are not suggested to whoever mistypes."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from organizations.models import Organization
from petitions.models import SearchWord
from petitions.models.search import WordSweep
from petitions.search import vocabulary
from tests.factories import make_petition, make_translation
from tests.petitions.search.helpers import find

pytestmark = pytest.mark.django_db


def words() -> set[str]:
    return set(SearchWord.objects.values_list("word", flat=True))


def go_round(batch: int) -> int:
    """Run all batches of a sweep; return how many words were deleted."""
    _looked_at, gone = vocabulary.prune_words(batch)
    while WordSweep.objects.get().reached:
        gone += vocabulary.prune_words(batch)[1]
    return gone


def test_a_name_that_was_withdrawn_is_offered_no_more(
    organization: Organization,
) -> None:
    make_petition(organization, title="Free the prisoners", text="Please.")
    other = make_petition(organization, title="Free Zarathustra", text="He is ill.")
    assert find("Zaratustra").alike == ["zarathustra"]
    other.withdraw(now=timezone.now())
    assert find("Zaratustra").alike == []  # nothing is found by it …
    assert "zarathustra" in words()  # … but it is there

    assert vocabulary.VocabularySweep().round(timezone.now()) is False

    assert words() == {"free", "prisoners", "please", "rights", "minister"}


def test_so_is_one_that_was_written_out_of_a_text(organization: Organization) -> None:
    petition = make_petition(organization, title="Free Zarathustra")
    petition.title = "Free them all"
    petition.save()

    vocabulary.VocabularySweep().round(timezone.now())

    assert "zarathustra" not in words()
    assert "free" in words()


def test_what_a_public_text_says_stays_in_any_language(
    organization: Organization,
) -> None:
    petition = make_petition(
        organization, title="Libérez les prisonnières", language="fr", text="Élèves"
    )
    for language, title in {
        "en": "Prisoners' well-known Declaration",
        "es": "Derechos de las mujeres",
        "ru": "Свобода заключённым",
        "ar": "الحرية للسجناء",
        "el": "Ελευθερία στους κρατούμενους",
        "zh-Hant": "釋放良心犯們",
        "crk": "kiskinwahamakewin",
    }.items():
        make_translation(petition, language, title=title, text=title)
    before = words()
    assert len(before) > 15

    assert go_round(batch=3) == 0

    assert words() == before


def test_a_round_goes_on_where_it_was(organization: Organization) -> None:
    make_petition(organization, title="Alpha Bravo Delta Echo Golf", text="x")
    SearchWord.objects.bulk_create(
        SearchWord(word=f"nowhere{letter}") for letter in "abcdefgh"
    )
    vocabulary.prune_words(4)
    assert WordSweep.objects.get().reached == sorted(words())[3]
    assert {word for word in words() if word.startswith("nowhere")} == {
        f"nowhere{letter}" for letter in "abcdefgh"
    }

    while WordSweep.objects.get().reached:
        before = words()
        vocabulary.prune_words(4)
        assert len(before - words()) <= 4

    assert not any(word.startswith("nowhere") for word in words())
    assert {"alpha", "bravo", "delta", "echo", "golf"} <= words()


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_nobody_and_takes_nothing_that_is_just_coming_in(
    organization: Organization,
) -> None:
    SearchWord.objects.create(word="zarathustra")
    writing, look = threading.Event(), threading.Event()

    def publish() -> None:
        try:
            with transaction.atomic():
                make_petition(organization, title="Free Zarathustra")
                writing.set()
                assert look.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=publish)
    thread.start()
    assert writing.wait(20)
    vocabulary.VocabularySweep().round(timezone.now())
    look.set()
    thread.join()
    assert "zarathustra" in words()

    go_round(batch=100)

    assert "zarathustra" in words()


def test_nothing_is_done_when_no_text_has_changed(
    organization: Organization, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    petition = make_petition(organization, title="Free the prisoners", text="Please.")
    sweep, now = vocabulary.VocabularySweep(), timezone.now()
    sweep.round(now)

    with django_assert_num_queries(2):  # where it is, and how many texts there are
        sweep.round(now)
    with django_assert_num_queries(0):
        sweep.round(now)

    petition.withdraw(now=now)
    sweep.rests_until = 0.0
    sweep.round(now)
    assert words() == set()
