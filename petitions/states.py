"""The words that petitions, targets and signatures are described with."""

from __future__ import annotations

import enum

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a petition stands."""

    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    PAUSED = "paused", _("Paused")
    CLOSED = "closed", _("Closed")
    WON = "won", _("Won")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# The wording of the question about updates; it changes when the wording does.
CONSENT_VERSION = 1

# What "Started N petitions" counts, and whose supporters add up to the total.
PUBLIC_STATES = (State.OPEN, State.PAUSED, State.CLOSED, State.WON)
RUNNING_STATES = (State.OPEN, State.PAUSED)
ENDED_STATES = (State.CLOSED, State.WON, State.WITHDRAWN)


class TextFormat(models.TextChoices):
    """How the text of a petition is written."""

    MARKDOWN = "markdown", _("Markdown")
    PLAIN = "plain", _("Plain text, printed to the letter")


class Delivery(models.TextChoices):
    """What the person petitioned receives, from least to most."""

    NUMBER = "number", _("The number of supporters")
    NAMES = "names", _("Names and places")
    COMMENTS = "comments", _("Names, places and comments")

    @property
    def rank(self) -> int:
        return Delivery.values.index(self)


class TargetKind(models.TextChoices):
    """What kind of addressee a target is."""

    PERSON = "person", _("A person")
    BODY = "body", _("A body: a ministry, a company, a parliament")
    LABEL = "label", _("A label, printed as typed")
    UNSETTLED = "unsettled", _("Not settled yet")


class SignatureState(models.TextChoices):
    """Where a signature stands; only confirmed ones are counted."""

    PENDING = "pending", _("Waiting for its confirmation")
    CONFIRMED = "confirmed", _("Confirmed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    INVALID = "invalid", _("Invalidated")


class InvalidationState(models.TextChoices):
    """How far staff's taking of signatures from the count has come."""

    RUNNING = "running", _("At work")
    DONE = "done", _("Done")
    REVERSING = "reversing", _("Being reversed")
    REVERSED = "reversed", _("Reversed")


class NameMatch(models.TextChoices):
    """How the names that are meant relate to what was typed."""

    CONTAINS = "contains", _("contains")
    EQUALS = "equals", _("is exactly")


class Withdrawal(models.TextChoices):
    """Why a signature was withdrawn, when not by its owner."""

    BOUNCED = "bounced", _("Every mail to its address came back")


class Source(models.TextChoices):
    """Where supporters were counted."""

    CONFIRMED = "confirmed", _("Confirmed here")
    PAPER = "paper", _("On paper")
    IMPORTED = "imported", _("Counted elsewhere before")


class LimitScope(models.TextChoices):
    """What a limit limits; the label says what happens beyond it."""

    ADDRESS = "address", _("One address and petition; beyond it: set aside")
    NETWORK = "network", _("One network and petition; beyond it: flagged, mail later")
    DOMAIN = "domain", _("One mail domain and petition; beyond it: flagged, mail later")
    CEILING = "ceiling", _("One network in all; beyond it: “try again later”")


class Listing(models.TextChoices):
    """How a list treats a network or a mail domain."""

    ALLOW = "allow", _("Allowed: no limit applies")
    BLOCK = "block", _("Blocked: set aside")


class QuarantineReason(models.TextChoices):
    """Why a signature waits for staff instead of being sent its link."""

    HONEYPOT = "honeypot", _("Filled in what people do not see")
    NETWORK = "network", _("Blocked network")
    DOMAIN = "domain", _("Blocked mail domain")
    SIGNS = "signs", _("Several weak signs of abuse")
    LIMIT = "limit", _("Too many forms with this address")
    BURST = "burst", _("Many at once with a mail domain that is new here")


class WeakSign(enum.IntFlag):
    """What alone proves nothing: old phones, schools and newlyweds have one of these.
    Two of them set a signature aside."""

    NO_ORIGIN = 1
    """The browser did not say which page sent the form."""
    BUSY_NETWORK = 2
    BUSY_DOMAIN = 4
    CONTACT_IN_NAME = 8
    """Or in the place: neither is shown before staff have looked."""


class ReportReason(models.TextChoices):
    """What a message from a visitor is about: a petition, or the site."""

    UNTRUE = "untrue", _("Something in it is not true")
    HARM = "harm", _("It insults, threatens or stirs up hatred")
    PRIVATE = "private", _("It shows somebody's private details")
    RIGHTS = "rights", _("It uses a text or picture that belongs to somebody else")
    COUNT = "count", _("Its signatures or its number are not right")
    ACCESS = "access", _("I cannot read or use a page")
    DATA = "data", _("What is stored about me")
    ORGANIZATION = "organization", _("An organisation on this site")
    OTHER = "other", _("Something else")


OF_PETITIONS = (
    ReportReason.UNTRUE,
    ReportReason.HARM,
    ReportReason.PRIVATE,
    ReportReason.RIGHTS,
    ReportReason.COUNT,
    ReportReason.ACCESS,
    ReportReason.OTHER,
)
OF_SITE = (
    ReportReason.ACCESS,
    ReportReason.DATA,
    ReportReason.ORGANIZATION,
    ReportReason.OTHER,
)
