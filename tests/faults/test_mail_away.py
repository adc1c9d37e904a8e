"""The mail server is away: signing does not notice, and every mail goes out later."""

from __future__ import annotations

import time

import pytest

from tests.faults.conftest import Parts, seconds
from tests.mailserver import MailServer
from tests.site import until

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("away", seconds("MAIL_AWAY_SECONDS", "3"))
def test_mail_server_away(parts: Parts, away: float) -> None:
    with parts.load() as load:
        until(lambda: len(load.confirmed) > 5, 30)
        parts.mail.stop()
        taken = len(parts.mail.mailbox.envelopes)
        gone_at = time.monotonic()
        while time.monotonic() - gone_at < away:
            load.goes_on()
        assert len(parts.mail.mailbox.envelopes) == taken
        parts.mail = MailServer(parts.mail.port, parts.mail.mailbox)
        parts.mail.start()
        back_at = time.monotonic()
        until(lambda: len(parts.mail.mailbox.envelopes) > taken, 20)
        again = time.monotonic() - back_at
        load.goes_on()

    figures = load.prove(
        "mail server away", f"{away:g} s", f"first mail after {again:.1f} s"
    )
    assert set(figures.answers) == {200, 303}
    assert figures.broken == 0
    # Each once: what the server had taken before it went was marked.
    assert figures.sent == figures.due
