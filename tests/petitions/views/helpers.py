"""Helpers for the tests of views: the links that signers get by mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from petitions.models import Signature
from petitions.signatures.tokens import (
    TokenPurpose,
    make_token,
)
from petitions.views.links import PAGES


def link(signature: Signature, days_old: float = 0) -> str:
    now = timezone.now() - timedelta(days=days_old)
    return f"/confirm/{make_token(TokenPurpose.CONFIRM, signature.pk, now=now)}/"


def token_of(purpose: TokenPurpose, signature: Signature, days_old: float = 0) -> str:
    made = timezone.now() - timedelta(days=days_old)
    return make_token(purpose, signature.pk, now=made)


def page_of(purpose: TokenPurpose, signature: Signature, **how: Any) -> str:
    return reverse(PAGES[purpose], args=[token_of(purpose, signature, **how)])
