"""Invalidation: staff take signatures from the count. They describe which, preview them
and apply it, then follow its progress, and can reverse it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core import signing
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import entries
from core.text.fields import (
    TextField,
    formfield,
)
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions import ways_back
from petitions.admin.filters import PetitionFilter
from petitions.admin.signatures import network_in_words, signs_in_words
from petitions.models import Invalidation, Petition, Signature
from petitions.signatures import invalidating
from petitions.signatures.invalidating import (
    InvalidationPreview,
    InvalidationRunning,
)

# How long a preview can still be applied.
PREVIEW_HOLDS = timedelta(hours=1)
SALT = "petitions.invalidation.preview"

TIMES = ("since", "until", "as_of")
CONDITIONS = ("network", "domain", "name_match", "name", "since", "until")
FIELDSETS: list[tuple[Any, dict[str, Any]]] = [
    (
        _("Which signatures"),
        {
            "fields": [
                "network", "domain", ("name_match", "name"), ("since", "until"),
            ],
            "description": _("All that you fill in has to fit."),
        },
    ),
    (None, {"fields": ["reason"]}),
]  # fmt: skip


class LocalTime(forms.DateTimeInput):
    """A date and time field with the browser's own picker."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class InvalidationForm(forms.ModelForm[Invalidation]):
    class Meta:
        model = Invalidation
        fields = [*CONDITIONS, "reason"]
        formfield_callback = formfield
        widgets = {
            "network": forms.TextInput(attrs={"size": 45, "spellcheck": "false"}),
            "domain": forms.TextInput(attrs={"size": 45, "spellcheck": "false"}),
            "name": forms.TextInput(attrs={"size": 30}),
            "since": LocalTime(),
            "until": LocalTime(),
            "reason": forms.Textarea(attrs={"rows": 2, "cols": 60}),
        }
        error_messages = {"reason": {"required": _("Say why.")}}


class ReversalForm(forms.Form):
    reason = TextField(
        label=_("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        error_messages={"required": _("Say why.")},
    )


def invalidate(
    model_admin: admin.ModelAdmin[Petition], request: HttpRequest, petition: Petition
) -> HttpResponse:
    """Show the form; on POST, preview what it describes, with nothing changed, or, from
    the preview's own button, begin the invalidation."""
    now = timezone.now()
    if "previewed" in request.POST:
        return apply(request, petition)
    draft = Invalidation(petition=petition, made_at=now, as_of=now)
    form = InvalidationForm(request.POST or None, instance=draft)
    preview: InvalidationPreview | None = None
    if form.is_valid():
        try:
            preview = invalidating.preview_invalidation(draft)
        except OperationalError:
            form.add_error(
                None,
                _("These are too many to look through: narrow them down by time."),
            )
    if preview is not None:
        # What is found, or that nothing is, tells about people as a search does.
        here = petition.organization_id
        shown = [here] * len(preview.sample)
        entries.look(Signature, shown, searched=[here], kind="search")
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Invalidate signatures"),
        "subtitle": str(petition),
        "opts": model_admin.opts,
        "petition": petition,
        "adminform": AdminForm(form, FIELDSETS, {}, model_admin=model_admin),
        "media": form.media + model_admin.media,
        "draft": draft,
        "way_back": ways_back.sentence("invalidate", now, now),
        "conditions": conditions_in_words(draft),
        "earlier": petition.invalidations.select_related("made_by")[:20],
        **preview_context(draft, preview),
    }
    template = "admin/petitions/petition/invalidate.html"
    return TemplateResponse(request, template, context)


def preview_context(
    draft: Invalidation, preview: InvalidationPreview | None
) -> dict[str, Any]:
    """Return what the page shows of a preview, and the sealed value that it sends back
    when it is applied."""
    if preview is None:
        return {"preview": None}
    return {
        "preview": preview,
        "share": 100 * preview.found / max(draft.petition.confirmed, preview.found, 1),
        "sample": [
            (row, network_in_words(row), signs_in_words(row)) for row in preview.sample
        ],
        "previewed": seal_preview(draft, preview.found),
    }


def seal_preview(draft: Invalidation, number: int) -> str:
    """Return what was previewed as a signed value, so that exactly this is applied and
    nothing unseen."""
    seen = {name: getattr(draft, name) for name in (*CONDITIONS, "reason", "as_of")}
    for name in TIMES:
        seen[name] = seen[name] and seen[name].isoformat()
    seen |= {"found": number, "petition_id": draft.petition_id}
    return signing.dumps(seen, salt=SALT, compress=True)


def unseal(sealed: str, petition: Petition) -> Invalidation | None:
    """Return the invalidation that was previewed; None if it is too old, forged or of
    another petition."""
    try:
        seen = signing.loads(sealed, salt=SALT, max_age=PREVIEW_HOLDS)
    except signing.BadSignature:
        return None
    if seen["petition_id"] != petition.pk:
        return None
    for name in TIMES:
        seen[name] = seen[name] and parse_datetime(seen[name])
    return Invalidation(**seen)


