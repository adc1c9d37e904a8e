"""Reminding owners of names that were promised to the person petitioned and never
handed over: when a petition has ended, and a month before the names are erased."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext, override

from core.security.buckets import Rate, draw, may_draw
from organizations.rights import Right
from petitions.delivery.files import spoken
from petitions.models import (
    Handover,
    ImportedSignature,
    Petition,
    RetentionLimit,
    Signature,
    StatedConsent,
    Target,
)
from petitions.models.packs import AGREED
from petitions.privacy.expiry import with_due
from petitions.reports import notify
from petitions.states import PackContents, State, TargetKind

ENDED_FOR = timedelta(days=1)
"""An end is told after a day: until then staff have its page before them."""
LATELY = timedelta(days=30)
"""An end longer ago is not told: a site that is updated does not write about years."""
SOON = timedelta(days=30)
"""The time before names are erased at which they are told of."""
ONCE = timedelta(days=366)
ENDED = Rate("ended, not delivered", 1, ONCE)
ERASED_SOON = Rate("erased soon, not delivered", 1, ONCE)


def undelivered() -> QuerySet[Petition]:
    """Return the petitions that were closed or won, with names whose owners agreed to
    have them delivered, here or where they signed, and somebody petitioned to whom they
    agreed and no names were handed over."""
    agreed = Signature.objects.confirmed().filter(AGREED, petition=OuterRef("pk"))
    elsewhere = named_elsewhere_for(targets_waiting()).filter(petition=OuterRef("pk"))
    here = Exists(targets_waiting().filter(petition=OuterRef("pk"))) & Exists(agreed)
    return Petition.objects.filter(
        here | Exists(elsewhere), state__in=(State.CLOSED, State.WON)
    ).select_related("organization")


def targets_waiting() -> QuerySet[Target]:
    """Return those petitioned to whom no names were handed over."""
    # Of a handover without a pack nobody knows whether names were in it.
    handed = Handover.objects.filter(
        Q(pack=None) | Q(pack__contents=PackContents.NAMES), target=OuterRef("pk")
    )
    return Target.objects.filter(
        ~Exists(handed), kind__in=(TargetKind.PERSON, TargetKind.BODY)
    )


def named_elsewhere_for(targets: QuerySet[Target]) -> QuerySet[ImportedSignature]:
    """Return those who signed elsewhere and agreed there that one of these receives
    their name."""
    stated = StatedConsent.objects.filter(
        signature_import=OuterRef("signature_import"), target__in=targets
    )
    return ImportedSignature.objects.named().filter(Exists(stated))


def names_waiting(petition: Petition) -> int:
    """Return how many names of a petition are to be delivered, and were not."""
    ahead = targets_waiting().filter(petition=petition)
    here = Signature.objects.confirmed().filter(AGREED, petition=petition)
    elsewhere = named_elsewhere_for(ahead).filter(petition=petition).count()
    return elsewhere + (here.count() if ahead.exists() else 0)


def remind(now: datetime) -> bool:
    """For the worker: mail the owners of each, once for each occasion. Return False:
    the next round can wait."""
    since, until = now - LATELY, now - ENDED_FOR
    for petition in undelivered().filter(ended_at__gt=since, ended_at__lte=until):
        tell(petition, ENDED, now)
    rows = with_due(undelivered(), RetentionLimit.current(now))
    for petition in rows.filter(due_at__gt=now, due_at__lte=now + SOON):
        tell(petition, ERASED_SOON, now, erased_at=petition.due_at)
    return False


def tell(
    petition: Petition, occasion: Rate, now: datetime, erased_at: datetime | None = None
) -> None:
    """Mail the owners that names wait, and when they are erased if that is soon; not
    twice for one end of the petition."""
    drawn = occasion.of(f"{petition.pk}:{petition.ended_at}")
    # Drawn once it is sent: when the worker is killed meanwhile, a reminder twice is
    # better than none.
    if not may_draw(drawn, now=now):
        return
    page = reverse("admin:petitions_petition_deliver", args=[petition.pk])
    with override(spoken(petition.language)):
        context = {
            "petition": petition,
            "names": names_waiting(petition),
            "erased_at": erased_at,
            "link": f"{settings.SITE_URL}{page}",
        }
        done = notify(
            petition.organization,
            Right.DELIVER,
            gettext("Names that were promised are not delivered yet"),
            "emails/undelivered.txt",
            context,
        )
    if done:
        draw(drawn, now=now)
