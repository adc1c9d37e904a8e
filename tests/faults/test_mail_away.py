"""The mail server is away: signing does not notice, and every mail goes out later."""

from __future__ import annotations

import time

import pytest

from tests.faults.conftest import Parts, seconds
from tests.site import until

pytestmark = pytest.mark.faults

RETRY_AFTER = 30  # seconds


@pytest.mark.parametrize("away", seconds("MAIL_AWAY_SECONDS", "3"))
def test_mail_server_away(parts: Parts, away: float) -> None:
    with parts.load() as load:
        until(lambda: len(load.confirmed) > 5, 30)
        with parts.mail.away():
            taken = len(parts.mail.mailbox.envelopes)
            gone_at = time.monotonic()
            while time.monotonic() - gone_at < away:
                load.goes_on()
            assert len(parts.mail.mailbox.envelopes) == taken
        back_at = time.monotonic()
        until(lambda: len(parts.mail.mailbox.envelopes) > taken, 20)
        again = time.monotonic() - back_at
        load.goes_on()

    if away < RETRY_AFTER:
        # The one mail whose conversation broke off is not waited for.
        parts.site.sql(
            "UPDATE petitions_outgoingmail SET due_at = now() WHERE attempts > 0"
        )
    figures = load.prove(
        "mail server away", f"{away:g} s", f"first mail after {again:.1f} s"
    )
    assert set(figures.answers) == {200, 303}
    assert figures.broken == 0
    # Each once: what the server had taken before it went was marked.
    assert figures.sent == figures.due
