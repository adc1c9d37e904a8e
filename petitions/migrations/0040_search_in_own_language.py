"""Search as readers expect it: parts of joined words, words inside scripts that do not
part them, and each text by the words of its own language only.

Everything is added beside what is there, for the code of the release before goes on
running while this is applied. Documents are written anew by the worker, a few at a time
(petitions.search.reindexing)."""

from django.db import migrations, models

# Scripts whose words are not parted by blanks, or are joined to long ones.
JOINED = (
    "\u0b80-\u0dff"  # Tamil, Telugu, Kannada, Malayalam, Sinhala
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1100-\u11ff"  # Hangul, letter by letter
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007"  # 々 and its like
    "\u3041-\u30ff"  # Hiragana, Katakana
    "\u31f0-\u31ff"
    "\u3400-\u4dbf"  # Chinese characters
    "\u4e00-\u9fff"
    "\uac00-\ud7a3"  # Hangul
    "\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)

FUNCTIONS = f"""
-- The words of a text as they are searched, for those of a query are made the same way in
-- petitions.search.searching.normal(): one form for each letter, nothing that only shapes words,
-- and what punctuation joins stands apart.
CREATE FUNCTION search_normal(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(
             regexp_replace(
               translate(normalize(words, NFKC), U&'\\00AD\\200B\\2060\\FEFF', ''),
               '([[:alnum:]])[/._@:\\\\‐‑-]+(?=[[:alnum:]])', '\\1 ', 'g'),
             '([[:alpha:]]{{3}})(?=[0-9])', '\\1 ', 'g')
$$;

-- Besides, what a hyphen joins is found without it: “e-mail” by “email”.
CREATE FUNCTION search_joined(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(string_agg(DISTINCT regexp_replace(m[1], '[‐‑-]', '', 'g'), ' '), '')
      FROM regexp_matches(
           translate(normalize(words, NFKC), U&'\\00AD\\200B\\2060\\FEFF', ''),
           '([[:alpha:]]+(?:[‐‑-][[:alpha:]]+)+)', 'g') m
$$;

-- Two characters each of a script that does not part its words, written in ASCII so that
-- every parser and dictionary leaves them alone; then each character alone.
CREATE FUNCTION search_pairs(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN words ~ '[{JOINED}]' THEN (
        SELECT concat_ws(' . ',
               string_agg('x0' || one || 'z' || next, ' ' ORDER BY run, place)
                   FILTER (WHERE next IS NOT NULL),
               string_agg(DISTINCT 'x0' || one, ' '))
          FROM (SELECT run, place, to_hex(ascii(c)) AS one,
                       to_hex(ascii(lead(c) OVER (PARTITION BY run ORDER BY place))) AS next
                  FROM regexp_matches(words, '[{JOINED}]+', 'g')
                       WITH ORDINALITY runs (m, run)
                 CROSS JOIN unnest(string_to_array(m[1], NULL))
                       WITH ORDINALITY characters (c, place)) pairs)
    ELSE '' END
$$;

-- A text as words in the form in which its language searches them.
CREATE FUNCTION search_vector(configuration regconfig, words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector(configuration, concat_ws(' . ', normal, search_joined(words)))
        || to_tsvector('petitions_simple', search_pairs(normal))
      FROM search_normal(words) normal
$$;

CREATE OR REPLACE FUNCTION search_refresh(changed bigint[]) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET jit = off AS $$
BEGIN
    IF cardinality(changed) = 0 THEN
        RETURN;
    END IF;
    -- One after the other: of two who change a petition the last one sees all of it.
    PERFORM 1 FROM petitions_petition WHERE id = ANY(changed)
      ORDER BY id FOR NO KEY UPDATE;
    DELETE FROM petitions_searchdocument WHERE petition_id = ANY(changed);
    WITH words AS (
        SELECT id AS petition_id, language, title, ask, summary, text,
               NULL AS addressees
          FROM petitions_petition WHERE id = ANY(changed)
         UNION ALL
        SELECT petition_id, language, title, ask, summary, text, addressees
          FROM petitions_translation WHERE petition_id = ANY(changed)
    ), targets AS (
        SELECT petition_id,
               string_agg(concat_ws(' . ', name, office, organisation), ' . ') AS names
          FROM petitions_target WHERE petition_id = ANY(changed) GROUP BY petition_id
    ), texts AS MATERIALIZED (
        SELECT p.organization_id, p.state, p.opens_at, w.*, t.names AS targets,
               o.name AS organization, search_configuration(w.language) AS configuration
          FROM petitions_petition p
          JOIN organizations_organization o ON o.id = p.organization_id
          JOIN words w ON w.petition_id = p.id
          LEFT JOIN targets t ON t.petition_id = p.id
         WHERE p.id = ANY(changed) AND p.opens_at IS NOT NULL
           AND p.state IN ('open', 'paused', 'closed', 'won')
    ), documents AS (
        INSERT INTO petitions_searchdocument
               (petition_id, organization_id, language, state, opens_at, version,
                head, whole)
        SELECT d.petition_id, d.organization_id, d.language, d.state, d.opens_at, 1,
               head, head || setweight(search_vector(d.configuration, d.text), 'D')
          FROM texts d
         CROSS JOIN LATERAL concat_ws(' . ', d.ask, d.summary, d.addressees) told
         CROSS JOIN LATERAL (
               SELECT setweight(search_vector(d.configuration, d.title), 'A')
                   || setweight(search_vector(d.configuration, told), 'B')
                   || setweight(
                        search_vector(d.configuration, COALESCE(d.targets, '')), 'B')
                   || setweight(search_vector(d.configuration, d.organization), 'C')
               ) h (head)
    )
    -- In one order, so that two of these never wait for each other.
    INSERT INTO petitions_searchword (word)
    SELECT DISTINCT word
      FROM texts d
     CROSS JOIN LATERAL unnest(tsvector_to_array(to_tsvector('petitions_simple',
           search_normal(concat_ws(' . ', d.title, d.ask, d.summary, d.addressees, d.text,
                                   d.targets, d.organization))))) word
     WHERE word ~ '^[[:alpha:]]{{4,30}}$'
     ORDER BY word
        ON CONFLICT DO NOTHING;
END $$;

-- What is searched for, by the configuration of each language in use, of the interface or
-- of any text. None for a language in which nothing is left that an index could find.
CREATE FUNCTION search_queries(words text, interface text[])
RETURNS TABLE (configuration text, query text) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE used AS (
        (SELECT language FROM petitions_searchdocument ORDER BY language LIMIT 1)
        UNION ALL
        SELECT (SELECT d.language FROM petitions_searchdocument d
                 WHERE d.language > used.language ORDER BY d.language LIMIT 1)
          FROM used WHERE used.language IS NOT NULL
    ), configurations AS (
        SELECT DISTINCT search_configuration(language) AS configuration
          FROM (SELECT language FROM used WHERE language IS NOT NULL
                UNION SELECT unnest(interface)) languages
    )
    SELECT configuration::text,
           -- The word itself, too: a stem may lose more of it than of its plural.
           CASE WHEN q::text LIKE '%!%' THEN q
                ELSE q || websearch_to_tsquery('petitions_simple', words) END::text
      FROM configurations
     CROSS JOIN LATERAL websearch_to_tsquery(configuration, words) q
     WHERE numnode(q) > 0 AND querytree(q) NOT IN ('', 'T')
$$;

-- Of queries by configuration the one for texts in `language`; NULL finds nothing.
CREATE FUNCTION search_own(queries jsonb, language text) RETURNS tsquery
LANGUAGE sql STABLE AS $$
    SELECT (queries ->> search_configuration(language)::text)::tsquery
$$;

-- As before, and each text by the query of its own language: the stem of a name in one
-- language is a word of another. `query` is all of them, for the index.
CREATE FUNCTION search_newest(part text, query tsquery, queries jsonb, wanted int,
    looked_at int, moment timestamptz, states text[], organization bigint, topic bigint)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT id FROM (
               SELECT id, opens_at, language, %1$I FROM petitions_searchdocument d
                WHERE opens_at <= $1 %2$s ORDER BY opens_at DESC LIMIT $2) newest
         WHERE %1$I @@ $3 AND %1$I @@ search_own($8, language)
         ORDER BY opens_at DESC LIMIT $4
        $sql$, part, search_scope(states, organization, topic))
        USING moment, looked_at, query, wanted, states, organization, topic, queries;
END $$;

CREATE FUNCTION search_indexed(part text, query tsquery, queries jsonb, wanted int,
    looked_at int, moment timestamptz, states text[], organization bigint, topic bigint)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_indexscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT id FROM (
               SELECT id, opens_at, language, %1$I FROM petitions_searchdocument d
                WHERE %1$I @@ $8 AND opens_at <= $1 %2$s LIMIT $2) indexed
         WHERE %1$I @@ $3 AND %1$I @@ search_own($9, language)
         ORDER BY opens_at DESC LIMIT $4
        $sql$, part, search_scope(states, organization, topic))
        USING moment, looked_at, query, wanted, states, organization, topic,
              regexp_replace(query::text, '<(-|[0-9]+)>', '&', 'g')::tsquery, queries;
END $$;
"""  # noqa: S608 - nothing of it comes from outside


class Migration(migrations.Migration):
    dependencies = [("petitions", "0039_aside_validated")]

    operations = [
        migrations.AddField(
            model_name="searchdocument",
            name="version",
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
