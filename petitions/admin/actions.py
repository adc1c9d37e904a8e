"""Actions that staff take on petitions, each with a page that first says what will
happen: a transition of one petition or of many, and a shorter retention of names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin import bulk_actions, saves
from core.admin.bulk_actions import MOST_LISTED, NamedRow, Question
from core.admin.edit_conflicts import (
    ConflictAwareForm,
    Sent,
    arrived,
    told,
)
from core.admin.model_admin import ModelAdmin
from core.audit import entries
from core.i18n.moments import hour_words
from core.models import AuditEntry
from core.text.fields import TextField
from core.text.numbers import NumberField
from organizations.rights import Right, may
from organizations.scoping import user_of
from petitions import ways_back
from petitions.admin import transitions
from petitions.admin.transitions import (
    TRANSITIONS,
    Transition,
    erasure_sentence,
)
from petitions.models import Petition
from petitions.models.petition_lifecycle import NotAllowed
from petitions.states import ENDED_STATES


def change_url(petition: Petition) -> str:
    return reverse("admin:petitions_petition_change", args=[petition.pk])


# == One petition ==


class OutcomeForm(ConflictAwareForm, forms.Form):
    """The form that asks how the petition ended, in one sentence; left empty, it keeps
    the sentence that was stored before."""

    outcome = TextField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
    )

    def ask(self, transition: Transition, petition: Petition) -> None:
        """Set the field up for this transition: drop it if none is asked for, require
        it if one is needed and the petition has none yet."""
        if not transition.outcome:
            del self.fields["outcome"]
            return
        field = self.fields["outcome"]
        needed = transition.outcome == "required"
        field.required = needed and not petition.outcome
        field.label = (
            _("One sentence for readers")
            if needed
            else _("One sentence for readers (optional)")
        )
        sentence = _("Write one sentence: what happened, and when.")
        field.error_messages["required"] = sentence


@transaction.atomic
def transition(
    model_admin: ModelAdmin[Petition],
    request: HttpRequest,
    petition: Petition,
    chosen: Transition,
) -> HttpResponse:
    """Show the page that says what the transition will do; on POST, make it, unless
    somebody has changed the petition since the page was opened. Raise PermissionDenied
    if the user lacks its right."""
    now = timezone.now()
    if not may(user_of(request), chosen.right, petition.organization_id):
        raise PermissionDenied
    sent = arrived(request)
    if request.method == "POST":
        # When a button is pressed twice, the second request waits here, and then finds
        # what the first has done.
        get_object_or_404(
            Petition.objects.select_for_update(no_key=True), pk=petition.pk
        )
        petition.refresh_from_db()
        sent.who = saves.meanwhile(
            Petition, str(petition.pk), sent.opened, model_admin.models_of_inlines()
        )
        if sent.who and was_done(request, petition, str(chosen.label), sent):
            return redirect(change_url(petition))
    problems = chosen.problems(petition, now)
    form = OutcomeForm(
        request.POST if request.method == "POST" else None,
        initial={"outcome": petition.outcome},
    )
    form.ask(chosen, petition)
    form.sent = sent
    if form.is_valid() and not problems and not sent.who:
        make_transition(request, petition, chosen, form.cleaned_data.get("outcome", ""))
        return redirect(change_url(petition))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": chosen.label,
        "subtitle": str(petition),
        "opts": model_admin.opts,
        "petition": petition,
        "transition": chosen,
        "problems": problems,
        "warnings": chosen.warnings(petition),
        "consequences": [] if problems else chosen.consequences(petition, now),
        "way_back": ""
        if problems
        else way_back_sentence(request, petition, chosen, now),
        "outcome": form["outcome"] if chosen.outcome else None,
        "meanwhile": meanwhile_sentence(sent.who) if sent.who else "",
        "seen": told(form),
        "change_url": change_url(petition),
    }
    template = "admin/petitions/petition/transition.html"
    return TemplateResponse(request, template, context)


def was_done(request: HttpRequest, petition: Petition, what: str, sent: Sent) -> bool:
    """Return whether this user has done the same, `what` in the history, since the
    page was opened."""
    done = AuditEntry.objects.of_row(Petition._meta.db_table, str(petition.pk), ())
    return done.filter(
        account=user_of(request).pk, at__gte=sent.opened, now__said=what
    ).exists()


def make_transition(
    request: HttpRequest, petition: Petition, transition: Transition, outcome: str = ""
) -> None:
    """Make the transition and log it in the petition's history; if somebody else was
    quicker, change nothing and say so."""
    now = timezone.now()
    warnings = transition.warnings(petition)
    way_back = way_back_sentence(request, petition, transition, now)
    try:
        with transaction.atomic():
            transition.carry_out(petition, now)
            if transition.outcome and outcome:
                petition.outcome = outcome
                petition.save(update_fields=["outcome"])
    except NotAllowed:
        too_late(request, petition)
        return
    entries.note(petition, str(transition.label))
    if petition.is_scheduled(now):
        done: Any = goes_public(petition)
    else:
        done = transition.done % {"title": petition.title}
    messages.success(request, format_html("{} {}", done, way_back))
    for sentence in warnings:
        messages.warning(request, sentence)


def way_back_sentence(
    request: HttpRequest, petition: Petition, transition: Transition, now: datetime
) -> str:
    """Return the way back from the transition, if it is made at `now`."""
    owner = is_owner(request, petition)
    return transition.way_back(petition, now, now).sentence(now, owner=owner)


def is_owner(request: HttpRequest, petition: Petition) -> bool:
    """Return whether the user may take back what only owners may."""
    return may(user_of(request), Right.TAKE_BACK, petition.organization_id)


def standing_lines(request: HttpRequest, petition: Petition) -> list[str]:
    """Return where the petition stands and, to those who may take a step, the way back
    from there, in sentences."""
    owner = is_owner(request, petition)
    said = transitions.standing_sentences(petition, timezone.now(), owner=owner)
    steps = may(user_of(request), Right.PUBLISH, petition.organization_id)
    return said if steps else said[:1]


def too_late(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Redirect to the petition, which somebody else has changed meanwhile."""
    messages.error(
        request, gettext("Somebody else was quicker: see where it stands now.")
    )
    return redirect(change_url(petition))


