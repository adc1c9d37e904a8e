"""Earlier versions of an answer: staff read them, and remove what should never have
been published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit.actors import because
from core.text.fields import LineField
from organizations.scoping import user_of
from petitions.models import Answer, AnswerRevision

if TYPE_CHECKING:
    from petitions.admin.timeline import AnswerAdmin


class RemovalForm(forms.Form):
    """The form below each earlier version that removes it."""

    removed_because = LineField(
        label=_("Why it is removed"),
        max_length=300,
        help_text=_(
            "For the staff of your organisation. Do not repeat here what you remove."
        ),
    )


def former(
    model_admin: AnswerAdmin, request: HttpRequest, answer: Answer
) -> HttpResponse:
    """Show the earlier versions; on POST, remove one. Whoever may change the answer may
    remove earlier versions of it."""
    may_remove = model_admin.has_change_permission(request, answer)
    revisions = list(answer.revisions.select_related("target", "removed_by"))
    chosen = request.POST.get("revision", "")
    data = request.POST if request.method == "POST" else None
    if data is not None and not may_remove:
        raise PermissionDenied
    rows = []
    for revision in revisions:
        is_chosen = data is not None and chosen == str(revision.pk)
        form = RemovalForm(data if is_chosen else None, auto_id=f"id_{revision.pk}_%s")
        if is_chosen and form.is_valid():
            return remove_version(model_admin, request, revision, form)
        rows.append({"revision": revision, "form": form})
    if data is not None and chosen not in {str(r.pk) for r in revisions}:
        raise Http404
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("What the answer said before"),
        "subtitle": answer.petition,
        "opts": model_admin.opts,
        "answer": answer,
        "rows": rows,
        "may_remove": may_remove,
    }
    return TemplateResponse(request, "admin/petitions/answer/former.html", context)


def remove_version(
    model_admin: AnswerAdmin,
    request: HttpRequest,
    revision: AnswerRevision,
    form: RemovalForm,
) -> HttpResponse:
    """Remove the version if it was not removed before, and go back to the page."""
    reason = form.cleaned_data["removed_because"]
    because(reason)
    if revision.remove(reason, user_of(request), timezone.now()):
        messages.success(
            request,
            gettext("Removed. Readers see when, and by which organisation."),
        )
    return redirect("admin:petitions_answer_former", revision.answer_id)
