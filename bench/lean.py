"""The same site with everything off that guards and serves a signer: no limits, no
lists, no honeypot, no mail due, no copies merged, no consent. What remains stores a
pending signature, and confirms and counts it, in the leanest statements that do so.

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
CONFIRM = """
WITH confirmed AS (
    UPDATE petitions_signature s
       SET state = 'confirmed', confirmed_at = %(now)s
      FROM petitions_petition p
     WHERE s.id = %(id)s AND s.state = 'pending'
       AND p.id = s.petition_id AND p.state = 'open'
 RETURNING s.petition_id, p.slug
), change AS (
    INSERT INTO petitions_change (petition_id, day, source, delta, domain)
    SELECT petition_id, %(day)s, 'confirmed', 1, '' FROM confirmed
)
SELECT slug FROM confirmed
"""

signing.FIND = FIND
signing.SIGN = SIGN
signing.CONFIRM = CONFIRM
limits.RULES._load = limits.Rules
limits.RULES.forget()
setattr(views, "network_of", lambda request: None)  # noqa: B010
setattr(SignForm, "is_trapped", False)  # noqa: B010
del SignForm.base_fields["subject"]
