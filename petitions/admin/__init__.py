"""The staff's side: writing campaigns and watching them grow."""

from petitions.admin.exports import ExportAdmin
from petitions.admin.petitions import PetitionAdmin
from petitions.admin.signatures import SignatureAdmin

__all__ = ["ExportAdmin", "PetitionAdmin", "SignatureAdmin"]
