"""The retention rules: what this site keeps about supporters, why, and until when. The
privacy page prints these very rules, in this order."""

from __future__ import annotations

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from core.retention import (
    RetentionRule,
    Rows,
)
from petitions.delivery import expiring
from petitions.importing import jobs, unsubscribing
from petitions.mail.bounces import HELD_FOR
from petitions.mail.mailings import RECIPIENTS_KEPT
from petitions.models.imports import ASKING_KEPT, FILE_KEPT
from petitions.models.offices import OFFICE_ANSWERS_KEPT
from petitions.models.packs import FILES_KEPT
from petitions.models.petition_lifecycle import WAIT
from petitions.privacy import (
    expiry,
    removals,
    webhooks,
    withdrawn_pictures,
)
from petitions.signature_fields import PERSONAL
from petitions.signatures import invalidating
from petitions.signatures.links import UNCONFIRMED_KEPT
from petitions.signatures.tokens import LIFETIME

RULES = [
    RetentionRule(
        name="unconfirmed signatures",
        columns={"petitions.signature": PERSONAL},
        what=_("A signature that is not confirmed: everything that was entered"),
        purpose=_("So that the owner of the mailbox can confirm it."),
        kept=format_lazy(
            _(
                "{days} days. If you ask for a new link within that time, it is kept "
                "until that link expires, {more} days later. Then it is deleted."
            ),
            days=UNCONFIRMED_KEPT.days,
            more=LIFETIME.days,
        ),
        expiry=Rows(expiry.unconfirmed, expiry.delete_with_mails),
    ),
    RetentionRule(
        name="signatures set aside",
        columns={"petitions.removal": ("made_by",)},
        what=_(
            "A signature that was held back because of a sign of abuse, and that the "
            "organisation decided to erase; who decided so"
        ),
        purpose=_("So that a mistake can be undone."),
        kept=format_lazy(_("{days} days after that decision."), days=WAIT.days),
        expiry=removals.Removals(),
    ),
    RetentionRule(
        name="names and addresses of ended petitions",
        columns={
            "petitions.signature": PERSONAL,
            "petitions.mergedsignature": ("into",),
            "petitions.countreceipt": ("signature", "nonce"),
            # On its way to the receipt: a second, while the worker runs.
            "petitions.countchange": ("signature",),
        },
        what=_(
            "A confirmed or withdrawn signature: name, e-mail address, place, postal "
            "code, comment"
        ),
        purpose=_(
            "So that everybody counts once, and you can see, correct and withdraw it."
        ),
        kept=format_lazy(
            _(
                "Until the petition has ended and the number of months stated on its "
                "form has passed, {months} at most. After that, your signature stays "
                "in the count only as a number, with its day, country and language."
            ),
            months=settings.RETENTION_MONTHS,
        ),
        expiry=expiry.Anonymisation(),
    ),
    RetentionRule(
        name="links that led here",
        columns={
            "petitions.signature": ("via",),
            # On its way into the figures: a second, while the worker runs.
            "petitions.countchange": ("via",),
        },
        what=_(
            "Which link brought you here (“whatsapp”, “poster”), if its address says "
            "so"
        ),
        purpose=_("So that an organisation sees where its petitions are shared."),
        kept=_(
            "Until you confirm your signature. After that, only the number of "
            "signatures by day and link is kept, not whose they are."
        ),
    ),
    RetentionRule(
        name="networks",
        columns={"petitions.signature": ("network",)},
        what=_(
            "The network that you signed from: a range of addresses that many people "
            "share (192.0.2.0/24), not your own address"
        ),
        purpose=_("To find and stop those who sign for others by the thousand."),
        kept=format_lazy(_("{days} days."), days=expiry.NETWORKS_KEPT.days),
        expiry=Rows(expiry.past_networks, expiry.drop_networks),
    ),
    RetentionRule(
        name="tallies of networks",
        columns={"petitions.sourcetally": ("source",)},
        what=_(
            "How many people signed within an hour from one network, or with "
            "addresses at one mail domain, if there were at least five"
        ),
        purpose=_("So that staff notice unusual numbers."),
        kept=format_lazy(_("{days} days."), days=expiry.NETWORKS_KEPT.days),
        expiry=Rows(expiry.tallies_of_networks),
    ),
    RetentionRule(
        name="limits",
        columns={
            "petitions.ratelimitbucket": ("key",),
            "petitions.linkrequest": ("email_keys",),
        },
        what=_(
            "That an address, network or mail domain was just used, or asked for links"
        ),
        purpose=_(
            "To limit how often this can happen. Stored as a keyed hash, not as an "
            "address."
        ),
        kept=_("Until the limit no longer needs it: usually an hour, at most a week."),
    ),
    RetentionRule(
        name="answers about updates",
        columns={"petitions.consent": ("email", "email_key", "source")},
        what=_(
            "Whether you agreed that an organisation may write to you, with your "
            "address, what you were asked and under which petition"
        ),
        purpose=_("So that it writes only to those who said yes, and can prove it."),
        kept=format_lazy(
            _(
                "A yes for as long as it is valid; a no, or an answer that you have "
                "changed, for {months} months."
            ),
            months=expiry.ANSWERS_KEPT,
        ),
        expiry=Rows(expiry.former_answers),
    ),
    RetentionRule(
        name="waiting to be told to newsletter tools",
        columns={"petitions.webhookevent": ("email",)},
        what=_(
            "That an organisation’s newsletter tool has yet to be told that you said "
            "yes, or that it may no longer write to you: your address"
        ),
        purpose=_(
            "So that it stops writing once you have said no or had your data erased. "
            "If you said yes, it is told your name, your language and which petition "
            "you signed."
        ),
        kept=format_lazy(
            _("Until the tool has received it: usually seconds, at most {days} days."),
            days=webhooks.EVENTS_KEPT.days,
        ),
        expiry=Rows(webhooks.past_events, webhooks.drop_events),
    ),
    RetentionRule(
        name="log of newsletter tools",
        columns={"petitions.webhookdelivery": ("message", "problem")},
        what=_(
            "When an organisation’s newsletter tool was told something, and whether "
            "it answered; not about whom"
        ),
        purpose=_("So that staff see what fails."),
        kept=format_lazy(_("{days} days."), days=webhooks.LOG_KEPT.days),
        expiry=Rows(webhooks.past_deliveries),
    ),
    RetentionRule(
        name="records of mail",
        columns={"petitions.outgoingmail": ("signature", "email_key", "reply")},
        what=_(
            "That an e-mail was sent to you, and what your mail server answered if it "
            "refused it"
        ),
        purpose=_("So that nobody can flood a mailbox, and staff see what fails."),
        kept=format_lazy(
            _(
                "{days} days; for an unconfirmed signature, as long as the signature "
                "itself."
            ),
            days=expiry.MAILS_KEPT.days,
        ),
        expiry=Rows(expiry.finished_mails),
    ),
    RetentionRule(
        name="records of mail to those who had everything erased",
        columns={"petitions.outgoingmail": ("email_key",)},
        what=_(
            "After you erased a signature: that e-mails had been sent to your mailbox"
        ),
        purpose=_(
            "So that nobody can flood it by entering your address again. Stored as a "
            "keyed hash, not as an address."
        ),
        kept=format_lazy(
            _("One day; for a reminder, {days} days."),
            days=expiry.MAILS_KEPT.days,
        ),
        expiry=Rows(expiry.mails_of_erased),
    ),
    RetentionRule(
        name="recipients of mailings",
        columns={"petitions.mailingrecipient": ("signature", "email_key", "reply")},
        what=_(
            "Which news an organisation sent you because you had said yes, whether it "
            "came back, and whether you then unsubscribed"
        ),
        purpose=_(
            "So that you get the same news only once, and not too much of it, and so "
            "that the organisation knows how many people it reached; also for the "
            "link in it that lets you sign another petition with one press. Nobody "
            "here knows whether you read it."
        ),
        kept=format_lazy(
            _(
                "{days} days, and longer while that news is still being sent; at most "
                "as long as your signature. Sending that makes no progress for {days} "
                "days is stopped."
            ),
            days=RECIPIENTS_KEPT.days,
        ),
        expiry=expiry.Recipients(expiry.former_recipients),
    ),
    RetentionRule(
        name="recipients of mailings who had a signature erased",
        columns={"petitions.mailingrecipient": ("email_key",)},
        what=_(
            "After you erased a signature: which news had been sent to your mailbox"
        ),
        purpose=_(
            "So that you do not get the same news again because of another signature. "
            "Stored as a keyed hash, not as an address."
        ),
        kept=format_lazy(
            _(
                "Until that news is no longer being sent. Sending that makes no "
                "progress for {days} days is stopped. If you have another signature "
                "here, {days} days."
            ),
            days=RECIPIENTS_KEPT.days,
        ),
        expiry=expiry.Recipients(expiry.recipients_of_erased),
    ),
    RetentionRule(
        name="mail domains",
        columns={
            "petitions.mailtally": ("domain",),
            # On its way there: a second, while the worker runs.
            "petitions.countchange": ("domain",),
        },
        what=_("How many people signed, by day and mail domain (“example.org”)"),
        purpose=_("So that staff see where e-mail does not arrive."),
        kept=format_lazy(
            _(
                "The name of a domain, {days} days; {rare} days if fewer than {few} "
                "people signed with it."
            ),
            days=expiry.DOMAINS_KEPT.days,
            rare=expiry.RARE_DOMAINS_KEPT.days,
            few=expiry.RARE,
        ),
        expiry=Rows(expiry.named_domains, expiry.drop_names),
    ),
    RetentionRule(
        name="mailboxes that do not exist",
        columns={"petitions.bounce": ("email_key", "address_keys", "reason")},
        what=_("That e-mail to your address came back"),
        purpose=_(
            "So that no more is sent there. Stored as a keyed hash, not as an address."
        ),
        kept=format_lazy(_("{days} days."), days=HELD_FOR.days),
        expiry=Rows(expiry.former_bounces),
    ),
    RetentionRule(
        name="never write again",
        columns={"petitions.suppression": ("email_key", "address_keys")},
        what=_("“Never write to this address again”"),
        purpose=_(
            "So that this holds no matter who enters your address. Stored as a keyed "
            "hash, not as an address."
        ),
        kept=_("Until you allow e-mail again."),
    ),
    RetentionRule(
        name="unsubscribed elsewhere",
        columns={"petitions.unsubscribedmailbox": ("email_key",)},
        what=_(
            "That you unsubscribed elsewhere from an organisation’s e-mail, or that "
            "its e-mail to you came back"
        ),
        purpose=_(
            "So that it does not write to you from here either. Stored as a keyed "
            "hash, not as an address."
        ),
        kept=_(
            "For good: it must still hold when the organisation imports another list."
        ),
    ),
    RetentionRule(
        name="lists of those who unsubscribed elsewhere",
        columns={
            "petitions.unsubscribelist": (
                "label", "file_name", "made_by", "taken_in_by",
            ),
        },
        what=_(
            "Who on an organisation’s staff imported such a list, when, and how many "
            "people were on it"
        ),
        purpose=_("So that it is known why somebody is not written to."),
        kept=format_lazy(
            _("For good; a list that was checked but not imported, {days} days."),
            days=FILE_KEPT.days,
        ),
        expiry=Rows(unsubscribing.past_lists),
    ),
    RetentionRule(
        name="messages from visitors",
        columns={"petitions.report": ("text", "email", "note", "handled_by")},
        what=_(
            "A message about a petition or this site: what you wrote, and your address "
            "if you gave one"
        ),
        purpose=_("So that somebody can look into it and answer you."),
        kept=format_lazy(
            _("{days} days after it is dealt with, at most {months} months."),
            days=expiry.HANDLED_KEPT.days,
            months=expiry.REPORTS_KEPT,
        ),
        expiry=Rows(expiry.reports, expiry.drop_words),
    ),
    RetentionRule(
        name="requests of supporters",
        columns={"petitions.supporterrequest": ("check_note", "done_by")},
        what=_(
            "That an organisation was asked for a copy, a correction or an erasure: "
            "what, when, how the identity of the person was checked, and who "
            "answered. Neither your name nor your address, nor which signatures"
        ),
        purpose=_("To prove that requests are answered, and in time."),
        kept=format_lazy(
            _("{months} months after it is answered."), months=expiry.REQUESTS_KEPT
        ),
        expiry=Rows(expiry.former_requests),
    ),
    RetentionRule(
        name="lists of networks and mail domains",
        columns={
            "petitions.listednetwork": ("network", "note"),
            "petitions.listeddomain": ("domain", "note"),
            "petitions.ordinarydomain": ("domain",),
        },
        what=_(
            "Networks and mail domains that have been abused, or that are exempt from "
            "limits"
        ),
        purpose=_("To stop those who sign for others by the thousand."),
        kept=_("Until somebody takes them off the list."),
    ),
    RetentionRule(
        name="signatures taken from the count",
        columns={
            "petitions.invalidation": (
                "network", "domain", "reason", "made_by", "reversal_reason",
                "reversed_by",
            ),
        },
        what=_(
            "Which signatures an organisation removed from the count: the network, "
            "mail domain and time that they had in common, who did it and why"
        ),
        purpose=_("So that anyone who doubts the count can be told what was changed."),
        kept=_("As long as the count."),
    ),
    RetentionRule(
        name="names of signatures taken from the count",
        columns={"petitions.invalidation": ("name",)},
        what=_("The name, or a part of it, that such signatures had in common"),
        purpose=_("So that staff see which ones were meant."),
        kept=_("As long as the names of that petition’s signatures."),
        expiry=Rows(invalidating.still_naming, invalidating.clear_typed_names),
    ),
    RetentionRule(
        name="files of signatures from elsewhere",
        columns={
            "petitions.importpiece": ("content",),
            "petitions.importfault": ("column", "found"),
            "petitions.signatureimport": ("heading",),
        },
        what=_(
            "The file with which an organisation imports people who signed its "
            "petition elsewhere, and the lines in it that could not be read"
        ),
        purpose=_("So that they count here, too."),
        kept=format_lazy(
            _(
                "Until it is imported; if it never is, and for lines with errors, "
                "{days} days. If the people in it are to be asked by e-mail, until "
                "they have been asked, at most {most} days. Until then it also has the "
                "line of anyone whose data was erased here in the meantime: they are "
                "not asked, and are not counted because of it."
            ),
            days=FILE_KEPT.days,
            most=ASKING_KEPT.days,
        ),
        expiry=Rows(jobs.past_import_files, jobs.erase_import_files),
    ),
    RetentionRule(
        name="people who signed elsewhere",
        columns={
            "petitions.importedsignature": (
                "email_key", "address_key", "name", "place", "country", "region",
            ),
        },
        what=_(
            "That you had already signed a petition elsewhere, according to its "
            "organisation"
        ),
        purpose=_(
            "So that you count once, even if you also sign here. Your address is "
            "stored only as a keyed hash; your name and where you live are stored "
            "only if the organisation states the words in which you agreed there that "
            "the person petitioned receives them. You get at most one e-mail because "
            "of this, which asks you to confirm."
        ),
        kept=_(
            "Until you sign here or its organisation erases it at your request, at "
            "most as long as the names of that petition’s signatures."
        ),
        expiry=Rows(jobs.past_keys, jobs.forget_keys),
    ),
    RetentionRule(
        name="people who were asked by mail to confirm",
        columns={"petitions.askedmailbox": ("email_key",)},
        what=_(
            "That you were asked by e-mail whether a signature you gave elsewhere "
            "should count here"
        ),
        purpose=_(
            "So that you are asked once. Stored as a keyed hash, not as an address."
        ),
        kept=_("As long as the names of that petition’s signatures."),
        expiry=Rows(jobs.past_asked),
    ),
    RetentionRule(
        name="imports",
        columns={
            "petitions.signatureimport": (
                "file_name", "label", "counted_by", "made_by", "begun_by",
                "reversed_by",
            ),
            "petitions.asking": ("platform", "ordered_by", "approved_by"),
            "petitions.statedconsent": ("place", "url", "words", "made_by"),
        },
        what=_(
            "Who on an organisation’s staff imported such a file, when, where the "
            "people in it signed, who counted them and how many there were; who had "
            "them asked by e-mail; who states that they agreed to their names being "
            "handed over, where, when and in which words"
        ),
        purpose=_("So that the total can be proved."),
        kept=_("As long as the count."),
    ),
    RetentionRule(
        name="scans of paper sheets",
        columns={"petitions.scan": ("content",)},
        what=_("Scans of paper sheets that people signed"),
        purpose=_("So that the total can be proved."),
        kept=_(
            "As long as the names of that petition’s signatures; if the sheets are "
            "not counted in the end, until that is decided."
        ),
        expiry=Rows(expiry.past_scans),
    ),
    RetentionRule(
        name="lists that organisations took",
        columns={"petitions.export": ("made_by",)},
        what=_(
            "Who on an organisation’s staff exported a list of supporters or "
            "signatures, or figures, and when"
        ),
        purpose=_("So that it is known where names and addresses went."),
        kept=_("As long as the organisation is on this site."),
    ),
    RetentionRule(
        name="files for those petitioned",
        columns={
            "petitions.packpiece": ("content",),
            "petitions.leftout": ("signature",),
            "petitions.leftoutelsewhere": ("person",),
        },
        what=_(
            "The files that an organisation makes for the person petitioned: the "
            "name, place and comment of those who agreed to that when they signed, "
            "here or, according to the organisation, elsewhere"
        ),
        purpose=_("So that the result reaches the person petitioned."),
        kept=format_lazy(
            _(
                "{days} days here; at most as long as the names of that petition’s "
                "signatures. The person petitioned keeps what they received."
            ),
            days=FILES_KEPT.days,
        ),
        expiry=Rows(expiring.past_pack_files, expiring.erase_pack_files),
    ),
    RetentionRule(
        name="deliveries",
        columns={"petitions.pack": ("made_by",)},
        what=_(
            "Who on an organisation’s staff had such files made, when and for whom, "
            "and how many names were in them"
        ),
        purpose=_("So that it is known where names went."),
        kept=_("As long as the count."),
    ),
    RetentionRule(
        name="mailings",
        columns={
            "petitions.mailing": ("made_by", "test_by", "ordered_by", "approved_by")
        },
        what=_(
            "Who on an organisation’s staff had news sent to supporters, when, and to "
            "how many"
        ),
        purpose=_("So that it is known who wrote to people."),
        kept=_("As long as the count."),
    ),
    RetentionRule(
        name="published by organisations",
        columns={
            "petitions.petition": (
                "title", "slug", "ask", "summary", "text", "outcome", "origin",
            ),
            "petitions.formerpetitionslug": ("slug",),
            "petitions.target": ("name", "office", "organisation"),
            "petitions.correction": ("before", "after", "text", "made_by"),
            "petitions.update": ("title", "text", "made_by"),
            "petitions.updatetranslation": ("title", "text"),
            "petitions.answer": ("answered_by", "text", "link", "made_by"),
            "petitions.answertranslation": ("answered_by", "text", "link"),
            "petitions.answerrevision": (
                "answered_by", "text", "link", "removed_because", "removed_by",
            ),
            "petitions.answerwithdrawal": ("withdrawn_because", "withdrawn_by"),
            "petitions.handover": ("note", "made_by"),
            "petitions.handovertranslation": ("note",),
            "petitions.nextstep": ("url", "address"),
            "petitions.letter": ("subject", "body"),
            "petitions.taggedlink": ("tag",),
            "petitions.translation": (
                "title", "ask", "addressees", "summary", "text", "outcome",
            ),
            # The same words again, in the form in which they are searched.
            "petitions.searchdocument": ("head", "whole"),
            "petitions.searchword": ("word",),
            "petitions.wordsweep": ("reached",),
        },
        what=_(
            "Petitions: their texts, who is petitioned, the news about them, and the "
            "answers of those petitioned"
        ),
        purpose=_("So that everybody can read what was signed, and to whom."),
        kept=_("As long as the site exists: what was signed stays signed."),
    ),
    RetentionRule(
        name="answers of offices",
        columns={
            "petitions.officelink": ("mailboxes", "made_by"),
            "petitions.officeanswer": ("name", "email", "text"),
        },
        what=_(
            "What the office of the person petitioned answers through the link that "
            "it was given: who answers, from which address, and what"
        ),
        purpose=_(
            "So that the organisation can check that it is theirs, and put it on the "
            "page."
        ),
        kept=format_lazy(
            _(
                "{days} days after it was written; the link, and the domain of the "
                "office’s mail, as long as the petition."
            ),
            days=OFFICE_ANSWERS_KEPT.days,
        ),
        expiry=Rows(expiry.office_answers, expiry.drop_office_words),
    ),
    RetentionRule(
        name="pictures",
        columns={
            "petitions.petition": ("image", "image_description"),
            "petitions.translation": ("image_description",),
            "petitions.update": ("image", "image_description"),
            "petitions.updatetranslation": ("image_description",),
            "petitions.handover": ("image", "image_description"),
            "petitions.handovertranslation": ("image_description",),
        },
        what=_(
            "Pictures of a petition and of what has happened since, which may show "
            "people; without the place and time that a phone adds to them"
        ),
        purpose=_("So that everybody can see that it was handed over, and by whom."),
        kept=_(
            "Until the organisation takes them down, or seven days after it withdraws "
            "the petition. If you appear in one and do not wish to, tell the "
            "organisation. Their files are deleted, too."
        ),
        expiry=withdrawn_pictures.WithdrawnPictures(),
    ),
    RetentionRule(
        name="counted on paper",
        columns={
            "petitions.countentry": ("label", "counted_by"),
            "petitions.enteredcount": (
                "label", "place", "counted_by", "made_by", "decided_by",
            ),
        },
        what=_(
            "Signatures counted on paper: which sheets, where, who counted them, and "
            "who on an organisation’s staff entered and confirmed the number"
        ),
        purpose=_("So that the total can be proved. No names of those who signed."),
        kept=_("As long as the count."),
    ),
]  # fmt: skip

