"""The style guide: every component in every state, drawn by the templates of the site,
for whoever changes or adds one. It is shown in demonstrations and development, and to
staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.http import styles
from organizations.models import Organization
from petitions.models import Petition, Signature, Target
from petitions.signatures.forms import SignForm
from petitions.states import State

SPEAKER = Organization(
    name="Example Rights",
    slug="example-rights",
    legal_name="Example Rights Society",
    postal_address="1 Example Street\nExampleton",
    contact_email="hello@rights.example",
    charity_number="00000 0000 RR0000",
)
REASONS = (
    ("Maya Tremblay", "Gatineau", "Because it could have been my brother."),
    ("Tariq Fortin", "", "I have waited nine years to be asked."),
)
NAMES = (("Léa O'Brien", "Halifax"), ("شيرين", ""), ("Hiroshi Chen", "Vancouver"))


def sample_petition(
    state: str = State.OPEN, supporters: int = 15_261, **more: Any
) -> Petition:
    """Return a petition that is not stored in the database."""
    now = timezone.now()
    petition = Petition(
        pk=0,
        organization=SPEAKER,
        slug="example",
        title="Publish what is known about the closed hearings",
        summary="One sentence that says what is at stake.",
        ask="Publish the minutes of every closed hearing since 2019.",
        text="A paragraph as people read it, with **a part of it** in bold and "
        "[a link](https://example.org).\n\n- One thing\n- and another\n\n> Quoted.",
        state=state,
        opens_at=now - timedelta(days=60),
        ended_at=None if state in (State.OPEN, State.PAUSED) else now,
        outcome="The minutes are public." if state == State.WON else "",
        asks_postal_code=True,
        asks_country=True,
        **more,
    )
    petition.confirmed, petition.paper, petition.imported = supporters, 0, 0
    target = Target(name="Ministry of Records", office="")
    petition._prefetched_objects_cache = {  # type: ignore[attr-defined]
        "targets": [target],
        "translations": [],
    }
    return petition


def sample_signature(name: str, place: str = "", comment: str = "") -> Signature:
    return Signature(
        petition=sample_petition(), language="en", name=name, place=place,
        comment=comment, comment_approved=True,
    )  # fmt: skip


@require_safe
def style_guide(request: HttpRequest) -> HttpResponse:
    if not (settings.DEMO or settings.DEBUG or request.user.is_active):
        raise Http404
    wrong = SignForm(
        {"name": "", "email": "maya@", "country": "Nowhere", "comment": "Because."},
        petition=sample_petition(),
        auto_id="wrong_%s",
    )
    petitions = {
        "open": sample_petition(),
        "beginning": sample_petition(supporters=0),
        "with one": sample_petition(supporters=1),
        "paused": sample_petition(State.PAUSED, 601),
        "closed": sample_petition(State.CLOSED, 5_893),
        "won": sample_petition(State.WON, 1_204),
    }
    context = {
        "petition": petitions["open"],
        "petitions": petitions,
        "is_open": True,
        "preview": True,
        "form": SignForm(petition=sample_petition()),
        "wrong": wrong,
        "version": "",
        "via": "",
        "reasons": [sample_signature(*reason) for reason in REASONS],
        "names": [sample_signature(*name) for name in NAMES],
        "page": Paginator(range(60), 20).page(2),
        "colours": list(styles.colour_tokens(dark=False)),
    }
    return TemplateResponse(request, "style_guide/style_guide.html", context)
