"""Delivery packs: staff choose for whom, look through the names, have the pack made,
download it, and say when it was handed over."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import entries
from core.text.fields import DayField
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions.admin import offices
from petitions.admin.filters import PetitionFilter
from petitions.delivery import files, making
from petitions.models import (
    Handover,
    ImportedSignature,
    LeftOut,
    LeftOutElsewhere,
    OfficeAnswer,
    Pack,
    Petition,
    Signature,
    StatedConsent,
    Target,
)
from petitions.models.packs import AGREED
from petitions.states import (
    PUBLIC_STATES,
    ImportState,
    PackContents,
    PackState,
    TargetKind,
)

ON_A_PAGE = 100
"""The number of names that staff look through at a time."""


class PackForm(forms.ModelForm[Pack]):
    """For whom, and what."""

    class Meta:
        model = Pack
        fields = ["target", "contents", "parts"]
        widgets = dict.fromkeys(fields, forms.RadioSelect)
        error_messages = {"target": {"required": _("Choose who receives it.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = (TargetKind.PERSON, TargetKind.BODY)
        targets = Target.objects.filter(
            petition=self.instance.petition_id, kind__in=kinds
        )
        field = self.fields["target"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = targets
        field.empty_label = None
        petition = self.instance.petition
        if not (petition.asks_postal_code or petition.asks_country):
            del self.fields["parts"]
        if len(targets) == 1:
            self.initial["target"] = targets[0].pk


class HandedForm(forms.Form):
    """When and how a pack was handed over."""

    handed_on = DayField(
        label=_("Handed over on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    manner = forms.ChoiceField(label=_("How"), choices=Handover.Manner.choices)


def agreement(pack: Pack) -> dict[str, int]:
    """Return how many are counted and how many of them agreed that their names are
    delivered."""
    return pack.counted().aggregate(
        counted=Count("pk"), named=Count("pk", filter=AGREED)
    )


def is_named_elsewhere(petition: Petition) -> bool:
    """Return whether anybody imported agreed to be handed over by name."""
    return StatedConsent.objects.filter(
        signature_import__petition=petition, signature_import__state=ImportState.DONE
    ).exists()


def named_elsewhere(pack: Pack) -> int:
    """Return how many of those imported agreed to it where they signed."""
    return pack.named_elsewhere(pack.stated()).count()


def rows_to_list(pack: Pack, elsewhere: bool) -> QuerySet[Any]:
    """Return those who agreed that the pack lists them by name; `elsewhere` means those
    who did so where they signed."""
    return pack.named_elsewhere(pack.stated()) if elsewhere else pack.agreed()


def deliver(
    model_admin: admin.ModelAdmin[Petition], request: HttpRequest, petition: Petition
) -> HttpResponse:
    """Show the form for a new pack, and the petition's packs; on POST, prepare one. A
    pack of the numbers only is made at once: there is nothing to look through."""
    now = timezone.now()
    draft = Pack(petition=petition, made_by=user_of(request), made_at=now)
    number = agreement(draft)
    if not number["named"] and not is_named_elsewhere(petition):
        draft.contents = PackContents.NUMBERS
    form = PackForm(request.POST or None, instance=draft)
    if petition.state in PUBLIC_STATES and form.is_valid():
        pack = form.save()
        if pack.contents == PackContents.NUMBERS:
            begin_pack(request, pack)
        return redirect("admin:petitions_pack_change", pack.pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Deliver"),
        "subtitle": str(petition),
        "opts": model_admin.opts,
        "petition": petition,
        "is_public": petition.state in PUBLIC_STATES,
        "promise": petition.get_delivery_display(),
        "form": form,
        "number": number,
        "packs": petition.packs.select_related("target", "made_by")[:20],
    }
    return TemplateResponse(request, "admin/petitions/petition/deliver.html", context)


def begin_pack(request: HttpRequest, pack: Pack) -> None:
    """Have the worker make the pack, or say why it cannot."""
    try:
        making.begin_pack(pack, now=timezone.now())
    except making.PackNotPossible:
        messages.error(
            request,
            gettext(
                "It cannot be made now: another pack of this petition is at work, or "
                "this one was begun or called off meanwhile."
            ),
        )


@admin.register(Pack)
class PackAdmin(ScopedAdmin[Pack]):
    """The record of packs, with its numbers, for all members; names take the right to
    deliver."""

    needs = Needs(view=Right.VIEW)
    organization_path = "petition__organization_id"
    list_display = ["made_at", "petition", "target", "state", "names", "by"]
    list_filter = ["state", PetitionFilter]
    list_select_related = ["petition", "target", "made_by"]
    ordering = ["-pk"]
    fields = [
        "petition", "target", "contents", "by", "made_at", "state", "finished_at",
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/admin.css"]}

    # As text, not as a link: few may open the page of an account.
    @admin.display(description=_("by"))
    def by(self, pack: Pack) -> str:
        return str(pack.made_by or "")

    def get_urls(self) -> list[Any]:
        pages = {
            "names": self.names,
            "make": self.make,
            "call-off": self.call_off,
            "download": self.download,
            "handed-over": self.handed_over,
            "office": self.office,
        }
        return [
            *self.urls_of(pages),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        pack = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"title": gettext("Delivery pack")}
        if pack is not None:
            context |= {
                "subtitle": str(pack.petition),
                "may_deliver": self.holds(request, Right.DELIVER, pack),
                "files": pack.files.all(),
                "left_outs": pack.left_outs.count(),
                "left_outs_elsewhere": pack.left_outs_elsewhere.count(),
                "answers": OfficeAnswer.objects.waiting().filter(link__pack=pack),
            }
            if pack.state == PackState.PREPARING:
                context["number"] = agreement(pack)
                context["elsewhere"] = named_elsewhere(pack)
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    @page(Right.DELIVER)
    def names(self, request: HttpRequest, pack: Pack) -> HttpResponse:
        """Show the names that would be in the list, a page at a time, to leave some
        out; with `elsewhere` in the address, those in the list of who signed elsewhere.
        What is searched for is sent in the form, not in the address."""
        if pack.state != PackState.PREPARING or pack.files_erased_at:
            return redirect("admin:petitions_pack_change", pack.pk)
        elsewhere = "elsewhere" in request.GET
        if request.method == "POST":
            self.leave_out(request, pack, elsewhere)
        sought = request.POST.get("q", "").strip()[:200]
        rows = rows_to_list(pack, elsewhere).order_by("pk")
        if sought:
            words = Q(name__icontains=sought) | Q(place__icontains=sought)
            if not elsewhere:
                words |= Q(comment__icontains=sought)
            rows = rows.filter(words)
        after = 0 if "search" in request.POST else number_sent(request.POST, "after")
        listed = list(rows.filter(pk__gt=after)[: ON_A_PAGE + 1])
        shown = listed[:ON_A_PAGE]
        left = (
            set(pack.left_outs_elsewhere.values_list("person_id", flat=True))
            if elsewhere
            else set(pack.left_outs.values_list("signature_id", flat=True))
        )
        organization = self.organization_id(pack)
        entries.look(
            ImportedSignature if elsewhere else Signature,
            [organization] * len(shown),
            searched=[organization],
            kind="search" if sought else "list",
        )
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Names for delivery"),
            "subtitle": str(pack.petition),
            "opts": self.opts,
            "original": pack,
            "elsewhere": elsewhere,
            "rows": [(row, row.pk in left) for row in shown],
            "left": len(left),
            "sought": sought,
            "last": shown[-1].pk if len(listed) > ON_A_PAGE else 0,
            "is_first": after == 0,
        }
        return TemplateResponse(request, "admin/petitions/pack/names.html", context)

    def leave_out(self, request: HttpRequest, pack: Pack, elsewhere: bool) -> None:
        """Leave out those of the shown names that are marked, and no others of them."""
        shown = numbers_in(request.POST.getlist("shown"))
        marked = numbers_in(request.POST.getlist("leave_out"))
        with transaction.atomic():
            locked = Pack.objects.select_for_update().filter(
                pk=pack.pk, state=PackState.PREPARING
            )
            if not locked.exists():
                return
            of_pack = rows_to_list(pack, elsewhere).filter(pk__in=shown)
            among = set(of_pack.values_list("pk", flat=True))
            if elsewhere:
                kept = pack.left_outs_elsewhere.filter(person__in=among - marked)
                kept.delete()
                LeftOutElsewhere.objects.bulk_create(
                    [
                        LeftOutElsewhere(pack=pack, person_id=pk)
                        for pk in sorted(among & marked)
                    ],
                    ignore_conflicts=True,
                )
                return
            pack.left_outs.filter(signature__in=among - marked).delete()
            LeftOut.objects.bulk_create(
                [LeftOut(pack=pack, signature_id=pk) for pk in sorted(among & marked)],
                ignore_conflicts=True,
            )

    @page(Right.DELIVER)
    def make(self, request: HttpRequest, pack: Pack) -> HttpResponse:
        """Hand the pack to the worker."""
        if request.method == "POST":
            begin_pack(request, pack)
        return redirect("admin:petitions_pack_change", pack.pk)

    @page(Right.DELIVER)
    def call_off(self, request: HttpRequest, pack: Pack) -> HttpResponse:
        """Call off a pack that is not made yet."""
        if request.method == "POST" and making.call_off_pack(pack):
            messages.success(request, gettext("It was called off."))
        return redirect("admin:petitions_pack_change", pack.pk)

    @page(Right.DELIVER)
    def download(self, request: HttpRequest, pack: Pack) -> HttpResponseBase:
        """Send the files as a ZIP file, and write down that they were taken."""
        there = pack.state == PackState.DONE and not pack.files_erased_at
        if request.method != "POST" or not there:
            return redirect("admin:petitions_pack_change", pack.pk)
        assert pack.finished_at is not None
        entries.note(
            pack, gettext("Downloaded the files"), rows=pack.names + pack.elsewhere
        )
        day = timezone.localdate(pack.finished_at)
        name = f"{pack.petition.slug}-{pack.pk}-{day:%Y-%m-%d}.zip"
        return StreamingHttpResponse(
            files.as_zip(pack),
            content_type="application/zip",
            headers={
                "Content-Disposition": content_disposition_header(True, name) or ""
            },
        )

    @page(Right.DELIVER)
    def handed_over(self, request: HttpRequest, pack: Pack) -> HttpResponse:
        """Ask when and how it was handed over; make the handover, with its numbers."""
        if pack.state != PackState.DONE or pack.handover_id:
            return redirect("admin:petitions_pack_change", pack.pk)
        today = timezone.localdate()
        form = HandedForm(request.POST or None, initial={"handed_on": today})
        if form.is_valid():
            handover = Handover(
                petition=pack.petition,
                target=pack.target,
                language=pack.petition.language,
                confirmed=pack.confirmed,
                paper=pack.paper,
                imported=pack.imported,
                made_by=user_of(request),
                **form.cleaned_data,
            )
            if record_handover(pack, handover, form):
                return redirect("admin:petitions_handover_change", handover.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("It was handed over"),
            "subtitle": str(pack.petition),
            "opts": self.opts,
            "original": pack,
            "form": form,
        }
        template = "admin/petitions/pack/handed_over.html"
        return TemplateResponse(request, template, context)

    @page(Right.DELIVER)
    def office(self, request: HttpRequest, pack: Pack) -> HttpResponse:
        """Make and revoke the links that open the pack to the office that receives it,
        and show how often each was opened."""
        if pack.state != PackState.DONE:
            return redirect("admin:petitions_pack_change", pack.pk)
        return offices.office_links(self, request, pack)


def record_handover(pack: Pack, handover: Handover, form: forms.Form) -> bool:
    """Save the handover of a pack; return False, with what is wrong in the form, where
    it cannot be."""
    try:
        handover.full_clean()
    except ValidationError as error:
        known = error.error_dict if hasattr(error, "error_dict") else {}
        for field, errors in known.items():
            form.add_error(field if field in form.fields else None, errors)
        return False
    with transaction.atomic():
        locked = Pack.objects.select_for_update().filter(pk=pack.pk, handover=None)
        if not locked.exists():
            return False
        handover.save(force_insert=True)
        Pack.objects.filter(pk=pack.pk).update(handover=handover)
    return True


def number_sent(values: Any, name: str) -> int:
    """Return the number that was sent as `name`; 0 for anything else."""
    return max(numbers_in([values.get(name, "")]), default=0)


def numbers_in(values: list[str]) -> set[int]:
    """Return the numbers of rows among what was sent."""
    return {
        int(value)
        for value in values
        if value.isascii() and value.isdecimal() and len(value) < 19
    }
