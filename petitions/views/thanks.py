"""The proof that somebody's signature counts, in the query of the pages that follow
(`?counted=`): they thank, and count it already."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import quote

from django.core.signing import BadSignature, TimestampSigner, b62_decode
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from core import slots
from petitions.models import Petition
from petitions.visibility import current_slug

thanks_signer = TimestampSigner(salt="petitions.thank-you")
THANKED = timedelta(hours=4)
"""How long the page after signing thanks whoever looks at it."""


def thanks_query(slug: str) -> str:
    """Return the query by which the next page knows that somebody's signature counts.
    It names the petition and nobody, and lets nobody in."""
    return _query_of(slug, int(time.time()))


@lru_cache(maxsize=64)
def _query_of(slug: str, second: int) -> str:
    # The same for all whose signatures begin to count in one second: where hundreds do,
    # signing it for each takes a twentieth of the time of a confirmation.
    return f"?counted={quote(thanks_signer.sign(slug))}"


def thanked_slug(proof: str) -> str:
    """Return the slug of the petition that the proof names; "" when it is none, or too
    old."""
    try:
        return thanks_signer.unsign(proof, max_age=THANKED)
    except BadSignature:
        return ""


def is_thanked(request: HttpRequest, petition: Petition) -> bool:
    """Return whether whoever looks has just come from a signature that counts."""
    slug = thanked_slug(request.GET.get("counted", ""))
    # It may have got another address since; only then the database is asked.
    return bool(slug) and (petition.slug == slug or petition.slug == current_slug(slug))


def moment_of(proof: str) -> datetime:
    """Return the moment by which the signature counted. It is told to the second, so
    that all who confirm within one are shown the same pages; and the clock that noted
    the signature may be ahead of the one that noted the proof."""
    second = b62_decode(proof.split(thanks_signer.sep)[-2])
    return datetime.fromtimestamp(second + slots.SETTLING, UTC)


def just_counted(proof: str) -> str:
    """Return the proof as long as the pages for everybody may lack the signature that
    it proves, else "". Nobody can make one up, so at most one rendering a second and
    page comes of it."""
    if thanked_slug(proof) and moment_of(proof) > slots.shown_until():
        return proof
    return ""


def with_own_signature(
    view: Callable[..., HttpResponse],
) -> Callable[..., HttpResponse]:
    """Decorate a view so that whoever proves to have signed is shown numbers with that
    signature."""

    @wraps(view)
    def answer(request: HttpRequest, **more: Any) -> HttpResponse:
        proof = request.GET.get("counted", "")
        if not thanked_slug(proof):
            return view(request, **more)
        moment = moment_of(proof)
        with slots.showing(moment):
            response = view(request, **more)
            if isinstance(response, TemplateResponse):
                response.render()
        if not slots.settled(moment):
            # A moment later there may be more, which the next one must see.
            response.headers["Cache-Control"] = "no-store"
        return response

    return answer
