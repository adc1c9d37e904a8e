"""PostgreSQL is away for half a minute: pages stay, signing waits politely, and works
again by itself."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded_postgres import Cluster
from tests.site import Site, fetch

pytestmark = pytest.mark.faults

SECONDS = float(os.environ.get("OUTAGE_SECONDS", "30"))
PETITION = "/petitions/canada-sign-the-global-treaty-to-end-torture/"
PAGES = (
    "/", PETITION, "/organizations/amnesty-international-canada/", "/petitions/",
    f"{PETITION}count.json", f"/fr{PETITION}",
)  # fmt: skip
FORM = {
    "name": "Maya “Quote” Tremblay",
    "email": "maya@example.org",
    "comment": "Keep this <b>safe</b>",
    "updates": "yes",
}


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = Path(f"/tmp/petitions-outage-{secrets.token_hex(4)}")
    folder.mkdir()
    cluster = Cluster(folder / "postgres", secrets.token_hex(), folder / "log")
    cluster.create()
    cluster.start()
    cluster.create_database()
    yield cluster
    cluster.stop()


@pytest.fixture
def site(cluster: Cluster) -> Iterator[Site]:
    site = Site(DATABASE_URL=cluster.url()).start()
    yield site
    site.remove()


def test_postgres_away(site: Site, cluster: Cluster) -> None:
    # Both web processes have every page.
    for _ in range(20):
        for page in PAGES:
            assert fetch(site.url + page).status == 200

    cluster.stop()
    gone_at = time.monotonic()
    page_times, form_times, problems = [], [], []
    while time.monotonic() - gone_at < SECONDS:
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
    uncached = fetch(f"{site.url}/petitions/?q=something-new")
    health = fetch(f"{site.url}/readyz"), fetch(f"{site.url}/livez")

    cluster.start()
    back_at = time.monotonic()
    while (status := fetch(f"{site.url}{PETITION}sign/", FORM).status) != 303:
        assert status == 503
        assert time.monotonic() - back_at < 10
        time.sleep(0.05)
    recovery = time.monotonic() - back_at
    again = [fetch(f"{site.url}{PETITION}sign/", FORM).status for _ in range(40)]
    worker_back = site.link_for("maya@example.org")

    page_times.sort()
    print(
        f"\naway for {SECONDS:.0f} s: {len(page_times)} pages, 95 % within "
        f"{page_times[int(len(page_times) * 0.95)]:.2f} s; {len(form_times)} forms, "
        f"slowest {max(form_times):.2f} s; signing again after {recovery:.2f} s"
    )
    assert problems == []
    assert page_times[int(len(page_times) * 0.95)] < 1
    assert "Signing is paused for a moment" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert 'value="Maya “Quote” Tremblay"' in answer.text
    assert 'value="maya@example.org"' in answer.text
    assert "Keep this &lt;b&gt;safe&lt;/b&gt;" in answer.text
    assert uncached.status == 503
    assert "Just a moment, please" in uncached.text
    assert (health[0].status, health[1].status) == (503, 200)
    assert recovery < 2
    assert again == [303] * 40
    assert "/confirm/" in worker_back
