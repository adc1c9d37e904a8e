"""Signatures by the thousand, as a script would leave them."""

from __future__ import annotations

from tests.site import Site

SLUG = "canada-sign-the-global-treaty-to-end-torture"
SIGNATURES = """
INSERT INTO petitions_signature (
    petition_id, state, name, email, email_key, email_key_version, person, place,
    postal_code, country, comment, comment_approved, show_name, language, text_version,
    consent_version, delivery, weak_signs, network, created_at, confirmed_at)
SELECT p.id, 'confirmed', 'Signer ' || n, 'signer' || n || '@bots.test',
       gen_random_uuid(), 1, '', '', '', '', '', false, false, 'en', 0, 1, 'number',
       CASE n %% 3 WHEN 0 THEN 2 ELSE 0 END, '198.51.100.0', now() - interval '1 hour',
       now() - interval '1 hour'
  FROM petitions_petition p, generate_series(1, %s) n
 WHERE p.slug = %s
"""
CHANGE = """
INSERT INTO petitions_countchange (petition_id, day, source, delta, domain)
SELECT id, current_date, 'confirmed', %s, '' FROM petitions_petition WHERE slug = %s
"""


def plant(site: Site, number: int) -> int:
    """Confirmed signatures of one domain; returns the number of their petition."""
    site.sql(SIGNATURES, number, SLUG)
    site.sql(CHANGE, number, SLUG)
    ((petition,),) = site.sql("SELECT id FROM petitions_petition WHERE slug = %s", SLUG)
    return int(petition)
