"""The models of this app, one file per noun."""

from petitions.models.addresses import AddressRule, KeyCollision, KeyVersion
from petitions.models.counts import Change, CountEntry, DailyTotal, Total
from petitions.models.exports import Export
from petitions.models.invalidations import Invalidation
from petitions.models.limits import (
    Allowance,
    Limit,
    ListedDomain,
    ListedNetwork,
    SourceTally,
    TalliedHour,
)
from petitions.models.mails import (
    Bounce,
    DueMail,
    LinkRequest,
    MailTally,
    Suppression,
)
from petitions.models.petitions import Correction, FormerPetitionSlug, Petition, Target
from petitions.models.signatures import Consent, MergedSignature, Signature
from petitions.models.translations import Translation, Words

__all__ = [
    "AddressRule",
    "Allowance",
    "Bounce",
    "Change",
    "Consent",
    "Correction",
    "CountEntry",
    "DailyTotal",
    "DueMail",
    "Export",
    "FormerPetitionSlug",
    "Invalidation",
    "KeyCollision",
    "KeyVersion",
    "Limit",
    "LinkRequest",
    "ListedDomain",
    "ListedNetwork",
    "MailTally",
    "MergedSignature",
    "Petition",
    "Signature",
    "SourceTally",
    "Suppression",
    "TalliedHour",
    "Target",
    "Total",
    "Translation",
    "Words",
]
