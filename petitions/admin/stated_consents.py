"""Stating that the people of an import agreed to be handed over by name: to whom,
where, when and in which words, before its file is checked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.db.refusals import refusal_of
from core.text.faults import FileProblem
from core.text.fields import DayField, formfield
from organizations.scoping import user_of
from petitions.importing import stored_files
from petitions.models import SignatureImport, StatedConsent, Target
from petitions.states import TargetKind


def day_field(label: Any) -> DayField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return DayField(label=label, widget=widget)


class StatedConsentForm(forms.ModelForm[StatedConsent]):
    begun_on = day_field(_("From"))
    ended_on = day_field(_("Until"))

    class Meta:
        model = StatedConsent
        fields = ["target", "place", "url", "begun_on", "ended_on", "words"]
        widgets = {"target": forms.RadioSelect}
        formfield_callback = formfield

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        job = self.instance.signature_import
        field = self.fields["target"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Target.objects.filter(
            petition=job.petition_id, kind__in=(TargetKind.PERSON, TargetKind.BODY)
        ).exclude(pk__in=job.stated_consents.values("target"))
        field.empty_label = None


def consent_page(
    model_admin: admin.ModelAdmin[SignatureImport],
    request: HttpRequest,
    job: SignatureImport,
) -> HttpResponse:
    """Show what is stated of an import, and the form for more; on POST, state it or
    take one back. Whether anything is stated decides what its columns may be."""
    draft = StatedConsent(
        signature_import=job, made_by=user_of(request), made_at=timezone.now()
    )
    takes_away = request.POST.get("take_away", "")
    form = StatedConsentForm(
        None if takes_away else request.POST or None, instance=draft
    )
    if takes_away.isascii() and takes_away.isdecimal() and len(takes_away) < 19:
        taken = job.stated_consents.filter(pk=takes_away)
        if why := refusal_of_doing(lambda: taken.delete()):
            messages.error(request, why)
        return stated(job)
    if request.method == "POST" and form.is_valid():
        if why := refusal_of_doing(lambda: form.save()):
            form.add_error(None, why)
        else:
            return stated(job)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("State that they agreed"),
        "subtitle": str(job.petition),
        "opts": model_admin.opts,
        "original": job,
        "form": form,
        "consents": job.stated_consents.select_related("target", "made_by"),
    }
    template = "admin/petitions/signatureimport/consent.html"
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return TemplateResponse(request, template, context, status=status)


def refusal_of_doing(act: Callable[[], object]) -> str:
    """Do it; return why the database refused it, "" when it did not."""
    try:
        with transaction.atomic():
            act()
    except IntegrityError as error:
        return refusal_of(error).sentence
    return ""


def stated(job: SignatureImport) -> HttpResponse:
    """Guess the columns anew, of which there are more or fewer now; go back."""
    with suppress(FileProblem):  # shown by the page that asks for the columns
        stored_files.guess_again(job)
    return redirect("admin:petitions_signatureimport_consent", job.pk)
