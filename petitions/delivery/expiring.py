"""The end of a pack's files. What the pack was, its numbers and the SHA-256 of each
file stay."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from petitions.models import LeftOut, LeftOutElsewhere, Pack, PackPiece
from petitions.models.packs import FILES_KEPT
from petitions.states import PackState


def past_pack_files(now: datetime) -> QuerySet[Pack]:
    """Return the packs whose files are past their time, or whose petition's names were
    erased, oldest first; also those that are not made yet."""
    over = Q(made_at__lt=now - FILES_KEPT) | Q(petition__anonymised_at__lte=now)
    return Pack.objects.with_files().filter(over).order_by("made_at")


def erase_pack_files(packs: QuerySet[Pack]) -> None:
    """Erase the content of the packs' files, and what was left out of them; call off
    those that are not made yet."""
    PackPiece.objects.filter(file__pack__in=packs).delete()
    LeftOut.objects.filter(pack__in=packs).delete()
    LeftOutElsewhere.objects.filter(pack__in=packs).delete()
    unfinished = packs.filter(state__in=(PackState.PREPARING, PackState.RUNNING))
    unfinished.update(state=PackState.CALLED_OFF)
    packs.update(files_erased_at=timezone.now())
