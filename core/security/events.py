"""Security events in the log: logins, failed logins, changes of permissions.

A line names the account by its number and the network by a keyed hash. The hash of one
network is always the same: a search for it finds all that came from there, and nobody
can read an address out of it. An e-mail address without an account appears as a hash,
too.
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
    """Log `event`: what happened to an `account`, `by` which other account, in which
    organisation. `address` is the e-mail address typed where it may have no account."""
    fields: dict[str, str | int | None] = {
        "account": account,
        "by": by,
        "organization": organization,
        "network": mark("network", str(network)) if network is not None else None,
        "address_mark": mark("address", address) if address else None,
    }
    known = {name: value for name, value in fields.items() if value is not None}
    logger.info(event, extra=known)


def mark(kind: str, value: str) -> str:
    """Return a short keyed hash, different for each `kind`."""
    digest = salted_hmac("config.events", f"{kind}:{value}", algorithm="sha256")
    return digest.hexdigest()[:12]
