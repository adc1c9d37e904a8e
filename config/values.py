"""Parse single values of the environment, and quote wrong ones to whoever set them."""

from __future__ import annotations

import re
import zlib
from urllib.parse import SplitResult, urlsplit

ENCODED = "/ as %2F, # as %23, ? as %3F, @ as %40, a space as %20 and % as %25"
# What user and password of a URL do not have as it is: what ends them, or would be
# taken for a part of them.
UNENCODED = re.compile(r"[/#?@\s]|%(?![0-9A-Fa-f]{2})")
# A host name as the DNS has it (letters beyond ASCII are Punycode there), or an address
# of IPv6 without its brackets.
LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
HOST = re.compile(rf"{LABEL}(?:\.{LABEL})*\.?|[0-9a-f:.]*:[0-9a-f:.]*", re.I)
# What libpq would refuse only when it connects.
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
# Options that are numbers: seconds, milliseconds or counts.
NUMBERS = re.compile("connect_timeout|keepalives.*|tcp_user_timeout")


def quoted(value: str) -> str:
    """Return the value as an error message shows it: shortened, and without what a URL
    that was pasted in the wrong place has before its “@”, which may be a password."""
    short = value if len(value) <= 60 else f"{value[:59]}…"
    return repr(re.sub(r"(?<=://).*(@|…$)|(?<=:).*(?=@)", r"…\1", short))


def repeats_itself(secret: str) -> bool:
    """Return whether a secret is so much of one piece again and again that it can be
    guessed: the first 50 characters of random ones shrink by a sixth at most."""
    begin = secret[:50].encode()
    return len(zlib.compress(begin, 9)) < 0.7 * len(begin)


def split_url(value: str) -> SplitResult:
    """Return the parts of a URL; empty ones when it cannot be parsed."""
    try:
        url = urlsplit(value)
        return url if url.port != 0 else urlsplit("")
    except ValueError:
        return urlsplit("")


def int_or_0(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdecimal() else 0
