"""Decisions of staff about signatures in quarantine: a page says first how many of
what. Those released are mailed their links; those removed are erased after seven days,
in which that can be called off.

However many there are, a request decides about as many as it has time for, and then
asks about the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, Max, Value
from django.db.models.functions import StrIndex, Substr
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.admin.bulk_actions import Question
from core.audit import entries
from organizations.scoping import user_of
from petitions import ways_back
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
    """A decision of staff, and the texts of its page."""

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


def decision_question(rows: SignatureQuerySet, decision: Decision) -> Question:
    """Return what is asked before it is decided about signatures in quarantine."""
    now = timezone.now()
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
    return Question(
        ways_back.sentence(decision.action, now, now),
        named=rows.order_by().values("pk"),
        number=sum(group["number"] for group in groups),
        newest=max((group["newest"] for group in groups), default=0),
        template=decision.template,
        context={
            "title": decision.title,
            "number_of_people": rows.aggregate(n=Count("email_key", distinct=True))[
                "n"
            ],
            "day": date_format(timezone.localtime(now + WAIT)),
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
        },
    )


def carry_out_decision(
    request: HttpRequest, rows: SignatureQuerySet, decision: Decision
) -> Question | None:
    """Do it to signatures in quarantine; return what to ask about those that there was
    no time for."""
    number = (release if decision is RELEASE else schedule_removal)(request, rows)
    if not number:
        messages.warning(
            request,
            gettext(
                "Nothing was changed: none of them is waiting any more. What will be "
                "erased is named above this list."
            ),
        )
        return None
    if not rows.exists():
        return None
    messages.warning(
        request, gettext("There was no time for all of them. This is the rest:")
    )
    return decision_question(rows, decision)


def release(request: HttpRequest, rows: SignatureQuerySet) -> int:
    """Release the signatures and say so; return how many there was time for."""
    now = timezone.now()
    released = quarantine.release_from_quarantine(rows, now=now, seconds=SECONDS)
    petitions = Petition.objects.in_bulk(released)
    for petition, number in sorted(released.items()):
        entries.note(
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
            % {"n": intcomma(number)}
            + f" {ways_back.sentence('release', now, now)}",
        )
    return number


def schedule_removal(request: HttpRequest, rows: SignatureQuerySet) -> int:
    """Schedule the erasure of the signatures and say so; return how many there was time
    for."""
    now = timezone.now()
    made = quarantine.schedule_removal(rows, user_of(request), now=now, seconds=SECONDS)
    for removal, number in made:
        entries.note(
            removal.petition,
            gettext("To be erased: %(n)s signatures set aside")
            % {"n": intcomma(number)},
        )
    if number := sum(number for _removal, number in made):
        messages.success(
            request,
            ngettext(
                "%(n)s signature will be erased on %(day)s.",
                "%(n)s signatures will be erased on %(day)s.",
                number,
            )
            % {
                "n": intcomma(number),
                "day": date_format(timezone.localtime(now + WAIT)),
            }
            + f" {ways_back.sentence('remove', now, now)}",
        )
    return number


def find_removal(
    model_admin: ModelAdmin[Signature], request: HttpRequest, number: int
) -> Removal | None:
    """Return the removal with this number, None when it is over."""
    return Removal.objects.select_related("petition").filter(pk=number).first()


def call_off_removal(request: HttpRequest, removal: Removal | None) -> HttpResponse:
    """On POST, call a removal off: its signatures stay in quarantine as before. None
    stands for one that is over."""
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
        back = quarantine.call_off_removal(removal, seconds=SECONDS)
        what = gettext("Called off: %(n)s signatures are not erased") % {
            "n": intcomma(back)
        }
        entries.note(removal.petition, what)
        messages.success(
            request,
            ngettext(
                "Called off: %(n)s signature is set aside, as before.",
                "Called off: %(n)s signatures are set aside, as before.",
                back,
            )
            % {"n": intcomma(back)},
        )
        if Removal.objects.filter(pk=removal.pk).exists():
            messages.warning(
                request,
                gettext("There was no time for all of them: call the rest off, too."),
            )
    return redirect("admin:petitions_signature_changelist")
