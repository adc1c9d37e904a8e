"""The picture of an update or a handover."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from core.db import guards
from core.images.uploads import (
    TAKEN,
    PictureField,
)


class Pictured(models.Model):
    """A model that may have a picture, with a description of what it shows."""

    image = PictureField(
        _("picture"),
        upload_to="story/",
        blank=True,
        width_field="image_width",
        height_field="image_height",
        help_text=format_lazy(
            "{} {} {}",
            _("Optional."),
            TAKEN,
            _("Ask those who can be recognised: everybody will see it."),
        ),
    )
    # Stored so that a page need not open the file, which may have been lost.
    image_width = models.PositiveIntegerField(null=True, editable=False)
    image_height = models.PositiveIntegerField(null=True, editable=False)
    image_description = models.CharField(
        _("what the picture shows"),
        max_length=300,
        blank=True,
        db_default="",
        help_text=_("For those who do not see it. Needed with a picture."),
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(image="") | ~Q(image_description=""),
                name="%(class)s_image_described",
                violation_error_message=_(
                    "Describe the picture for those who do not see it."
                ),
            ),
            guards.picture("%(class)s", "image"),
        ]
