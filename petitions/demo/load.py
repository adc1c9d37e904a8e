"""Load the demonstration into an empty database, thousands of rows a second."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from core.images.colours import parse_colour
from organizations.models import Membership, Organization, Role, User
from petitions.counts.folding import fold
from petitions.demo import pictures, story
from petitions.demo.content import (
    COMMENTS,
    DOMAINS,
    FIRST_NAMES,
    LAST_NAMES,
    ORGANIZATIONS,
    PLACES,
    POSTAL_AREAS,
    REPORTS,
    RIVERBANK,
    STAFF_EMAIL,
    TOPICS,
    DemoNextStep,
    DemoOrganization,
    DemoPetition,
)
from petitions.demo.translations import DESCRIPTIONS, TRANSLATIONS
from petitions.identity import key_ring
from petitions.models import (
    NextStep,
    Petition,
    Report,
    TaggedLink,
    Target,
    Topic,
    TopicName,
)
from petitions.models.next_steps import NextStepKind
from petitions.region_totals import count_regions
from petitions.states import State

COLUMNS = (
    "petition_id", "state", "name", "email", "email_key", "email_key_version", "person",
    "place", "postal_code", "country", "comment", "comment_approved", "show_name",
    "wants_updates", "language", "text_version", "consent_version", "delivery",
    "weak_signs",
    "created_at", "confirmed_at",
)  # fmt: skip

CHANGES = """
INSERT INTO petitions_countchange (petition_id, day, source, delta, domain, via)
SELECT petition_id, (confirmed_at AT TIME ZONE %s)::date, 'confirmed', count(*),
       split_part(email, '@', 2), (%s::text[])[1 + id * 7919 %% 1013 %% 12]
  FROM petitions_signature WHERE state = 'confirmed'
 GROUP BY 1, 2, 5, 6
"""
TALLIES = """
INSERT INTO petitions_mailtally (
    petition_id, day, domain, signed, handed_over, failed, confirmed)
SELECT petition_id, (created_at AT TIME ZONE %s)::date, split_part(email, '@', 2),
       count(*), count(*), 0, 0
  FROM petitions_signature GROUP BY 1, 2, 3
