"""What apostrophes, full stops and blanks part is found without them, too: “O’Brien” by
“obrien”, “U.S.A.” by “usa”, “1 000” by “1000”; Hebrew without its points. The worker makes
documents of the version before anew (petitions.search.reindexing)."""

from importlib import import_module

from django.db import migrations

FUNCTIONS = r"""
CREATE OR REPLACE FUNCTION search_normal(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(
             regexp_replace(
               translate(normalize(words, NFKC), U&'\02BB\02BC\00AD\200B\2060\FEFF', ''''''),
               '([[:alnum:]])[/._@:\\‐‑-]+(?=[[:alnum:]])', '\1 ', 'g'),
             '([[:alpha:]]{3})(?=[0-9])', '\1 ', 'g')
$$;

-- Besides, what is joined is found without what joins it.
CREATE OR REPLACE FUNCTION search_joined(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH given AS (
        SELECT translate(normalize(words, NFKC),
                         U&'\02BB\02BC\2019\00AD\200B\2060\FEFF', '''''''') AS words
    )
    SELECT COALESCE(string_agg(DISTINCT joined, ' '), '') FROM (
        SELECT regexp_replace(m[1], U&'[‐‑''\200C\05F3\05F4"-]', '', 'g')
          FROM given CROSS JOIN LATERAL regexp_matches(words,
               U&'([[:alnum:]]+(?:[‐‑''\200C\05F3\05F4"-][[:alnum:]]+)+)', 'g') m
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

BEGIN, END = "CREATE OR REPLACE FUNCTION search_refresh", "\nEND $$;"


def refresh(version: int) -> str:
    """The function as it was, but for the number that it writes."""
    former = import_module("petitions.migrations.0040_search_in_own_language")
    body = former.FUNCTIONS.partition(BEGIN)[2].partition(END)[0]
    return BEGIN + body.replace("d.opens_at, 1,", f"d.opens_at, {version},") + END


class Migration(migrations.Migration):
    dependencies = [("petitions", "0046_dialect_by_function")]

    operations = [
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        migrations.RunSQL(refresh(2), refresh(1)),
    ]
