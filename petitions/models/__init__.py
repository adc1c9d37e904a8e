"""The models of this app, one file per noun."""

from petitions.models.addresses import AddressRule, KeyCollision, KeyVersion
from petitions.models.counts import Change, CountEntry, DailyTotal, Total
from petitions.models.mails import DueMail, MailTally, Suppression
from petitions.models.petitions import Correction, FormerPetitionSlug, Petition, Target
from petitions.models.signatures import Consent, MergedSignature, Signature

__all__ = [
    "AddressRule",
    "Change",
    "Consent",
    "Correction",
    "CountEntry",
    "DailyTotal",
    "DueMail",
    "FormerPetitionSlug",
    "KeyCollision",
    "KeyVersion",
    "MailTally",
    "MergedSignature",
    "Petition",
    "Signature",
    "Suppression",
    "Target",
    "Total",
]
