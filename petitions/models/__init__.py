"""The models of this app, one file per noun."""

from petitions.models.counts import Change, CountEntry, DailyTotal, Total
from petitions.models.exports import Export
from petitions.models.mails import Bounce, DueMail, MailTally, Suppression
from petitions.models.petitions import Correction, FormerPetitionSlug, Petition, Target
from petitions.models.signatures import Consent, MergedSignature, Signature

__all__ = [
    "Bounce",
    "Change",
    "Consent",
    "Correction",
    "CountEntry",
    "DailyTotal",
    "DueMail",
    "Export",
    "FormerPetitionSlug",
    "MailTally",
    "MergedSignature",
    "Petition",
    "Signature",
    "Suppression",
    "Target",
    "Total",
]
