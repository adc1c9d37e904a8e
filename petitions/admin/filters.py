"""List filters that several admins share."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations.rights import Right, within
from organizations.scoping import user_of
from petitions.models import Petition, Signature
from petitions.signable import scheduled_at
from petitions.states import QuarantineReason, State

# The value in the URL for petitions that are published, but open later.
SCHEDULED = "scheduled"
# The value in the URL for signatures that will be erased.
LEAVING = "leaving"


class PetitionFilter(admin.SimpleListFilter):
    """A filter by petition: the newest fifty of the user's organisations."""

    title = _("petition")
    parameter_name = "petition"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        mine = within(
            Petition.objects.all(), "organization_id", user_of(request), Right.VIEW
        )
        petitions = mine.order_by("-pk").values_list("pk", "title")[:50]
        return [(str(number), title) for number, title in petitions]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value and value.isascii() and value.isdecimal() and len(value) < 19:
            return queryset.filter(petition=int(value))
        return queryset


class QuarantineFilter(admin.SimpleListFilter):
    """A filter by `quarantine_reason`, each with the number of people who wait because
    of it."""

    title = _("set aside")
    parameter_name = "aside"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        waiting = dict(
            model_admin.get_queryset(request)
            .quarantined()
            .order_by()
            .values_list("quarantine_reason")
            .annotate(people=Count("email_key", distinct=True))
        )
        rules = [
            (reason.value, f"{reason.label} ({intcomma(waiting[reason.value])})")
            for reason in QuarantineReason
            if reason.value in waiting
        ]
        everybody = [("any", _("For any reason"))] if len(rules) > 1 else []
        return [*everybody, *rules, *self.leaving(request, model_admin)]

    def has_output(self) -> bool:
        """Apply it even without choices: otherwise the link of an alert that a
        colleague has dealt with shows everybody."""
        return super().has_output() or self.value() is not None

    def leaving(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choice for signatures that staff decided to erase, with the number
        of people; no choice when there are none. They can still be called off."""
        marked = model_admin.get_queryset(request).to_be_removed()
        people = marked.aggregate(n=Count("email_key", distinct=True))["n"]
        label = gettext("Will be erased (%(people)s)") % {"people": intcomma(people)}
        return [(LEAVING, label)] if people else []

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> QuerySet[Signature]:
        if not self.value():
            return queryset
        if self.value() == LEAVING:
            return queryset.to_be_removed()  # type: ignore[attr-defined, no-any-return]
        waiting: QuerySet[Signature] = queryset.quarantined()  # type: ignore[attr-defined]
        any_reason = self.value() == "any"
        return waiting if any_reason else waiting.filter(quarantine_reason=self.value())


class StageFilter(admin.SimpleListFilter):
    """A filter of petitions by state; those that are published but open later are
    scheduled."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        draft, *others = State.choices
        return [draft, (SCHEDULED, _("Scheduled")), *others]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Petition]
    ) -> QuerySet[Petition]:
        scheduled = scheduled_at(timezone.now())
        if self.value() == SCHEDULED:
            return queryset.filter(scheduled)
        if self.value() in State.values:
            return queryset.filter(~scheduled, state=self.value())
        return queryset
