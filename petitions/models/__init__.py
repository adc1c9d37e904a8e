"""The models of this app, one file per noun."""

from petitions.models.addresses import AddressRule, KeyCollision, KeyVersion
from petitions.models.answers import (
    Answer,
    AnswerRevision,
    AnswerTranslation,
    AnswerWithdrawal,
)
from petitions.models.askings import AskedMailbox, Asking
from petitions.models.channels import ChannelTally, TaggedLink
from petitions.models.corrections import Correction
from petitions.models.count_log import (
    Checkpoint,
    CountLeaf,
    CountReceipt,
    CountSubtree,
)
from petitions.models.counts import CountChange, CountEntry, DailyTotal, Total
from petitions.models.entered_counts import EnteredCount, Scan
from petitions.models.exports import Export
from petitions.models.handovers import Handover, HandoverTranslation
from petitions.models.imports import (
    ImportedSignature,
    ImportFault,
    ImportPiece,
    SignatureImport,
)
from petitions.models.invalidations import Invalidation
from petitions.models.limits import (
    Limit,
    ListedDomain,
    ListedNetwork,
    OrdinaryDomain,
    RateLimitBucket,
    SourceTally,
    TalliedHour,
)
from petitions.models.mailings import Mailing, MailingRecipient
from petitions.models.mails import (
    Bounce,
    LinkRequest,
    MailTally,
    OutgoingMail,
    Suppression,
)
from petitions.models.next_steps import Letter, NextStep
from petitions.models.offices import OfficeAnswer, OfficeLink
from petitions.models.packs import (
    LeftOut,
    LeftOutElsewhere,
    Pack,
    PackFile,
    PackPiece,
)
from petitions.models.petitions import FormerPetitionSlug, Petition
from petitions.models.region_totals import RegionTotal
from petitions.models.removals import Removal
from petitions.models.reports import Report
from petitions.models.requests import SupporterRequest
from petitions.models.retention import RetentionLimit
from petitions.models.search import SearchDocument, SearchWord
from petitions.models.signatures import Comment, Consent, MergedSignature, Signature
from petitions.models.stated_consents import StatedConsent
from petitions.models.targets import Target
from petitions.models.topics import Topic, TopicName
from petitions.models.translations import Translation, Words
from petitions.models.unsubscribe_lists import (
    UnsubscribedMailbox,
    UnsubscribeList,
)
from petitions.models.updates import (
    News,
    Update,
    UpdateQuerySet,
    UpdateTranslation,
)
from petitions.models.webhooks import Webhook, WebhookDelivery, WebhookEvent

__all__ = [
    "AddressRule",
    "Answer",
    "AnswerRevision",
    "AnswerTranslation",
    "AnswerWithdrawal",
    "AskedMailbox",
    "Asking",
    "Bounce",
    "ChannelTally",
    "Checkpoint",
    "Comment",
    "Consent",
    "Correction",
    "CountChange",
    "CountEntry",
    "CountLeaf",
    "CountReceipt",
    "CountSubtree",
    "DailyTotal",
    "EnteredCount",
    "Export",
    "FormerPetitionSlug",
    "Handover",
    "HandoverTranslation",
    "ImportFault",
    "ImportPiece",
    "ImportedSignature",
    "Invalidation",
    "KeyCollision",
    "KeyVersion",
    "LeftOut",
    "LeftOutElsewhere",
    "Letter",
    "Limit",
    "LinkRequest",
    "ListedDomain",
    "ListedNetwork",
    "MailTally",
    "Mailing",
    "MailingRecipient",
    "MergedSignature",
    "News",
    "NextStep",
    "OfficeAnswer",
    "OfficeLink",
    "OrdinaryDomain",
    "OutgoingMail",
    "Pack",
    "PackFile",
    "PackPiece",
    "Petition",
    "RateLimitBucket",
    "RegionTotal",
    "Removal",
    "Report",
    "RetentionLimit",
    "Scan",
    "SearchDocument",
    "SearchWord",
    "Signature",
    "SignatureImport",
    "SourceTally",
    "StatedConsent",
    "SupporterRequest",
    "Suppression",
    "TaggedLink",
    "TalliedHour",
    "Target",
    "Topic",
    "TopicName",
    "Total",
    "Translation",
    "UnsubscribeList",
    "UnsubscribedMailbox",
    "Update",
    "UpdateQuerySet",
    "UpdateTranslation",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "Words",
]
