"""Pictures that staff upload: checked and made smaller on the way in; once replaced or
removed, deleted with all files that were made of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin.model_admin import ModelAdmin
from core.images.uploads import clean_image
from organizations.forms import label_file_field

PICTURE_WIDTH = 1200


class PictureForm[M: models.Model](forms.ModelForm[M]):
    """A form for a model with `image` and `image_description`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label_file_field(self, "image")

    def clean_image(self) -> Any:
        image = self.cleaned_data["image"]
        changed = "image" in self.changed_data and image
        return clean_image(image, PICTURE_WIDTH) if changed else image

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        given = self.cleaned_data
        if given.get("image") and not given.get("image_description"):
            self.add_error(
                "image_description",
                _("Describe the picture for those who do not see it."),
            )
        return cleaned


class PictureAdmin[M: models.Model](ModelAdmin[M]):
    """An admin for such a model, in which no file outlives the row that showed it."""

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        former = None
        if change and "image" in form.changed_data:
            former = type(obj)._default_manager.get(pk=obj.pk).image  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)
        if former:
            transaction.on_commit(former.discard)

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        former = obj.image  # type: ignore[attr-defined]
        super().delete_model(request, obj)
        if former:
            transaction.on_commit(former.discard)
