"""PostgreSQL is away, for seconds or for half a minute: pages stay, signing waits
politely, and works again by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.faults.conftest import Parts, seconds
from tests.site import fetch, link_of, until

pytestmark = pytest.mark.faults

PETITION = "/petitions/canada-sign-the-global-treaty-to-end-torture/"
PAGES = (
    "/", PETITION, "/organizations/amnesty-international-canada/", "/petitions/",
    f"{PETITION}count.json", f"/fr{PETITION}",
)  # fmt: skip
FORM = {
    "name": "Maya “Quote” Tremblay",
    "email": "maya@outage.example.org",
    "comment": "Keep this <b>safe</b>",
    "updates": "yes",
}


@pytest.mark.parametrize("away", seconds("OUTAGE_SECONDS", "3"))
def test_postgres_away(parts: Parts, away: float) -> None:
    site, cluster = parts.site, parts.cluster
    # Both web processes have every page: of so many requests at once, each takes some.
    with ThreadPoolExecutor(32) as pool:
        for page in PAGES:
            answers = pool.map(fetch, [site.url + page] * 64)
            assert {answer.status for answer in answers} == {200}

    page_times, form_times, problems = [], [], []
    with parts.load() as load:
        until(lambda: len(load.confirmed) > 5, 30)
        cluster.stop()
        gone_at = time.monotonic()
        while time.monotonic() - gone_at < away:
            for page in PAGES:
                started = time.monotonic()
                status = fetch(site.url + page).status
                page_times.append(time.monotonic() - started)
                if status != 200:
                    problems.append((page, status))
            started = time.monotonic()
            answer = fetch(f"{site.url}{PETITION}sign/", FORM)
            form_times.append(time.monotonic() - started)
            if answer.status != 503:
                problems.append(("sign", answer.status))
            time.sleep(0.2)
        uncached = fetch(f"{site.url}/petitions/?q=something-new-{away}")
        health = fetch(f"{site.url}/readyz"), fetch(f"{site.url}/livez")

        cluster.start()
        back_at = time.monotonic()
        while (status := fetch(f"{site.url}{PETITION}sign/", FORM).status) != 303:
            assert status == 503
            assert time.monotonic() - back_at < 10
            time.sleep(0.05)
        recovery = time.monotonic() - back_at
        again = [fetch(f"{site.url}{PETITION}sign/", FORM).status for _ in range(40)]
        load.goes_on()

    page_times.sort()
    page_time = page_times[int(len(page_times) * 0.95)]
    load.prove(
        "PostgreSQL away",
        f"{away:g} s",
        f"95 % of {len(page_times)} pages within {page_time:.2f} s, slowest of "
        f"{len(form_times)} forms {max(form_times):.2f} s, signing again after "
        f"{recovery:.2f} s",
    )
    assert problems == []
    assert page_time < 1
    assert "Signing is paused for a moment" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert 'value="Maya “Quote” Tremblay"' in answer.text
    assert f'value="{FORM["email"]}"' in answer.text
    assert "Keep this &lt;b&gt;safe&lt;/b&gt;" in answer.text
    assert uncached.status == 503
    assert "Just a moment, please" in uncached.text
    assert (health[0].status, health[1].status) == (503, 200)
    assert recovery < 2
    assert again == [303] * 40
    mailed = [m for m in parts.mail.mailbox.messages if m["To"] == FORM["email"]]
    assert link_of(mailed[-1], "/confirm/")


@contextmanager
def replica(parts: Parts) -> Iterator[None]:
    """Let the database come back as a replica, and be promoted in the end."""
    parts.cluster.stop()
    signal = parts.cluster.data / "standby.signal"
    signal.touch()
    signal.chmod(0o666)
    parts.cluster.start()
    yield
    parts.site.sql("SELECT pg_promote()")


@contextmanager
def set_to_read_only(parts: Parts) -> Iterator[None]:
    """Let new connections only read; in the end those that do so stay."""
    name = psycopg.conninfo.conninfo_to_dict(parts.cluster.url())["dbname"]
    parts.site.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    parts.site.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    yield
    with psycopg.connect(parts.cluster.url(), autocommit=True) as database:
        database.execute("SET default_transaction_read_only = off")
        database.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


@pytest.mark.parametrize("only_reads", [replica, set_to_read_only])
def test_postgres_only_reads(parts: Parts, only_reads: Any) -> None:
    """As after a failover: pages are shown, forms keep what was typed, and the site
    says that it is not ready; signing goes on a second after writing does."""
    site = parts.site
    with only_reads(parts):
        until(lambda: fetch(f"{site.url}{PETITION}sign/", FORM).status == 503)
        time.sleep(3)  # until each web process has looked anew
        answers = [fetch(f"{site.url}{PETITION}sign/", FORM) for _ in range(40)]
        pages = [fetch(f"{site.url}/petitions/?q=read-{n}") for n in range(40)]
        report = fetch(f"{site.url}/readyz")
        alive = fetch(f"{site.url}/livez")
    time.sleep(1)
    again = [fetch(f"{site.url}{PETITION}sign/", FORM).status for _ in range(40)]

    assert {answer.status for answer in answers} == {503}
    assert all('value="Maya “Quote” Tremblay"' in answer.text for answer in answers)
    assert {page.status for page in pages} == {200}
    assert '"database": "read-only"' in report.text
    assert alive.status == 200
    assert again == [303] * 40
    until(site.is_ready, 10)
