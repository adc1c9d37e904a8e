"""Mailings in the admin: staff choose to whom an update is sent, send it to themselves,
order it, and follow what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from core.i18n.languages import name_in_reader_language
from core.text.fields import DayField
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions import ways_back
from petitions.admin.filters import PetitionFilter
from petitions.admin.previews import PREVIEW_CSP
from petitions.mail import audience, mailings, news, results
from petitions.mail.mailings import Audience, MailingNotPossible
from petitions.models import Mailing, Petition, Update
from petitions.models.mailings import OVER
from petitions.signatures.forms import country_names
from petitions.states import PUBLIC_STATES, MailingScope, MailingState

# A mail has its styles beside its words.
MAIL_CSP: dict[str, list[str]] = {**PREVIEW_CSP, "style-src": [CSP.UNSAFE_INLINE]}


class AudienceForm(forms.Form):
    """To whom."""

    scope = forms.ChoiceField(
        label=_("To whom"), choices=MailingScope.choices, widget=forms.RadioSelect,
        initial=MailingScope.PETITION,
    )  # fmt: skip
    languages = forms.MultipleChoiceField(
        label=_("Only those who read what they signed in (none ticked: all)"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    countries = forms.MultipleChoiceField(
        label=_("Only those in these countries (none chosen: all)"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    since = DayField(
        label=_("Only those who signed since"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    next_petition = forms.ModelChoiceField(
        label=_("Which petition can they sign with one press, at the end of the mail?"),
        queryset=Petition.objects.none(),
        required=False,
        empty_label=_("No petition"),
    )

    def __init__(self, update: Update, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        petition = update.petition
        same = Petition.objects.filter(organization=petition.organization_id)
        field = self.fields["next_petition"]
        field.queryset = same.open(timezone.now())  # type: ignore[attr-defined]
        codes = dict.fromkeys(
            [*update.languages, *(code for code, _name in settings.LANGUAGES)]
        )
        self.fields["languages"].choices = [  # type: ignore[attr-defined]
            (code, name_in_reader_language(code)) for code in codes
        ]
        asking = Petition.objects.filter(
            organization=petition.organization_id, asks_country=True
        )
        if asking.exists():
            names = country_names(get_language() or settings.LANGUAGE_CODE)
            self.fields["countries"].choices = list(names.items())  # type: ignore[attr-defined]
        else:
            del self.fields["countries"]

    @property
    def chosen(self) -> Audience:
        given = self.cleaned_data
        return Audience(
            scope=MailingScope(given["scope"]),
            languages=given["languages"],
            countries=given.get("countries", []),
            since=given["since"],
        )


def choose(
    model_admin: admin.ModelAdmin[Update], request: HttpRequest, update: Update
) -> HttpResponse:
    """Show the form for a new mailing of an update; on POST, say how many people it
    would go to, or prepare it."""
    now = timezone.now()
    unfinished = Mailing.objects.unfinished().filter(petition=update.petition_id)
    form, number = AudienceForm(update, request.POST or None), None
    if form.is_valid():
        following = form.cleaned_data["next_petition"]
        draft = mailings.draft_mailing(
            update, form.chosen, user_of(request), now, following
        )
        if "count" in request.POST:
            number = number_of_recipients(draft)
        else:
            try:
                mailings.prepare_mailing(draft, now)
            except MailingNotPossible as refusal:
                form.add_error(None, str(refusal.sentence))
            else:
                return redirect("admin:petitions_mailing_change", draft.pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Send as mail"),
        "subtitle": str(update),
        "opts": model_admin.opts,
        "update": update,
        "form": form,
        "number": number,
        "gap": update.petition.organization.mailing_gap_days,
        "why_not": mailings.why_not_mailed(update, now),
        "unfinished": unfinished.first(),
        "mailings": update.mailings.select_related("made_by")[:20],
    }
    return TemplateResponse(request, "admin/petitions/update/mail.html", context)


def number_of_recipients(mailing: Mailing) -> int | None:
    """Return how many people it would go to; None when counting takes too long."""
    try:
        return audience.count_recipients(mailing, timezone.now())
    except OperationalError:
        return None


def tried(request: HttpRequest, act: Callable[[], object]) -> None:
    """Do it, or say why it cannot be done."""
    try:
        done = act()
    except MailingNotPossible as refusal:
        messages.error(request, str(refusal.sentence))
    except OperationalError:
        messages.error(request, gettext("That took too long. Try again."))
    else:
        if done is False:
            sentence = gettext("Somebody else has changed this meanwhile: look again.")
            messages.error(request, sentence)


@admin.register(Mailing)
class MailingAdmin(ScopedAdmin[Mailing]):
    """The record of mailings, for all members; to order and end them takes the right to
    write to supporters."""

    needs = Needs(view=Right.VIEW)
    organization_path = "petition__organization_id"
    list_display = ["made_at", "title", "petition", "state", "people", "sent", "by"]
    list_filter = ["state", PetitionFilter]
    list_select_related = ["petition", "update", "made_by"]
    ordering = ["-pk"]
    fields = ["petition", "title", "audience", "by", "made_at", "state"]
    fields_of_order = [
        "ordered_at", "ordered", "number", "approved", "begins_at", "finished_at",
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/admin.css"]}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        is_ordered = obj is not None and obj.ordered_at
        names_next = obj is not None and obj.next_petition_id
        return [
            *(self.fields or []),
            *(["next_petition"] if names_next else []),
            *(self.fields_of_order if is_ordered else []),
        ]

    @admin.display(description=_("title"))
    def title(self, mailing: Mailing) -> str:
        return mailing.texts[0].title

    @admin.display(description=_("to whom"))
    def audience(self, mailing: Mailing) -> str:
        """Say who was chosen, in words."""
        names = country_names(get_language() or settings.LANGUAGE_CODE)
        parts = [str(mailing.get_scope_display())]
        parts += [name_in_reader_language(code) for code in mailing.languages]
        parts += [names.get(code, code) for code in mailing.countries]
        if mailing.since:
            day = date_format(mailing.since)
            parts.append(gettext("signed since %(day)s") % {"day": day})
        return " · ".join(parts)

    # As text, not as links: few may open the page of an account.

    @admin.display(description=_("by"))
    def by(self, mailing: Mailing) -> str:
        return str(mailing.made_by or "")

    @admin.display(description=_("ordered by"))
    def ordered(self, mailing: Mailing) -> str:
        return str(mailing.ordered_by or "")

    @admin.display(description=_("approved by"))
    def approved(self, mailing: Mailing) -> str:
        return str(mailing.approved_by or "")

    def get_urls(self) -> list[Any]:
        pages = {
            "preview": self.preview,
            "test": self.test,
            "order": self.order,
            "approve": self.approve,
            "call-off": self.call_off,
            "pause": self.pause,
            "go-on": self.go_on,
            "stop": self.stop,
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
        mailing = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"title": gettext("Mailing")}
        if mailing is not None:
            user, now = user_of(request), timezone.now()
            context |= {
                "subtitle": str(mailing.petition),
                "may_mail": self.holds(request, Right.MAIL, mailing),
                "mails": [
                    (language, reading, name_in_reader_language(reading))
                    for language, reading in mailings.frames(mailing)
                ],
                "is_mine": mailing.ordered_by_id == user.pk,
                "is_tested": bool(mailing.tested_at) and mailing.test_by_id == user.pk,
                "above": mailing.petition.organization.mailing_approval_above,
                "alone": mailings.ordered_alone(mailing.petition.organization, now),
                "is_public": mailing.petition.state in PUBLIC_STATES,
                "signed_through": results.signed_through(mailing),
            }
            people = mailing.people if mailing.filled_at else mailing.number
            if mailing.state == MailingState.PREPARING and context["may_mail"]:
                context["number"] = number_of_recipients(mailing)
                people = context["number"] or 0
            elif mailing.state == MailingState.ORDERED and mailing.begins_at:
                since = mailing.approved_at or mailing.ordered_at or now
                context["way_back"] = ways_back.sentence("mail", since, now)
            if mailing.state not in OVER:
                context["changed_since"] = mailings.changed_since(mailing)
                context["pace"] = mailings.pace(mailing, people, now)
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    @page(Right.VIEW)
    def preview(self, request: HttpRequest, mailing: Mailing) -> HttpResponse:
        """Show the mail in a language, or its HTML part for the frame in that page."""
        offered = mailings.frames(mailing)
        wanted = (
            request.GET.get("language", offered[0][0]),
            request.GET.get("reading", offered[0][1]),
        )
        if wanted not in offered:
            raise Http404
        text, html = news.NewsOutbox(mailing).frame(*wanted).shown()
        if "html" in request.GET:
            return as_page(request, html)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("The mail"),
            "subtitle": mailing.words_in(wanted[1]).title,
            "opts": self.opts,
            "original": mailing,
            "text": text,
            "query": f"language={wanted[0]}&reading={wanted[1]}&html=1",
        }
        return TemplateResponse(
            request, "admin/petitions/mailing/preview.html", context
        )

    @page(Right.MAIL)
    def test(self, request: HttpRequest, mailing: Mailing) -> HttpResponse:
        """Send the mail to whoever asks."""
        return self.done(
            request, mailing, lambda: mailings.ask_test(mailing, user_of(request))
        )

    @page(Right.MAIL)
    def order(self, request: HttpRequest, mailing: Mailing) -> HttpResponse:
        now, user = timezone.now(), user_of(request)
        return self.done(request, mailing, lambda: mailings.order(mailing, user, now))

    @page(Right.MAIL)
    def approve(self, request: HttpRequest, mailing: Mailing) -> HttpResponse:
        now, user = timezone.now(), user_of(request)
        return self.done(request, mailing, lambda: mailings.approve(mailing, user, now))

    # What ends it must not wait for a password.

    @page(Right.MAIL, is_grave=False)
    def call_off(self, request: HttpRequest, mailing: Mailing) -> HttpResponse:
        now = timezone.now()
        return self.done(
            request, mailing, lambda: mailings.call_off_mailing(mailing, now)
        )

    @page(Right.MAIL, is_grave=False)
    def pause(self, request: HttpRequest, mailing: Mailing) -> HttpResponse:
        return self.done(request, mailing, lambda: mailings.pause(mailing))

    @page(Right.MAIL, is_grave=False)
    def go_on(self, request: HttpRequest, mailing: Mailing) -> HttpResponse:
        now = timezone.now()
        return self.done(
            request, mailing, lambda: mailings.go_on_with_mailing(mailing, now)
        )

    @page(Right.MAIL, is_grave=False)
    def stop(self, request: HttpRequest, mailing: Mailing) -> HttpResponse:
        now = timezone.now()
        return self.done(request, mailing, lambda: mailings.stop(mailing, now))

    def done(
        self, request: HttpRequest, mailing: Mailing, act: Callable[[], object]
    ) -> HttpResponse:
        """Do on POST what a button says, and go back to the mailing."""
        if request.method == "POST":
            tried(request, act)
        return redirect("admin:petitions_mailing_change", mailing.pk)


@xframe_options_sameorigin
@csp_override(MAIL_CSP)
def as_page(request: HttpRequest, html: str) -> HttpResponse:
    """Show the HTML part of a mail as a mail program does."""
    return HttpResponse(html)
