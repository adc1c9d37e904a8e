"""Helpers for the tests of signatures: new keys, and links of signers."""

from __future__ import annotations

import io
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from petitions.models import (
    Signature,
)
from petitions.signatures.tokens import (
    TokenPurpose,
    make_token,
)


def rekey(*words: str) -> str:
    output = io.StringIO()
    call_command("rekey", *words, stdout=output)
    return output.getvalue()


def link(purpose: TokenPurpose, signature: Signature, days_old: float = 0) -> str:
    folder = {
        TokenPurpose.OWN: "signature",
        TokenPurpose.ALL: "signed",
        TokenPurpose.NEVER: "never-again",
    }[purpose]
    made = timezone.now() - timedelta(days=days_old)
    return f"/{folder}/{make_token(purpose, signature.pk, now=made)}/"
