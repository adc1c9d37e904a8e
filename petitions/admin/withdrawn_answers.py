"""Withdrawal of answers: the page that asks for a reason, and the record of those that
were withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin import saves
from core.admin.edit_conflicts import arrived, told
from core.text.fields import LineField
from organizations.permissions import may_own, may_view
from organizations.scoping import ScopedAdmin, user_of
from petitions.models import Answer, AnswerWithdrawal

if TYPE_CHECKING:
    from typing import Any

    from petitions.admin.timeline import AnswerAdmin


class WithdrawalForm(forms.Form):
    withdrawn_because = LineField(
        label=_("Why it is withdrawn"),
        max_length=300,
        help_text=_(
            "For the staff of your organisation. Do not repeat here what is withdrawn."
        ),
    )


def may_withdraw(request: HttpRequest, answer: Answer) -> bool:
    return may_own(user_of(request), answer.petition.organization_id)


def withdraw(
    model_admin: AnswerAdmin, request: HttpRequest, number: int
) -> HttpResponse:
    """Show what will be withdrawn; on POST with a reason, withdraw it. Raise
    PermissionDenied unless the user is an owner."""
    answer = model_admin.get_object(request, str(number))
    if answer is None:
        return withdrawn_before(request, number)
    if not may_withdraw(request, answer):
        raise PermissionDenied
    who = saves.meanwhile(Answer, str(number), arrived(request).opened)
    form = WithdrawalForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and not who:
        petition, name = answer.petition, str(answer)
        reason = form.cleaned_data["withdrawn_because"]
        if answer.withdraw(reason, user_of(request), timezone.now()):
            noted = {"name": str(answer._meta.verbose_name), "object": name}
            model_admin.log_change(request, petition, [{"deleted": noted}])
            messages.success(
                request, gettext("Withdrawn. Readers see when, and by whom.")
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
        "who": who,
        "seen": told(forms.Form()),
    }
    return TemplateResponse(request, "admin/petitions/answer/withdraw.html", context)


def withdrawn_before(request: HttpRequest, number: int) -> HttpResponse:
    """Redirect to the petition of an answer that is withdrawn already; raise Http404
    where there was none, or for whom the petition does not exist."""
    records = AnswerWithdrawal.objects.select_related("petition")
    record = records.filter(answer=number).first()
    if record is None or not may_view(
        user_of(request), record.petition.organization_id
    ):
        raise Http404
    messages.info(request, gettext("This answer is withdrawn already."))
    return redirect("admin:petitions_petition_change", record.petition_id)


@admin.register(AnswerWithdrawal)
class AnswerWithdrawalAdmin(ScopedAdmin[AnswerWithdrawal]):
    """The permanent record of withdrawn answers."""

    organization_path = "petition__organization_id"
    list_display = ["withdrawn_at", "petition", "withdrawn_because", "withdrawn_by"]
    list_select_related = ["petition", "withdrawn_by"]
    fields = ["petition", "withdrawn_at", "withdrawn_because", "withdrawn_by"]
    ordering = ["-pk"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
