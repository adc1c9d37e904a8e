"""What the petitions of the demonstration tell: updates, handovers, an answer that was
changed, a correction; and a few comments that wait to be read."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from petitions.models import (
    Answer,
    Correction,
    Handover,
    Petition,
    Signature,
    Update,
)

TREATY = "Canada: Sign the global treaty to end torture"
TREES = "Plant trees along the lower bank"
BRIDGE = "Open the old footbridge again"

# Title of the petition, days ago, language, title, text.
UPDATES = (
    (
        TREATY, 96, "en", "Ten thousand names on one table",
        ("We printed how many you are and laid it on a table in our office. It is a "
        "small table; the number is not.\n\nThis update is part of the demonstration, "
        "as is the table."),
    ),
    (
        TREATY, 31, "fr", "La question est posée",
        ("La question a été posée à voix haute, par écrit et deux fois par téléphone. "
        "**Nous publierons la réponse mot pour mot**, quelle qu'elle soit.\n\nCette "
        "nouvelle fait partie de la démonstration."),
    ),
    (
        TREES, 6, "en", "Somebody has offered forty alders",
        ("A nursery upstream has forty alders that nobody has fetched. What is missing "
        "is a permit for forty holes.\n\nSo the petition goes on."),
    ),
    (
        BRIDGE, 120, "en", "We counted the planks",
        ("Twenty-three of us walked to the bridge and counted: of 212 planks, 9 are "
        "missing.\n\n- Seven in the middle.\n- Two at the far end."),
    ),
    (
        BRIDGE, 44, "en", "We crossed it this morning",
        "All 212 planks are there. Bring a friend who does not believe it.",
    ),
)  # fmt: skip

FIRST_ANSWER = """The bridge stays closed for the time being.

We will look at it again when there is money."""
ANSWER = """The repair is paid for. The bridge opens on the first of next month.

We thank all who asked, and the person who sent us a plank."""


def tell(now: datetime) -> None:
    for title, days, language, heading, text in UPDATES:
        Update.objects.create(
            petition=Petition.objects.get(title=title),
            language=language,
            title=heading,
            text=text,
            published_at=now - timedelta(days=days),
        )
    tell_of_bridge(now)
    Correction.objects.create(
        petition=Petition.objects.get(title=TREES),
        before="the first two summers",
        after="the first three summers",
        text="Alders take longer than we thought.",
        made_at=now - timedelta(days=3),
    )
    wait_for_staff()


def tell_of_bridge(now: datetime) -> None:
    """The one that was won: handed over, refused, then granted."""
    bridge = Petition.objects.get(title=BRIDGE)
    today = timezone.localdate(now)
    Handover.objects.create(
        petition=bridge,
        target=bridge.targets.get(),
        handed_on=today - timedelta(days=80),
        confirmed=1_004,
        paper=0,
        imported=0,
        note="Four of us went, with a plank under each arm.",
    )
    answer = Answer.objects.create(
        petition=bridge,
        target=bridge.targets.get(),
        answered_on=today - timedelta(days=70),
        text=FIRST_ANSWER,
    )
    answer.answered_on, answer.text = today - timedelta(days=52), ANSWER
    answer.save()


def wait_for_staff() -> None:
    """The latest reasons under the first petition are not read yet."""
    first = Petition.objects.order_by("pk").first()
    reasons = Signature.objects.reasons().filter(petition=first)
    latest = reasons.order_by("-confirmed_at").values_list("pk", flat=True)[:4]
    Signature.objects.filter(pk__in=list(latest)).update(comment_approved=False)
