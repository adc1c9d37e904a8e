"""An answer that should never have been there is taken back whole, by owners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from core.http.cache_policy import page_cache
from core.models import AuditEntry
from organizations.models import Organization, User
from petitions.models import Answer, AnswerWithdrawal, Petition
from tests.factories import make_answer, make_petition
from tests.helpers import text_of
from tests.project.pages_of_two import opened
from tests.project.two_people import change, saved

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db

NUMBER = "Call me at 613 555 0199."
REASON = "Saved under the wrong petition"
WHY = {"withdrawn_because": REASON}


@pytest.fixture
def answer(petition: Petition) -> Answer:
    """With former words and a translation."""
    answer = make_answer(
        petition, text=NUMBER, answered_by="His assistant, 613 555 0199"
    )
    answer.translations.create(language="fr", text=f"Fr: {NUMBER}")
    answer.text = f"Again: {NUMBER}"
    answer.save()
    return answer


def path_of(answer: Answer) -> str:
    return f"/admin/petitions/answer/{answer.pk}/withdraw/"


def everywhere(visitor: Client, petition: Petition) -> str:
    page_cache.clear()
    path = petition.get_absolute_url()
    pages = [path, f"/fr{path}", f"{path.rstrip('/')}.json"]
    return "\n".join(visitor.get(page).content.decode() for page in pages)


def stored() -> str:
    """All that there is in the database."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.managed and not model._meta.proxy:
                cursor.execute(
                    f'SELECT to_jsonb(t)::text FROM "{model._meta.db_table}" t'
                )
                found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def test_an_owner_takes_an_answer_back_and_readers_are_told(
    as_user: Login, alice: User, answer: Answer, visitor: Client
) -> None:
    client, number, petition = as_user(alice), answer.pk, answer.petition
    change = client.get(f"/admin/petitions/answer/{number}/change/")
    assert path_of(answer) in change.content.decode()
    asked = text_of(client.get(path_of(answer)))
    assert "1 former version" in asked
    final = "This cannot be taken back: its words are erased everywhere."
    assert final in asked
    assert NUMBER in everywhere(visitor, petition)

    response = client.post(path_of(answer), WHY, follow=True)

    done = f"Withdrawn. Readers see when, by whom, and why. {final}"
    assert done in text_of(response)
    public = everywhere(visitor, petition)
    assert "555 0199" not in public + stored()
    page = text_of(visitor.get(petition.get_absolute_url()))
    day = date_format(timezone.localdate())
    because = f"An answer was removed on {day} by Rights Now, because: {REASON}"
    # Where it stood, and among what happened since.
    assert page.replace(" ,", ",").count(because) == 2
    assert "Une réponse a été retirée" in public
    data = visitor.get(f"{petition.get_absolute_url().rstrip('/')}.json").json()
    today = timezone.localdate().isoformat()
    assert data["answers"] == []
    assert data["answers_withdrawn"] == [{"day": today, "reason": REASON}]
    kept = text_of(client.get("/admin/petitions/answerwithdrawal/"))
    assert WHY["withdrawn_because"] in kept
    assert "alice@example.org" in kept
    entry = AuditEntry.objects.get(table="petitions_answer", action="delete")
    assert (entry.parent, entry.account) == (petition.pk, alice.pk)
    assert entry.reason == WHY["withdrawn_because"]


def test_a_reason_that_was_asked_for_staff_alone_stays_with_them(
    alice: User, answer: Answer, visitor: Client
) -> None:
    """The release before asked for it so; its code still writes records."""
    petition = answer.petition
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO petitions_answerwithdrawal (answer, petition_id, withdrawn_at,"
            " withdrawn_because, withdrawn_by_id) VALUES (%s, %s, now(), %s, %s)",
            [answer.pk, petition.pk, REASON, alice.pk],
        )

    public = everywhere(visitor, petition)

    assert REASON not in public
    assert "An answer that was shown here was withdrawn by" in public
    assert '"reason": null' in public


