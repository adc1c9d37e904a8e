"""Removal of signatures in quarantine: a page that says how many of what and when, then
seven days in which it can be called off."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext

from organizations.scoping import user_of
from petitions.addresses import domain_of
from petitions.admin.actions import log
from petitions.models import Removal, Signature
from petitions.models.petition_lifecycle import WAIT
from petitions.models.signatures import SignatureQuerySet
from petitions.signatures import quarantine
from petitions.states import QuarantineReason

DOMAINS = 20


def ask(
    model_admin: ModelAdmin[Signature], request: HttpRequest, rows: SignatureQuerySet
) -> HttpResponse:
    """Show what would be erased. The page sends back the newest signature that it
    covers, so that none that came later is erased."""
    day = timezone.localtime(timezone.now() + WAIT)
    groups = (
        rows.order_by()
        .values("petition__title", "quarantine_reason")
        .annotate(number=Count("pk"), newest=Max("pk"))
        .order_by("petition__title", "quarantine_reason")
    )
    domains = Counter(
        domain_of(email) for email in rows.values_list("email", flat=True)
    )
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Remove what was set aside"),
        "opts": model_admin.opts,
        "number": sum(group["number"] for group in groups),
        "number_of_people": rows.aggregate(n=Count("email_key", distinct=True))["n"],
        "day": date_format(day),
        "newest": max((group["newest"] for group in groups), default=0),
        "rows": [
            {
                "petition": Truncator(group["petition__title"]).chars(80),
                "reason": QuarantineReason(group["quarantine_reason"]).label,
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


def remove(request: HttpRequest, rows: SignatureQuerySet) -> None:
    """Schedule the erasure of what `ask` has shown, as far as it is still in
    quarantine."""
    newest = request.POST.get("newest", "")
    was_asked = newest.isascii() and newest.isdecimal() and len(newest) < 19
    now = timezone.now()
    seen = rows.filter(pk__lte=int(newest)) if was_asked else rows.none()
    made = quarantine.remove(seen, user_of(request), now=now)
    if not made:
        messages.warning(
            request,
            gettext(
                "Nothing was changed: none of them waits any more. What will be erased "
                "is named above this list."
            ),
        )
        return
    for removal, number in made:
        log(
            request,
            removal.petition,
            gettext("To be erased: %(n)s signatures set aside")
            % {"n": intcomma(number)},
        )
    number = sum(number for _removal, number in made)
    messages.success(
        request,
        ngettext(
            "%(n)s signature will be erased on %(day)s. Until then it can be called "
            "off, above this list.",
            "%(n)s signatures will be erased on %(day)s. Until then it can be called "
            "off, above this list.",
            number,
        )
        % {"n": intcomma(number), "day": date_format(timezone.localtime(now + WAIT))},
    )


def call_off(
    model_admin: ModelAdmin[Signature], request: HttpRequest, number: int
) -> HttpResponse:
    """On POST, call a removal off: its signatures stay in quarantine as before. Raise
    Http404 unless the user may edit its petition."""
    rows = Removal.objects.edited_by(user_of(request)).select_related("petition")
    removal = rows.filter(pk=number).first()
    if removal is None and Removal.objects.filter(pk=number).exists():
        raise Http404
    if removal is None:
        # Of two who call it off, the second finds nothing; nor does whoever is late.
        messages.warning(
            request,
            gettext(
                "There is nothing to call off: somebody has done so, or the seven days "
                "are over and they are erased."
            ),
        )
    elif request.method == "POST":
        back = quarantine.call_off(removal)
        what = gettext("Called off: %(n)s signatures are not erased") % {
            "n": intcomma(back)
        }
        log(request, removal.petition, what)
        messages.success(
            request,
            ngettext(
                "Called off: %(n)s signature is set aside, as before.",
                "Called off: %(n)s signatures are set aside, as before.",
                back,
            )
            % {"n": intcomma(back)},
        )
    return redirect("admin:petitions_signature_changelist")