"""

# The channels by which invented supporters came, in turn.
LINKS = [
    "", "whatsapp", "autumn-letter", "", "email", "facebook", "whatsapp", "", "sms",
    "poster", "bluesky", "link",
]  # fmt: skip

type Progress = Callable[[int, int], None]


def load_demo(*, now: datetime, time_zone: str, progress: Progress) -> None:
    """Create organisations, petitions and signatures, all or nothing, then fold the
    counts. Dates count back from `now`; `progress` is called with the number of
    signatures loaded so far, and of all."""
    chance = random.Random(20_160_331)  # noqa: S311 - a demonstration, no secret
    everything = sum(p.supporters for o in ORGANIZATIONS for p in o.petitions)
    loaded = 0
    version = key_ring.current_keyring().newest
    with transaction.atomic():
        add_topics()
        for planned in ORGANIZATIONS:
            organization = Organization.objects.create(
                name=planned.name, **planned.values
            )
            for language, words in DESCRIPTIONS.get(planned.name, {}).items():
                organization.descriptions.create(language=language, **words)
            add_staff(organization, planned)
            if planned is RIVERBANK:
                organization.logo = pictures.logo(parse_colour(organization.accent))
            organization.cover = planned.cover()
            organization.save()
            for demo in planned.petitions:
                petition = add_petition(organization, demo, now)
                TaggedLink.objects.create(petition=petition, tag="autumn-letter")
                for batch in row_ranges(demo.supporters):
                    copy_rows(
                        signature_rows(petition, demo, batch, now, chance, version)
                    )
                    loaded += len(batch)
                    progress(loaded, everything)
            for demo in planned.petitions:
                if demo.next_step:
                    add_next_step(organization, demo.title, demo.next_step)
        add_reports(now)
        story.tell_story(now)
        with connection.cursor() as cursor:
            cursor.execute(CHANGES, [time_zone, LINKS])
            cursor.execute(TALLIES, [time_zone])
    while fold():
        pass
    count_regions(now)


def add_staff(organization: Organization, planned: DemoOrganization) -> None:
    """Create the demo staff as owner of the first organisation, and of no other."""
    if planned is ORGANIZATIONS[0]:
        user = User.objects.create_user(STAFF_EMAIL, name="Demo Staff")
        Membership.objects.create(user=user, organization=organization, role=Role.OWNER)


def add_topics() -> None:
    for slug, names in TOPICS.items():
        topic = Topic.objects.create(slug=slug)
        for language, text in names.items():
            TopicName.objects.create(topic=topic, language=language, text=text)


def add_petition(
    organization: Organization, demo: DemoPetition, now: datetime
) -> Petition:
    petition = Petition.objects.create(
        organization=organization,
        title=demo.title,
        summary=demo.summary,
        ask=demo.ask,
        text=demo.text,
        state=demo.state,
        outcome=demo.outcome,
        image_description=demo.shows,
        opens_at=now - timedelta(days=demo.started),
        ended_at=None if demo.state == State.OPEN else now - timedelta(days=demo.ended),
        **demo.more,
    )
    if demo.picture:
        petition.image = demo.picture()
        petition.save()
    petition.topics.set(Topic.objects.filter(slug__in=demo.topics))
    for position, values in enumerate(demo.targets, 1):
        Target.objects.create(petition=petition, position=position, **values)
    for language, words in TRANSLATIONS.get(demo.title, {}).items():
        petition.translations.create(
            language=language, created_at=petition.opens_at or now, **words
        )
    return petition


def add_next_step(
    organization: Organization, title: str, planned: DemoNextStep
) -> None:
    petitions = {petition.title: petition for petition in organization.petitions.all()}
    if planned.other:
        kind = NextStepKind.PETITION
    else:
        kind = NextStepKind.DONATION if planned.url else NextStepKind.LETTER
    step = NextStep.objects.create(
        petition=petitions[title],
        kind=kind,
        other=petitions.get(planned.other),
        url=planned.url,
        address=planned.address,
    )
    for language, (subject, body) in planned.letters.items():
        step.letters.create(language=language, subject=subject, body=body)


def add_reports(now: datetime) -> None:
    """Create the reports by visitors, of which staff have been told already."""
    for reason, text, days in REPORTS:
        Report.objects.create(
            petition=Petition.objects.order_by("pk").first(),
            reason=reason,
            text=text,
            language="en",
            created_at=now - timedelta(days=days),
            told_at=now - timedelta(days=days),
        )


def row_ranges(number: int, size: int = 2000) -> Iterator[range]:
    for start in range(0, number, size):
        yield range(start, min(start + size, number))


def signature_rows(
    petition: Petition,
    demo: DemoPetition,
    numbers: range,
    now: datetime,
    chance: random.Random,
    version: key_ring.KeyringVersion,
) -> Iterator[tuple[Any, ...]]:
    """Yield rows of invented supporters: many in the first days, fewer later, as
    campaigns go."""
    lifetime = (demo.started - demo.ended) * 86_400
    for number in numbers:
        first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        email = f"supporter{number}@{chance.choice(DOMAINS)}"
        seconds = lifetime * chance.betavariate(1, 3)
        created_at = now - timedelta(days=demo.started) + timedelta(seconds=seconds)
        confirmed_at = min(
            created_at + timedelta(seconds=chance.expovariate(0.01)), now
        )
        shown = chance.random() < 0.05
        commented = chance.random() < 0.03
        area = chance.choice(POSTAL_AREAS) if petition.asks_postal_code else ""
        yield (
            petition.pk, "confirmed", f"{first} {last}", email, version.key(email),
            version.number, "", chance.choice(PLACES) if shown else "",
            f"{area} {chance.randrange(1, 9)}A{chance.randrange(1, 9)}" if area else "",
            "", chance.choice(COMMENTS) if commented else "", commented, shown,
            None, chance.choice(("en", "en", "fr")), 0, 1, petition.delivery, 0,
            created_at, confirmed_at,
        )  # fmt: skip


def copy_rows(rows: Iterator[tuple[Any, ...]]) -> None:
    columns = ", ".join(COLUMNS)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY petitions_signature ({columns}) FROM STDIN") as into,
    ):
        for row in rows:
            into.write_row(row)
