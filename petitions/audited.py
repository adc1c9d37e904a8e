"""Which of this app's tables are audited, and which are not.

A petition's words are on record; those of answers are not, but that they changed: a
version keeps them, from which they can be removed. Of networks and mail domains on a
list the trail says that they were entered and by whom, never which: they are those of
people."""

from __future__ import annotations

from core.audit.tables import DERIVED, SIGNERS, Audited, Choice

OF_PETITION = "petition__organization_id"
SIZES = ("image_width", "image_height")
SPOKEN = ("text", "link", "answered_by")
# What the worker writes into a delivery pack in each batch.
OF_BATCHES = (
    "up_to", "last_id", "columns", "names", "number_only", "left_out", "countries",
    "regions", "names_by_region", "printed_to", "elsewhere_up_to", "elsewhere_to",
    "names_elsewhere", "left_out_elsewhere",
    "printed", "unprinted", "replaced", "files_erased_at", "earlier_id",
    "withdrawn_since",
)  # fmt: skip

# What the worker notes of a mailing; its words are on record as those of the update.
OF_MAILINGS = (
    "words", "up_to", "at_petition", "last_id", "filled_at", "people", "sent", "failed",
    "bounced", "unsubscribed", "test_due", "test_reply", "goes_since",
)  # fmt: skip

# What the worker writes into an import in each batch; how a file is read.
OF_IMPORTS = (
    "layout", "heading", "position", "line", "last_id", "lines", "found", "duplicates",
    "already", "faults", "without_address", "counted", "keyless", "taken_away",
    "file_erased_at", "becomes", "problem",
)  # fmt: skip

CHOICES: dict[str, Choice] = {
    "petitions.petition": Audited(
        "organization_id", leave_out=(*SIZES, "anonymised_to", "state_since")
    ),
    "petitions.petition_topics": Audited(OF_PETITION),
    "petitions.formerpetitionslug": Audited(OF_PETITION),
    "petitions.translation": Audited(OF_PETITION),
    "petitions.target": Audited(OF_PETITION),
    "petitions.correction": Audited(OF_PETITION),
    "petitions.update": Audited(OF_PETITION, leave_out=SIZES),
    "petitions.updatetranslation": Audited("update__petition__organization_id"),
    "petitions.answer": Audited(OF_PETITION, hide=SPOKEN),
    "petitions.answertranslation": Audited(
        "answer__petition__organization_id", hide=SPOKEN
    ),
    "petitions.answerrevision": Audited(
        "answer__petition__organization_id", hide=SPOKEN
    ),
    "petitions.answerwithdrawal": Audited(OF_PETITION),
    "petitions.handover": Audited(OF_PETITION, leave_out=SIZES),
    "petitions.handovertranslation": Audited("handover__petition__organization_id"),
    "petitions.nextstep": Audited(OF_PETITION),
    "petitions.letter": Audited("next_step__petition__organization_id"),
    "petitions.taggedlink": Audited(OF_PETITION),
    "petitions.countentry": Audited(OF_PETITION),
    "petitions.enteredcount": Audited(OF_PETITION),
    "petitions.scan": SIGNERS,
    "petitions.export": Audited("organization_id"),
    "petitions.invalidation": Audited(
        OF_PETITION,
        leave_out=("up_to", "last_id", "marked", "restored", "left_out"),
        hide=("network", "domain", "name"),
    ),
    "petitions.pack": Audited(OF_PETITION, leave_out=OF_BATCHES),
    "petitions.mailing": Audited(OF_PETITION, leave_out=OF_MAILINGS),
    "petitions.officelink": Audited("pack__petition__organization_id"),
    "petitions.officeanswer": Audited(
        "link__pack__petition__organization_id",
        leave_out=("mail_due_at", "attempts", "mailed_at"),
        hide=("name", "email", "text"),
    ),
    "petitions.signatureimport": Audited(OF_PETITION, leave_out=OF_IMPORTS),
    "petitions.statedconsent": Audited("signature_import__petition__organization_id"),
    "petitions.asking": Audited(
        "signature_import__petition__organization_id",
        leave_out=("position", "line", "asked", "last_at"),
    ),
    "petitions.askedmailbox": SIGNERS,
    "petitions.importpiece": DERIVED,
    "petitions.importfault": SIGNERS,
    "petitions.importedsignature": SIGNERS,
    "petitions.unsubscribelist": Audited("organization_id"),
    "petitions.unsubscribedmailbox": SIGNERS,
    "petitions.webhook": Audited(
        "organization_id",
        leave_out=("place", "due_at", "attempts", "failing_since"),
        # An address often holds a secret of the tool's.
        hide=("url", "secret", "former_secret"),
    ),
    "petitions.webhookevent": SIGNERS,
    "petitions.webhookdelivery": DERIVED,
    "petitions.packfile": DERIVED,
    "petitions.packpiece": DERIVED,
    "petitions.leftout": SIGNERS,
    "petitions.leftoutelsewhere": SIGNERS,
    "petitions.removal": Audited(OF_PETITION),
    "petitions.report": Audited(
        OF_PETITION,
        leave_out=("told_at",),
        hide=("text", "email", "note"),
        made_by_strangers=True,
    ),
    "petitions.supporterrequest": Audited("organization_id", hide=("check_note",)),
    "petitions.topic": Audited(),
    "petitions.topicname": Audited(),
    "petitions.limit": Audited(),
    "petitions.listednetwork": Audited(hide=("network", "note")),
    "petitions.listeddomain": Audited(hide=("domain", "note")),
    "petitions.ordinarydomain": Audited("organization_id", hide=("domain",)),
    "petitions.addressrule": Audited(),
    "petitions.keyversion": Audited(),
    "petitions.retentionlimit": Audited(),
    "petitions.signature": SIGNERS,
    "petitions.mergedsignature": SIGNERS,
    "petitions.consent": SIGNERS,
    "petitions.outgoingmail": SIGNERS,
    "petitions.mailingrecipient": SIGNERS,
    "petitions.linkrequest": SIGNERS,
    "petitions.suppression": SIGNERS,
    "petitions.bounce": SIGNERS,
    "petitions.keycollision": SIGNERS,
    "petitions.sourcetally": SIGNERS,
    "petitions.mailtally": SIGNERS,
    "petitions.ratelimitbucket": SIGNERS,
    "petitions.countchange": DERIVED,
    "petitions.countleaf": DERIVED,
    "petitions.countsubtree": DERIVED,
    "petitions.checkpoint": DERIVED,
    "petitions.countreceipt": SIGNERS,
    "petitions.total": DERIVED,
    "petitions.dailytotal": DERIVED,
    "petitions.channeltally": DERIVED,
    "petitions.regiontotal": DERIVED,
    "petitions.talliedhour": DERIVED,
    "petitions.searchdocument": DERIVED,
    "petitions.searchword": DERIVED,
    "petitions.wordsweep": DERIVED,
}
