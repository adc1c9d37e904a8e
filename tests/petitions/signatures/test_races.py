"""Races between signers, each on a connection of its own: two get in each other's way,
and both get an answer."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from core.db.database import (
    TRIES,
    repeatable,
)
from petitions.counts import verifying
from petitions.identity import same_person
from petitions.models import OutgoingMail, Petition, Signature
from petitions.models.mails import MailKind, MailState
from petitions.signatures import (
    links,
    my_data,
)
from petitions.signatures.tokens import (
    TokenPurpose,
    make_token,
)
from tests.factories import make_pending, make_petition, make_signature
from tests.parallel import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 12


def posted(path: str) -> int:
    client = Client(headers={"host": "localhost", "sec-fetch-site": "same-origin"})
    client.raise_request_exception = False
    return client.post(path).status_code


def due() -> None:
    """Mark all waiting links as sent, so that each may be asked for again."""
    OutgoingMail.objects.update(state=MailState.SENT, finished_at=timezone.now())


def test_a_link_asked_for_again_while_its_signature_is_erased(
    petition: Petition,
) -> None:
    statuses: Counter[int] = Counter()
    for number in range(ROUNDS):
        email = f"maya{number}@example.org"
        rows = [make_pending(petition, email) for _ in range(3)]
        due()
        now = timezone.now()
        paths = [
            f"/confirm/{make_token(TokenPurpose.CONFIRM, row.pk, now=now)}/resend/"
            for row in rows
        ]
        gone = f"/not-me/{make_token(TokenPurpose.NOT_ME, rows[0].pk, now=now)}/"
        statuses.update(
            all_at_once([partial(posted, path) for path in [*paths * 3, gone, gone]])
        )

    assert set(statuses) <= {303, 410}, statuses
    assert not Signature.objects.exists()
    assert not OutgoingMail.objects.filter(state=MailState.DUE).exists()


def test_a_link_is_asked_for_twice_at_once_and_sent_once(petition: Petition) -> None:
    row = make_pending(petition)
    due()

    all_at_once([partial(links.send_again, row, now=timezone.now())] * 8)

    assert OutgoingMail.objects.filter(state=MailState.DUE).count() == 1


def test_links_that_are_answered_while_signatures_are_erased(
    petition: Petition,
) -> None:
    """The worker answers requests; an error here would make its round fail and start
    again."""

    def answer() -> None:
        for _ in range(5):
            links.answer_requests(timezone.now())

    for _ in range(ROUNDS):
        rows = [make_pending(petition, "maya@example.org") for _ in range(4)]
        due()
        now = timezone.now()
        for kind in (MailKind.CONFIRM, MailKind.ALL):
            links.ask_links(rows[0].email, kind, now=now)
        erase = partial(my_data.erase_signature, rows[0], now=now)

        jobs: list[Callable[[], None]] = [answer, erase, answer, erase]
        all_at_once(jobs)

    assert not OutgoingMail.objects.filter(
        signature=None, state__in=[MailState.DUE, MailState.HELD]
    ).exists()


def test_all_that_one_person_can_do_at_once(petition: Petition) -> None:
    """On two petitions, in any order: no error occurs, and the counts hold."""
    other = make_petition(petition.organization, title="Another one")
    statuses: Counter[int] = Counter()
    for number in range(ROUNDS):
        email = f"maya{number}@example.org"
        mine = [make_signature(each, email) for each in (petition, other)]
        pending = [make_pending(each, email) for each in (petition, other)]
        now = timezone.now()
        paths = []
        for row in mine:
            own = make_token(TokenPurpose.OWN, row.pk, now=now)
            paths += [f"/signature/{own}/withdraw/", f"/signature/{own}/"]
            paths += [f"/not-me/{make_token(TokenPurpose.NOT_ME, row.pk, now=now)}/"]
        for row in pending:
            link = make_token(TokenPurpose.CONFIRM, row.pk, now=now)
            paths += [f"/confirm/{link}/", f"/confirm/{link}/resend/"]
        all_of_it = make_token(TokenPurpose.ALL, mine[0].pk, now=now)
        paths += [f"/signed/{all_of_it}/erase/"]

        statuses.update(all_at_once([partial(posted, path) for path in paths]))
        my_data.erase_all(my_data.DataSubject.owner(mine[0].email), now=now)

    assert not [status for status in statuses if status >= 500], statuses
    assert all(proof.holds for proof in verifying.verify())
    assert not Signature.objects.exists()


def test_a_form_that_comes_in_while_its_siblings_are_forgotten(
    petition: Petition,
) -> None:
    first = make_pending(petition)

    def sign() -> None:
        for _ in range(6):
            # It may be erased before the factory reads it.
            with suppress(Signature.DoesNotExist):
                make_pending(petition, first.email)

    def forget() -> None:
        for _ in range(12):
            same_person.erase_pending(first)

    for _ in range(ROUNDS):
        all_at_once([sign, forget, sign, forget])

    assert not OutgoingMail.objects.filter(signature=None, finished_at=None).exists()


# == Retrying ==


def refused(state: str, kind: Callable[[], Exception]) -> Exception:
    class Reason(Exception):
        sqlstate = state

    error = kind()
    error.__cause__ = Reason()
    return error


@pytest.mark.parametrize(
    ("state", "kind", "tries"),
    [
        ("40P01", OperationalError, TRIES),
        ("40001", OperationalError, TRIES),
        ("55P03", OperationalError, TRIES),
        ("23503", IntegrityError, TRIES),
        # Not retried: the result would be the same.
        ("23505", IntegrityError, 1),
        ("22P02", OperationalError, 1),
        ("57014", OperationalError, 1),
    ],
)
def test_what_is_begun_anew(state: str, kind: Any, tries: int) -> None:
    tried: list[int] = []

    @repeatable
    def act(number: int) -> None:
        tried.append(number)
        raise refused(state, kind)

    with pytest.raises(kind):
        act(7)
    assert tried == [7] * tries

    with transaction.atomic(), pytest.raises(kind):
        act(8)
    assert tried == [7] * tries + [8]


def test_a_deadlock_is_begun_anew(petition: Petition) -> None:
    one, two = make_signature(petition), make_signature(petition)
    meet = threading.Barrier(2, timeout=20)
    tried: Counter[int] = Counter()

    @repeatable
    def act(first: Signature, second: Signature) -> None:
        with transaction.atomic():
            Signature.objects.select_for_update().get(pk=first.pk)
            tried[first.pk] += 1
            if tried[first.pk] == 1:
                meet.wait()
            Signature.objects.filter(pk=second.pk).update(place="Ottawa")

    def limited(*rows: Signature) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '100ms'")
        act(*rows)

    all_at_once([partial(limited, one, two), partial(limited, two, one)])

    assert sorted(tried.values()) == [1, 2]
    assert Signature.objects.filter(place="Ottawa").count() == 2


def test_ending_links_goes_on_when_another_locks_the_same_rows_the_other_way(
    petition: Petition,
) -> None:
    other = make_petition(petition.organization, title="Another one")
    first, second = (
        make_signature(each, "maya@example.org") for each in (petition, other)
    )
    made = timezone.now()
    is_locked = threading.Event()

    def lock() -> None:
        with transaction.atomic():
            rows = Signature.objects.select_for_update()
            rows.get(pk=second.pk)
            is_locked.set()
            time.sleep(0.4)
            rows.get(pk=first.pk)

    def end() -> None:
        is_locked.wait(10)
        links.end_links("maya@example.org", made_before=made)

    jobs: list[Callable[[], None]] = [lock, end]
    all_at_once(jobs)

    ended = set(Signature.objects.values_list("links_ended_at", flat=True))
    assert ended == {made}
