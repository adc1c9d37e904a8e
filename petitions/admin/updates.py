"""Updates of a petition in the admin: written in each language, previewed,
published."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.i18n.language_fields import LanguageChoice
from organizations.rights import Right
from organizations.scoping import page
from petitions.admin import mailings, update_previews
from petitions.admin.dates import beginning_of_day, far_ahead
from petitions.admin.pictures import PictureAdmin, PictureForm
from petitions.admin.text_widgets import MarkdownArea
from petitions.admin.timeline import OfPetitionAdmin, OfPetitionForm
from petitions.admin.translations import PreviewedLanguage, ToldTextInline
from petitions.models import Petition, Update, UpdateTranslation
from petitions.states import PUBLIC_STATES

# The fields that readers see: a change of these is dated (`changed_at`).
SHOWN = {"title", "text", "image", "image_description"}


class UpdateForm(PictureForm[Update], OfPetitionForm[Update]):
    class Meta:
        model = Update
        fields = "__all__"
        widgets = {"text": MarkdownArea(rows=16)}

    publish_now = forms.BooleanField(label=_("Publish it now"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was_published = self.instance.is_published(timezone.now())
        if self.was_published:
            self.fields.pop("publish_now", None)
        if "published_at" in self.fields:
            # Tells a change in this form from somebody else's meanwhile.
            self.fields["published_at"].show_hidden_initial = True

    def clean(self) -> dict[str, Any] | None:
        """Check the dates, and keep the date of an update that was published while this
        form was open."""
        cleaned = super().clean()
        if "published_at" not in self.changed_data:
            self.cleaned_data["published_at"] = self.instance.published_at
        day = self.cleaned_data.get("published_at")
        dated = day if "published_at" in self.changed_data else None
        if dated and (sentence := self.wrong_day(dated)):
            self.add_error("published_at", sentence)
        if self.cleaned_data.get("publish_now") and day and day > timezone.now():
            self.add_error(
                "publish_now",
                _("There is a future date below: remove either the tick or the date."),
            )
        return cleaned

    def wrong_day(self, day: datetime) -> Any:
        """Return why an update cannot have this date, in a sentence; None if it can."""
        petition = Petition.objects.with_counts().get(pk=self.instance.petition_id)
        if petition.began and timezone.localdate(day) < petition.began:
            return _("The petition had not begun then: check the year.")
        return far_ahead(day, timezone.now())


# == In other languages ==


class UpdateTranslationForm(forms.ModelForm[UpdateTranslation]):
    language = LanguageChoice(
        label=_("language"),
        widget=PreviewedLanguage("admin:petitions_update_preview"),
    )

    class Meta:
        model = UpdateTranslation
        fields = "__all__"
        widgets = {"text": MarkdownArea(rows=12)}


class UpdateTranslationInline(ToldTextInline[UpdateTranslation, Update]):
    model = UpdateTranslation
    form = UpdateTranslationForm
    fields = ["language", "title", "text", "image_description"]


# == The update ==


@admin.register(Update)
class UpdateAdmin(PictureAdmin[Update], OfPetitionAdmin[Update]):
    needs = replace(OfPetitionAdmin.needs, delete=Right.WRITE)
    form = UpdateForm
    inlines = [UpdateTranslationInline]
    list_display = ["title", "petition", "number", "published_at", "language"]
    search_fields = ["title", "translations__title"]

    def get_fields(self, request: HttpRequest, obj: Update | None = None) -> Any:
        """Offer “Publish it now” only for drafts."""
        fields = [
            "language", "title", "text", "image", "image_description", "publish_now",
            "published_at",
        ]  # fmt: skip
        if obj is not None and (
            obj.is_published(timezone.now())
            or not self.has_change_permission(request, obj)
        ):
            fields.remove("publish_now")
        return fields

    def allows_deleting(self, request: HttpRequest, obj: Any) -> bool:
        """Allow it only for an update that was never published: the URL of any other
        was passed on."""
        return obj is not None and obj.number is None

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Take a date without an hour as the beginning of that day."""
        if db_field.name == "published_at":
            kwargs["widget"] = beginning_of_day()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # -- saving --

    def save_model(
        self, request: HttpRequest, obj: Update, form: Any, change: bool
    ) -> None:
        """Publish it now if that is ticked; date a change of a published update that
        readers see."""
        now = timezone.now()
        if form.cleaned_data.get("publish_now"):
            obj.published_at = now
        elif form.was_published and SHOWN & {*form.changed_data}:
            obj.changed_at = now
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """Note the time when a translation of a published update is changed or deleted;
        one more translation is no change of the update."""
        super().save_related(request, form, formsets, change)
        changed = any(f.changed_objects or f.deleted_objects for f in formsets)
        if form.was_published and changed:
            form.instance.changed_at = timezone.now()
            form.instance.save(update_fields=["changed_at"])

    # -- the page --

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        update = self.get_object(request, object_id) if object_id else None
        context = {
            "may_mail": update is not None
            and update.is_published(timezone.now())
            and self.holds(request, Right.MAIL, update),
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, context)

    def get_view_on_site_url(self, obj: Update | None = None) -> str | None:
        if obj is None or not obj.is_published(timezone.now()):
            return None
        public = obj.petition.state in PUBLIC_STATES
        return obj.get_absolute_url() if public else None

    def get_urls(self) -> list[Any]:
        wrapped = self.admin_site.admin_view(self.preview)
        mailed = self.admin_site.admin_view(self.mail)
        return [
            path("<int:number>/mail/", mailed, name="petitions_update_mail"),
            path("preview/", wrapped, name="petitions_update_preview"),
            path("<int:number>/preview/", wrapped, name="petitions_update_preview_one"),
            *super().get_urls(),
        ]

    @page(Right.VIEW)
    def preview(self, request: HttpRequest, update: Update | None) -> HttpResponse:
        """Show its page, as stored or, on POST, as typed in the form."""
        return update_previews.preview_update(self, request, update)

    @page(Right.MAIL)
    def mail(self, request: HttpRequest, update: Update) -> HttpResponse:
        """Choose to whom it is sent by mail, and prepare that."""
        return mailings.choose(self, request, update)
