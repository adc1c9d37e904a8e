"""What the database keeps of updates, answers, handovers and corrections."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from petitions.models import (
    Answer,
    AnswerRevision,
    Correction,
    Handover,
    Petition,
    Translation,
    Update,
)
from tests.factories import (
    make_answer,
    make_entry,
    make_handover,
    make_petition,
    make_update,
)

pytestmark = pytest.mark.django_db


def refused(match: str) -> Any:
    return pytest.raises(IntegrityError, match=match)


# == Updates ==


def test_numbers_begin_with_one_in_each_petition(petition: Petition) -> None:
    other = make_petition()
    draft = make_update(petition, published=False)

    numbers = [make_update(p).number for p in (petition, petition, other)]

    assert numbers == [1, 2, 1]
    assert draft.number is None


def test_a_number_is_kept(petition: Petition) -> None:
    update = make_update(petition)

    for change in ({"number": 7}, {"petition": make_petition()}):
        with refused("keeps its address"), transaction.atomic():
            Update.objects.filter(pk=update.pk).update(**change)
    with refused("keeps its address"), transaction.atomic():
        update.delete()

    Update.objects.filter(pk=update.pk).update(title="Better", published_at=None)


def test_a_draft_that_two_publish_at_once_gets_one_number(petition: Petition) -> None:
    """As with a button that is pressed twice: each has read the draft."""
    draft = make_update(petition, published=False)
    one, other = Update.objects.get(pk=draft.pk), Update.objects.get(pk=draft.pk)
    for reader in (one, other):
        reader.published_at = timezone.now()
        reader.save()

    assert (one.number, other.number) == (1, 1)


def test_a_draft_can_be_deleted(petition: Petition) -> None:
    make_update(petition, published=False).delete()

    assert not Update.objects.exists()


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"title": ""}, "update_title_and_text"),
        ({"text": ""}, "update_title_and_text"),
        ({"number": 1, "title": "b"}, "update_number_once"),
    ],
)
def test_update_constraints(
    petition: Petition, fields: dict[str, Any], name: str
) -> None:
    make_update(petition)

    with refused(name), transaction.atomic():
        make_update(petition, published=False, **fields)


def test_what_is_published_has_an_address(petition: Petition) -> None:
    make_update(petition, published=False)

    with refused("update_published_with_number"), transaction.atomic():
        Update.objects.update(published_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_at_once_get_two_numbers() -> None:
    petition = make_petition()
    numbers: list[int | None] = []

    def publish() -> None:
        try:
            numbers.append(make_update(petition).number)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, numbers)) == list("123456")


# == Answers ==


def test_an_answer_keeps_what_it_said(petition: Petition) -> None:
    answer = make_answer(petition, text="No.")
    answer.text = "Yes."
    answer.save()
    Answer.objects.filter(pk=answer.pk).update(text="Yes, in May.")
    answer.refresh_from_db()

    revisions = answer.revisions.all()

    assert [revision.text for revision in revisions] == ["Yes.", "No."]
    assert answer.changed_at == revisions[0].replaced_at


def test_what_is_no_change_makes_no_revision(petition: Petition) -> None:
    answer = make_answer(petition)

    answer.save()

    answer.refresh_from_db()
    assert (answer.changed_at, answer.revisions.count()) == (None, 0)


@pytest.mark.parametrize("name", Answer.WORDS)
def test_each_word_of_it_makes_a_revision(petition: Petition, name: str) -> None:
    answer = make_answer(petition)
    second = petition.targets.create(name="Second")
    new = {
        "target": second,
        "answered_on": date(2020, 1, 1),
        "text_format": "markdown",
        "language": "fr",
    }

    Answer.objects.update(**{name: new.get(name, "https://example.org/")})

    assert answer.revisions.count() == 1


def test_neither_answers_nor_revisions_go(petition: Petition) -> None:
    answer = make_answer(petition)
    Answer.objects.update(text="Yes.")

    for change in (
        lambda: AnswerRevision.objects.all().delete(),
        lambda: AnswerRevision.objects.update(text="Never."),
        lambda: Answer.objects.all()._raw_delete("default"),
    ):
        with refused("stays readable"), transaction.atomic():
            change()
    with refused("by the database alone"), transaction.atomic():
        AnswerRevision.objects.create(
            answer=answer,
            target=answer.target,
            answered_on=answer.answered_on,
            text="Invented",
            replaced_at=timezone.now(),
        )


@pytest.mark.parametrize("make", [make_answer, make_handover])
def test_only_those_petitioned_answer_and_receive(
    petition: Petition, make: Any
) -> None:
    stranger = make_petition().targets.get()

    with refused("not petitioned here"), transaction.atomic():
        make(petition, target=stranger)
    row = make(petition)
    with refused("stays with its petition"), transaction.atomic():
        type(row).objects.update(petition=stranger.petition, target=stranger)


def test_an_answer_has_words_or_a_link(petition: Petition) -> None:
    make_answer(petition, text="", link="https://example.org/answer")

    with refused("answer_text_or_link"), transaction.atomic():
        make_answer(petition, text="")
    with refused("answer_text_format"), transaction.atomic():
        make_answer(petition, text_format="html")


# == Handovers ==


@pytest.mark.parametrize("source", Handover.NUMBERS)
def test_what_was_handed_over_stays(petition: Petition, source: str) -> None:
    make_handover(petition)

    with refused("does not change afterwards"), transaction.atomic():
        Handover.objects.update(**{source: 9})

    Handover.objects.update(note="On the steps.", handed_on=date(2026, 1, 2))


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"confirmed": 0}, "handover_of_something"),
        ({"manner": "by drone"}, "handover_manner"),
    ],
)
def test_handover_constraints(
    petition: Petition, fields: dict[str, Any], name: str
) -> None:
    with refused(name), transaction.atomic():
        make_handover(petition, **fields)


def test_one_handover_to_somebody_a_day(petition: Petition) -> None:
    make_handover(petition)
    make_handover(petition, handed_on=timezone.localdate() - timedelta(days=1))

    with refused("handover_once_a_day"), transaction.atomic():
        make_handover(petition)


# == Corrections ==


def test_corrections_are_permanent(petition: Petition) -> None:
    make_entry(petition, 1)
    Correction.objects.create(petition=petition, text="Nine, not ten.")

    with refused("permanent"), transaction.atomic():
        Correction.objects.update(text="Eight.")
    with refused("permanent"), transaction.atomic():
        Correction.objects.all().delete()

    Correction.objects.update(made_by=None)


@pytest.mark.parametrize(
    ("before", "language"),
    [("Free the", ""), ("se do", ""), ("se do", "en"), ("Libérez", "fr")],
)
def test_a_passage_of_the_text_is_corrected(
    petition: Petition, before: str, language: str
) -> None:
    Translation.objects.create(
        petition=petition, language="fr", title="Libérez-les", text="S'il vous plaît."
    )
    correction = Correction(
        petition=petition, before=before, after="Otherwise", language=language
    )

    correction.full_clean()
    correction.save()


@pytest.mark.parametrize(
    ("before", "language"), [("Stop the", ""), ("Libérez", ""), ("Free", "fr")]
)
def test_a_passage_that_is_not_there_is_refused_with_a_sentence(
    petition: Petition, before: str, language: str
) -> None:
    Translation.objects.create(
        petition=petition, language="fr", title="Libérez-les", text="S'il vous plaît."
    )
    correction = Correction(
        petition=petition, before=before, after="Otherwise", language=language
    )

    with pytest.raises(ValidationError, match="not in the text: copy it from there"):
        correction.full_clean()
    with refused("not in the text"), transaction.atomic():
        correction.save()


def test_a_correction_can_be_corrected(petition: Petition) -> None:
    Correction.objects.create(petition=petition, before="do.", after="do it soon.")

    second = Correction(petition=petition, before="soon", after="in May", language="en")

    second.full_clean()
    second.save()


def test_line_ends_of_browsers_do_not_matter() -> None:
    petition = make_petition(text="One\r\ntwo\r\n\r\nthree")
    correction = Correction(petition=petition, before="two\r\n\r\nthree ", after="3")

    correction.full_clean()
    correction.save()

    assert correction.before == "two\n\nthree"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Write what is corrected"),
        ({"after": "it"}, "Say which passage should read so"),
        ({"before": "do", "after": "do"}, "That is what it reads already"),
        ({"text": "x", "language": "ar"}, "The petition has no text in this language"),
    ],
)
def test_corrections_that_say_nothing(
    petition: Petition, fields: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Correction(petition=petition, **fields).full_clean()
