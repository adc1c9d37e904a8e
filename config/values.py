"""Single values of the environment: how they are taken apart, and shown to whoever set
them wrongly."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

ENCODED = "/ as %2F, # as %23, ? as %3F, @ as %40, a space as %20 and % as %25"
# What libpq would say no earlier than when it connects.
CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "sslnegotiation": ("postgres", "direct"),
    "load_balance_hosts": ("disable", "random"),
    "target_session_attrs": (
        "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
    ),
}  # fmt: skip
# Seconds, bytes, times.
NUMBERS = re.compile("connect_timeout|keepalives.*|tcp_user_timeout")


def quoted(value: str) -> str:
    """The value for a sentence that says what is wrong with it: not long, and without
    what an address, pasted where it does not belong, has before its “@”."""
    short = value if len(value) <= 60 else f"{value[:59]}…"
    return repr(re.sub(r"(?<=://).*(@|…$)|(?<=:).*(?=@)", r"…\1", short))


def split(value: str) -> SplitResult:
    """The parts of an address; none of one that cannot be read."""
    try:
        url = urlsplit(value)
        return url if url.port != 0 else urlsplit("")
    except ValueError:
        return urlsplit("")


def int_or_0(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdecimal() else 0