def apply(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Hand the previewed invalidation to the worker."""
    now = timezone.now()
    made = unseal(request.POST["previewed"], petition)
    if made is None:
        messages.error(request, gettext("That preview is too old: look again."))
        return redirect("admin:petitions_petition_invalidate", petition.pk)
    try:
        invalidating.begin_invalidation(made, user_of(request), now=now)
    except InvalidationRunning:
        return busy(request, petition)
    note = gettext("Invalidated signatures (%(id)s)") % {"id": made}
    entries.note(petition, note)
    return redirect("admin:petitions_invalidation_change", made.pk)


def busy(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Say that another invalidation is at work, and go back to the form."""
    messages.error(
        request,
        gettext(
            "Another invalidation of this petition is still at work. Wait until it is "
            "done."
        ),
    )
    return redirect("admin:petitions_petition_invalidate", petition.pk)


def conditions_in_words(invalidation: Invalidation) -> list[tuple[Any, str]]:
    """Return the conditions that are set, each with its label."""

    def label(name: str) -> Any:
        return Invalidation._meta.get_field(name).verbose_name  # type: ignore[union-attr]

    conditions: list[tuple[Any, str]] = [
        (label(name), getattr(invalidation, name)) for name in ("network", "domain")
    ]
    match = invalidation.get_name_match_display()
    name = invalidation.name and f"{match} “{invalidation.name}”"
    conditions.append((label("name_match"), name))
    for field in ("since", "until"):
        time = getattr(invalidation, field)
        shown = time and date_format(timezone.localtime(time), "SHORT_DATETIME_FORMAT")
        conditions.append((label(field), shown or ""))
    return [(what, value) for what, value in conditions if value]


@admin.register(Invalidation)
class InvalidationAdmin(ScopedAdmin[Invalidation]):
    """The record of invalidations: how far each has come, and its reversal."""

    # It is a record, and only the reversal changes it.
    needs = Needs(view=Right.VIEW)
    # Which signatures, and why: both may say who.
    view_rights = dict.fromkeys(
        ("conditions", "reason", "reversal_reason"), Right.SEE_SUPPORTERS
    )
    organization_path = "petition__organization_id"
    list_display = [
        "made_at", "petition", "conditions", "state", "marked", "restored", "by",
    ]  # fmt: skip
    list_filter = ["state", PetitionFilter]
    list_select_related = ["petition", "made_by"]
    ordering = ["-pk"]
    fields = [
        "petition", "conditions", "reason", "by", "made_at", "state", "found",
        "marked", "finished_at",
    ]  # fmt: skip
    reversal_fields = [
        "reversal_reason", "back_by", "reversed_at", "restored", "left_out",
        "restored_at",
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/admin.css"]}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = list(self.fields or [])
        if obj is not None and obj.reversed_at:
            fields += self.reversal_fields
        return fields

    def may_reverse(self, request: HttpRequest, row: Invalidation) -> bool:
        return row.is_reversible and self.holds(request, Right.MODERATE, row)

    @admin.display(description=_("which signatures"))
    def conditions(self, invalidation: Invalidation) -> str:
        return "; ".join(
            f"{what} {value}" for what, value in conditions_in_words(invalidation)
        )

    # As text, not as links: editors may not open the page of an account.

    @admin.display(description=_("by"))
    def by(self, invalidation: Invalidation) -> str:
        return str(invalidation.made_by or "")

    @admin.display(description=_("reversed by"))
    def back_by(self, invalidation: Invalidation) -> str:
        return str(invalidation.reversed_by or "")

    def get_urls(self) -> list[Any]:
        return [
            path(
                "<int:number>/reverse/",
                self.admin_site.admin_view(self.reverse),
                name="petitions_invalidation_reverse",
            ),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"title": gettext("Invalidation")}
        if row is not None:
            context["subtitle"] = str(row.petition)
            context["may_reverse"] = self.may_reverse(request, row)
            if context["may_reverse"]:
                now = timezone.now()
                context["way_back"] = ways_back.sentence("invalidate", row.made_at, now)
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    @page(Right.MODERATE, is_grave=True)
    def reverse(self, request: HttpRequest, row: Invalidation) -> HttpResponse:
        """Count the signatures again that still carry the invalidation's mark, after
        asking for confirmation and for a reason."""
        address = reverse("admin:petitions_invalidation_change", args=[row.pk])
        if not row.is_reversible:
            return redirect(address)
        form = ReversalForm(request.POST or None)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                done = invalidating.reverse_invalidation(
                    row, user_of(request), reason, now=timezone.now()
                )
            except InvalidationRunning:
                return busy(request, row.petition)
            if done:
                what = gettext("Reversed an invalidation (%(id)s)")
                entries.note(row.petition, what % {"id": row})
            return redirect(address)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Reverse"),
            "subtitle": str(row.petition),
            "opts": self.opts,
            "original": row,
            "reason": form["reason"],
            "way_back": ways_back.sentence("reverse", timezone.now(), timezone.now()),
        }
        template = "admin/petitions/invalidation/reverse.html"
        return TemplateResponse(request, template, context)
