"""Addresses with a token before the @: where one mail comes back to, and where its
reader writes to get no more. Whoever writes there has had that mail, so what such a
message is about is known from its address alone, and never from what it says."""

from __future__ import annotations

import re
from datetime import datetime

from django.conf import settings

from petitions.signatures.tokens import (
    AddressPurpose,
    Broken,
    Expired,
    Valid,
    make_address_token,
    read_address_token,
)

UNSUBSCRIBE = "unsubscribe"
SIGNED = re.compile(r"([a-z0-9_-]+)\+([0-9a-z.]+)@", re.IGNORECASE)


# What the token of an address that mail comes back to may be for.
RETURNS = (AddressPurpose.RETURN, AddressPurpose.RETURN_NEWS)


def return_path(
    mail_id: int, *, now: datetime, purpose: AddressPurpose = AddressPurpose.RETURN
) -> str:
    """Return the address that a mail comes back to; that of the site as long as no
    BOUNCE_ADDRESS is set. It is the same all day: a server that lets strangers wait
    (greylisting) knows them by it when the mail is tried again."""
    if not settings.BOUNCE_ADDRESS:
        return str(settings.MAIL_FROM)
    local, _, domain = settings.BOUNCE_ADDRESS.partition("@")
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    token = make_address_token(purpose, mail_id, now=day)
    return f"{local}+{token}@{domain}"


def unsubscribe_address(signature_id: int, *, now: datetime) -> str:
    """Return the address to write to for no more mail, "" when no mail is taken."""
    if not settings.BOUNCE_ADDRESS:
        return ""
    domain = settings.BOUNCE_ADDRESS.rpartition("@")[2]
    token = make_address_token(AddressPurpose.UNSUBSCRIBE, signature_id, now=now)
    return f"{UNSUBSCRIBE}+{token}@{domain}"


def read_address(
    text: str, *, now: datetime
) -> tuple[AddressPurpose, Valid | Expired] | None:
    """Return what the first address of ours in `text` is for, with what its token
    refers to; None if there is none."""
    for name, token in SIGNED.findall(text):
        unsubscribes = name.lower() == UNSUBSCRIBE
        for purpose in (AddressPurpose.UNSUBSCRIBE,) if unsubscribes else RETURNS:
            outcome = read_address_token(purpose, token, now=now)
            if not isinstance(outcome, Broken):
                return purpose, outcome
    return None
