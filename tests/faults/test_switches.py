"""Each switch is turned on under load: within five seconds no process goes on with what
it stops, nothing that was acknowledged is lost, and every mail goes out once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.conftest import Parts
from tests.faults.load import PETITION, Load
from tests.site import fetch, until

pytestmark = pytest.mark.faults

IN_FORCE = 5.0  # seconds
# Long enough for each process to be asked many times.
LOOK = 3.0  # seconds


def switch(parts: Parts, *words: str) -> None:
    done = parts.site.manage("switch", *words)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(autouse=True)
def _off_everywhere() -> Iterator[None]:
    """Leave the next test a site on which no process still holds to a switch."""
    yield
    time.sleep(IN_FORCE)


@contextmanager
def switched(parts: Parts, name: str, *words: str) -> Iterator[float]:
    """Turn a switch on, and yield the moment in which it was."""
    switch(parts, name, "on", *words)
    try:
        ((age,),) = parts.site.sql(
            "SELECT extract(epoch FROM clock_timestamp() - since)::float"
            " FROM config_switch WHERE name = %s",
            name,
        )
        yield time.monotonic() - age
    finally:
        switch(parts, name, "off")


def wait_until_in_force(turned_at: float) -> None:
    time.sleep(max(0.0, turned_at + IN_FORCE - time.monotonic()))


def page_of(parts: Parts) -> str:
    return fetch(parts.site.url + PETITION).text


def sent(parts: Parts) -> int:
    return len(parts.mail.mailbox.envelopes)


def refused(load: Load) -> int:
    return load.answers[503]


def rows(parts: Parts) -> list[tuple[int, int]]:
    """How many have signed, and how many of them are counted."""
    return parts.site.sql(
        "SELECT count(*), count(*) FILTER (WHERE state = 'confirmed')"
        " FROM petitions_signature"
    )


def is_processed_by_two(parts: Parts) -> bool:
    return len(parts.site.processes("gunicorn")) >= 3  # with the one that starts them


def test_stop_signing_under_load(parts: Parts) -> None:
    assert is_processed_by_two(parts)
    with parts.load() as load:
        until(lambda: len(load.confirmed) > 5, 30)
        with switched(parts, "stop-signing", "--message", "en=Back at noon.") as at:
            wait_until_in_force(at)
            signed, stored = len(load.signed), rows(parts)[0][0]
            before = refused(load)
            time.sleep(LOOK)
            assert refused(load) > before
            assert (len(load.signed), rows(parts)[0][0]) == (signed, stored)
            page = page_of(parts)
            assert "Back at noon." in page
            assert 'name="email"' not in page
        back = load.goes_on(IN_FORCE)

    figures = load.prove("stop signing", "", f"signed again after {back:.1f} s")
    assert set(figures.answers) == {200, 303, 503}
    assert figures.broken == 0
    assert figures.sent == figures.due


def test_stop_mail_under_load(parts: Parts) -> None:
    with parts.load() as load:
        until(lambda: len(load.confirmed) > 5, 30)
        with switched(parts, "stop-mail") as at:
            wait_until_in_force(at)
            mails, signed = sent(parts), len(load.signed)
            time.sleep(LOOK)
            assert sent(parts) == mails
            # Signing does not notice.
            assert len(load.signed) > signed
        gone_on_at = time.monotonic()
        until(lambda: sent(parts) > mails, IN_FORCE)
        back = time.monotonic() - gone_on_at
        load.goes_on()

    figures = load.prove("stop mail", "", f"first mail after {back:.1f} s")
    assert set(figures.answers) == {200, 303}
    assert figures.broken == 0
    # Each once.
    assert figures.sent == figures.due


def test_read_only_under_load(parts: Parts) -> None:
    with parts.load() as load:
        until(lambda: len(load.confirmed) > 5, 30)
        with switched(parts, "read-only", "--message", "en=We are moving house.") as at:
            wait_until_in_force(at)
            stored, mails = rows(parts), sent(parts)
            changes = parts.site.sql("SELECT count(*) FROM petitions_countchange")
            pages, before = load.answers[200], refused(load)
            time.sleep(LOOK)
            assert refused(load) > before
            assert load.answers[200] > pages
            assert (rows(parts), sent(parts)) == (stored, mails)
            assert changes == parts.site.sql(
                "SELECT count(*) FROM petitions_countchange"
            )
            assert "We are moving house." in page_of(parts)
        back = load.goes_on(IN_FORCE)

    figures = load.prove("read-only", "", f"signed again after {back:.1f} s")
    assert set(figures.answers) == {200, 303, 503}
    assert figures.broken == 0
    assert figures.sent == figures.due


def test_a_banner_under_load(parts: Parts) -> None:
    words = "Counting takes longer today."
    with parts.load() as load:
        until(lambda: len(load.signed) > 5, 30)
        with switched(parts, "banner", "--message", f"en={words}") as at:
            wait_until_in_force(at)
            for _ in range(40):
                assert words in page_of(parts)
        time.sleep(IN_FORCE)
        for _ in range(40):
            assert words not in page_of(parts)
        until(lambda: bool(load.confirmed), 20)

    figures = load.prove("banner")
    assert set(figures.answers) == {200, 303}
    assert figures.broken == 0
