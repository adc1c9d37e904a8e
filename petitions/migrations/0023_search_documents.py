"""The database itself keeps what the search looks into: a row for each text of each
public petition, written anew whenever something that it is made of changes."""

from django.db import migrations

FUNCTIONS = """
-- Many are written anew at once where their organisation is renamed, or an import adds
-- them, maybe before the statistics know of any: planned each time for what changed, and
-- never with loops that would read all of them for each.
CREATE FUNCTION search_refresh(changed bigint[]) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET jit = off AS $$
BEGIN
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
               (petition_id, organization_id, language, state, opens_at, head, whole)
        SELECT d.petition_id, d.organization_id, d.language, d.state, d.opens_at, head,
               head || setweight(to_tsvector(d.configuration, d.text), 'D')
          FROM texts d
         CROSS JOIN LATERAL concat_ws(' . ', d.ask, d.summary, d.addressees) told
         CROSS JOIN LATERAL (
               SELECT setweight(to_tsvector(d.configuration, d.title), 'A')
                   || setweight(to_tsvector(d.configuration, told), 'B')
                   || setweight(to_tsvector(d.configuration, COALESCE(d.targets, '')), 'B')
                   || setweight(to_tsvector(d.configuration, d.organization), 'C')
               ) h (head)
    )
    -- In one order, so that two of these never wait for each other.
    INSERT INTO petitions_searchword (word)
    SELECT DISTINCT word
      FROM texts d
     CROSS JOIN LATERAL unnest(tsvector_to_array(to_tsvector('petitions_simple',
           concat_ws(' . ', d.title, d.ask, d.summary, d.addressees, d.text, d.targets,
                     d.organization)))) word
     WHERE word ~ '^[[:alpha:]]{4,30}$'
     ORDER BY word
        ON CONFLICT DO NOTHING;
END $$;

-- What a petition is searched for: `words` as people write them, in each language of
-- the interface or of any text. NULL when nothing is left that an index could find.
CREATE FUNCTION search_query(words text, interface text[]) RETURNS tsquery
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

-- The conditions that narrow a search; NULL narrows nothing.
CREATE FUNCTION search_scope(states text[], organization bigint, topic bigint)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT concat_ws(' ',
        CASE WHEN states IS NOT NULL THEN 'AND state = ANY($5)' END,
        CASE WHEN organization IS NOT NULL THEN 'AND organization_id = $6' END,
        CASE WHEN topic IS NOT NULL THEN
            'AND EXISTS (SELECT 1 FROM petitions_petition_topics t'
            ' WHERE t.petition_id = d.petition_id AND t.topic_id = $7)' END)
$$;

-- Texts with `query` in `part` (head or whole), the newest first: of the newest
-- `looked_at` alone, so that a common word costs no more than a rare one …
CREATE FUNCTION search_newest(part text, query tsquery, wanted int, looked_at int,
    moment timestamptz, states text[], organization bigint, topic bigint)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT id FROM (
               SELECT id, opens_at, %1$I FROM petitions_searchdocument d
                WHERE opens_at <= $1 %2$s ORDER BY opens_at DESC LIMIT $2) newest
         WHERE %1$I @@ $3 ORDER BY opens_at DESC LIMIT $4
        $sql$, part, search_scope(states, organization, topic))
        USING moment, looked_at, query, wanted, states, organization, topic;
END $$;

-- … or those that the index has, at most `looked_at`, which is all for a rare word.
-- The positions of a phrase are not in it: its words first, then, of those, the phrase.
CREATE FUNCTION search_indexed(part text, query tsquery, wanted int, looked_at int,
    moment timestamptz, states text[], organization bigint, topic bigint)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_indexscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT id FROM (
               SELECT id, opens_at, %1$I FROM petitions_searchdocument d
                WHERE %1$I @@ $8 AND opens_at <= $1 %2$s LIMIT $2) indexed
         WHERE %1$I @@ $3 ORDER BY opens_at DESC LIMIT $4
        $sql$, part, search_scope(states, organization, topic))
        USING moment, looked_at, query, wanted, states, organization, topic,
              regexp_replace(query::text, '<(-|[0-9]+)>', '&', 'g')::tsquery;
END $$;

-- A public petition has a total, be it 0: lists by supporters are in its order.
CREATE FUNCTION petition_has_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO petitions_total (petition_id, confirmed, paper, imported)
    SELECT id, 0, 0, 0 FROM now_rows WHERE state <> 'draft' ORDER BY id
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION search_petition_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM search_refresh(ARRAY(
            SELECT id FROM now_rows WHERE state <> 'draft'));
    ELSE
        -- They have no index: compared as sets, for one by one is each with each.
        PERFORM search_refresh(ARRAY(
            SELECT id FROM (
                   SELECT id, organization_id, language, title, ask, summary, text,
                          state, opens_at FROM now_rows
                   EXCEPT
                   SELECT id, organization_id, language, title, ask, summary, text,
                          state, opens_at FROM old_rows) changed));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION search_part_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM search_refresh(ARRAY(SELECT DISTINCT petition_id FROM now_rows));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM search_refresh(ARRAY(SELECT DISTINCT petition_id FROM old_rows));
    ELSE
        PERFORM search_refresh(ARRAY(
            SELECT petition_id FROM now_rows UNION SELECT petition_id FROM old_rows));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION search_organization_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_refresh(ARRAY(
        SELECT p.id FROM petitions_petition p
          JOIN now_rows n ON n.id = p.organization_id
          JOIN old_rows o ON o.id = n.id AND o.name <> n.name));
    RETURN NULL;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER total_inserted AFTER INSERT ON petitions_petition
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION petition_has_total();
CREATE TRIGGER total_updated AFTER UPDATE ON petitions_petition
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION petition_has_total();
CREATE TRIGGER search_inserted AFTER INSERT ON petitions_petition
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_petition_changed();
CREATE TRIGGER search_updated AFTER UPDATE ON petitions_petition
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_petition_changed();
CREATE TRIGGER search_updated AFTER UPDATE ON organizations_organization
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_organization_changed();
""" + "".join(
    f"""
CREATE TRIGGER search_inserted AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_part_changed();
CREATE TRIGGER search_updated AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_part_changed();
CREATE TRIGGER search_deleted AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_part_changed();
"""
    for table in ("petitions_target", "petitions_translation")
)

