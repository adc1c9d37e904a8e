-- Search queries: from what people type to the documents that match it.

-- Return one query for `words` in all languages of the interface and of any text; NULL
-- if only words are left that no index holds.
CREATE OR REPLACE FUNCTION search_query(words text, interface text[]) RETURNS tsquery
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE used AS (
        (SELECT language FROM petitions_searchdocument ORDER BY language LIMIT 1)
        UNION ALL
        SELECT (SELECT d.language FROM petitions_searchdocument d
                 WHERE d.language > used.language ORDER BY d.language LIMIT 1)
          FROM used WHERE used.language IS NOT NULL
    ), queries AS (
        SELECT DISTINCT websearch_to_tsquery(search_configuration(language), words) AS q
          FROM (SELECT language FROM used WHERE language IS NOT NULL
                UNION SELECT unnest(interface)) languages
    )
    SELECT string_agg('(' || q::text || ')', ' | ')::tsquery FROM queries
     WHERE numnode(q) > 0 AND querytree(q) NOT IN ('', 'T')
$$;

-- Return the query for texts in `language` from all queries by configuration; NULL, which
-- matches nothing, if there is none.
CREATE OR REPLACE FUNCTION search_own(queries jsonb, language text) RETURNS tsquery
LANGUAGE sql STABLE AS $$
    SELECT (queries ->> search_configuration(language)::text)::tsquery
$$;

-- Return a query for each configuration in use, be it of the interface or of a text; no
-- row for one in which only words are left that no index holds.
CREATE OR REPLACE FUNCTION search_queries(words text, interface text[])
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
           -- The word itself as well: its stem may be shorter than that of its plural.
           CASE WHEN q::text LIKE '%!%' THEN q
                ELSE q || websearch_to_tsquery('petitions_simple', words) END::text
      FROM configurations
     CROSS JOIN LATERAL websearch_to_tsquery(configuration, words) q
     WHERE numnode(q) > 0 AND querytree(q) NOT IN ('', 'T')
$$;

-- Return the SQL conditions of the filters; a filter that is NULL adds none.
CREATE OR REPLACE FUNCTION search_scope(states text[], organization bigint, topic bigint)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT concat_ws(' ',
        CASE WHEN states IS NOT NULL THEN 'AND state = ANY($5)' END,
        CASE WHEN organization IS NOT NULL THEN 'AND organization_id = $6' END,
        CASE WHEN topic IS NOT NULL THEN
            'AND EXISTS (SELECT 1 FROM petitions_petition_topics t'
            ' WHERE t.petition_id = d.petition_id AND t.topic_id = $7)' END)
$$;

-- Return the documents that match in `part` (head or whole) among the newest `looked_at`,
-- newest first: a common word costs no more than a rare one. Each text is matched by
-- the query of its own language, for a stem in one language is a word of another;
-- `query` has all of them, for the index.
CREATE OR REPLACE FUNCTION search_newest(part text, query tsquery, queries jsonb, wanted int,
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

-- The same by the index, for rare words: of the first `looked_at` documents that it finds.
CREATE OR REPLACE FUNCTION search_indexed(part text, query tsquery, queries jsonb, wanted int,
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
