"""The states, kinds and reasons of petitions, targets and signatures."""

from __future__ import annotations

import enum

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """The state of a petition."""

    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    PAUSED = "paused", _("Paused")
    CLOSED = "closed", _("Closed")
    WON = "won", _("Won")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# The version of the question about updates; raised when its wording changes.
CONSENT_VERSION = 1

# The states that "Started N petitions" counts, and whose supporters add up to the
# total.
PUBLIC_STATES = (State.OPEN, State.PAUSED, State.CLOSED, State.WON)
RUNNING_STATES = (State.OPEN, State.PAUSED)
ENDED_STATES = (State.CLOSED, State.WON, State.WITHDRAWN)


class TextFormat(models.TextChoices):
    """The markup that the text of a petition is written in."""

    MARKDOWN = "markdown", _("Markdown")
    PLAIN = "plain", _("Plain text, printed to the letter")


class Delivery(models.TextChoices):
    """The details delivered to the person petitioned, from least to most."""

    NUMBER = "number", _("The number of supporters")
    NAMES = "names", _("Names and places")
    COMMENTS = "comments", _("Names, places and comments")

    @property
    def rank(self) -> int:
        return Delivery.values.index(self)


class TargetKind(models.TextChoices):
    """The kind of addressee that a target is."""

    PERSON = "person", _("A person")
    BODY = "body", _("A body: a ministry, a company, a parliament")
    LABEL = "label", _("A label, printed as typed")
    UNSETTLED = "unsettled", _("Not settled yet")


