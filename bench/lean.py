"""The same site with limits, lists, honeypot, due mail and consent off. What remains
stores a pending signature, and counts each person once, in the leanest statements that
do so.

`gunicorn -c config/gunicorn.py bench.lean`
"""

from __future__ import annotations

from config.wsgi import application
from petitions import limits, signing
from petitions.forms import SignForm
from petitions.views import signing as views

__all__ = ["application"]

FIND = """
SELECT p.id, p.slug, p.state, p.opens_at, p.closes_at, p.delivery,
       p.asks_place, p.asks_postal_code, p.asks_country,
       left(md5(p.title || E'\n' || p.ask || E'\n' || p.text), 8),
       p.language,
       o.postal_address <> '' AND o.contact_email <> '', false,
       false, 1, false
  FROM petitions_petition p
  JOIN organizations_organization o ON o.id = p.organization_id
 WHERE p.slug = %(slug)s
"""
SIGN = """
INSERT INTO petitions_signature (
    petition_id, state, name, email, email_key, email_key_version, person, place,
    postal_code, country, comment, comment_approved, show_name, updates, language,
    text_version, consent_version, delivery, weak_signs, created_at
)
VALUES (
    %(petition_id)s, 'pending', %(name)s, %(email)s, %(email_key)s,
    %(email_key_version)s, '', %(place)s, %(postal_code)s, %(country)s, %(comment)s,
    false, %(show_name)s, %(updates)s, %(language)s, %(text_version)s,
    %(consent_version)s, %(delivery)s, 0, %(now)s
)
RETURNING id
"""


def without(statement: str, *names: str) -> str:
    """The statement, less the parts of its WITH that have these names."""
    for name in names:
        begin = statement.index(f", {name} AS (")
        depth, end = 0, begin
        for end in range(begin, len(statement)):
            depth += {"(": 1, ")": -1}.get(statement[end], 0)
            if statement[end] == ")" and not depth:
                break
        statement = statement[:begin] + statement[end + 1 :]
    return statement


signing.FIND = FIND
signing.SIGN = SIGN
# Taken from what it is compared with, so that it cannot be left behind.
signing.CONFIRM = without(signing.CONFIRM, "unsent", "sent", "consent")
limits.RULES._load = limits.Rules
limits.RULES.forget()
setattr(views, "network_of", lambda request: None)  # noqa: B010
setattr(SignForm, "is_trapped", False)  # noqa: B010
del SignForm.base_fields["subject"]
