"""The preview of an update that is not public, rendered by the code of the public
page."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from core.i18n.language_fields import typed_language
from core.i18n.languages import is_text_language
from core.images.uploads import (
    PictureSource,
    clean_image,
)
from core.text.characters import clean_text
from petitions.admin.pictures import PICTURE_WIDTH
from petitions.admin.previews import PREVIEW_CSP, is_row_number, number_of_rows
from petitions.admin.translations import PREVIEW
from petitions.models import Update, UpdateTranslation
from petitions.views.timeline import update_context

if TYPE_CHECKING:
    from petitions.admin.updates import UpdateAdmin

WORDS = ("title", "text", "image_description")


@dataclass(frozen=True)
class TypedPicture:
    """A picture that is stored nowhere: its `url` holds its data."""

    url: str
    width: int
    height: int
    sources: tuple[PictureSource, ...] = ()


@xframe_options_sameorigin
@csp_override({**PREVIEW_CSP, "img-src": [CSP.SELF, "data:"]})
def preview_update(
    model_admin: UpdateAdmin, request: HttpRequest, update: Update | None
) -> HttpResponse:
    """Render the update as stored or, on POST, as typed in the form; save nothing."""
    update = update or named_update(model_admin, request)
    texts, reading = update.texts(), request.GET.get("language", "")
    if request.method == "POST":
        take_typed(request, update)
        texts, reading = typed_update_texts(request, update)
        update.modernise()
    update._prefetched_objects_cache = {"translations": texts}  # type: ignore[attr-defined]
    now = timezone.now()
    update.published_at = update.published_at or now
    update.number = update.number or 0  # it has none yet, and is linked nowhere
    known = is_text_language(reading)
    update.petition.reading = reading if known else update.language
    context = update_context(update, is_open=update.petition.is_open(now), preview=True)
    return TemplateResponse(request, "petitions/update.html", context)


def named_update(model_admin: UpdateAdmin, request: HttpRequest) -> Update:
    """Return the update that the form names, or a new one of the petition that it
    names; raise Http404 unless the user may see that."""
    given = request.POST.get("preview_of", "")
    if is_row_number(given):
        update = model_admin.get_object(request, given)
        if update is None or not model_admin.has_view_permission(request, update):
            raise Http404
        return update
    number = request.POST.get("preview_petition", "")
    petition = model_admin.petition_told_of(request, number)
    if petition is None:
        raise Http404
    return Update(petition=petition, language=petition.language)


def take_typed(request: HttpRequest, update: Update) -> None:
    """Set the update's words and picture to what the form holds."""
    post = request.POST
    for name in WORDS:
        if name in post:
            setattr(update, name, clean_text(post[name]))
    if is_text_language(language := typed_language(post, "language")):
        update.language = language
    if post.get("image-clear"):
        update.image = ""
    upload = request.FILES.get("image")
    if upload is None:
        return
    try:
        picture = clean_image(upload, PICTURE_WIDTH)
    except ValidationError:
        return  # the form says what is wrong with it, once it is sent
    width, height = str(picture.name).partition("-")[2].partition(".")[0].split("x")
    picture.seek(0)  # it was read before
    data = b64encode(picture.read()).decode()
    update.image = TypedPicture(
        f"data:image/webp;base64,{data}", int(width), int(height)
    )


def typed_update_texts(
    request: HttpRequest, update: Update
) -> tuple[list[UpdateTranslation], str]:
    """Return the translations as typed in the form, and the language of the one whose
    preview button was pressed."""
    post = request.POST
    texts, pressed = [], ""
    for row in range(number_of_rows(request, "translations")):
        prefix = f"translations-{row}-"
        typed = {name: clean_text(post.get(f"{prefix}{name}", "")) for name in WORDS}
        typed["language"] = typed_language(post, f"{prefix}language")
        if f"{PREVIEW}{prefix}language" in post:
            pressed = typed["language"]
        written = (typed["title"] or typed["text"]) and f"{prefix}DELETE" not in post
        if written and is_text_language(typed["language"]):
            texts.append(UpdateTranslation(update=update, **typed))
    return texts, pressed
