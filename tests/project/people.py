"""Personal data wherever the site keeps some, planted to be looked for."""

from __future__ import annotations

import io
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.utils import timezone

from organizations.models import Organization, User
from petitions.importing import stored_files
from petitions.models import (
    ImportFault,
    Invalidation,
    MailTally,
    OrdinaryDomain,
    OutgoingMail,
    Report,
    Signature,
    SignatureImport,
    SourceTally,
)
from petitions.models.mails import MailState
from petitions.signatures import quarantine
from petitions.states import QuarantineReason, State
from tests.factories import make_pending, make_petition, make_signature

PERSONAL = [
    "Wimblethorpe", "gobbledok.example", "Fizzlebury", "Fotheringay", "198.51.100.0",
    "Blatherwick", "Pumpernickel", "snollygoster", "Whippersnap", "flimflam.example",
]  # fmt: skip
"""Parts of names, addresses, places, comments, networks and messages."""
INVITED = "colleague@elsewhere.example"
"""What owners alone know."""


def plant_people(world: Any, other_organization: Organization, alice: User) -> None:
    """Make signatures in each state that they go through, messages, and whatever else
    is kept of people, under the petitions of a test's `world`."""
    now = timezone.now()
    signed = world.signed
    make_petition(world.organization, title="Zwetschgenplan", state=State.DRAFT)
    make_petition(other_organization, title="Theirs")
    someone: dict[str, Any] = {
        "name": "Ada Wimblethorpe", "comment": "Fotheringay said so",
        "place": "Fizzlebury",
    }  # fmt: skip
    address = "wimblethorpe@gobbledok.example"
    make_signature(signed, address, wants_updates=True, **someone)
    make_pending(signed, "other@gobbledok.example", **someone)
    make_signature(
        signed, "quentin@gobbledok.example", name="Quentin Blatherwick",
        show_name=True, comment="Fotheringay again",
    )  # fmt: skip
    ended = make_petition(world.organization, title="Left", state=State.OPEN)
    make_signature(
        ended, "q@gobbledok.example", name="Quentin Blatherwick", show_name=True
    )
    ended.withdraw(now=now)
    for number in range(2):
        aside = make_pending(signed, f"aside{number}@gobbledok.example", **someone)
        OutgoingMail.objects.filter(signature=aside).update(state=MailState.HELD)
        rows = Signature.objects.filter(pk=aside.pk)
        rows.update(quarantine_reason=QuarantineReason.BURST)
        if number:
            quarantine.schedule_removal(rows, alice, now=now, seconds=5)
    Signature.objects.update(network="198.51.100.0")
    Signature.objects.filter(show_name=True).update(comment_approved=True)
    Report.objects.create(
        petition=signed, reason="other", text="Pumpernickel", language="en",
        email="snollygoster@writes.example", created_at=now,
    )  # fmt: skip
    Invalidation.objects.create(
        petition=ended, name="Wimblethorpe", name_match="contains", made_by=alice,
        reason="Whippersnap", made_at=now, as_of=now, found=0, up_to=0, state="done",
        finished_at=now,
    )  # fmt: skip
    brought = SignatureImport(petition=signed, made_by=alice, made_at=now)
    lines = b"Email,Name\nwimblethorpe@gobbledok.example,Quentin Blatherwick\n"
    stored_files.keep_file(brought, "signers.csv", io.BytesIO(lines))
    ImportFault.objects.create(
        signature_import=brought, line=3, column="Email", found="snollygoster",
        sentence="An e-mail address or a link stands here.",
    )  # fmt: skip
    OrdinaryDomain.objects.create(
        organization=world.organization, domain="flimflam.example"
    )
    MailTally.objects.create(
        petition=signed, day=timezone.localdate(), domain="gobbledok.example", signed=9
    )
    LogEntry.objects.log_actions(
        alice.pk, [world.organization], CHANGE, f"Added invitation “{INVITED}”",
        single_object=True,
    )  # fmt: skip
    SourceTally.objects.create(
        petition=signed, hour=now, kind="network", source="198.51.100.0/24",
        signed=9, set_aside=0, confirmed=9,
    )  # fmt: skip
