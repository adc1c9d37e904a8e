"""The staff's side: writing campaigns and watching them grow."""

from petitions.admin.addresses import AddressRuleAdmin, KeyCollisionAdmin
from petitions.admin.petitions import PetitionAdmin
from petitions.admin.signatures import SignatureAdmin

__all__ = [
    "AddressRuleAdmin",
    "KeyCollisionAdmin",
    "PetitionAdmin",
    "SignatureAdmin",
]
