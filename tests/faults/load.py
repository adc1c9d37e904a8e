"""Signing and confirming by many at once, and afterwards the proof that nothing of it
was lost or counted twice, whatever happened meanwhile."""

from __future__ import annotations

import itertools
import math
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Self
from urllib.parse import urlsplit

from tests.site import Site, fetch, link_of, until

CLIENTS = 4
# Seconds between two forms of a client: the machine is to be busy, not stuck.
PAUSE = 0.1
SLUG = "help-reunite-families-divided-by-prison-walls"
PETITION = f"/petitions/{SLUG}/"
FORM = {"name": "Maya Tremblay", "updates": "yes"}

type Mails = Callable[[int], list[EmailMessage]]
"""The mails that were taken after the first so many."""


@dataclass(frozen=True)
class Figures:
    """What a scenario did and what became of it."""

    scenario: str
    faults: str
    acknowledged: int
    lost: int
    confirmed: int
    lost_confirmed: int
    doubled: int
    due: int
    unsent: int
    sent: int
    answers: dict[int, int]
    broken: int
    notes: str

    HEADER = (
        f"{'scenario':<24} {'signed':>6} {'lost':>4} {'confirmed':>9} {'lost':>4} "
        f"{'doubled':>7} {'mails due':>9} {'unsent':>6} {'sent':>5}  answers"
    )

    def __str__(self) -> str:
        answers = ", ".join(
            f"{n} × {status}" for status, n in sorted(self.answers.items())
        )
        if self.broken:
            answers += f", {self.broken} cut off"
        said = "; ".join(filter(None, (self.faults, answers, self.notes)))
        return (
            f"{self.scenario:<24} {self.acknowledged:>6} {self.lost:>4} "
            f"{self.confirmed:>9} {self.lost_confirmed:>4} {self.doubled:>7} "
            f"{self.due:>9} {self.unsent:>6} {self.sent:>5}  {said}"
        )


# One for each scenario that ran; tests/faults/conftest.py prints them.
FIGURES: list[Figures] = []


@dataclass
class Load:
    """While entered, clients sign, another one presses the links in the mails, and a
    reader reads pages. `prove` then says what became of it."""

    site: Site
    mails: Mails
    mark: str = field(default_factory=lambda: secrets.token_hex(3))
    signed: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    broken: int = 0
    """Requests without an answer: the connection was refused, cut or too slow."""
    page_times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stop = threading.Event()
        self.numbers = itertools.count()
        self.seen = len(self.mails(0))
        self.threads = [
            *(threading.Thread(target=self.sign) for _ in range(CLIENTS)),
            threading.Thread(target=self.confirm),
            threading.Thread(target=self.read),
        ]

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def ask(self, what: str, path: str, form: dict[str, str] | None = None) -> int:
        """The status of an answer; 0 when there was none."""
        try:
            answer = fetch(self.site.url + path, form, timeout=10)
        except OSError:
            self.broken += 1
            time.sleep(0.02)
            return 0
        self.answers[answer.status] += 1
        if answer.status not in (200, 303, 503):
            self.unexpected.append(f"{what}: {answer.status}")
        if answer.status == 503 and not answer.headers["Retry-After"]:
            self.unexpected.append(f"{what}: 503 without Retry-After")
        return answer.status

    def sign(self) -> None:
        while not self.stop.is_set():
            email = f"signer{next(self.numbers)}@{self.mark}.example.org"
            form = {**FORM, "email": email}
            if self.ask("sign", f"{PETITION}sign/", form) == 303:
                self.signed.add(email)
            self.stop.wait(PAUSE)

    def confirm(self) -> None:
        """Press each link in its own time, some more than once."""
        while not self.stop.is_set():
            for message in self.mails(self.seen):
                if self.stop.is_set():
                    return
                self.seen += 1
                self.press(message)
            time.sleep(0.05)

    def press(self, message: EmailMessage) -> None:
        link = link_of(message, "/confirm/")
        to = str(message["To"])
        if not link or not to.endswith(f"@{self.mark}.example.org"):
            return
        for _ in range(3):
            if self.ask("confirm", urlsplit(link).path, {}) == 303:
                self.confirmed.add(to)
                return

    def read(self) -> None:
        while not self.stop.is_set():
            started = time.monotonic()
            self.ask("page", PETITION)
            self.page_times.append(time.monotonic() - started)
            self.stop.wait(0.05)

    def goes_on(self, seconds: float = 20, signatures: int = 5) -> float:
        """Wait until more have signed; seconds that took."""
        started, so_far = time.monotonic(), len(self.signed)
        until(lambda: len(self.signed) > so_far + signatures, seconds)
        return time.monotonic() - started

    def wait_for_mails(self, domain: str, patience: float = 45) -> None:
        """Until none is due; as long as ever fewer are, that may take a while."""
        left, deadline = math.inf, 0.0
        while left:
            ((number,),) = self.site.sql(MAILS_DUE, domain)
            if number < left:
                left, deadline = number, time.monotonic() + patience
            assert time.monotonic() < deadline, f"{number} mails stay due"
            time.sleep(0.1)

    def prove(self, scenario: str, faults: str = "", notes: str = "") -> Figures:
        """The four promises: what was acknowledged is stored; it counts once; totals
        and changes equal the signatures; every due mail was sent. Waits for the worker
        to be done, then asserts them."""
        site = self.site
        domain = f"%@{self.mark}.example.org"
        self.wait_for_mails(domain)
        until(
            lambda: site.sql("SELECT count(*) FROM petitions_countchange") == [(0,)], 20
        )
        rows: list[tuple[str, str]] = site.sql(
            "SELECT email, state FROM petitions_signature WHERE email LIKE %s", domain
        )
        stored = {email for email, _state in rows}
        counted = Counter(email for email, state in rows if state == "confirmed")
        sent = Counter(str(message["To"]) for message in self.mails(0))
        figures = Figures(
            scenario=scenario,
            faults=faults,
            acknowledged=len(self.signed),
            lost=len(self.signed - stored),
            confirmed=len(self.confirmed),
            lost_confirmed=len(self.confirmed - set(counted)),
            doubled=sum(number - 1 for number in counted.values()),
            due=len(stored),
            unsent=len(stored - set(sent)),
            sent=sum(sent[email] for email in stored),
            answers=dict(self.answers),
            broken=self.broken,
            notes=notes,
        )
        FIGURES.append(figures)
        print(f"\n{Figures.HEADER}\n{figures}")
        proof = site.manage("verify_counts")
        shown = site.sql(SHOWN, SLUG)

        assert self.unexpected == []
        assert figures.acknowledged > 0
        assert figures.confirmed > 0
        assert (figures.lost, figures.lost_confirmed) == (0, 0)
        assert figures.doubled == 0
        assert figures.unsent == 0
        assert proof.returncode == 0, proof.stdout + proof.stderr
        assert shown == [(0,)]
        return figures


MAILS_DUE = """
SELECT count(*) FROM petitions_outgoingmail d
  JOIN petitions_signature s ON s.id = d.signature_id
 WHERE d.state = 'due' AND s.email LIKE %s
"""
# By how much the total that readers see is off.
SHOWN = """
SELECT t.confirmed - (SELECT count(*) FROM petitions_signature s
                       WHERE s.petition_id = p.id AND s.state = 'confirmed')
  FROM petitions_total t JOIN petitions_petition p ON p.id = t.petition_id
 WHERE p.slug = %s
"""
