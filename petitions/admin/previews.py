"""The preview of a petition that is not public, rendered by the code of the public
page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from core.i18n.language_fields import typed_language
from core.i18n.languages import is_text_language
from core.text.characters import clean_text
from organizations.models import Organization
from organizations.rights import Right, organizations_with
from organizations.scoping import user_of
from petitions.admin.translations import PREVIEW, WRITTEN
from petitions.models import Petition, Target, Translation
from petitions.signature_fields import OPTIONAL
from petitions.signatures.forms import SignForm
from petitions.states import Delivery, State, TargetKind, TextFormat
from petitions.views.petition_page import page_context

if TYPE_CHECKING:
    from petitions.admin.petitions import PetitionAdmin

# A preview may be framed by our own admin, and sends nothing anywhere.
PREVIEW_CSP: dict[str, list[str]] = {
    **settings.SECURE_CSP,
    "frame-ancestors": [CSP.SELF],
    "form-action": [CSP.NONE],
    "script-src": [CSP.NONE],
}

# A placeholder until an organisation is chosen.
NOBODY = Organization(name="…", slug="preview")

TYPED = ("title", "ask", "summary", "text")


@xframe_options_sameorigin
@csp_override(PREVIEW_CSP)
def preview_response(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, "petitions/petition.html", context)


def preview_petition(
    model_admin: PetitionAdmin, request: HttpRequest, stored: Petition | None
) -> HttpResponse:
    """Render the petition as stored or, on POST, as typed in the form; save nothing."""
    if request.method == "POST":
        petition, targets = from_form(model_admin, request, stored)
        texts, reading = typed_texts(request, petition)
    else:
        petition = stored or Petition(organization=NOBODY, slug="preview")
        targets = list(stored.targets.all()) if stored else []
        texts, reading = petition.texts(), request.GET.get("language", "")
    petition.reading = reading if is_text_language(reading) else petition.language
    now = timezone.now()
    petition.opens_at = petition.opens_at or now
    if petition.state == State.DRAFT:
        petition.state = State.OPEN
    if request.method == "POST":
        for text in (petition, *texts):
            text.modernise()
    for source in ("confirmed", "paper", "imported"):
        if not hasattr(petition, source):
            setattr(petition, source, 0)
    if not petition.pk:
        petition.pk = 0  # no row has it: relations can be queried, and are empty
    petition._prefetched_objects_cache = {  # type: ignore[attr-defined]
        "targets": targets,
        "translations": texts,
    }
    context = page_context(petition, SignForm(petition=petition), preview=True)
    if not model_admin.holds(request, Right.SEE_SUPPORTERS, petition):
        context |= {"reasons": [], "more_reasons": False, "names": []}
    # A scheduled petition looks as it will once open; a paused or ended one as it does.
    is_open = petition.state == State.OPEN
    return preview_response(
        request, {**context, "targets": targets, "is_open": is_open}
    )


def from_form(
    model_admin: PetitionAdmin, request: HttpRequest, stored: Petition | None
) -> tuple[Petition, list[Target]]:
    """Return the petition and its targets as they would be if the form were saved;
    neither is."""
    post = request.POST
    petition = stored
    if petition is None and is_row_number(number := post.get("preview_of", "")):
        petition = model_admin.get_petition(request, int(number))
    if petition is None:
        organizations = organizations_with(user_of(request), Right.VIEW)
        chosen = post.get("organization", "")
        organization = (
            organizations.filter(pk=int(chosen)).first()
            if is_row_number(chosen)
            else None
        )
        petition = Petition(organization=organization or NOBODY)
    for name in TYPED:
        if name in post:
            setattr(petition, name, clean_text(post[name]))
    if is_text_language(language := typed_language(post, "language")):
        petition.language = language
    if post.get("text_format") in TextFormat.values:
        petition.text_format = post["text_format"]
    if post.get("delivery") in Delivery.values:
        petition.delivery = post["delivery"]
    for field in OPTIONAL:
        if "title" in post:
            setattr(petition, field.asked_by, field.asked_by in post)
    if is_row_number(months := post.get("months_kept", "")):
        petition.months_kept = int(months)
    petition.slug = petition.slug or "preview"
    targets = list(petition.targets.all()) if petition.pk else []
    return petition, typed_targets(request) or targets


def typed_texts(
    request: HttpRequest, petition: Petition
) -> tuple[list[Translation], str]:
    """Return the translations as typed in the form, and the language of the one whose
    preview button was pressed. Fields that the form cannot change stay as stored."""
    post = request.POST
    stored = {str(text.pk): text for text in petition.texts()}
    texts, pressed = [], ""
    for row in range(number_of_rows(request, "translations")):
        prefix = f"translations-{row}-"
        text = stored.get(post.get(f"{prefix}id", "")) or Translation()
        for name in WRITTEN:
            if f"{prefix}{name}" in post:
                setattr(text, name, clean_text(post[f"{prefix}{name}"]))
        text.language = typed_language(post, f"{prefix}language") or text.language
        if f"{PREVIEW}{prefix}language" in post:
            pressed = text.language
        if is_text_language(text.language) and not post.get(f"{prefix}DELETE"):
            texts.append(text)
    return texts, pressed


def number_of_rows(request: HttpRequest, prefix: str) -> int:
    """Return how many rows the formset with this prefix says that it has, at most
    999."""
    total = request.POST.get(f"{prefix}-TOTAL_FORMS", "0")
    return int(total) if is_row_number(total) and len(total) < 4 else 0


def is_row_number(text: str) -> bool:
    """Return whether the text is a number that a row may have."""
    return text.isascii() and text.isdecimal() and len(text) < 18


def typed_targets(request: HttpRequest) -> list[Target]:
    """Return the targets as typed in the form, without deleted and empty rows."""
    post = request.POST
    targets = []
    for row in range(number_of_rows(request, "targets")):
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
        targets.append(target)
    return targets