NOT_PERSONAL = {
    "petitions.petition": (
        "language",
        "text_format",
        "state",
        "state_before",
        "delivery",
    ),
    "petitions.target": ("kind",),
    "petitions.nextstep": ("kind",),
    "petitions.letter": ("language",),
    "petitions.channeltally": ("via",),
    "petitions.regiontotal": ("region",),
    "petitions.correction": ("language",),
    "petitions.update": ("language",),
    "petitions.updatetranslation": ("language",),
    "petitions.answer": ("language", "text_format"),
    "petitions.answertranslation": ("language",),
    "petitions.answerrevision": ("language", "text_format"),
    "petitions.handover": ("language", "manner"),
    "petitions.handovertranslation": ("language",),
    "petitions.translation": ("language",),
    "petitions.searchdocument": ("language", "state"),
    "petitions.topic": ("slug",),
    "petitions.topicname": ("language", "text"),
    "petitions.signature": (
        "state",
        "country",
        "language",
        "text_language",
        "delivery",
        "quarantine_reason",
        "withdrawn_because",
    ),
    "petitions.consent": ("language", "sender"),
    "petitions.webhook": ("name", "url", "secret", "former_secret"),
    "petitions.outgoingmail": ("kind", "state"),
    "petitions.mailing": (
        "scope",
        "languages",
        "countries",
        "words",
        "state",
        "test_reply",
    ),
    "petitions.mailingrecipient": ("state",),
    "petitions.addressrule": (
        "domain",
        "strip_characters",
        "strip_extension",
        "same_as",
    ),
    "petitions.keyversion": ("rules", "fingerprint"),
    "petitions.limit": ("scope",),
    "petitions.linkrequest": ("kind",),
    "petitions.listednetwork": ("listing",),
    "petitions.listeddomain": ("listing",),
    "petitions.report": ("reason", "language"),
    "petitions.sourcetally": ("kind",),
    "petitions.supporterrequest": ("kind", "came_by", "checked_by", "outcome"),
    "petitions.countentry": ("source",),
    "petitions.enteredcount": ("source", "state"),
    "petitions.scan": ("kind", "sha256"),
    "petitions.countchange": ("source",),
    # Random bytes that no row holds any more once their receipt is erased.
    "petitions.countleaf": ("source", "nonce_hash"),
    "petitions.countsubtree": ("root",),
    "petitions.checkpoint": ("root", "key", "note"),
    "petitions.dailytotal": ("source",),
    "petitions.invalidation": ("name_match", "state"),
    "petitions.export": ("kind", "state"),
    "petitions.signatureimport": (
        "sha256",
        "layout",
        "state",
        "becomes",
        "problem",
    ),
    "petitions.importfault": ("sentence",),
    "petitions.asking": ("state",),
    "petitions.pack": (
        "contents",
        "state",
        "columns",
        "countries",
        "regions",
        "parts",
        "names_by_region",
        "names_elsewhere",
    ),
    "petitions.packfile": ("name", "sha256"),
    "petitions.officeanswer": ("language",),
}
PEOPLE = ("petitions.signature",)
