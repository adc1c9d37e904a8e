"""Two web processes under signing: the number of supporters never gets smaller for one
person, on whichever page and by whichever process it is shown."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from html import unescape
from urllib.parse import urlsplit

import pytest

from core.slots import SLOT
from tests.faults.conftest import Parts
from tests.faults.load import PETITION, SLUG, Load
from tests.site import fetch, link_of, until

pytestmark = pytest.mark.faults

PAGES = (PETITION, f"/fr{PETITION}", f"{PETITION}count.json", f"/embed/{SLUG}/")
# The thanks are in words, with a comma or a no-break space; the other pages have a bar.
COUNT = re.compile(r'<progress [^>]*value="(\d+)"|<strong class="count">([\d,\s]+)<')
# Readings of each page, over two changes of the slot at least.
SECONDS = 2.5 * SLOT


def number_on(text: str) -> int:
    """Return the number of supporters that a page shows, or count.json."""
    if text.startswith("{"):
        return int(json.loads(text)["supporters"])
    found = COUNT.search(unescape(text))
    assert found, text
    return int(re.sub(r"\D", "", found[1] or found[2]))


@dataclass
class Reader:
    """A person who goes from page to page; notes where the number went back."""

    url: str
    seen: int = 0
    read: int = 0
    back: list[str] = field(default_factory=list)

    def look(self, path: str) -> str:
        """Read a page over a connection of its own, so that either process may answer;
        return what it says."""
        answer = fetch(self.url + path)
        assert answer.status == 200, path
        number = number_on(answer.text)
        if number < self.seen:
            self.back.append(f"{path}: {self.seen} -> {number}")
        self.seen, self.read = number, self.read + 1
        return answer.text


@dataclass
class Confirming(Load):
    """The same clients, of whom each one that has confirmed goes on to the petition."""

    signers: list[Reader] = field(default_factory=list)

    def press(self, message: EmailMessage) -> None:
        link = link_of(message, "/confirm/")
        if not link or not str(message["To"]).endswith(f"@{self.mark}.example.org"):
            return
        answer = fetch(self.site.url + urlsplit(link).path, {})
        assert answer.status == 303
        self.confirmed.add(str(message["To"]))
        signer = Reader(self.site.url)
        self.signers.append(signer)
        thanks = signer.look(answer.headers["Location"])
        onward = re.findall(rf'href="({PETITION}[^"]*)"', thanks)
        page = signer.look(unescape(onward[0]))
        french = re.search(r'href="([^"]*)" lang="fr" hreflang', page)
        assert french
        signer.look(unescape(french[1]))


def test_the_number_never_goes_back(parts: Parts) -> None:
    site = parts.site
    assert len(site.processes("gunicorn")) > 2
    readers = [Reader(site.url) for _ in range(2)]
    stop = threading.Event()

    def read(reader: Reader) -> None:
        for path in itertools.cycle(PAGES):
            if stop.is_set():
                return
            reader.look(path)
            time.sleep(0.02)

    threads = [threading.Thread(target=read, args=[one]) for one in readers]
    with Confirming(site, parts.mail.mailbox.since) as load:
        until(lambda: len(load.confirmed) > 5, 60)
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
        stop.set()
        for thread in threads:
            thread.join()

    back = [step for reader in readers for step in reader.back]
    back_after = [step for signer in load.signers for step in signer.back]
    figures = (
        f"{len(back)} of {sum(r.read for r in readers)} readings went back, and after "
        f"confirming {len(back_after)} of {sum(s.read for s in load.signers)}"
    )
    print(f"\n{figures}")
    # That many signed meanwhile is what makes this a test.
    assert len(load.confirmed) > 20
    assert (back, back_after) == ([], []), figures
    until(
        lambda: number_on(fetch(f"{site.url}{PETITION}").text) == total(parts),
        3 * SLOT,
    )


def total(parts: Parts) -> int:
    ((number,),) = parts.site.sql(
        "SELECT confirmed + paper + imported FROM petitions_total t "
        "JOIN petitions_petition p ON p.id = t.petition_id WHERE p.slug = %s",
        SLUG,
    )
    return int(number)
