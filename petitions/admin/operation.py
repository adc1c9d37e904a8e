"""Operation: the page on which site administrators see how the site runs, and turn its
switches (core.switches)."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import django
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from core import switches
from core.admin import saves
from core.admin.edit_conflicts import ConflictAwareForm, arrived, told
from core.models import Heartbeat, SwitchName
from core.observability import backups, watchdog
from core.observability.health import STATE
from core.observability.probes import STOPPED_AFTER
from core.operation import MOST, turn_off, turn_on
from core.switches import On, Switches
from core.text.fields import LineField
from core.text.numbers import Counted
from core.worker.loops import WORKER_LOOPS
from organizations.models import User
from organizations.rights import Right
from organizations.scoping import site_page, user_of
from petitions.loops import PROVED
from petitions.models import OutgoingMail
from petitions.models.mails import MailState

SECONDS = 5
"""Within so many seconds a switch is in force in every process."""

ON: dict[str, StrOrPromise] = {
    SwitchName.STOP_SIGNING: _(
        "Your text is shown in place of the form on every petition. A form that is "
        "open in somebody’s browser is not accepted; it comes back with what was "
        "typed, to be sent later. Anyone who has a link in an e-mail can still "
        "confirm. Everything else goes on."
    ),
    SwitchName.STOP_MAIL: _(
        "No mail goes to supporters, and none that tells staff what visitors did. It "
        "waits and goes out once, when you end this. Links for a password, "
        "invitations and alerts still go out."
    ),
    SwitchName.READ_ONLY: _(
        "Pages can be read, but no form is taken, neither of visitors nor of staff: "
        "nobody can sign, confirm, withdraw or edit. What was typed comes back, to be "
        "sent later. The worker pauses, so mail waits too; alerts still go out. Site "
        "administrators can log in and end it on this page. Your text stands at the "
        "top of every page."
    ),
    SwitchName.BANNER: _("Your text is shown at the top of every public page."),
}
OFF: dict[str, StrOrPromise] = {
    SwitchName.STOP_SIGNING: _("The form is back on every petition."),
    SwitchName.STOP_MAIL: _("What waits goes out, confirmations first."),
    SwitchName.READ_ONLY: _("All forms are taken again, and the worker goes on."),
    SwitchName.BANNER: _("The text disappears from every page."),
}


class TextsForm(ConflictAwareForm, forms.Form):
    """The words that visitors read while a switch is on: a text for each language of
    the interface, where our own words or another language stand in for a missing
    one."""

    def __init__(self, name: SwitchName, on: On | None, *args: Any) -> None:
        super().__init__(*args)
        self.name = name
        if name == SwitchName.STOP_MAIL:  # visitors read nothing of it
            return
        for code, language in settings.LANGUAGES:
            self.fields[code] = LineField(
                label=gettext("What visitors read: %(language)s")
                % {"language": language},
                max_length=MOST,
                required=False,
                initial=on.texts.get(code, "") if on else "",
                widget=forms.Textarea({"rows": 3, "cols": 60, "lang": code}),
            )

    def clean(self) -> dict[str, Any]:
        """Refuse a banner that says nothing."""
        cleaned = super().clean() or {}
        if (
            self.name == SwitchName.BANNER
            and not self.errors
            and not any(cleaned.values())
        ):
            first = next(iter(self.fields))
            self.add_error(first, gettext("Write what the banner says."))
        return cleaned


@dataclass(frozen=True)
class Fact:
    """A line of the page: how a part of the site is."""

    label: StrOrPromise
    value: str
    is_wrong: bool = False


def now_on(request: HttpRequest) -> Switches:
    """Return the switches as they are this very moment, and go by them in this
    request."""
    loaded = request.META[switches.KEY] = switches.load()
    return loaded


@admin.site.admin_view
@site_page(Right.ADMINISTER)
def operation(request: HttpRequest) -> HttpResponse:
    """Show how the site runs, and its switches."""
    turned_on = now_on(request)
    now = timezone.now()
    turned = [(name, turned_on.of(name)) for name in SwitchName]
    numbers = {on.by for _name, on in turned if on and on.by is not None}
    accounts = dict(User.objects.filter(pk__in=numbers).values_list("pk", "email"))
    context = {
        **admin.site.each_context(request),
        "title": gettext("Operation"),
        "facts": operator_facts(now),
        "troubles": STATE.get().troubles,
        "switch_rows": [
            {
                "name": name,
                "on": on,
                "by": by_words(on, accounts) if on else "",
                "texts": [
                    (code, on.texts[code])
                    for code, _language in settings.LANGUAGES
                    if on and on.texts.get(code)
                ],
            }
            for name, on in turned
        ],
    }
    return TemplateResponse(request, "admin/operation.html", context)


def by_words(on: On, accounts: dict[int, str]) -> str:
    """Return who turned a switch on."""
    if on.by is None:
        return gettext("manage.py switch")
    return accounts.get(on.by) or gettext("account %(number)s") % {"number": on.by}


@admin.site.admin_view
@site_page(Right.ADMINISTER)
def turn(request: HttpRequest, name: str) -> HttpResponse:
    """Say what happens when a switch is turned, and turn it when the button is
    pressed."""
    if name not in SwitchName.values:
        raise Http404
    switch = SwitchName(name)
    on = now_on(request).of(switch)
    by = user_of(request).pk
    if request.method == "POST" and "off" in request.POST:
        turn_off(switch, by=by)
        return turned(request, gettext("%(switch)s: off.") % {"switch": switch.label})
    form = TextsForm(switch, on, request.POST if request.method == "POST" else None)
    form.sent = arrived(request)
    if on and on.by:
        form.sent.who = str(User.objects.filter(pk=on.by).first() or "")
    if form.is_valid():
        turn_on(switch, form.cleaned_data, now=timezone.now(), by=by)
        saves.say_kept(request, form.sent)
        return turned(request, gettext("%(switch)s: on.") % {"switch": switch.label})
    context = {
        **admin.site.each_context(request),
        "title": switch.label,
        "on": on,
        "form": form,
        "seen": told(form),
        "what": ON[switch],
        "what_off": OFF[switch],
        "is_banner": switch == SwitchName.BANNER,
    }
    return TemplateResponse(request, "admin/operation_switch.html", context)


def turned(request: HttpRequest, done: str) -> HttpResponse:
    in_force = ngettext(
        "In force everywhere within %(number)s second.",
        "In force everywhere within %(number)s seconds.",
        SECONDS,
    ) % {"number": Counted(SECONDS)}
    messages.success(request, f"{done} {in_force}")
    return redirect("operation")


# == How the site runs ==


def operator_facts(now: datetime) -> list[Fact]:
    """Return what an operator looks for first; what cannot be known is said so."""
    beats = dict(Heartbeat.objects.values_list("name", "beat_at"))
    free, files = watchdog.room_for_pictures()
    return [
        worker_beat(beats, now),
        oldest_mail(now),
        last_time(_("Last backup"), beats.get(backups.NAME), now, backups.LATE_AFTER),
        last_time(_("Counts last proved"), beats.get(PROVED), now),
        Fact(
            _("Room for pictures"),
            filesizeformat(free),
            free < watchdog.MEDIA_LEAST or files < watchdog.MEDIA_FEWEST,
        ),
        database(),
        Fact(
            _("Version"),
            f"{settings.VERSION} (Django {django.__version__}, "
            f"Python {platform.python_version()})",
        ),
    ]


def worker_beat(beats: dict[str, datetime], now: datetime) -> Fact:
    """Return how long ago the quietest loop of the worker gave a sign of life."""
    label = _("Worker")
    ages = {
        loop.name: (now - beats[loop.name]).total_seconds()
        for loop in WORKER_LOOPS
        if loop.name in beats
    }
    silent = [
        loop.name
        for loop in WORKER_LOOPS
        if abs(ages.get(loop.name, STOPPED_AFTER + 1)) > STOPPED_AFTER
    ]
    if silent:
        said = gettext("No sign of life of: %(loops)s")
        return Fact(label, said % {"loops": ", ".join(silent)}, is_wrong=True)
    oldest = round(max(ages.values()))
    said = ngettext(
        "All loops work; the oldest sign of life is %(number)s second old.",
        "All loops work; the oldest sign of life is %(number)s seconds old.",
        oldest,
    )
    return Fact(label, said % {"number": Counted(oldest)})


def oldest_mail(now: datetime) -> Fact:
    """Return since when the mail to supporters that is due first has been due."""
    due = OutgoingMail.objects.filter(state=MailState.DUE, due_at__lte=now)
    label = _("Oldest mail that waits")
    first = due.order_by("due_at").values_list("due_at", flat=True).first()
    return (
        last_time(label, first, now) if first else Fact(label, gettext("None waits."))
    )


def last_time(
    label: StrOrPromise, then: datetime | None, now: datetime, late: Any = None
) -> Fact:
    """Return when something happened last."""
    if then is None:
        return Fact(label, gettext("Not known: none is on record."))
    said = gettext("%(time)s, %(age)s ago") % {
        "time": date_format(timezone.localtime(then), "DATETIME_FORMAT"),
        "age": timesince(then, now),
    }
    return Fact(label, said, late is not None and now - then > late)


def database() -> Fact:
    """Return the size of the database. The room on its disk is nothing that
    PostgreSQL tells us."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        row = cursor.fetchone()
    assert row is not None
    said = gettext("%(size)s; how much room its disk has is not known here.")
    return Fact(_("Database"), said % {"size": filesizeformat(row[0])})
