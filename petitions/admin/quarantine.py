"""What staff decide about signatures in quarantine: a page says how many of what first.
Those released are mailed their links; those removed are erased after seven days, in
which that can be called off.

However many there are, a request decides about as many as it has time for, and then
asks about the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, Max, Value
from django.db.models.functions import StrIndex, Substr
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from organizations.scoping import user_of
from petitions.admin.actions import log
from petitions.models import Petition, Removal, Signature
from petitions.models.petition_lifecycle import WAIT
from petitions.models.signatures import SignatureQuerySet
from petitions.signatures import quarantine
from petitions.states import QuarantineReason

DOMAINS = 20
"""The number of mail domains that the page names."""
SECONDS = 20
"""How long a request goes on deciding: a proxy gives up after a minute."""


@dataclass(frozen=True)
class Decision:
    """What staff decide, and the texts of its page."""

    action: str
    title: Any
    template: str


RELEASE = Decision(
    "release",
    _("Release what was set aside"),
    "admin/petitions/signature/release.html",
)
REMOVE = Decision(
    "remove", _("Remove what was set aside"), "admin/petitions/signature/remove.html"
)


def ask(
    model_admin: ModelAdmin[Signature],
    request: HttpRequest,
    rows: SignatureQuerySet,
    decision: Decision,
) -> HttpResponse:
    """Show what would be decided about. The page sends back the newest signature that
    it covers, so that none that came later is."""
    day = timezone.localtime(timezone.now() + WAIT)
    groups = (
        rows.order_by()
        .values("petition__title", "quarantine_reason")
        .annotate(number=Count("pk"), newest=Max("pk"))
        .order_by("petition__title", "quarantine_reason")
    )
    domains = list(
        rows.order_by()
        .annotate(domain=Substr("email", StrIndex("email", Value("@")) + 1))
        .values_list("domain")
        .annotate(number=Count("pk"))
        .order_by("-number", "domain")[: DOMAINS + 1]
    )
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": decision.title,
        "action": decision.action,
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
        "domains": domains[:DOMAINS],
        "more_domains": len(domains) > DOMAINS,
        "checkbox": ACTION_CHECKBOX_NAME,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across") == "1",
        "action_url": request.get_full_path(),
    }
    return TemplateResponse(request, decision.template, context)


def decide(
    model_admin: ModelAdmin[Signature],
    request: HttpRequest,
    rows: SignatureQuerySet,
    decision: Decision,
) -> HttpResponse | None:
    """Ask, then do it to what was shown, as far as that still waits; ask again about
    what there was no time for."""
    if "confirmed" not in request.POST:
        return ask(model_admin, request, rows, decision)
    newest = request.POST.get("newest", "")
    was_asked = newest.isascii() and newest.isdecimal() and len(newest) < 19
    seen = rows.filter(pk__lte=int(newest)) if was_asked else rows.none()
    number = (release if decision is RELEASE else remove)(request, seen)
    if not number:
        messages.warning(
            request,
            gettext(
                "Nothing was changed: none of them waits any more. What will be erased "
                "is named above this list."
            ),
        )
        return None
    if not seen.exists():
        return None
    messages.warning(
        request, gettext("There was no time for all of them. This is the rest:")
    )
    return ask(model_admin, request, seen, decision)


def release(request: HttpRequest, rows: SignatureQuerySet) -> int:
    """Release the signatures and say so; return how many there was time for."""
    now = timezone.now()
    released = quarantine.release_from_quarantine(rows, now=now, seconds=SECONDS)
    petitions = Petition.objects.in_bulk(released)
    for petition, number in sorted(released.items()):
        log(
            request,
            petitions[petition],
            ngettext(
                "Released: %(n)s signature set aside",
                "Released: %(n)s signatures set aside",
                number,
            )
            % {"n": intcomma(number)},
        )
    if number := released.total():
        messages.success(
            request,
            ngettext(
                "%(n)s signature released; its link is on its way.",
                "%(n)s signatures released; their links are on their way.",
                number,
            )
            % {"n": intcomma(number)},
        )
    return number


def remove(request: HttpRequest, rows: SignatureQuerySet) -> int:
    """Schedule the erasure of the signatures and say so; return how many there was time
    for."""
    now = timezone.now()
    made = quarantine.remove(rows, user_of(request), now=now, seconds=SECONDS)
    for removal, number in made:
        log(
            request,
            removal.petition,
            gettext("To be erased: %(n)s signatures set aside")
            % {"n": intcomma(number)},
        )
    if number := sum(number for _removal, number in made):
        messages.success(
            request,
            ngettext(
                "%(n)s signature will be erased on %(day)s. Until then it can be "
                "called off, above this list.",
                "%(n)s signatures will be erased on %(day)s. Until then it can be "
                "called off, above this list.",
                number,
            )
            % {
                "n": intcomma(number),
                "day": date_format(timezone.localtime(now + WAIT)),
            },
        )
    return number


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
        back = quarantine.call_off(removal, seconds=SECONDS)
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
        if Removal.objects.filter(pk=number).exists():
            messages.warning(
                request,
                gettext("There was no time for all of them: call the rest off, too."),
            )
    return redirect("admin:petitions_signature_changelist")
