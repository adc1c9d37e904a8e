"""The same site with rate limits, lists, honeypot, outbox and consent off.

What remains is cut out of the statements that it is compared with, so that it cannot be
left behind and differs in nothing else.

`gunicorn -c config/gunicorn.py bench.lean`
"""

from __future__ import annotations

from config.wsgi import application
from petitions.abuse import rate_limits
from petitions.signatures import (
    confirming,
    signing,
)
from petitions.signatures.forms import SignForm
from petitions.views import signing as views

__all__ = ["application"]


def parenthesis(statement: str, opening: str) -> tuple[int, int]:
    """Return where `opening` begins in the statement, and where the `)` ends that
    closes its last `(`."""
    begin = statement.index(opening)
    depth, end = 0, begin
    for end in range(begin + len(opening) - 1, len(statement)):
        depth += {"(": 1, ")": -1}.get(statement[end], 0)
        if not depth:
            break
    return begin, end + 1


def part(statement: str, name: str) -> str:
    """Return the part of the statement's WITH that has this name: `name AS (…)`."""
    begin, end = parenthesis(statement, f"{name} AS (")
    return statement[begin:end]


def without(statement: str, *names: str) -> str:
    """Return the statement without the parts of its WITH that have these names."""
    for name in names:
        begin, end = parenthesis(statement, f", {name} AS (")
        statement = statement[:begin] + statement[end:]
    return statement


# No limits: nothing is beyond one. No outbox: the signature is all that is written.
signing.SIGN = (
    "WITH beyond AS (SELECT 0 AS marks, 0 AS signs), "
    + part(signing.SIGN, "signed")
    + " SELECT id FROM signed"
)
confirming.CONFIRM = without(confirming.CONFIRM, "unsent", "sent", "consent")
rate_limits.RATE_LIMITS._load = rate_limits.RateLimits
rate_limits.RATE_LIMITS.forget()
setattr(views, "network_of", lambda request: None)  # noqa: B010
setattr(SignForm, "is_trapped", False)  # noqa: B010
