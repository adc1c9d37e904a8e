"""Security events in the log: who got in, who did not, who may do what from now on.

A line says which account by its number and which network by a keyed mark, the same for
the same network: a search for it finds all that came from there, and nobody reads an
address out of it. An address without an account has a mark, too, never its letters.
"""

from __future__ import annotations

import logging

from django.utils.crypto import salted_hmac

from core.security.client_network import Network

logger = logging.getLogger("security")


def record(
    event: str,
    *,
    account: int | None = None,
    by: int | None = None,
    organization: int | None = None,
    network: Network | None = None,
    address: str = "",
) -> None:
    """Log `event`: what happened to an account, by which other one, in which
    organisation. `address` is what was typed where it may have no account."""
    fields: dict[str, str | int | None] = {
        "account": account,
        "by": by,
        "organization": organization,
        "network": mark("network", str(network)) if network is not None else None,
        "address_mark": mark("address", address) if address else None,
    }
    known = {name: found for name, found in fields.items() if found is not None}
    logger.info(event, extra=known)


def mark(kind: str, value: str) -> str:
    """A short keyed hash."""
    digest = salted_hmac("config.events", f"{kind}:{value}", algorithm="sha256")
    return digest.hexdigest()[:12]
