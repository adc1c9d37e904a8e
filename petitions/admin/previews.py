"""The public page of a petition that is not public, rendered by the same code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from organizations.models import Organization
from organizations.scoping import user_of
from petitions.forms import SignForm
from petitions.models import Petition, Target
from petitions.states import Delivery, State, TargetKind, TextFormat
from petitions.views.reading import page_context

if TYPE_CHECKING:
    from petitions.admin.petitions import PetitionAdmin

# May stand in a frame of our own admin, and sends nothing anywhere.
PREVIEW_CSP: dict[str, list[str]] = {
    **settings.SECURE_CSP,
    "frame-ancestors": [CSP.SELF],
    "form-action": [CSP.NONE],
    "script-src": [CSP.NONE],
}

# Stands in until an organisation is chosen.
NOBODY = Organization(name="…", slug="preview")

TYPED = ("title", "ask", "summary", "text")


@xframe_options_sameorigin
@csp_override(PREVIEW_CSP)
def respond(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, "petitions/petition.html", context)


def preview(
    model_admin: PetitionAdmin, request: HttpRequest, stored: Petition | None
) -> HttpResponse:
    """What is stored; with a POST, what is in the form, unsaved."""
    if request.method == "POST":
        petition, targets = from_form(model_admin, request, stored)
    else:
        petition = stored or Petition(organization=NOBODY, slug="preview")
        targets = list(stored.targets.all()) if stored else []
    now = timezone.now()
    petition.opens_at = petition.opens_at or now
    if petition.state == State.DRAFT:
        petition.state = State.OPEN
    for source in ("confirmed", "paper", "imported"):
        if not hasattr(petition, source):
            setattr(petition, source, 0)
    if not petition.pk:
        petition.pk = 0  # no row has it: relations can be asked, and are empty
    petition._prefetched_objects_cache = {"targets": targets}  # type: ignore[attr-defined]
    context = page_context(petition, SignForm(petition=petition), preview=True)
    return respond(request, {**context, "targets": targets, "is_open": True})


def from_form(
    model_admin: PetitionAdmin, request: HttpRequest, stored: Petition | None
) -> tuple[Petition, list[Target]]:
    """A petition as it would be if the form were saved; never saved."""
    post = request.POST
    petition = stored
    if petition is None and is_number(number := post.get("preview_of", "")):
        petition = model_admin.get_petition(request, int(number))
    if petition is None:
        organizations = Organization.objects.of(user_of(request))
        chosen = post.get("organization", "")
        organization = (
            organizations.filter(pk=int(chosen)).first() if is_number(chosen) else None
        )
        petition = Petition(organization=organization or NOBODY)
    for name in TYPED:
        if name in post:
            setattr(petition, name, post[name].replace("\0", ""))
    if post.get("text_format") in TextFormat.values:
        petition.text_format = post["text_format"]
    if post.get("delivery") in Delivery.values:
        petition.delivery = post["delivery"]
    for name in ("asks_place", "asks_postal_code", "asks_country"):
        if "title" in post:
            setattr(petition, name, name in post)
    if is_number(months := post.get("months_kept", "")):
        petition.months_kept = int(months)
    petition.slug = petition.slug or "preview"
    targets = list(petition.targets.all()) if petition.pk else []
    return petition, typed_targets(request) or targets


def is_number(text: str) -> bool:
    """Whether it may be the number of a row."""
    return text.isascii() and text.isdecimal() and len(text) < 18


def typed_targets(request: HttpRequest) -> list[Target]:
    """The rows of the form's table of targets."""
    post = request.POST
    total = post.get("targets-TOTAL_FORMS", "0")
    number = (
        int(total) if total.isascii() and total.isdecimal() and len(total) < 4 else 0
    )
    found = []
    for row in range(number):
        prefix = f"targets-{row}-"
        kind = post.get(f"{prefix}kind", TargetKind.PERSON)
        name = post.get(f"{prefix}name", "")
        if post.get(f"{prefix}DELETE") or not (name or kind == TargetKind.UNSETTLED):
            continue
        target = Target(
            kind=kind,
            name=name,
            office=post.get(f"{prefix}office", ""),
            organisation=post.get(f"{prefix}organisation", ""),
        )
        found.append(target)
    return found
