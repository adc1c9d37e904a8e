"""The simulation of viral campaigns and of stuffed ballots: its buckets behave as the
database's do, and the documentation quotes its figures."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.utils import timezone

from bench import viral
from petitions.abuse import rate_limits
from petitions.abuse.rate_limits import (
    BURST,
    CEILING_FULL,
    RateLimits,
)
from petitions.identity import key_ring
from petitions.models import OutgoingMail, Petition, Signature
from petitions.signatures import signing
from petitions.signatures.signing import SignerInput
from petitions.states import QuarantineReason

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


@pytest.mark.django_db
def test_its_buckets_do_what_the_database_does(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulation and database answer each form alike, and delay its mail alike."""
    # Limits so low that all of them are reached, with lines of a few minutes.
    few = {"MAILS": (12, 6), "NEW_MAILS": (9, 6), "NEW_OF_NETWORK": (4, None)}
    for name, (most, minutes) in few.items():
        rule = getattr(rate_limits, name).with_most(most)
        if minutes:
            line = minutes * rate_limits.HOUR // 60
            rule = replace(rule, queue=line)
        monkeypatch.setattr(rate_limits, name, rule)
    chance, rules, buckets = (
        random.Random(viral.SEED),
        RateLimits(limits_new_domains=True),
        viral.Buckets(),
    )
    begin, moment = timezone.now().replace(microsecond=0), 0
    seen = set()
    for number in range(500):
        moment += chance.randrange(90_000_000)
        network = f"11.22.{chance.randrange(3)}.0/24"
        domain = chance.choice(
            ["gmail.com", "gmail.com", *(f"d{n}.example" for n in range(6))]
        )
        given = SignerInput(
            "Maya", f"u{number}@{domain}", "en", "number", network=ip_network(network)
        )
        now = begin + timedelta(microseconds=moment)

        signed = signing.sign(petition.pk, given, now=now, rules=rules)

        attempts = rules.draws(
            petition.pk, key_ring.cached_keyring().newest.key(given.email),
            ip_network(network), domain,
        )  # fmt: skip
        marks, wait = buckets.draw(attempts, moment)
        assert (signed is None) == bool(marks & CEILING_FULL)
        seen.add((signed is None, marks & BURST, wait > 0))
        if signed is not None:
            row = Signature.objects.get(pk=signed)
            assert (row.quarantine_reason == QuarantineReason.BURST) == bool(
                marks & BURST
            )
            due = OutgoingMail.objects.get(signature=signed)
            assert due.due_at - now == timedelta(microseconds=wait)
    # Each outcome has occurred at least once.
    assert {refused for refused, _, _ in seen} == {True, False}
    assert (False, BURST, False) in seen
    assert (False, 0, True) in seen
    assert (False, 0, False) in seen


def test_the_documentation_has_its_figures() -> None:
    documented = OPERATIONS.read_text()

    for line in viral.table():
        assert line in documented