def goes_public(petition: Petition) -> str:
    """Return the message that says when the petition opens, with a link to its preview:
    its own page is not there yet."""
    assert petition.opens_at is not None
    preview = reverse("admin:petitions_petition_preview_one", args=[petition.pk])
    sentence = gettext("“%(title)s” goes public on %(day)s.") % {
        "title": petition.title,
        "day": hour_words(petition.opens_at),
    }
    return format_html('{} <a href="{}">{}</a>', sentence, preview, gettext("Preview"))


# == Many petitions ==


def question_of(verb: str) -> bulk_actions.Asked:
    """Return what the page of a transition of many asks: it names each petition, or the
    first of them, with the consequences, or with why it cannot be done."""

    def asked(
        model_admin: ModelAdmin[Petition],
        request: HttpRequest,
        petitions: QuerySet[Petition],
    ) -> Question:
        transition, now = TRANSITIONS[verb], timezone.now()
        first = list(petitions.order_by("pk")[: MOST_LISTED + 1])
        rows = first[:MOST_LISTED]
        opened = arrived(request).opened
        possible, left = [], []
        for petition in rows:
            problems = problems_of(model_admin, petition, transition, opened)
            if problems:
                left.append(NamedRow(petition.title, problems))
                continue
            remarks = [
                *transition.consequences(petition, now), *transition.warnings(petition),
            ]  # fmt: skip
            way_back = way_back_sentence(request, petition, transition, now)
            possible.append((way_back, NamedRow(petition.title, remarks)))
        ways = {way_back for way_back, _line in possible}
        if len(ways) > 1:
            for way_back, line in possible:
                line.remarks.append(way_back)
        return Question(
            ways.pop() if len(ways) == 1 else "",
            [str(transition.explanation)],
            [line for _way_back, line in possible],
            number=len(possible),
            left=left,
            button=transition.label,
            newest=rows[-1].pk if rows else 0,
            more=len(first) > len(rows),
        )

    return asked


def carry_out_all(
    model_admin: ModelAdmin[Petition],
    request: HttpRequest,
    petitions: QuerySet[Petition],
    verb: str,
) -> None:
    """Make the transition for each petition that the rules allow."""
    transition = TRANSITIONS[verb]
    opened = arrived(request).opened
    for petition in petitions.order_by("pk"):
        problems = problems_of(model_admin, petition, transition, opened)
        if problems:
            messages.error(request, f"{petition.title}: {' '.join(problems)}")
        else:
            make_transition(request, petition, transition)


def problems_of(
    model_admin: ModelAdmin[Petition],
    petition: Petition,
    transition: Transition,
    opened: datetime | None,
) -> list[str]:
    """Return why the petition is left as it is, in sentences; `opened` is when its row
    was shown."""
    problems = transition.problems(petition, timezone.now())
    inlines = model_admin.models_of_inlines()
    who = saves.meanwhile(Petition, str(petition.pk), opened, inlines)
    if who and not problems:
        return [meanwhile_sentence(who)]
    return problems


def meanwhile_sentence(who: str) -> str:
    return gettext(
        "%(who)s changed this petition while you had this page open: look at it again."
    ) % {"who": who}


# == Retention of the names of an ended petition ==


def keep_less(
    model_admin: ModelAdmin[Petition], request: HttpRequest, petition: Petition
) -> HttpResponse:
    """Ask for a shorter retention, in months, say whose names are erased and when, and
    store it once that is confirmed. Raise Http404 where the petition has not ended or
    its names are erased, unless that happened while the page was open."""
    typed = request.POST.get("months", "")
    if petition.state not in ENDED_STATES or petition.anonymised_at:
        if request.method != "POST":
            raise Http404
        return too_late(request, petition)
    most = petition.months_kept - 1
    title, sent = gettext("Erase its names sooner"), arrived(request)
    if sent.opened and was_done(request, petition, title, sent):
        return redirect(change_url(petition))
    months, wrong, now = 0, "", timezone.now()
    owner = is_owner(request, petition)
    way_back = [ways_back.sentence("keep_less", now, now, owner=owner)]
    if request.method == "POST":
        try:
            months = NumberField(min_value=1, max_value=most).clean(typed)
        except ValidationError as error:
            (wrong,) = error.messages
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "subtitle": str(petition),
        "opts": model_admin.opts,
        "petition": petition,
        "typed": typed,
        "most": most,
        "seen": told(forms.Form()),
        "wrong": wrong,
        "change_url": change_url(petition),
    }
    if months and "confirmed" in request.POST:
        try:
            petition.keep_less(months)
        except NotAllowed:
            return too_late(request, petition)
        entries.note(petition, title)
        sentences = [erasure_sentence(petition, timezone.now()), *way_back]
        messages.success(request, " ".join(sentences))
        return redirect(change_url(petition))
    if months:
        petition.months_kept = months
        context["consequences"] = [
            erasure_sentence(petition, timezone.now()),
            *way_back,
        ]
    template = "admin/petitions/petition/keep_less.html"
    return TemplateResponse(request, template, context)