# What is there already.
FILL = """
INSERT INTO petitions_total (petition_id, confirmed, paper, imported)
SELECT id, 0, 0, 0 FROM petitions_petition WHERE state <> 'draft'
    ON CONFLICT DO NOTHING;
SELECT search_refresh(ARRAY(SELECT id FROM petitions_petition));
"""

NOTHING = """
DROP TRIGGER total_inserted ON petitions_petition;
DROP TRIGGER total_updated ON petitions_petition;
DROP TRIGGER search_inserted ON petitions_petition;
DROP TRIGGER search_updated ON petitions_petition;
DROP TRIGGER search_updated ON organizations_organization;
DROP TRIGGER search_inserted ON petitions_target;
DROP TRIGGER search_updated ON petitions_target;
DROP TRIGGER search_deleted ON petitions_target;
DROP TRIGGER search_inserted ON petitions_translation;
DROP TRIGGER search_updated ON petitions_translation;
DROP TRIGGER search_deleted ON petitions_translation;
DROP FUNCTION petition_has_total();
DROP FUNCTION search_organization_changed();
DROP FUNCTION search_part_changed();
DROP FUNCTION search_petition_changed();
DROP FUNCTION search_indexed(
    text, tsquery, int, int, timestamptz, text[], bigint, bigint);
DROP FUNCTION search_newest(
    text, tsquery, int, int, timestamptz, text[], bigint, bigint);
DROP FUNCTION search_scope(text[], bigint, bigint);
DROP FUNCTION search_query(text, text[]);
DROP FUNCTION search_refresh(bigint[]);
DELETE FROM petitions_searchdocument;
DELETE FROM petitions_searchword;
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0022_search_configurations")]

    operations = [migrations.RunSQL(FUNCTIONS + TRIGGERS + FILL, NOTHING)]
