"""Filters that several lists have."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from organizations.scoping import user_of
from petitions.models import Petition


class PetitionFilter(admin.SimpleListFilter):
    """Only petitions of the user's organisations, the newest fifty."""

    title = _("petition")
    parameter_name = "petition"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        petitions = Petition.objects.of(user_of(request)).order_by("-pk")
        found = petitions.values_list("pk", "title")[:50]
        return [(str(number), title) for number, title in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value and value.isascii() and value.isdecimal() and len(value) < 19:
            return queryset.filter(petition=int(value))
        return queryset