@pytest.mark.parametrize("reason", ["", "  ", "\u200b", "x" * 301])
def test_it_needs_a_reason_and_keeps_what_was_typed(
    as_user: Login, alice: User, answer: Answer, reason: str
) -> None:
    response = as_user(alice).post(path_of(answer), {"withdrawn_because": reason})

    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert reason.strip() in response.content.decode()
    assert Answer.objects.filter(pk=answer.pk).exists()


def test_nobody_but_an_owner_takes_it_back(
    as_user: Login, erin: User, bob: User, charlie: User, answer: Answer
) -> None:
    for somebody, status in ((erin, 403), (bob, 403), (charlie, 404)):
        client = as_user(somebody)
        assert client.get(path_of(answer)).status_code == status
        assert client.post(path_of(answer), WHY).status_code == status
        change = client.get(f"/admin/petitions/answer/{answer.pk}/change/")
        assert path_of(answer) not in change.content.decode()
    assert Answer.objects.filter(pk=answer.pk).exists()
    other = text_of(as_user(charlie).get("/admin/petitions/answerwithdrawal/"))
    assert "0 withdrawn answers" in other


def test_it_is_taken_back_once(alice: User, erin: User, answer: Answer) -> None:
    assert answer.withdraw("First", alice, timezone.now())
    assert not answer.withdraw("Second", erin, timezone.now())

    record = AnswerWithdrawal.objects.get()
    assert (record.withdrawn_because, record.withdrawn_by) == ("First", alice)
    # An account can go; what it did stays.
    alice.delete()
    record.refresh_from_db()
    assert (record.withdrawn_because, record.withdrawn_by) == ("First", None)


def test_the_database_lets_no_answer_go_without_its_record(
    alice: User, answer: Answer, organization: Organization
) -> None:
    fields: dict[str, Any] = {
        "withdrawn_at": timezone.now(), "withdrawn_because": "Why", "withdrawn_by": alice,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="stays with its"), transaction.atomic():
        AnswerWithdrawal.objects.create(
            answer=answer.pk, petition=make_petition(organization), **fields
        )
    for rows in (answer.translations, answer.revisions, Answer.objects.all()):
        with pytest.raises(IntegrityError, match="stays"), transaction.atomic():
            rows.all()._raw_delete("default")
    answer.withdraw("Why", alice, timezone.now())
    for wrong in ({"withdrawn_because": "Else"}, {"answer": 7}):
        with pytest.raises(IntegrityError, match="for good"), transaction.atomic():
            AnswerWithdrawal.objects.update(**wrong)
    with pytest.raises(IntegrityError, match="for good"), transaction.atomic():
        AnswerWithdrawal.objects.all().delete()


def test_what_was_answered_meanwhile_is_not_withdrawn_unseen(
    as_user: Login, alice: User, erin: User, answer: Answer
) -> None:
    client = as_user(alice)
    seen = opened(client, path_of(answer))
    form = f"/admin/petitions/answer/{answer.pk}/change/"
    assert saved(change(form, as_user(erin), text="Nobody has read this")())

    refused = client.post(path_of(answer), {**WHY, **seen})

    page = text_of(refused)
    assert "erin@example.org" in page
    assert "changed this answer while you had this page open" in page
    assert "Nobody has read this" in page
    assert WHY["withdrawn_because"] in refused.content.decode()
    assert Answer.objects.filter(pk=answer.pk).exists()
    # Knowing that, whoever presses once more withdraws it.
    client.post(path_of(answer), {**WHY, **opened(client, path_of(answer))})
    assert not Answer.objects.filter(pk=answer.pk).exists()


def test_whoever_withdraws_what_is_withdrawn_is_told(
    as_user: Login, alice: User, charlie: User, answer: Answer
) -> None:
    path, petition = path_of(answer), answer.petition
    as_user(alice).post(path, WHY)

    again = as_user(alice).post(path, WHY, follow=True)

    assert "This answer is withdrawn already." in text_of(again)
    assert again.redirect_chain[-1][0].endswith(f"/petition/{petition.pk}/change/")
    assert as_user(charlie).post(path, WHY).status_code == 404
