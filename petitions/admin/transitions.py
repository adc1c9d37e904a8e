"""The transitions that staff can make with a petition, each with its rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.i18n.moments import hour_words
from core.retention import months_after
from organizations.models import User
from organizations.rights import Right, may
from petitions import ways_back
from petitions.admin.translations import missing_sentence
from petitions.models import Petition, RetentionLimit
from petitions.models.petition_lifecycle import ENDED_FROM, WAIT
from petitions.states import ENDED_STATES, PUBLIC_STATES, RUNNING_STATES, State
from petitions.ways_back import WayBack

ENDING = ("close", "win", "withdraw")


@dataclass(frozen=True)
class Transition:
    """A verb of `Petition` as staff meet it: its words, and when it can be done."""

    verb: str
    label: Any
    button: Any
    """The label of the button above the form, which saves the form first."""
    explanation: Any
    done: Any
    """The message afterwards, with %(title)s."""
    states: tuple[State, ...]
    """The states that it leads on from."""
    carry_out: Callable[[Petition, datetime], None]
    way_back: Callable[[Petition, datetime, datetime], WayBack]
    """The way back at a moment (the last argument) from its having been done at
    another."""
    outcome: str = ""
    """Whether a sentence for readers is asked for: "", "optional" or "required"."""
    applies: Callable[[Petition, datetime], bool] = lambda petition, now: True
    """Whether it can be done to a petition in one of those states."""
    right: Right = Right.PUBLISH
    """The right that it takes."""
    calls_off: bool = False
    """Whether it calls off an erasure of names."""

    def is_offered(self, petition: Petition, now: datetime) -> bool:
        return petition.state in self.states and self.applies(petition, now)

    def problems(self, petition: Petition, now: datetime) -> list[str]:
        """Return why it cannot be done now, in sentences; none if it can."""
        if self.is_offered(petition, now):
            if self.verb == "publish":
                return petition.why_unpublishable(now)
            return []
        if self.verb == "unpublish" and petition.state in self.states:
            return [gettext("People have signed it: it cannot be a draft again.")]
        if petition.is_scheduled(now) and petition.state in self.states:
            return [
                gettext(
                    "It is not public yet. Make it a draft again, or change its "
                    "opening date."
                )
            ]
        if self.verb == "take_back" and petition.state in self.states:
            return [gettext("It ended more than seven days ago, for good.")]
        return [
            gettext("That cannot be done: it is “%(state)s”.")
            % {"state": petition.stage(now)}
        ]

    def warnings(self, petition: Petition) -> list[str]:
        """Return what to know before doing it all the same, in sentences."""
        sentence = missing_sentence(petition) if self.verb == "publish" else ""
        return [sentence] if sentence else []

    def consequences(self, petition: Petition, now: datetime) -> list[str]:
        """Return what follows from it later on, in sentences."""
        if self.verb == "publish":
            return [opening_sentence(petition, now)]
        if self.verb not in ENDING:
            return []
        return [erasure_sentence(petition, now)]


def opening_sentence(petition: Petition, now: datetime) -> str:
    if petition.opens_at and petition.opens_at > now:
        return gettext("It opens on %(day)s.") % {"day": hour_words(petition.opens_at)}
    return gettext("It opens at once.")


def erasure_sentence(petition: Petition, now: datetime) -> str:
    """Return how many people's names are erased and when, if the petition ends now or
    has ended already."""
    kept = min(petition.months_kept, RetentionLimit.current(now).months)
    day = max(months_after(petition.ended_at or now, kept), now + WAIT)
    return names_sentence(petition.signatures.known().count(), day)


def names_sentence(names: int, day: datetime) -> str:
    """Return the sentence that so many names and addresses are erased on `day`."""
    if not names:
        return gettext("There are no names and addresses to erase.")
    shown = {"number": intcomma(names), "day": date_format(timezone.localtime(day))}
    return (
        ngettext(
            "The name and address of %(number)s person will be erased on %(day)s.",
            "The names and addresses of %(number)s people will be erased on %(day)s.",
            names,
        )
        % shown
    )


# == The ways back ==


def as_draft(petition: Petition, since: datetime, now: datetime) -> WayBack:
    """Return the way back from its publication."""
    to_come = petition.opens_at is not None and petition.opens_at > now
    if petition.has_signatures and not to_come:
        return WayBack(over=_("people have signed it."))
    return WayBack(_("Make it a draft again"), until_event=_("until somebody signs it"))


def from_end(petition: Petition, since: datetime, now: datetime) -> WayBack:
    """Return the way back from its end."""
    if petition.anonymised_at or petition.anonymised_to:
        return WayBack(over=_("names have been erased."))
    return WayBack(_("Take it back"), until=since + WAIT, for_owners=True)


def with_button(label: Any) -> Callable[[Petition, datetime, datetime], WayBack]:
    """Return the way back of what can be taken back at any time."""
    return lambda petition, since, now: WayBack(label)


def to_same_end(petition: Petition, since: datetime, now: datetime) -> WayBack:
    """Return the way back from taking an end back: it can be ended again."""
    by_state = {"closed": "close", "won": "win", "withdrawn": "withdraw"}
    return WayBack(TRANSITIONS[by_state[petition.state]].label)


# Which act its state is the outcome of.
LED_TO = {
    State.OPEN: "publish",
    State.PAUSED: "pause",
    State.CLOSED: "close",
    State.WON: "win",
    State.WITHDRAWN: "withdraw",
}


def standing_sentences(petition: Petition, now: datetime, *, owner: bool) -> list[str]:
    """Return where it stands since when, and until when that can be taken back, in
    sentences; none for a draft, and for what had ended when it was imported."""
    verb, since = LED_TO.get(State(petition.state)), petition.state_since
    if verb is None or since is None or (verb in ENDING and not petition.state_before):
        return []
    if petition.is_scheduled(now) and petition.opens_at:
        where = gettext("Scheduled: it goes public on %(moment)s.") % {
            "moment": hour_words(petition.opens_at)
        }
    else:
        where = gettext("%(state)s since %(moment)s.") % {
            "state": petition.stage(now),
            "moment": hour_words(since),
        }
    way_back = TRANSITIONS[verb].way_back(petition, since, now)
    said = [where, way_back.sentence(now, owner=owner)]
    if petition.can_keep_longer(now) and petition.months_lowered_at:
        said.append(gettext("Its names are erased sooner than before."))
        lowered = petition.months_lowered_at
        said.append(ways_back.sentence("keep_less", lowered, now, owner=owner))
    return said


def is_not_scheduled(petition: Petition, now: datetime) -> bool:
    return not petition.is_scheduled(now)


TRANSITIONS = {
    transition.verb: transition
    for transition in (
        Transition(
            "publish",
            _("Publish"),
            _("Save and publish"),
            _(
                "Everybody will be able to read and sign it at once, or from its "
                "opening date. Title, ask, text and whom it petitions will be frozen "
                "at the first signature."
            ),
            _("“%(title)s” is public."),
            (State.DRAFT,),
            lambda petition, now: petition.publish(now=now),
            as_draft,
        ),
        Transition(
            "open_now",
            _("Open it now"),
            _("Save and open now"),
            _(
                "Everybody will be able to read and sign it at once, before its "
                "opening date."
            ),
            _("“%(title)s” is public."),
            RUNNING_STATES,
            lambda petition, now: petition.open_now(now=now),
            as_draft,
            applies=Petition.is_scheduled,
        ),
        Transition(
            "unpublish",
            _("Make it a draft again"),
            _("Save and make it a draft again"),
            _(
                "Only you will be able to read it. Nobody has signed it: it can be "
                "written anew, published later, or deleted."
            ),
            _("“%(title)s” is a draft again."),
            RUNNING_STATES,
            lambda petition, now: petition.unpublish(now=now),
            with_button(_("Publish")),
            applies=lambda petition, now: (
                petition.is_scheduled(now) or not petition.has_signatures
            ),
        ),
        Transition(
            "pause",
            _("Pause"),
            _("Save and pause"),
            _("It will stay public, but take no signatures until you resume it."),
            _("“%(title)s” takes no signatures for now."),
            (State.OPEN,),
            lambda petition, now: petition.pause(),
            with_button(_("Resume")),
            applies=is_not_scheduled,
        ),
        Transition(
            "resume",
            _("Resume"),
            _("Save and resume"),
            _("It will take signatures again."),
            _("“%(title)s” takes signatures again."),
            (State.PAUSED,),
            lambda petition, now: petition.resume(),
            with_button(_("Pause")),
        ),
        Transition(
            "close",
            _("Close"),
            _("Save and close"),
            _(
                "It will stay public with its count, but take no more signatures. "
                "Those on their way can be confirmed for another day."
            ),
            _("“%(title)s” is closed."),
            RUNNING_STATES,
            lambda petition, now: petition.close(now=now),
            from_end,
            outcome="optional",
            applies=is_not_scheduled,
        ),
        Transition(
            "win",
            _("Declare it won"),
            _("Save and declare it won"),
            _(
                "It will stay public as won, with one sentence of yours about the "
                "outcome."
            ),
            _("“%(title)s” is won."),
            ENDED_FROM[State.WON],
            lambda petition, now: petition.win(now=now),
            from_end,
            outcome="required",
            applies=is_not_scheduled,
        ),
        Transition(
            "withdraw",
            _("Withdraw"),
            _("Save and withdraw"),
            _(
                "It will leave the public pages, and its supporters will leave your "
                "total. A dated line with your reason will stay on the profile. Its "
                "pictures will be erased after seven days."
            ),
            _("“%(title)s” is withdrawn."),
            PUBLIC_STATES,
            lambda petition, now: petition.withdraw(now=now),
            from_end,
            outcome="required",
            applies=is_not_scheduled,
        ),
        Transition(
            "take_back",
            _("Take it back"),
            _("Save and take it back"),
            _(
                "It will go back to the state it was in before, as if it had not been "
                "closed, won or withdrawn. No names will be erased. A closing date "
                "that has passed will be removed."
            ),
            _("“%(title)s” is back in the state it was in before."),
            ENDED_STATES,
            lambda petition, now: petition.take_back(now=now),
            to_same_end,
            applies=Petition.can_be_taken_back,
            right=Right.TAKE_BACK,
            calls_off=True,
        ),
        Transition(
            "keep_longer",
            _("Keep its names as long as before"),
            _("Save and keep its names as long as before"),
            _(
                "The number of months that its names are kept will be what it was "
                "before."
            ),
            _("The names of “%(title)s” are kept as long as before."),
            ENDED_STATES,
            lambda petition, now: petition.keep_longer(now=now),
            with_button(_("Erase its names sooner")),
            applies=Petition.can_keep_longer,
            right=Right.TAKE_BACK,
            calls_off=True,
        ),
    )
}


def available(petition: Petition, now: datetime, user: User) -> list[Transition]:
    """Return the transitions that the petition's state and the user's rights allow."""
    return [
        transition
        for transition in TRANSITIONS.values()
        if transition.is_offered(petition, now)
        and may(user, transition.right, petition.organization_id)
    ]
