"""The timeline of a petition as public data: its picture, updates, handovers and
answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from core.http.public_data import (
    full,
    iso_local,
)
from petitions.models import Answer, Handover, Petition, Target, Update
from petitions.models.pictures import Pictured
from petitions.templatetags.text_tags import address_of
from petitions.timeline import handovers_of

MOST_UPDATES = 50


def story(petition: Petition, now: datetime) -> dict[str, Any]:
    """Return all of it, in the language that each was written in and in its
    translations."""
    updates = petition.updates.published(now)[:MOST_UPDATES]
    answers = petition.answers.select_related("target").prefetch_related("translations")
    handovers = handovers_of(petition)
    return {
        "picture": picture_data(petition),
        "updates": [update_data(update) for update in updates],
        "handovers": [handover_data(handover) for handover in handovers],
        "answers": [answer_data(answer) for answer in answers],
        "answers_withdrawn": [
            {
                "day": timezone.localdate(row.withdrawn_at).isoformat(),
                "reason": row.public_reason or None,
            }
            for row in petition.answer_withdrawals.all()
        ],
    }


def picture_data(row: Petition | Pictured) -> dict[str, Any] | None:
    if not row.image:
        return None
    return {
        "url": full(row.image.url),
        "width": row.image_width,
        "height": row.image_height,
        "description": row.image_description,
    }


def update_data(update: Update) -> dict[str, Any]:
    assert update.published_at is not None
    return {
        "url": address_of(update, update.language),
        "published": iso_local(update.published_at),
        "changed": iso_local(update.changed_at) if update.changed_at else None,
        "language": update.language,
        "title": update.title,
        "text": update.text,
        "picture": picture_data(update),
        "translations": [
            {
                "language": text.language,
                "url": address_of(update, text.language),
                "title": text.title,
                "text": text.text,
                "picture_description": text.image_description,
            }
            for text in update.texts()
        ],
    }


def handover_data(handover: Handover) -> dict[str, Any]:
    return {
        "day": handover.handed_on.isoformat(),
        "to": target_name(handover.target),
        "manner": handover.manner,
        "supporters": handover.number,
        "confirmed": handover.confirmed,
        "paper": handover.paper,
        "imported": handover.imported,
        "language": handover.language,
        "note": handover.note,
        "picture": picture_data(handover),
        "translations": [
            {
                "language": text.language,
                "note": text.note,
                "picture_description": text.image_description,
            }
            for text in handover.texts()
        ],
    }


def answer_data(answer: Answer) -> dict[str, Any]:
    return {
        "day": answer.answered_on.isoformat(),
        "target": target_name(answer.target),
        "answered_by": answer.answered_by,
        "language": answer.language,
        "text": answer.text,
        "text_format": answer.text_format,
        "link": answer.link,
        "changed": iso_local(answer.changed_at) if answer.changed_at else None,
        "translations": [
            {
                "language": text.language,
                "original": text.original,
                "answered_by": text.answered_by,
                "text": text.text,
                "link": text.link,
            }
            for text in answer.texts()
        ],
    }


def target_name(target: Target) -> str | None:
    return None if target.is_unsettled else target.name
