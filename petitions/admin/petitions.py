"""Petitions in the admin: written, previewed, published, watched, closed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.text.fields import EndField
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, action, page, user_of
from petitions.admin import (
    actions,
    entered_counts,
    exports,
    figures,
    imports,
    invalidations,
    packs,
    previews,
    promotion,
    transitions,
)
from petitions.admin.actions import question_of
from petitions.admin.dates import DatesForm, beginning_of_day, end_of_day
from petitions.admin.filters import StageFilter
from petitions.admin.inlines import (
    CorrectionInline,
    CountEntryInline,
    TargetInline,
    is_frozen,
)
from petitions.admin.pictures import PictureAdmin, PictureForm
from petitions.admin.text_widgets import MarkdownArea
from petitions.admin.timeline import timeline_links
from petitions.admin.translations import TranslationInline, UsedLanguages
from petitions.counts.entering import takes_entries
from petitions.counts.entries import record_entry
from petitions.importing.jobs import is_open_to_imports
from petitions.models import Correction, CountEntry, Petition, Target, Topic
from petitions.privacy import expiry
from petitions.signature_fields import OPTIONAL
from petitions.states import ENDED_STATES, PUBLIC_STATES, State


class PetitionForm(PictureForm[Petition], DatesForm):
    class Meta:
        model = Petition
        fields = "__all__"
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 2, "cols": 80}),
            "ask": forms.Textarea(attrs={"rows": 2, "cols": 80}),
            "outcome": forms.Textarea(attrs={"rows": 2, "cols": 80}),
            "text": MarkdownArea(rows=16),
            "topics": forms.CheckboxSelectMultiple,
        }


@admin.register(Petition)
class PetitionAdmin(PictureAdmin[Petition], ScopedAdmin[Petition]):
    needs = Needs(
        view=Right.VIEW, add=Right.WRITE, change=Right.WRITE, delete=Right.WRITE
    )
    change_rights = {
        "featured": Right.ADMINISTER,
        **dict.fromkeys(
            ("opens_at", "closes_at", "months_kept", "outcome"), Right.PUBLISH
        ),
    }
    form = PetitionForm
    inlines = [TargetInline, TranslationInline, CorrectionInline, CountEntryInline]
    list_display = ["title", "organization", "stage", "supporters_shown", "opens_at"]
    list_filter = [
        StageFilter,
        ("organization", admin.RelatedOnlyFieldListFilter),
        ("language", UsedLanguages),
    ]
    list_select_related = ["organization"]
    search_fields = ["title", "slug", "targets__name"]
    ordering = ["-pk"]
    actions = [
        "publish_selected", "pause_selected", "resume_selected", "close_selected",
    ]  # fmt: skip
    readonly_fields = ["stage", "ended_at", "anonymised_at", "readers_see"]
    fieldsets = [
        (
            _("What you ask"),
            {
                "fields": [
                    "organization", "language", "title", "slug", "ask", "summary",
                    "text", "text_format", "topics",
                ]
            },
        ),
        (_("Picture"), {"fields": ["image", "image_description"]}),
        (
            _("What the form asks, and who receives it"),
            {
                "fields": [
                    *(field.asked_by for field in OPTIONAL), "delivery",
                    "months_kept",
                    "shared_addresses",
                ]
            },
        ),
        (
            _("When, and how far"),
            {
                "fields": [
                    "stage", "opens_at", "closes_at", "ended_at", "anonymised_at",
                    "started_on", "origin", "goal", "position", "featured", "outcome",
                ]
            },
        ),
        (_("What readers see"), {"fields": ["readers_see"]}),
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/admin.css"]}

    # -- rows and rights --

    def get_queryset(self, request: HttpRequest) -> QuerySet[Petition]:
        petitions = super().get_queryset(request)
        return petitions.for_reading()  # type: ignore[attr-defined, no-any-return]

    def allows_deleting(self, request: HttpRequest, obj: Any) -> bool:
        """Allow it only for a draft that nobody has signed."""
        return obj is not None and obj.state == State.DRAFT and not is_frozen(obj)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Petition | None = None
    ) -> list[str]:
        """Freeze what people have signed, and what is left to buttons."""
        fields = super().get_readonly_fields(request, obj)
        if obj is not None and is_frozen(obj):
            fields += Petition.FROZEN
        if obj is not None and obj.state != State.DRAFT:
            fields.append("organization")
            if not obj.is_scheduled(timezone.now()):
                fields.append("opens_at")
        if obj is not None and obj.state in ENDED_STATES:
            # Changing these would end or erase: buttons do that, which say so first.
            fields += ["closes_at", "months_kept"]
        return list(dict.fromkeys(fields))

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Let dates be typed without an hour."""
        if db_field.name == "opens_at":
            kwargs["widget"] = beginning_of_day()
        if db_field.name == "closes_at":
            kwargs |= {"widget": end_of_day(), "form_class": EndField}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer all topics, with their names: they belong to the whole site."""
        if db_field.name == "topics":
            kwargs["queryset"] = Topic.objects.prefetch_related("names")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_view_on_site_url(self, obj: Petition | None = None) -> str | None:
        if obj is None or obj.state not in PUBLIC_STATES:
            return None
        if obj.is_scheduled(timezone.now()):
            return None
        return obj.get_absolute_url()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Preselect the organisation for users who work for only one."""
        organizations = list(
            user_of(request).memberships.values_list("organization_id", flat=True)[:2]
        )
        initial = {"organization": organizations[0]} if len(organizations) == 1 else {}
        return {**initial, **super().get_changeform_initial_data(request)}

    # -- what is shown --

    @admin.display(description=_("supporters"))
    def supporters_shown(self, petition: Petition) -> str:
        return intcomma(petition.supporters)

    @admin.display(description=_("state"), ordering="state")
    def stage(self, petition: Petition) -> str:
        return petition.stage(timezone.now())

    @admin.display(description=_("the very lines"))
    def readers_see(self, petition: Petition) -> SafeString | str:
        """Return the lines that readers see, rendered by the templates of the public
        pages."""
        if not petition.pk:
            return gettext("They appear here once the petition is saved.")
        context = {"petition": petition, "targets": list(petition.targets.all())}
        html = render_to_string("admin/petitions/petition/_readers_see.html", context)
        return mark_safe(html)  # noqa: S308 - from a template

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add what the user can do with the petition besides editing it. A transition's
        button, with nothing typed, leads on without saving."""
        petition = self.get_object(request, object_id) if object_id else None
        verb = request.POST.get("_then", "")
        if petition and verb and not self.has_typed(request, petition):
            return self.response_change(request, petition)
        context: dict[str, Any] = {"can_preview": True}
        if petition is not None:
            editable = self.has_change_permission(request, petition)
            context["standing"] = actions.standing_lines(request, petition)
            context["story"] = timeline_links(
                petition,
                editable=editable and petition.state != State.DRAFT,
                sees_supporters=self.holds(request, Right.SEE_SUPPORTERS, petition),
            )
            now = timezone.now()
            publishes = self.holds(request, Right.PUBLISH, petition)
            context |= {
                "transitions": transitions.available(petition, now, user_of(request)),
                "announcement": expiry.announcement(petition, now)
                if publishes
                else None,
                "can_keep_less": publishes
                and petition.state in ENDED_STATES
                and petition.months_kept > 1
                and not petition.anonymised_at,
                "can_deliver": petition.state in PUBLIC_STATES
                and self.holds(request, Right.DELIVER, petition),
                "can_export": petition.state != State.DRAFT
                and self.holds(request, Right.EXPORT, petition),
                "can_import": is_open_to_imports(petition)
                and self.holds(request, Right.COUNT, petition),
                "can_enter": takes_entries(petition)
                and self.holds(request, Right.COUNT, petition),
                "can_invalidate": petition.state != State.DRAFT
                and self.holds(request, Right.MODERATE, petition),
            }
            if request.method == "GET" and not petition.organization.can_ask_updates:
                messages.warning(
                    request,
                    gettext(
                        "%(organization)s lacks a postal address or a contact e-mail: "
                        "supporters are not asked whether you may write to them."
                    )
                    % {"organization": petition.organization},
                )
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say above the history until when the last step can be taken back."""
        petition = self.get_object(request, object_id)
        context = {"standing": petition and actions.standing_lines(request, petition)}
        return super().history_view(
            request, object_id, {**context, **(extra_context or {})}
        )

    # -- saving --

    def has_typed(self, request: HttpRequest, petition: Petition) -> bool:
        """Return whether the form holds anything other than what is stored."""
        form = self.get_form(request, petition, change=True)
        bound = form(request.POST, request.FILES, instance=petition)
        formsets, _inlines = self._create_formsets(  # type: ignore[attr-defined]
            request, petition, change=True
        )
        return any(one.has_changed() for one in (bound, *formsets))

    def response_change(self, request: HttpRequest, obj: Petition) -> HttpResponse:
        """After one of the buttons above the form has saved it, go on to the page of
        that transition: what is published is what was on the screen."""
        verb = request.POST.get("_then", "")
        if verb in transitions.TRANSITIONS:
            return redirect("admin:petitions_petition_transition", obj.pk, verb)
        return super().response_change(request, obj)

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: bool
    ) -> None:
        """Save the rows of an inline. When a target of a signed petition is settled,
        add a correction that says so."""
        if formset.model is CountEntry:
            for entry in formset.save(commit=False):
                record_entry(entry)
            return
        if formset.model is Correction:
            for correction in formset.save(commit=False):
                correction.made_by = user_of(request)
                correction.save()
            return
        petition = form.instance
        unsettled = {
            target.pk for target in petition.targets.all() if target.is_unsettled
        }
        super().save_formset(request, form, formset, change)
        if is_frozen(petition):
            for target in Target.objects.filter(pk__in=unsettled):
                if not target.is_unsettled:
                    Correction.objects.create(
                        petition=petition,
                        text=gettext("Whom this petitions is settled now: %(who)s.")
                        % {"who": target.label_with_office},
                        made_by=user_of(request),
                    )

    # -- pages of its own --

    def get_urls(self) -> list[Any]:
        def wrapped(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("preview/", wrapped(self.preview), name="petitions_petition_preview"),
            path(
                "<int:number>/preview/",
                wrapped(self.preview),
                name="petitions_petition_preview_one",
            ),
            path(
                "<int:number>/figures/",
                wrapped(self.figures),
                name="petitions_petition_figures",
            ),
            path(
                "<int:number>/spread/",
                wrapped(self.spread),
                name="petitions_petition_spread",
            ),
            path(
                "<int:number>/invalidate/",
                wrapped(self.invalidate),
                name="petitions_petition_invalidate",
            ),
            path(
                "<int:number>/import/",
                wrapped(self.import_signatures),
                name="petitions_petition_import",
            ),
            path(
                "<int:number>/enter/",
                wrapped(self.enter),
                name="petitions_petition_enter",
            ),
            path(
                "<int:number>/deliver/",
                wrapped(self.deliver),
                name="petitions_petition_deliver",
            ),
            path(
                "<int:number>/export/",
                wrapped(self.export),
                name="petitions_petition_export",
            ),
            path(
                "<int:number>/do/<slug:verb>/",
                wrapped(self.transition),
                name="petitions_petition_transition",
            ),
            path(
                "<int:number>/months/",
                wrapped(self.keep_less),
                name="petitions_petition_keep_less",
            ),
            *super().get_urls(),
        ]

    def get_petition(self, request: HttpRequest, number: int) -> Petition:
        """Return the petition; raise Http404 unless the user may see it."""
        petition = self.get_object(request, str(number))
        if petition is None or not self.has_view_permission(request, petition):
            raise Http404
        return petition

    @page(Right.VIEW)
    def preview(self, request: HttpRequest, stored: Petition | None) -> HttpResponse:
        """Show the public page, as stored or, on POST, as typed in the form."""
        return previews.preview_petition(self, request, stored)

    @page(Right.VIEW)
    def figures(self, request: HttpRequest, petition: Petition) -> HttpResponseBase:
        """Show figures by day and mail domain: signed, handed over, failed,
        confirmed; send them as CSV."""
        return figures.figures(self, request, petition)

    @page(Right.VIEW)
    def spread(self, request: HttpRequest, petition: Petition) -> HttpResponse:
        """Show the promotion page: the next step after signing, tagged links, paper."""
        return promotion.spread(self, request, petition)

    @page(Right.MODERATE, is_grave=True)
    def invalidate(self, request: HttpRequest, petition: Petition) -> HttpResponse:
        """Take signatures from the count: describe them, preview, apply."""
        return invalidations.invalidate(self, request, petition)

    @page(Right.COUNT)
    def import_signatures(
        self, request: HttpRequest, petition: Petition
    ) -> HttpResponse:
        """Bring in people who signed elsewhere before, from a file."""
        return imports.import_signatures(self, request, petition)

    @page(Right.COUNT)
    def enter(self, request: HttpRequest, petition: Petition) -> HttpResponse:
        """Enter supporters counted on paper or elsewhere, with a scan."""
        return entered_counts.enter_count(self, request, petition)

    @page(Right.DELIVER)
    def deliver(self, request: HttpRequest, petition: Petition) -> HttpResponse:
        """Prepare the files that the person petitioned receives."""
        return packs.deliver(self, request, petition)

    @page(Right.EXPORT)
    def export(self, request: HttpRequest, petition: Petition) -> HttpResponseBase:
        """Send the signatures as a file, each with what it agreed to."""
        return exports.signatures_file(self, request, petition)

    @page(Right.PUBLISH)
    def transition(
        self, request: HttpRequest, petition: Petition, verb: str
    ) -> HttpResponse:
        """Publish, pause, close …: say what will happen, then do it."""
        transition = transitions.TRANSITIONS.get(verb)
        if transition is None:
            raise Http404
        return actions.transition(self, request, petition, transition)

    @page(Right.PUBLISH)
    def keep_less(self, request: HttpRequest, petition: Petition) -> HttpResponse:
        """Shorten the retention of names of a petition that has ended."""
        return actions.keep_less(self, request, petition)

    @action(Right.PUBLISH, _("Publish"), question_of("publish"))
    def publish_selected(
        self, request: HttpRequest, queryset: QuerySet[Petition]
    ) -> None:
        actions.carry_out_all(self, request, queryset, "publish")

    @action(Right.PUBLISH, _("Pause"), question_of("pause"))
    def pause_selected(
        self, request: HttpRequest, queryset: QuerySet[Petition]
    ) -> None:
        actions.carry_out_all(self, request, queryset, "pause")

    @action(Right.PUBLISH, _("Resume"), question_of("resume"))
    def resume_selected(
        self, request: HttpRequest, queryset: QuerySet[Petition]
    ) -> None:
        actions.carry_out_all(self, request, queryset, "resume")

    @action(Right.PUBLISH, _("Close"), question_of("close"))
    def close_selected(
        self, request: HttpRequest, queryset: QuerySet[Petition]
    ) -> None:
        actions.carry_out_all(self, request, queryset, "close")
