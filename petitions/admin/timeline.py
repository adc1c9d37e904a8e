"""The timeline of a petition in the admin: updates, answers, handovers. Each is added
from the page of its petition, and stays with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.http.paging import BoundedPaginator
from core.text.numbers import Counted
from organizations.rights import Right, may
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions import ways_back
from petitions.admin import former_words, withdrawn_answers
from petitions.admin.filters import PetitionFilter
from petitions.admin.pictures import PictureAdmin, PictureForm
from petitions.admin.text_widgets import MarkdownArea
from petitions.admin.translations import ToldTextInline
from petitions.models import (
    Answer,
    AnswerTranslation,
    AnswerWithdrawal,
    Handover,
    HandoverTranslation,
    Petition,
    Signature,
    Target,
    Update,
)
from petitions.states import PUBLIC_STATES, State


class OfPetitionForm[M: Update | Answer | Handover](forms.ModelForm[M]):
    """A form for an update, an answer or a handover."""

    petition: ClassVar[Petition | None] = None
    """Set by the admin for each request; None where nothing may be added."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.petition is not None:
            self.instance.petition = self.petition


class OfPetitionAdmin[M: Update | Answer | Handover](ScopedAdmin[M]):
    """An admin for updates, answers or handovers."""

    needs = Needs(view=Right.VIEW, add=Right.WRITE, change=Right.WRITE)
    organization_path = "petition__organization_id"
    list_filter = [PetitionFilter]
    list_select_related = ["petition"]
    ordering = ["-pk"]

    class Media:
        css = {"all": ["css/admin.css"]}

    # -- rows and rights --

    def asked_petition(self, request: HttpRequest) -> Petition | None:
        """Return the petition that ?petition= names or that the list is filtered by;
        None unless it is public or was, and the user may write about it."""
        narrowed = QueryDict(request.GET.get("_changelist_filters", ""))
        number = request.GET.get("petition") or narrowed.get("petition") or ""
        return self.petition_told_of(request, number)

    def petition_told_of(self, request: HttpRequest, number: str) -> Petition | None:
        """Return the petition with this number, under the same conditions."""
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            return None
        petition = Petition.objects.filter(pk=int(number)).first()
        if petition is None or petition.state == State.DRAFT:
            return None
        allowed = may(user_of(request), Right.WRITE, petition.organization_id)
        return petition if allowed else None

    def allows_adding(self, request: HttpRequest, obj: Any) -> bool:
        return self.asked_petition(request) is not None

    def way_back(self, request: HttpRequest, petition: Petition | None) -> str:
        """Return how a row is taken back that readers see as soon as it is saved; ""
        for one that has a date of its own."""
        act = str(self.opts.model_name)
        if petition is None or act not in ways_back.OF:
            return ""
        now, user = timezone.now(), user_of(request)
        owner = may(user, Right.TAKE_BACK, petition.organization_id)
        return ways_back.sentence(act, now, now, owner=owner)

    # -- the form --

    def get_form(
        self, request: HttpRequest, obj: M | None = None, *args: Any, **kwargs: Any
    ) -> type[forms.ModelForm[M]]:
        petition = obj.petition if obj else self.asked_petition(request)
        request.petition = petition  # type: ignore[attr-defined]
        form: Any = super().get_form(request, obj, *args, **kwargs)
        form.petition = petition
        return form  # type: ignore[no-any-return]

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer only the petition's own targets, and preselect a single one."""
        if db_field.related_model is Target:
            petition: Petition | None = getattr(request, "petition", None)
            targets = petition.targets.all() if petition else Target.objects.none()
            kwargs["queryset"] = targets
            if len(targets) == 1:
                kwargs["initial"] = targets[0].pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        petition = self.asked_petition(request)
        return {"language": petition.language} if petition else {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if object_id else None
        petition = row.petition if row else self.asked_petition(request)
        context: dict[str, Any] = {
            "way_back": self.way_back(request, petition),
            "subtitle": petition,
            "told_of": petition,
            "show_save_and_add_another": False,
        }
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        if not change:
            obj.made_by = user_of(request)
        super().save_model(request, obj, form, change)

    def response_post_save_add(
        self, request: HttpRequest, obj: M
    ) -> HttpResponseRedirect:
        """Go back to the petition; say how what was saved is taken back."""
        if way_back := self.way_back(request, obj.petition):
            messages.info(request, way_back)
        return redirect("admin:petitions_petition_change", obj.petition_id)

    response_post_save_change = response_post_save_add

    def get_view_on_site_url(self, obj: M | None = None) -> str | None:
        if obj is None or obj.petition.state not in PUBLIC_STATES:
            return None
        return obj.petition.get_absolute_url()


# == Answers ==


class AnswerForm(OfPetitionForm[Answer]):
    class Meta:
        model = Answer
        fields = "__all__"
        widgets = {"text": MarkdownArea(rows=12)}


class AnswerTranslationForm(forms.ModelForm[AnswerTranslation]):
    class Meta:
        model = AnswerTranslation
        fields = "__all__"
        widgets = {"text": MarkdownArea(rows=12)}


class AnswerTranslationInline(ToldTextInline[AnswerTranslation, Answer]):
    model = AnswerTranslation
    form = AnswerTranslationForm
    fields = ["language", "original", "text", "answered_by", "link"]
    # What was published stays readable.
    needs = replace(ToldTextInline.needs, delete=None)


@admin.register(Answer)
class AnswerAdmin(OfPetitionAdmin[Answer]):
    form = AnswerForm
    inlines = [AnswerTranslationInline]
    list_display = ["answered_on", "petition", "target", "changed_at"]
    list_select_related = ["petition", "target"]
    fieldsets = [
        (
            None,
            {
                "description": _(
                    "It is on the page as soon as you save it. If you change it, "
                    "readers can see what it said before; if an owner withdraws it, "
                    "they see that it was withdrawn."
                ),
                "fields": [
                    "target", "answered_by", "answered_on", "language", "text",
                    "text_format", "link", "said_before",
                ],
            },
        )
    ]  # fmt: skip
    readonly_fields = ["said_before"]

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """Warn when the answer changes and a translation does not: one of what is no
        longer said is worse than none."""
        super().save_related(request, form, formsets, change)
        left = any(not row.has_changed() for f in formsets for row in f.initial_forms)
        if left and "text" in form.changed_data:
            sentence = _(
                "The answer has changed, and its texts in other languages have not: "
                "see whether they still say the same."
            )
            self.message_user(request, sentence, messages.WARNING)

    @admin.display(description=_("what it said before"))
    def said_before(self, answer: Answer) -> str:
        """Return the number of earlier versions, linked to their texts."""
        number = answer.revisions.count() if answer.pk else 0
        words = ngettext("%(n)s version", "%(n)s versions", number) % {
            "n": Counted(number)
        }
        if not number:
            return words
        url = reverse("admin:petitions_answer_former", args=[answer.pk])
        return format_html('<a href="{}">{}</a>', url, words)

    def get_urls(self) -> list[Any]:
        pages = {"former": self.former, "withdraw": self.withdraw}
        own = [
            path(
                f"<int:number>/{name}/",
                self.admin_site.admin_view(view),
                name=f"petitions_answer_{name}",
            )
            for name, view in pages.items()
        ]
        return [*own, *super().get_urls()]

    @page(Right.TAKE_BACK, find=withdrawn_answers.answer_or_record, is_grave=True)
    def withdraw(
        self, request: HttpRequest, answer: Answer | AnswerWithdrawal
    ) -> HttpResponse:
        """Withdraw the answer as a whole."""
        return withdrawn_answers.withdraw_answer(self, request, answer)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        answer = self.get_object(request, object_id) if object_id else None
        allowed = answer and self.holds(request, Right.TAKE_BACK, answer)
        context = {"may_withdraw": bool(allowed), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    @page(Right.VIEW)
    def former(self, request: HttpRequest, answer: Answer) -> HttpResponse:
        """Show the earlier versions, with the form that removes one for good."""
        return former_words.former(self, request, answer)


# == Handovers ==


class HandoverForm(PictureForm[Handover], OfPetitionForm[Handover]):
    def clean(self) -> dict[str, Any] | None:
        """Refuse a new handover of more signatures than are counted now."""
        cleaned = super().clean()
        if self.instance._state.adding and self.petition is not None:
            counted = Petition.objects.with_counts().get(pk=self.petition.pk)
            for source in Handover.NUMBERS:
                most = getattr(counted, source)
                if (self.cleaned_data.get(source) or 0) > most:
                    sentence = _("No more than %(most)s are counted there.")
                    error = ValidationError(sentence, params={"most": Counted(most)})
                    self.add_error(source, error)
        return cleaned


class HandoverTranslationInline(ToldTextInline[HandoverTranslation, Handover]):
    model = HandoverTranslation
    fields = ["language", "note", "image_description"]


@admin.register(Handover)
class HandoverAdmin(PictureAdmin[Handover], OfPetitionAdmin[Handover]):
    needs = replace(OfPetitionAdmin.needs, delete=Right.TAKE_BACK)
    form = HandoverForm
    inlines = [HandoverTranslationInline]
    list_display = ["handed_on", "petition", "target", "number"]
    list_select_related = ["petition", "target"]
    fieldsets = [
        (None, {"fields": ["target", "handed_on", "manner"]}),
        (
            _("How many signatures"),
            {
                "description": _(
                    "Those that are counted now, unless you handed over fewer. They "
                    "cannot be changed afterwards."
                ),
                "fields": [Handover.NUMBERS],
            },
        ),
        (
            _("For readers"),
            {"fields": ["note", "image", "image_description", "language"]},
        ),
    ]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Handover | None = None
    ) -> list[str]:
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None else [*fields, *Handover.NUMBERS]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        if petition := self.asked_petition(request):
            counted = Petition.objects.with_counts().get(pk=petition.pk)
            initial |= {name: getattr(counted, name) for name in Handover.NUMBERS}
        return initial

    def allows_deleting(self, request: HttpRequest, obj: Any) -> bool:
        """Allow it for one: a handover that did not happen."""
        return obj is not None


# == On the page of a petition ==


def timeline_links(
    petition: Petition, *, editable: bool, sees_supporters: bool
) -> list[SafeString]:
    """Return links to the petition's updates, answers and handovers, to a form for one
    more of each if `editable`, and to the comments to be read if `sees_supporters`.
    They open in a tab of their own: they stand in the petition's form, and what is
    typed there must stay."""
    links = []
    for model in (Update, Answer, Handover):
        words = model._meta.verbose_name_plural
        name = f"admin:petitions_{model._meta.model_name}"
        number = model._default_manager.filter(petition=petition).count()
        rows = row_link(f"{name}_changelist", petition, words, number)
        add = reverse(f"{name}_add", query={"petition": petition.pk})
        html = (
            ' <a class="addlink" href="{}" target="_blank" aria-label="{}: {}">{}</a>'
        )
        more = format_html(html, add, _("Add"), words, _("Add"))
        links.append(rows + more if editable else rows)
    if not sees_supporters:
        return links
    waiting = Signature.objects.comments_waiting().filter(petition=petition)
    pages = BoundedPaginator(waiting.order_by("pk"), BoundedPaginator.most)
    number = intcomma(pages.count)
    if pages.has_more:
        number = gettext("more than %(number)s") % {"number": number}
    comments = "admin:petitions_comment_changelist"
    return [*links, row_link(comments, petition, _("comments to be read"), number)]


def row_link(name: str, petition: Petition, words: Any, number: Any) -> SafeString:
    url = reverse(name, query={"petition": petition.pk})
    html = '<a href="{}" target="_blank">{}</a> ({})'
    return format_html(html, url, capfirst(str(words)), number)
