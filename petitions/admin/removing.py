"""Erasing signatures that were set aside: a page that says how many of what, then the
deed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import Truncator
from django.utils.translation import gettext

from petitions.addresses import domain_of
from petitions.identity import same_person
from petitions.models import Signature
from petitions.models.signatures import SignatureQuerySet
from petitions.states import Aside

DOMAINS = 20


def ask(
    model_admin: ModelAdmin[Signature], request: HttpRequest, rows: SignatureQuerySet
) -> HttpResponse:
    """What would be erased. What is sent back says up to which signature that was."""
    groups = (
        rows.order_by()
        .values("petition__title", "aside")
        .annotate(number=Count("pk"), newest=Max("pk"))
        .order_by("petition__title", "aside")
    )
    domains = Counter(
        domain_of(email) for email in rows.values_list("email", flat=True)
    )
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Remove for good what was set aside"),
        "opts": model_admin.opts,
        "number": sum(group["number"] for group in groups),
        "newest": max((group["newest"] for group in groups), default=0),
        "rows": [
            {
                "petition": Truncator(group["petition__title"]).chars(80),
                "reason": Aside(group["aside"]).label,
                "number": group["number"],
            }
            for group in groups
        ],
        "domains": domains.most_common(DOMAINS),
        "more_domains": len(domains) > DOMAINS,
        "checkbox": ACTION_CHECKBOX_NAME,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across") == "1",
        "action_url": request.get_full_path(),
    }
    template = "admin/petitions/signature/remove.html"
    return TemplateResponse(request, template, context)


def erase(request: HttpRequest, rows: SignatureQuerySet) -> int:
    """Erase what `ask` had shown, as far as it still waits; returns how many."""
    newest = request.POST.get("newest", "")
    if not (newest.isascii() and newest.isdecimal() and len(newest) < 19):
        return 0
    seen = rows.filter(pk__lte=int(newest))
    number = seen.count()
    same_person.forget(seen)
    return number
