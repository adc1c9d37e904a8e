"""A worker that loses its session while it sends: what the mail server has taken is
marked, and the rest is left to whoever has the lock of the loop."""

from __future__ import annotations

import psycopg
import pytest
from django.db import Error, connection
from django.utils import timezone
from pytest_django import Settings

from petitions.mail import outbox
from petitions.models import Petition
from petitions.models.mails import MailState
from tests.factories import make_pending
from tests.mailserver import MailServer
from tests.petitions.mail.helpers import states

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 60


def own_session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def end(session: int) -> None:
    """End a session; from the mail server's thread, which is not for Django."""
    asked = connection.get_connection_params()
    own = {k: asked[k] for k in ("dbname", "user", "password", "host", "port")}
    with psycopg.connect(**own) as database:
        database.execute("SELECT pg_terminate_backend(%s)", [session])


@pytest.mark.parametrize("connections", [1, 3])
def test_no_mail_goes_twice_after_a_lost_session(
    server: MailServer, petition: Petition, settings: Settings, connections: int
) -> None:
    settings.MAIL_CONNECTIONS = connections
    emails = [f"maya{number}@example.org" for number in range(MANY)]
    for email in emails:
        make_pending(petition, email)
    sessions = [own_session()]

    def end_at_the_third() -> None:
        if sessions and len(server.mailbox.envelopes) >= 2:
            end(sessions.pop())

    server.mailbox.refuse_data = end_at_the_third
    server.mailbox.delay = 0.02
    with pytest.raises(Error):
        outbox.send_due(timezone.now())
    connection.close()
    taken = list(server.mailbox.recipients)

    # All that were taken are marked, and it has not gone on without its lock.
    assert states() == {MailState.SENT: len(taken), MailState.DUE: MANY - len(taken)}
    assert 0 < len(taken) < MANY

    # What whoever has the lock then does.
    server.mailbox.delay = 0
    outbox.begin_sending()
    outbox.send_due(timezone.now())
    assert sorted(server.mailbox.recipients) == sorted(emails)
