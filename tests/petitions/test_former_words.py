"""Former words of an answer that should never have been public: staff remove them for
good, and readers see that, when and by whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from core.http.cache_policy import page_cache
from core.models import AuditEntry
from organizations.models import User
from petitions.models import Answer, AnswerRevision, Petition
from tests.factories import make_answer
from tests.helpers import text_of

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db

NUMBER = "Call me at 613 555 0199."


@pytest.fixture
def answer(petition: Petition) -> Answer:
    """One that said a private number at first."""
    answer = make_answer(petition, text=NUMBER)
    answer.translations.create(language="fr", text=f"Fr: {NUMBER}")
    answer.text = "Not yet."
    answer.save()
    answer.translations.update(text="Pas encore.")
    answer.refresh_from_db()
    return answer


def path_of(answer: Answer) -> str:
    return f"/admin/petitions/answer/{answer.pk}/former/"


def everywhere(visitor: Client, petition: Petition) -> str:
    """What readers get of a petition, in words and as data."""
    page_cache.clear()
    path = petition.get_absolute_url()
    pages = [path, f"/fr{path}", f"{path.rstrip('/')}.json"]
    return "\n".join(visitor.get(page).content.decode() for page in pages)


def rows() -> str:
    """Everything that the database holds, of answers and of what staff did."""
    with connection.cursor() as cursor:
        found = []
        for table in (
            "petitions_answer", "petitions_answertranslation",
            "petitions_answerrevision", "config_auditentry", "petitions_searchdocument",
        ):  # fmt: skip
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def test_former_words_are_removed_everywhere_and_readers_are_told(
    as_user: Login, erin: User, answer: Answer, visitor: Client
) -> None:
    client = as_user(erin)
    assert NUMBER in everywhere(visitor, answer.petition)
    change = client.get(f"/admin/petitions/answer/{answer.pk}/change/")
    assert path_of(answer) in change.content.decode()
    assert NUMBER in text_of(client.get(path_of(answer)))

    for revision in answer.revisions.all():
        typed = {"revision": revision.pk, "removed_because": "A private number"}
        assert client.post(path_of(answer), typed).status_code == 302

    assert "555 0199" not in everywhere(visitor, answer.petition)
    assert "555 0199" not in rows()
    shown = text_of(visitor.get(answer.petition.get_absolute_url()))
    assert "Removed on" in shown
    assert "by Rights Now" in shown
    assert "A private number" not in shown
    assert {(r.removed_because, r.removed_by) for r in answer.revisions.all()} == {
        ("A private number", erin)
    }
    kept = text_of(client.get(path_of(answer)))
    assert "A private number" in kept
    assert "erin@example.org" in kept
    removed = AuditEntry.objects.filter(
        table="petitions_answerrevision", now__has_key="removed_at", account=erin.pk
    )
    assert [entry.reason for entry in removed] == ["A private number"] * 2


@pytest.mark.parametrize("reason", ["", "  ", "\u200b", "x" * 301])
def test_a_removal_needs_a_reason_and_keeps_what_was_typed(
    as_user: Login, erin: User, answer: Answer, reason: str
) -> None:
    revision = answer.revisions.all()[0]

    response = as_user(erin).post(
        path_of(answer), {"revision": revision.pk, "removed_because": reason}
    )

    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert reason.strip() in response.content.decode()
    assert not AnswerRevision.objects.exclude(removed_at=None).exists()


def test_only_who_may_publish_it_removes_anything(
    as_user: Login, bob: User, charlie: User, erin: User, answer: Answer
) -> None:
    revision = answer.revisions.all()[0]
    typed: dict[str, Any] = {"revision": revision.pk, "removed_because": "No"}

    assert as_user(bob).post(path_of(answer), typed).status_code == 403
    assert as_user(charlie).get(path_of(answer)).status_code == 404
    assert as_user(charlie).post(path_of(answer), typed).status_code == 404
    for strange in ("", "x", "9" * 30):
        response = as_user(erin).post(path_of(answer), {**typed, "revision": strange})
        assert response.status_code == 404
    assert not AnswerRevision.objects.exclude(removed_at=None).exists()
    assert 'name="removed_because"' not in text_of(as_user(bob).get(path_of(answer)))


def test_a_removal_is_done_once(erin: User, alice: User, answer: Answer) -> None:
    revision = answer.revisions.all()[0]

    assert revision.remove("First", erin, timezone.now())
    assert not revision.remove("Second", alice, timezone.now())

    revision.refresh_from_db()
    assert (revision.removed_because, revision.removed_by) == ("First", erin)
    # An account can go; what it did stays.
    erin.delete()
    revision.refresh_from_db()
    assert (revision.removed_because, revision.removed_by) == ("First", None)


def test_the_database_lets_nothing_else_of_it_change(
    erin: User, answer: Answer
) -> None:
    now = timezone.now()
    gone: dict[str, Any] = {"text": "", "link": "", "answered_by": "", "removed_at": now,
            "removed_because": "Why", "removed_by": erin}  # fmt: skip
    for wrong in (
        {**gone, "text": "Other words"},
        {**gone, "removed_because": ""},
        {**gone, "language": "de"},
        {**gone, "replaced_at": now},
        {"text": ""},
        {"removed_at": now},
    ):
        with (
            pytest.raises(IntegrityError, match="stays readable"),
            transaction.atomic(),
        ):
            AnswerRevision.objects.update(**wrong)
    AnswerRevision.objects.update(**gone)
    later: list[dict[str, Any]] = [
        {"text": "Back"},
        {"removed_at": None},
        {"removed_because": "Else"},
    ]
    for wrong in later:
        with (
            pytest.raises(IntegrityError, match="stays readable"),
            transaction.atomic(),
        ):
            AnswerRevision.objects.update(**wrong)
