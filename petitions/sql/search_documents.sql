-- Search documents: one for each text of a public petition, kept up to date by triggers.

-- Return the words in the spelling that is indexed and searched: compatible characters,
-- no invisible ones, blanks for what joins words, and before digits.
CREATE OR REPLACE FUNCTION search_normal(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(
             regexp_replace(
               translate(normalize(words, NFKC), U&'\02BB\02BC\00AD\200B\2060\FEFF', ''''''),
               '([[:alnum:]])[/._@:\\‐‑-]+(?=[[:alnum:]])', '\1 ', 'g'),
             '([[:alpha:]]{3})(?=[0-9])', '\1 ', 'g')
$$;

-- Return compounds, initials, numbers and pointed Hebrew without what joins or points
-- them, to be found in that spelling, too: “wifi” for “wi-fi”, “ATT” for “AT&T”.
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

-- Return each pair of neighbours, then each character, of scripts that do not separate
-- words; as hexadecimal ASCII, which no parser or dictionary changes.
CREATE OR REPLACE FUNCTION search_pairs(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN words ~ '[஀-෿฀-໿က-႟ᄀ-ᇿក-៿々-〇ぁ-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿𠀀-𿿿]' THEN (
        SELECT concat_ws(' . ',
               string_agg('x0' || one || 'z' || next, ' ' ORDER BY run, place)
                   FILTER (WHERE next IS NOT NULL),
               string_agg(DISTINCT 'x0' || one, ' '))
          FROM (SELECT run, place, to_hex(ascii(c)) AS one,
                       to_hex(ascii(lead(c) OVER (PARTITION BY run ORDER BY place))) AS next
                  FROM regexp_matches(words, '[஀-෿฀-໿က-႟ᄀ-ᇿក-៿々-〇ぁ-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿𠀀-𿿿]+', 'g')
                       WITH ORDINALITY runs (m, run)
                 CROSS JOIN unnest(string_to_array(m[1], NULL))
                       WITH ORDINALITY characters (c, place)) pairs)
    ELSE '' END
$$;

-- Return the search vector of a text by the configuration of its language.
CREATE OR REPLACE FUNCTION search_vector(configuration regconfig, words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector(configuration, concat_ws(' . ', normal, search_joined(words)))
        || to_tsvector('petitions_simple', search_pairs(normal))
      FROM search_normal(words) normal
$$;

-- Make the search documents of these petitions anew.
CREATE OR REPLACE FUNCTION search_refresh(changed bigint[]) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET jit = off AS $$
BEGIN
    IF cardinality(changed) = 0 THEN
        RETURN;
    END IF;
    -- Of two transactions that change a petition, the later one sees all of it.
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
               concat_ws(' . ', o.name, (
                   SELECT string_agg(d.name, ' . ' ORDER BY d.language)
                     FROM organizations_description d
                    WHERE d.organization_id = o.id AND d.name <> '')) AS organization,
               search_configuration(w.language) AS configuration
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
        SELECT d.petition_id, d.organization_id, d.language, d.state, d.opens_at, 3,
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
    -- Always in the same order, so that two of these cannot deadlock.
    INSERT INTO petitions_searchword (word)
    SELECT DISTINCT word
      FROM texts d
     CROSS JOIN LATERAL unnest(tsvector_to_array(to_tsvector('petitions_simple',
           search_normal(concat_ws(' . ', d.title, d.ask, d.summary, d.addressees, d.text,
                                   d.targets, d.organization))))) word
     WHERE word ~ '^[[:alpha:]]{4,30}$'
     ORDER BY word
        ON CONFLICT DO NOTHING;
END $$;

CREATE OR REPLACE FUNCTION search_petition_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM search_refresh(ARRAY(
            SELECT id FROM now_rows WHERE state <> 'draft'));
    ELSE
        -- Compared as sets: transition tables have no index, and a join would compare
        -- each row with each.
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
CREATE OR REPLACE TRIGGER search_inserted AFTER INSERT ON petitions_petition
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_petition_changed();
CREATE OR REPLACE TRIGGER search_updated AFTER UPDATE ON petitions_petition
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_petition_changed();

CREATE OR REPLACE FUNCTION search_part_changed() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE TRIGGER search_inserted AFTER INSERT ON petitions_target
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_part_changed();
CREATE OR REPLACE TRIGGER search_updated AFTER UPDATE ON petitions_target
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_part_changed();
CREATE OR REPLACE TRIGGER search_deleted AFTER DELETE ON petitions_target
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_part_changed();
CREATE OR REPLACE TRIGGER search_inserted AFTER INSERT ON petitions_translation
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_part_changed();
CREATE OR REPLACE TRIGGER search_updated AFTER UPDATE ON petitions_translation
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_part_changed();
CREATE OR REPLACE TRIGGER search_deleted AFTER DELETE ON petitions_translation
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_part_changed();

-- A new name of an organisation, in whatever language, is in the documents of all its petitions. Of many, which
-- would take longer than staff wait, they are marked as outdated, for the worker.
CREATE OR REPLACE FUNCTION search_refresh_of(organizations bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    changed bigint[] = ARRAY(
        SELECT id FROM petitions_petition WHERE organization_id = ANY(organizations));
BEGIN
    IF cardinality(changed) <= 1000 THEN
        PERFORM search_refresh(changed);
    ELSE
        UPDATE petitions_searchdocument SET version = 0 WHERE petition_id = ANY(changed);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION search_organization_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_refresh_of(ARRAY(
        SELECT n.id FROM now_rows n JOIN old_rows o ON o.id = n.id AND o.name <> n.name));
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER search_updated AFTER UPDATE ON organizations_organization
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_organization_changed();

CREATE OR REPLACE FUNCTION search_description_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM search_refresh_of(ARRAY(
            SELECT organization_id FROM now_rows WHERE name <> ''));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM search_refresh_of(ARRAY(
            SELECT organization_id FROM old_rows WHERE name <> ''));
    ELSE
        PERFORM search_refresh_of(ARRAY(
            SELECT organization_id FROM (
                   (SELECT id, organization_id, name FROM now_rows
                    EXCEPT SELECT id, organization_id, name FROM old_rows)
                   UNION
                   (SELECT id, organization_id, name FROM old_rows
                    EXCEPT SELECT id, organization_id, name FROM now_rows)) changed));
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER search_inserted AFTER INSERT ON organizations_description
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_description_changed();
CREATE OR REPLACE TRIGGER search_updated AFTER UPDATE ON organizations_description
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_description_changed();
CREATE OR REPLACE TRIGGER search_deleted AFTER DELETE ON organizations_description
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_description_changed();
