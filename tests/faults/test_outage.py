"""PostgreSQL is away, for seconds or for half a minute: pages stay, signing waits
politely, and works again by itself."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

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
