"""Withdrawal of answers: the page that asks for a reason, and the record of those that
were withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin import saves
from core.admin.edit_conflicts import arrived, told
from core.audit.actors import because
from core.text.fields import LineField
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, user_of
from petitions import ways_back
from petitions.models import Answer, AnswerWithdrawal

if TYPE_CHECKING:
    from petitions.admin.timeline import AnswerAdmin


class WithdrawalForm(forms.Form):
    withdrawn_because = LineField(
        label=_("Why it is withdrawn"),
        max_length=300,
        help_text=_(
            "Readers see it where the answer was, for good. Do not repeat here what "
            "is withdrawn."
        ),
    )


def answer_or_record(
    model_admin: AnswerAdmin, request: HttpRequest, number: int
) -> Answer | AnswerWithdrawal:
    """Return the answer with this number or, once it is withdrawn, the record of that;
    raise Http404 where there was none."""
    answer = model_admin.get_object(request, str(number))
    records = AnswerWithdrawal.objects.select_related("petition")
    return answer or get_object_or_404(records, answer=number)


def withdraw_answer(
    model_admin: AnswerAdmin, request: HttpRequest, row: Answer | AnswerWithdrawal
) -> HttpResponse:
    """Show what will be withdrawn; on POST with a reason, withdraw it."""
    if isinstance(row, AnswerWithdrawal):
        messages.info(request, gettext("This answer is withdrawn already."))
        return redirect("admin:petitions_petition_change", row.petition_id)
    answer = row
    opened = arrived(request).opened
    inlines = model_admin.models_of_inlines()
    who = saves.meanwhile(Answer, str(answer.pk), opened, inlines)
    now = timezone.now()
    way_back = ways_back.sentence("withdraw_answer", now, now)
    form = WithdrawalForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and not who:
        petition = answer.petition
        reason = form.cleaned_data["withdrawn_because"]
        because(reason)
        if answer.withdraw(reason, user_of(request), now):
            messages.success(
                request,
                gettext("Withdrawn. Readers see when, by whom, and why.")
                + f" {way_back}",
            )
        return redirect("admin:petitions_petition_change", petition.pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Withdraw the answer"),
        "subtitle": answer.petition,
        "opts": model_admin.opts,
        "answer": answer,
        "versions": answer.revisions.count(),
        "languages": [str(text) for text in answer.texts()],
        "form": form,
        "way_back": way_back,
        "who": who,
        "seen": told(forms.Form()),
    }
    return TemplateResponse(request, "admin/petitions/answer/withdraw.html", context)


@admin.register(AnswerWithdrawal)
class AnswerWithdrawalAdmin(ScopedAdmin[AnswerWithdrawal]):
    """The permanent record of withdrawn answers."""

    needs = Needs(view=Right.VIEW)
    organization_path = "petition__organization_id"
    list_display = [
        "withdrawn_at", "petition", "withdrawn_because", "reason_is_public",
        "withdrawn_by",
    ]  # fmt: skip
    list_select_related = ["petition", "withdrawn_by"]
    fields = [
        "petition", "withdrawn_at", "withdrawn_because", "reason_is_public",
        "withdrawn_by",
    ]  # fmt: skip
    ordering = ["-pk"]
