"""Which of this app's tables are audited, and which are not."""

from __future__ import annotations

from core.audit.tables import Audited, Choice, NotAudited

CHOICES: dict[str, Choice] = {
    "organizations.organization": Audited("pk"),
    "organizations.description": Audited("organization_id"),
    "organizations.formerorganizationslug": Audited("organization_id"),
    "organizations.membership": Audited("organization_id"),
    # An address that did not accept is forgotten when the invitation is.
    "organizations.invitation": Audited(
        "organization_id", leave_out=("mailed_at", "reply"), hide=("email",)
    ),
    "organizations.user": Audited(leave_out=("last_login",), hide=("password",)),
    # Of a library, but a second factor that comes or goes is as much as a password.
    "mfa.authenticator": Audited(leave_out=("last_used_at",), hide=("data",)),
    "organizations.factorremoval": Audited(),
    "organizations.staffmail": NotAudited("mail on its way, of a second"),
    "organizations.seennetwork": NotAudited("where staff work from has a shorter time"),
}
