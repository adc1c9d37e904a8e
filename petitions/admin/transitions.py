"""What staff can do with a petition, besides writing it; each with its rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from petitions.admin.translations import missing_sentence
from petitions.models import Petition
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
