"""Topics, for administrators of the site only; staff choose from them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.db.refusals import broken_constraints
from core.text.fields import LineField
from organizations.scoping import AdministratorsAdmin
from petitions.models import Topic, TopicName


class TopicForm(forms.ModelForm[Topic]):
    """A topic with its name in each language of the interface."""

    class Meta:
        model = Topic
        fields = ["slug"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {}
        if self.instance.pk:
            names = dict(self.instance.names.values_list("language", "text"))
        for code, language in settings.LANGUAGES:
            self.fields[f"name_{code}"] = LineField(
                label=_("Name (%(language)s)") % {"language": language},
                max_length=60,
                initial=names.get(code, ""),
            )

    def clean(self) -> dict[str, Any] | None:
        """Check each name against the constraints of its column."""
        cleaned = super().clean()
        for code, _language in settings.LANGUAGES:
            name = f"name_{code}"
            if name not in self.errors:
                row = TopicName(language=code, text=self.cleaned_data[name])
                for broken in broken_constraints(row, {"topic"}).values():
                    for _fields, error in broken:
                        self.add_error(name, error.messages)
        return cleaned

    def save_names(self) -> None:
        for code, _language in settings.LANGUAGES:
            TopicName.objects.update_or_create(
                topic=self.instance,
                language=code,
                defaults={"text": self.cleaned_data[f"name_{code}"]},
            )


@admin.register(Topic)
class TopicAdmin(AdministratorsAdmin[Topic]):
    form = TopicForm
    list_display = ["__str__", "slug"]
    search_fields = ["slug", "names__text"]

    def get_fieldsets(self, request: HttpRequest, obj: Topic | None = None) -> Any:
        names = [f"name_{code}" for code, _language in settings.LANGUAGES]
        return [(None, {"fields": [*names, "slug"]})]

    def get_form(
        self,
        request: HttpRequest,
        obj: Topic | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> Any:
        # The names are fields of the form, not columns of the topic.
        return super().get_form(request, obj, change, **{**kwargs, "fields": ["slug"]})

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Topic]:
        return super().get_queryset(request).prefetch_related("names")

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        form.save_names()