class SignatureState(models.TextChoices):
    """The state of a signature; only confirmed ones are counted."""

    PENDING = "pending", _("Waiting for its confirmation")
    CONFIRMED = "confirmed", _("Confirmed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    INVALID = "invalid", _("Invalidated")


class InvalidationState(models.TextChoices):
    """The progress of an invalidation, by which staff take signatures from the
    count."""

    RUNNING = "running", _("At work")
    DONE = "done", _("Done")
    REVERSING = "reversing", _("Being reversed")
    REVERSED = "reversed", _("Reversed")


class PackState(models.TextChoices):
    """The progress of a delivery pack."""

    PREPARING = "preparing", _("Being prepared")
    RUNNING = "running", _("At work")
    DONE = "done", _("Made")
    CALLED_OFF = "called_off", _("Called off")


class MailingScope(models.TextChoices):
    """Whose supporters a mailing is for."""

    PETITION = "petition", _("Those who said yes below this petition")
    ORGANIZATION = "all", _("Those who said yes below any petition of the organisation")


class MailingState(models.TextChoices):
    """The progress of a mailing. It can be called off until it begins, and stopped from
    then on."""

    PREPARING = "preparing", _("Being prepared")
    WAITING = "waiting", _("Waits for a second person")
    ORDERED = "ordered", _("Ordered")
    SENDING = "sending", _("Being sent")
    PAUSED = "paused", _("Interrupted")
    DONE = "done", _("Sent")
    STOPPED = "stopped", _("Stopped")
    CALLED_OFF = "called_off", _("Called off")


class ExportKind(models.TextChoices):
    """The kinds of export."""

    SUPPORTERS = "supporters", _("Who may be written to")
    SIGNATURES = "signatures", _("Signatures of a petition")
    FIGURES = "figures", _("Figures of a petition")


class ExportState(models.TextChoices):
    """How an export ended, as far as is known."""

    BEGUN = "begun", _("Begun")
    DONE = "done", _("Finished")
    BROKEN_OFF = "broken_off", _("Broken off")


class ImportState(models.TextChoices):
    """The progress of an import of signatures from a file."""

    READ = "read", _("Columns to be chosen")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    RUNNING = "running", _("Being imported")
    DONE = "done", _("Imported")
    REVERSING = "reversing", _("Being taken back")
    REVERSED = "reversed", _("Taken back")
    CALLED_OFF = "called_off", _("Called off")
    FAILED = "failed", _("Could not be read")


class EnteredState(models.TextChoices):
    """The state of supporters that staff have counted and entered."""

    WAITING = "waiting", _("Waits for a second person")
    COUNTED = "counted", _("Counted")
    REFUSED = "refused", _("Not counted")


class AskingState(models.TextChoices):
    """The progress of asking people of an import by mail to confirm."""

    WAITING = "waiting", _("Waits for a second person")
    ORDERED = "ordered", _("Ordered")
    PAUSED = "paused", _("Paused")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    CALLED_OFF = "called_off", _("Called off")


class PackContents(models.TextChoices):
    """The contents of a delivery pack."""

    NAMES = "names", _("The numbers, and the list of those who agreed to it")
    NUMBERS = "numbers", _("The numbers only")


class ListParts(models.TextChoices):
    """What parts the printed list of a delivery pack has."""

    NUMBER = "number", _("2,500 names each, in the order of signing")
    REGION = "region", _("One for each province, state or country")


class NameMatch(models.TextChoices):
    """The way names are compared with the text that staff typed."""

    CONTAINS = "contains", _("contains")
    EQUALS = "equals", _("is exactly")


class Withdrawal(models.TextChoices):
    """The reason why a signature was withdrawn, when not by its owner."""

    BOUNCED = "bounced", _("Every mail to its address came back")


class Source(models.TextChoices):
    """The place where supporters were counted."""

    CONFIRMED = "confirmed", _("Confirmed here")
    PAPER = "paper", _("On paper")
    IMPORTED = "imported", _("Counted elsewhere before")


class LimitScope(models.TextChoices):
    """The kind of source that a limit counts; the label says what happens beyond it."""

    ADDRESS = "address", _("One address and petition; beyond it: set aside")
    NETWORK = "network", _("One network and petition; beyond it: flagged, mail later")
    DOMAIN = "domain", _("One mail domain and petition; beyond it: flagged, mail later")
    CEILING = "ceiling", _("One network in all; beyond it: “try again later”")


class Listing(models.TextChoices):
    """The entry of a network or a mail domain in a list: allowed or blocked."""

    ALLOW = "allow", _("Allowed: no limit applies")
    BLOCK = "block", _("Blocked: set aside")


class QuarantineReason(models.TextChoices):
    """The reason why a signature is in quarantine: it waits for staff, its mail is
    held."""

    HONEYPOT = "honeypot", _("Filled in what people do not see")
    NETWORK = "network", _("Blocked network")
    DOMAIN = "domain", _("Blocked mail domain")
    SIGNS = "signs", _("Several weak signs of abuse")
    LIMIT = "limit", _("Too many forms with this address")
    BURST = "burst", _("Many at once with a mail domain that is new here")


class WeakSign(enum.IntFlag):
    """A sign of abuse that alone proves nothing: old phones, schools and newlyweds have
    one. Two of them put a signature in quarantine."""

    NO_ORIGIN = 1
    """The browser did not say which page sent the form."""
    BUSY_NETWORK = 2
    BUSY_DOMAIN = 4
    CONTACT_IN_NAME = 8
    """A contact in the name or the place: neither is shown before staff have looked."""


class ReportReason(models.TextChoices):
    """The subject of a message from a visitor: a petition, or the site."""

    UNTRUE = "untrue", _("Something in it is not true")
    HARM = "harm", _("It insults, threatens or stirs up hatred")
    PRIVATE = "private", _("It shows somebody’s private details")
    RIGHTS = "rights", _("It uses a text or picture that belongs to somebody else")
    COUNT = "count", _("Its signatures or its number are not right")
    ACCESS = "access", _("I cannot read or use a page")
    DATA = "data", _("What is stored about me")
    ORGANIZATION = "organization", _("An organisation on this site")
    OTHER = "other", _("Something else")


class RequestKind(models.TextChoices):
    """The kinds of request that a supporter makes about their data."""

    ACCESS = "access", _("A copy of what is stored")
    CORRECT = "correct", _("Correct it")
    WITHDRAW = "withdraw", _("Withdraw a signature")
    NEVER = "never", _("Never write again")
    ERASE = "erase", _("Erase everything")


class CameBy(models.TextChoices):
    """The way in which a request reached the organisation."""

    PHONE = "phone", _("Phone")
    LETTER = "letter", _("Letter")
    EMAIL = "email", _("E-mail")
    PERSON = "person", _("In person")


class IdentityCheck(models.TextChoices):
    """The way in which staff made sure that a request is the person's own."""

    MAILBOX = "mailbox", _("They wrote from the mailbox itself")
    DETAILS = "details", _("They knew what only they can know: what they signed, when")
    CALLED = "called", _("We called or wrote back to a contact that we had before")
    DOCUMENT = "document", _("They showed a document")
    KNOWN = "known", _("They are known to us in person")


class RequestOutcome(models.TextChoices):
    """The ends of a request."""

    DONE = "done", _("Done")
    NOTHING = "nothing", _("Nothing is stored about them")
    REFUSED = "refused", _("Refused: it was not clear that it is they")


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
