"""The staff's side: writing petitions and watching them grow."""

from petitions.admin.addresses import AddressRuleAdmin, KeyCollisionAdmin
from petitions.admin.askings import AskingAdmin
from petitions.admin.entered_counts import EnteredCountAdmin
from petitions.admin.exports import ExportAdmin
from petitions.admin.imports import SignatureImportAdmin
from petitions.admin.invalidations import InvalidationAdmin
from petitions.admin.limits import (
    LimitAdmin,
    ListedDomainAdmin,
    ListedNetworkAdmin,
    OrdinaryDomainAdmin,
)
from petitions.admin.mailings import MailingAdmin
from petitions.admin.offices import OfficeAnswerAdmin
from petitions.admin.packs import PackAdmin
from petitions.admin.petitions import PetitionAdmin
from petitions.admin.reports import ReportAdmin
from petitions.admin.requests import SupporterRequestAdmin
from petitions.admin.signatures import CommentAdmin, SignatureAdmin
from petitions.admin.timeline import AnswerAdmin, HandoverAdmin
from petitions.admin.topics import TopicAdmin
from petitions.admin.unsubscribe_lists import UnsubscribeListAdmin
from petitions.admin.updates import UpdateAdmin
from petitions.admin.webhooks import WebhookAdmin
from petitions.admin.withdrawn_answers import AnswerWithdrawalAdmin

__all__ = [
    "AddressRuleAdmin",
    "AnswerAdmin",
    "AnswerWithdrawalAdmin",
    "AskingAdmin",
    "CommentAdmin",
    "EnteredCountAdmin",
    "ExportAdmin",
    "HandoverAdmin",
    "InvalidationAdmin",
    "KeyCollisionAdmin",
    "LimitAdmin",
    "ListedDomainAdmin",
    "ListedNetworkAdmin",
    "MailingAdmin",
    "OfficeAnswerAdmin",
    "OrdinaryDomainAdmin",
    "PackAdmin",
    "PetitionAdmin",
    "ReportAdmin",
    "SignatureAdmin",
    "SignatureImportAdmin",
    "SupporterRequestAdmin",
    "TopicAdmin",
    "UnsubscribeListAdmin",
    "UpdateAdmin",
    "WebhookAdmin",
]
