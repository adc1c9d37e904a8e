"""“AT&T” is found, though both of its parts are too common to be looked for: what “&” joins
is written without it, too. The worker makes documents of the version before anew
(petitions.search.reindexing)."""

from importlib import import_module

from django.db import migrations

former = import_module("petitions.migrations.0047_search_joined")

JOINED = r"""
-- Besides, what is joined is found without what joins it.
CREATE OR REPLACE FUNCTION search_joined(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH given AS (
        SELECT translate(normalize(words, NFKC),
                         U&'\02BB\02BC\2019\00AD\200B\2060\FEFF', '''''''') AS words
    )
    SELECT COALESCE(string_agg(DISTINCT joined, ' '), '') FROM (
        SELECT regexp_replace(m[1], U&'[‐‑''&\200C\05F3\05F4"-]', '', 'g')
          FROM given CROSS JOIN LATERAL regexp_matches(words,
               U&'([[:alnum:]]+(?:[‐‑''&\200C\05F3\05F4"-][[:alnum:]]+)+)', 'g') m
         UNION
        SELECT replace(m[1], ' & ', '')
          FROM given CROSS JOIN LATERAL regexp_matches(words,
               '\m([[:alpha:]]{1,2} & [[:alpha:]]{1,2})\M', 'g') m
         UNION
        SELECT replace(m[1], '.', '')
          FROM given CROSS JOIN LATERAL regexp_matches(words,
               '\m((?:[[:alpha:]]\.){2,}[[:alpha:]]?)', 'g') m
         UNION
        SELECT regexp_replace(m[1], '[^0-9]', '', 'g')
          FROM given CROSS JOIN LATERAL regexp_matches(words,
               '\m([1-9][0-9]{0,2}(?:[,.'' ][0-9]{3})+)\M', 'g') m
         UNION
        SELECT regexp_replace(m[1], U&'[\0591-\05BD\05BF-\05C7]', '', 'g')
          FROM given CROSS JOIN LATERAL regexp_matches(words,
               U&'([\0591-\05EA]*[\0591-\05BD\05BF-\05C7][\0591-\05EA]*)', 'g') m
    ) found (joined)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0054_longest_validated")]

    operations = [
        migrations.RunSQL(JOINED, former.FUNCTIONS),
        migrations.RunSQL(former.refresh(3), former.refresh(2)),
    ]
