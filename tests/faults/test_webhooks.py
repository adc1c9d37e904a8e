"""Newsletter tools are told while the worker is killed: each change arrives, in its order
for each address, and what arrives twice has the same id."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.site import Site, is_running, until
from tests.webhookserver import NAME, URL, Tool, listening_tool

pytestmark = pytest.mark.faults

NUMBER = int(os.environ.get("WEBHOOK_ADDRESSES", "300"))
KILLS = 4
SLOW = 0.005  # seconds that the tool takes for a message

# Read by each Python of the site as it starts. The name leads to a public address, as
# all that this site goes to, and the way there to the tool on this machine.
WAY = """
import socket
look_up, connect = socket.getaddrinfo, socket.create_connection
def getaddrinfo(host, *args, **kwargs):
    return look_up("8.8.8.8" if host == {name!r} else host, *args, **kwargs)
def create_connection(address, *args, **kwargs):
    there = address == ("8.8.8.8", 443)
    return connect(("127.0.0.1", {port}) if there else address, *args, **kwargs)
socket.getaddrinfo, socket.create_connection = getaddrinfo, create_connection
"""
ENTER = """
from django.utils import timezone
from organizations.models import Organization
from petitions.models import Webhook
made = Webhook(organization=Organization.objects.first(), name="Letters", url={url!r})
made.clean()
made.renew_secret(timezone.now())
made.save()
print("organization", made.organization_id)
"""
# A yes of each, and later a no of every third.
SAY = """
from django.utils import timezone
from petitions.identity import key_ring
from petitions.models import Consent
for number in range(1, {number} + 1):
    if number % {each} == 0:
        email = f"p{{number}}@tool.example.org"
        Consent.objects.create(
            organization_id={organization}, email=email, wants_updates={yes},
            email_key=key_ring.email_key(email),
            email_key_version=key_ring.current_keyring().newest.number,
            wording_version=1, language="en", sender="Us", source="petition:0",
            given_at=timezone.now(),
        )
"""
# The lease of whoever was killed is not waited for.
DUE = "UPDATE petitions_webhook SET due_at = now() WHERE due_at > now()"
LEFT = "SELECT count(*) FROM petitions_webhookevent"


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[tuple[Tool, Site]]:
    with listening_tool(tmp_path) as (tool, port, pem):
        (tmp_path / "sitecustomize.py").write_text(WAY.format(name=NAME, port=port))
        site = Site.begun(PYTHONPATH=str(tmp_path), SSL_CERT_FILE=str(pem)).start()
        try:
            yield tool, site
        finally:
            site.remove()


def test_each_change_arrives_whatever_is_killed(tool: tuple[Tool, Site]) -> None:
    arrived, site = tool
    arrived.before_answer = lambda: time.sleep(SLOW)
    done = site.manage("shell", "-c", ENTER.format(url=URL))
    assert done.returncode == 0, done.stderr
    organization = int(done.stdout.split()[-1])

    def say(yes: bool, each: int) -> None:
        given = {"organization": organization, "yes": yes, "each": each}
        said = site.manage("shell", "-c", SAY.format(number=NUMBER, **given))
        assert said.returncode == 0, said.stderr

    say(True, 1)

    def more_than(number: int) -> bool:
        site.sql(DUE)
        return len(arrived.bodies) > number

    for kill in range(KILLS):
        before = len(arrived.bodies)
        until(lambda number=before + 15: more_than(number), 60)  # type: ignore[misc]
        (worker,) = until(lambda: site.processes("manage.py work"), 30)
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        until(lambda pid=worker: not is_running(pid), 10)  # type: ignore[misc]
        if kill == 1:
            say(False, 3)
    until(lambda: site.sql(DUE) or site.sql(LEFT) == [(0,)], 60 + NUMBER / 10, 0.3)

    kinds = defaultdict[str, list[str]](list)
    ids = defaultdict[bytes, set[str]](set)
    bodies = defaultdict[str, set[bytes]](set)
    for body, headers in zip(arrived.bodies, arrived.headers, strict=True):
        said = json.loads(body)
        kinds[said["data"]["email"]].append(said["type"])
        ids[body].add(headers["webhook-id"])
        bodies[headers["webhook-id"]].add(body)
    twice = len(arrived.bodies) - len(ids)
    print(f"{len(kinds)} of {NUMBER} told, {twice} messages twice, {KILLS} kills")

    assert len(kinds) == NUMBER
    for number in range(1, NUMBER + 1):
        told = kinds[f"p{number}@tool.example.org"]
        last = "consent.withdrawn" if number % 3 == 0 else "consent.given"
        assert told[-1] == last, (number, told)
        assert told == sorted(told), (number, told)
    assert all(len(found) == 1 for found in ids.values())
    assert all(len(found) == 1 for found in bodies.values())
    assert twice <= KILLS * 20
