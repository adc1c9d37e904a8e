"""What staff can do with a petition, besides writing it; each with its rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config import guards
from organizations.scoping import user_of
from petitions.admin.translations import missing_sentence
from petitions.models import Petition
from petitions.models.life import NotAllowed
from petitions.states import State


@dataclass(frozen=True)
class Transition:
    """A verb of `Petition` as staff meet it."""

    verb: str
    label: Any
    explanation: Any
    done: Any
    """The message afterwards, with %(title)s."""
    states: tuple[State, ...]
    """Those from which it leads on."""
    carry_out: Callable[[Petition, datetime], None]
    outcome: str = ""
    """Whether one sentence for readers is asked: "", "optional" or "required"."""

    def problems(self, petition: Petition) -> list[str]:
        """Why it cannot be done now, in sentences."""
        if petition.state not in self.states:
            state = State(petition.state).label
            return [
                gettext("That cannot be done: it is “%(state)s”.") % {"state": state}
            ]
        return petition.why_unpublishable() if self.verb == "publish" else []

    def warnings(self, petition: Petition) -> list[str]:
        """What to know before it is done all the same, in sentences."""
        sentence = missing_sentence(petition) if self.verb == "publish" else ""
        return [sentence] if sentence else []


TRANSITIONS = {
    transition.verb: transition
    for transition in (
        Transition(
            "publish",
            _("Publish"),
            _(
                "Everybody can read and sign it from now on, or from its opening date. "
                "Title, ask, text and whom it petitions are frozen at the first "
                "signature."
            ),
            _("“%(title)s” is public."),
            (State.DRAFT,),
            lambda petition, now: petition.publish(now=now),
        ),
        Transition(
            "pause",
            _("Pause"),
            _("It stays public, but takes no signatures until you go on."),
            _("“%(title)s” takes no signatures for now."),
            (State.OPEN,),
            lambda petition, now: petition.pause(),
        ),
        Transition(
            "resume",
            _("Go on"),
            _("It takes signatures again."),
            _("“%(title)s” takes signatures again."),
            (State.PAUSED,),
            lambda petition, now: petition.resume(),
        ),
        Transition(
            "close",
            _("Close"),
            _(
                "It stays public with its count, but takes no more signatures. Those "
                "on their way can be confirmed for another day. It cannot be opened "
                "again."
            ),
            _("“%(title)s” is closed."),
            (State.OPEN, State.PAUSED),
            lambda petition, now: petition.close(now=now),
            outcome="optional",
        ),
        Transition(
            "win",
            _("Declare it won"),
            _(
                "It stays public as won, with one sentence of yours about the outcome. "
                "It cannot be opened again."
            ),
            _("“%(title)s” is won."),
            (State.OPEN, State.PAUSED, State.CLOSED),
            lambda petition, now: petition.win(now=now),
            outcome="required",
        ),
        Transition(
            "withdraw",
            _("Withdraw"),
            _(
                "It leaves the public pages, and its supporters leave your total. A "
                "dated line with your reason stays on the profile. Its pictures are "
                "erased. It cannot come back."
            ),
            _("“%(title)s” is withdrawn."),
            (State.OPEN, State.PAUSED, State.CLOSED, State.WON),
            lambda petition, now: petition.withdraw(now=now),
            outcome="required",
        ),
    )
}


def available(petition: Petition) -> list[Transition]:
    """Those that its state allows."""
    return [
        transition
        for transition in TRANSITIONS.values()
        if petition.state in transition.states
    ]


# == Doing it ==


def transition(
    model_admin: ModelAdmin[Petition],
    request: HttpRequest,
    petition: Petition,
    found: Transition,
) -> HttpResponse:
    """The page that says what will happen, and does it."""
    change_url = reverse("admin:petitions_petition_change", args=[petition.pk])
    problems = found.problems(petition)
    typed = guards.shown(request.POST.get("outcome", ""))
    outcome = typed.strip()[:500] or petition.outcome
    missing = found.outcome == "required" and not outcome
    if request.method == "POST" and not problems and not missing:
        carry_out(request, petition, found, outcome)
        return redirect(change_url)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": found.label,
        "subtitle": str(petition),
        "opts": model_admin.opts,
        "petition": petition,
        "transition": found,
        "problems": problems,
        "warnings": found.warnings(petition),
        "missing": missing and request.method == "POST",
        "change_url": change_url,
    }
    template = "admin/petitions/petition/transition.html"
    return TemplateResponse(request, template, context)


def carry_out(
    request: HttpRequest, petition: Petition, found: Transition, outcome: str = ""
) -> None:
    """Do it, unless somebody was quicker, and write down who did."""
    warnings = found.warnings(petition)
    try:
        with transaction.atomic():
            found.carry_out(petition, timezone.now())
            if found.outcome and outcome:
                petition.outcome = outcome
                petition.save(update_fields=["outcome"])
    except NotAllowed:
        messages.error(
            request, gettext("Somebody else was quicker: see where it stands now.")
        )
        return
    LogEntry.objects.log_actions(
        user_of(request).pk, [petition], CHANGE, str(found.label), single_object=True
    )
    messages.success(request, found.done % {"title": petition.title})
    for sentence in warnings:
        messages.warning(request, sentence)


def carry_out_all(
    model_admin: ModelAdmin[Petition],
    request: HttpRequest,
    petitions: QuerySet[Petition],
    verb: str,
) -> None:
    """Each that the rules allow; for each other one, why not."""
    for petition in petitions:
        if not model_admin.has_change_permission(request, petition):
            problems = [gettext("You may not change it.")]
        else:
            problems = TRANSITIONS[verb].problems(petition)
        if problems:
            messages.error(request, f"{petition.title}: {' '.join(problems)}")
        else:
            carry_out(request, petition, TRANSITIONS[verb])
