"""The way back from an act of staff: until when it can be taken back, by whom and with
what; or why it cannot. Each act declares one, here or as a `Transition`; every page
that speaks of the act prints its sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.i18n.moments import hour_words
from petitions.models.mailings import CALL_OFF_WITHIN
from petitions.models.petition_lifecycle import WAIT


@dataclass(frozen=True)
class WayBack:
    """How an act is taken back: with `button`, at any time, or up to a moment or an
    event; or not at all."""

    button: Any = ""
    """The label of what takes it back."""
    until: datetime | None = None
    until_event: Any = ""
    """What ends the time in which it can be taken back, as “until somebody signs”."""
    for_owners: bool = False
    """Whether only owners of the organisation can take it back."""
    never: Any = ""
    """Why it cannot be taken back."""
    over: Any = ""
    """Why it can no longer be taken back."""

    def sentence(self, now: datetime, *, owner: bool = False) -> str:
        """Say it at `now` to an owner of the organisation, or to somebody else."""
        shown = {
            "button": self.button,
            "event": self.until_event,
            "moment": hour_words(self.until) if self.until else "",
            "why": self.never or self.over,
        }
        return self.pattern(now, owner=owner) % shown

    def pattern(self, now: datetime, *, owner: bool) -> str:
        if self.never:
            return gettext("This cannot be taken back: %(why)s")
        if self.over:
            return gettext("This can no longer be taken back: %(why)s")
        for_others = self.for_owners and not owner
        if self.until is not None and self.until <= now:
            return gettext("This could be taken back until %(moment)s.")
        if self.until is not None and for_others:
            return gettext(
                "An owner of the organisation can take this back until %(moment)s: "
                "“%(button)s”."
            )
        if self.until is not None:
            return gettext("You can take this back until %(moment)s: “%(button)s”.")
        if self.until_event:
            return gettext("You can take this back %(event)s: “%(button)s”.")
        if for_others:
            return gettext(
                "An owner of the organisation can take this back at any time: "
                "“%(button)s”."
            )
        return gettext("You can take this back at any time: “%(button)s”.")


def always(button: Any, **values: Any) -> Callable[[datetime], WayBack]:
    return lambda since: WayBack(button, **values)


def for_seven_days(button: Any, **values: Any) -> Callable[[datetime], WayBack]:
    return lambda since: WayBack(button, until=since + WAIT, **values)


def never(why: Any) -> Callable[[datetime], WayBack]:
    return lambda since: WayBack(never=why)


# What each act says that was done at the moment it is called with.
OF = {
    "approve_comments": always(_("Do not show comments")),
    "hide_comments": always(_("Show comments on the page")),
    "withhold_names": always(_("Let names stand on the page again")),
    "release_names": always(_("Take names from the page")),
    "release": never(_("a mail that is sent cannot be called back.")),
    "remove": for_seven_days(_("Call it off")),
    "invalidate": always(_("Reverse…")),
    "reverse": always(_("Invalidate signatures…")),
    "import": always(_("Take it back…")),
    "import_back": always(_("Import signatures…")),
    "answer": always(_("Withdraw…"), for_owners=True),
    "handover": always(_("Delete"), for_owners=True),
    "correct": never(
        _("readers have seen it. Another correction can follow; both stay, dated.")
    ),
    "count": never(
        _(
            "public numbers of past days stay. Enter the difference as an entry of its "
            "own, with a minus where it was too many."
        )
    ),
    "withdraw_answer": never(_("its words are erased everywhere.")),
    "unsubscribe": never(_("only their own new yes lets you write to them again.")),
    "mail": lambda since: WayBack(_("Call it off"), until=since + CALL_OFF_WITHIN),
    "keep_less": for_seven_days(_("Keep its names as long as before"), for_owners=True),
}


def sentence(act: str, since: datetime, now: datetime, *, owner: bool = False) -> str:
    """Say the way back from an act that was done at `since`."""
    return OF[act](since).sentence(now, owner=owner)
