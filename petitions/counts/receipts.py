"""Receipts: what shows the owner of a signature their own line of the count log."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from petitions.counts import checkpoints
from petitions.counts.check_count import PROOF
from petitions.counts.tree import Tree
from petitions.models import Checkpoint, CountLeaf, CountReceipt, Signature


@dataclass(frozen=True)
class Receipt:
    """The line by which a signature was counted, and the checkpoint that covers it."""

    leaf: CountLeaf
    nonce: bytes
    checkpoint: Checkpoint | None
    """None until the next night."""

    @property
    def text(self) -> str:
        """The receipt as a file (https://c2sp.org/tlog-proof); its extra data are the
        line and the nonce, in hexadecimal. Raise ValueError before a checkpoint covers
        the line."""
        if self.checkpoint is None:
            raise ValueError("no checkpoint yet")
        extra = f"{self.leaf.line}\n{self.nonce.hex()}"
        proof = Tree(self.leaf.petition_id, self.checkpoint.size).proof(
            self.leaf.number
        )
        head = [
            PROOF,
            f"extra {b64encode(extra.encode()).decode()}",
            f"index {self.leaf.number}",
            *(b64encode(each).decode() for each in proof),
        ]
        return "\n".join([*head, "", self.checkpoint.note])


def receipt_of(signature: Signature) -> Receipt | None:
    """Return the receipt of a counted signature; None for one that was counted before
    there was a log, whose change is not folded yet, or whose line is not there."""
    kept = CountReceipt.objects.filter(signature=signature).order_by("number").first()
    if kept is None:
        return None
    petition = signature.petition_id
    leaf = CountLeaf.objects.filter(petition=petition, number=kept.number).first()
    if leaf is None:
        return None
    checkpoint = checkpoints.newest_checkpoint(petition)
    covered = checkpoint is not None and checkpoint.size > leaf.number
    return Receipt(leaf, bytes(kept.nonce), checkpoint if covered else None)
