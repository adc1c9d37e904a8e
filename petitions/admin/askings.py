"""Asking people of an import by mail to confirm here: staff read the mail, see to how
many it goes, and order it; the record of that, and how it is ended."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.i18n.languages import is_of_interface
from core.text.fields import formfield
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions import ways_back
from petitions.admin.mailings import tried
from petitions.mail import asking as asking_by_mail
from petitions.mail import mailings, messages
from petitions.models import Asking, SignatureImport
from petitions.models.mails import MailKind
from petitions.signatures.links import UNCONFIRMED_KEPT
from petitions.states import AskingState


class AskingForm(forms.ModelForm[Asking]):
    class Meta:
        model = Asking
        fields = ["platform"]
        formfield_callback = formfield


@admin.register(Asking)
class AskingAdmin(ScopedAdmin[Asking]):
    """The record of what was ordered, for all members; to order and end it takes the
    right to write to supporters."""

    needs = Needs(view=Right.VIEW)
    organization_path = "signature_import__petition__organization_id"
    list_display = ["ordered_at", "petition", "platform", "state", "number", "asked"]
    list_filter = ["state"]
    list_select_related = ["signature_import__petition"]
    ordering = ["-pk"]
    fields = [
        "petition", "signature_import", "platform", "state", "ordered", "ordered_at",
        "number", "approved", "begins_at", "asked", "confirmed", "finished_at",
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/admin.css"]}

    @admin.display(description=_("petition"))
    def petition(self, asking: Asking) -> str:
        return str(asking.signature_import.petition)

    # As text, not as links: few may open the page of an account.

    @admin.display(description=_("ordered by"))
    def ordered(self, asking: Asking) -> str:
        return str(asking.ordered_by or "")

    @admin.display(description=_("approved by"))
    def approved(self, asking: Asking) -> str:
        return str(asking.approved_by or "")

    @admin.display(description=_("confirmed here since, or erased"))
    def confirmed(self, asking: Asking) -> int:
        """Return how many of those asked are not counted by the import any more."""
        asked = asking.mailboxes.values("email_key")
        people = asking.signature_import.people.filter(email_key__in=asked)
        return asking.asked - people.count()

    def get_urls(self) -> list[Any]:
        pages = {
            "approve": self.approve,
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
        asking = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"title": gettext("Asking by mail")}
        if asking is not None:
            now = timezone.now()
            may_mail = self.holds(request, Right.MAIL, asking)
            context |= {
                "subtitle": str(asking.signature_import.petition),
                "may_mail": may_mail,
                "is_mine": asking.ordered_by_id == user_of(request).pk,
                "is_open": asking.signature_import.petition.is_open(now),
                "held": asking_by_mail.mails_held(asking).count(),
                "held_for": UNCONFIRMED_KEPT.days,
            }
            is_ordered = asking.state == AskingState.ORDERED
            if may_mail and is_ordered and asking.last_at is None:
                since = asking.approved_at or asking.ordered_at
                context["way_back"] = ways_back.sentence("mail", since, now)
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def back(self, asking: Asking) -> HttpResponse:
        return redirect("admin:petitions_asking_change", asking.pk)

    @page(Right.MAIL)
    def approve(self, request: HttpRequest, asking: Asking) -> HttpResponse:
        now, user = timezone.now(), user_of(request)
        return self.done(
            request, asking, lambda: asking_by_mail.approve_asking(asking, user, now)
        )

    # What ends it must not wait for a password.

    @page(Right.MAIL, is_grave=False)
    def pause(self, request: HttpRequest, asking: Asking) -> HttpResponse:
        return self.done(request, asking, lambda: asking_by_mail.pause_asking(asking))

    @page(Right.MAIL, is_grave=False)
    def go_on(self, request: HttpRequest, asking: Asking) -> HttpResponse:
        return self.done(
            request, asking, lambda: asking_by_mail.go_on_with_asking(asking)
        )

    @page(Right.MAIL, is_grave=False)
    def stop(self, request: HttpRequest, asking: Asking) -> HttpResponse:
        now = timezone.now()
        return self.done(
            request, asking, lambda: asking_by_mail.stop_asking(asking, now)
        )

    def done(
        self, request: HttpRequest, asking: Asking, act: Callable[[], object]
    ) -> HttpResponse:
        """Do on POST what a button says, and go back."""
        if request.method == "POST":
            tried(request, act)
        return self.back(asking)


def order_page(
    model_admin: admin.ModelAdmin[SignatureImport],
    request: HttpRequest,
    job: SignatureImport,
) -> HttpResponse:
    """Show the mail to the people of an import, and to how many it goes; on POST, order
    it."""
    now = timezone.now()
    draft = Asking(signature_import=job)
    form = AskingForm(request.POST or None, instance=draft)
    sentence, number = asking_by_mail.why_not_asked(job, now), 0
    if request.method == "POST" and form.is_valid():
        try:
            made = asking_by_mail.order_asking(
                job, draft.platform, user_of(request), now
            )
        except mailings.MailingNotPossible as refusal:
            sentence = refusal.sentence
        except OperationalError:
            sentence = gettext("That took too long. Try again.")
        else:
            return redirect("admin:petitions_asking_change", made.pk)
    if not sentence:
        try:
            number = asking_by_mail.number_to_ask(job)
        except OperationalError:
            sentence = gettext("That took too long. Try again.")
    organization = job.petition.organization
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Ask by mail to confirm"),
        "subtitle": str(job.petition),
        "opts": model_admin.opts,
        "original": job,
        "form": form,
        "sentence": sentence,
        "number": number,
        "above": organization.mailing_approval_above,
        "alone": mailings.ordered_alone(organization, now),
        "mail": text_of_mail(draft),
    }
    template = "admin/petitions/asking/new.html"
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return TemplateResponse(request, template, context, status=status)


def text_of_mail(draft: Asking) -> str:
    """Return the text of the mail, with links that lead nowhere; where the platform is
    not typed yet, an ellipsis."""
    petition = draft.signature_import.petition
    language = petition.language
    draft.platform = draft.platform or "…"
    template = messages.build(
        MailKind.ASK, petition,
        language if is_of_interface(language) else settings.LANGUAGE_CODE, None,
        asking=draft,
    )  # fmt: skip
    return template.shown()[0]
