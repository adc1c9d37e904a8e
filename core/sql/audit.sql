-- The audit trail: one table, config_auditentry, which only grows. The trigger `audited`
-- stands on each table that core.audit.tables declares.

-- The id of the organisation that a row leads to: path[1] is a column of the row, each
-- further step a "table.column" of the row with the id found so far.
CREATE OR REPLACE FUNCTION audit_organization(path text[], whole jsonb) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    found bigint := (whole ->> path[1])::bigint;
    step text;
BEGIN
    FOREACH step IN ARRAY path[2:] LOOP
        EXIT WHEN found IS NULL;
        EXECUTE format('SELECT %I FROM %I WHERE id = $1',
                       split_part(step, '.', 2), split_part(step, '.', 1))
           INTO found USING found;
    END LOOP;
    RETURN found;
END $$;

-- Write an entry. Who it was, and why, the transaction says (core.audit.actors); where it
-- says nothing, the role alone is known.
CREATE OR REPLACE FUNCTION audit_write(
    what text, of_table text, of_row text, of_parent bigint, of_organization bigint,
    old jsonb, new jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    actor text := COALESCE(current_setting('app.actor', true), '');
    is_account boolean := actor ~ '^[0-9]{1,18}$';
BEGIN
    INSERT INTO config_auditentry
        (at, account, process, session_role, transaction, organization, "table", "row",
         parent, action, was, now, reason)
    VALUES
        (clock_timestamp(), CASE WHEN is_account THEN actor::bigint END,
         CASE WHEN is_account THEN '' ELSE left(actor, 80) END, current_user,
         pg_current_xact_id()::text::bigint, of_organization, of_table, of_row,
         of_parent, what, old, new, left(COALESCE(current_setting('app.reason', true), ''), 1000));
END $$;

-- Arguments: the primary key's column; the path to the organisation; the columns that are
-- left out; those of which only is said that they changed. Each list is parted by commas.
CREATE OR REPLACE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    path text[] := string_to_array(NULLIF(TG_ARGV[1], ''), ',');
    left_out text[] := string_to_array(TG_ARGV[2], ',');
    hidden text[] := string_to_array(TG_ARGV[3], ',');
    old_row jsonb := CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN to_jsonb(OLD) END;
    new_row jsonb := CASE WHEN TG_OP IN ('UPDATE', 'INSERT') THEN to_jsonb(NEW) END;
    whole jsonb := COALESCE(new_row, old_row);
    old jsonb;
    new jsonb;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM audit_write('truncate', TG_TABLE_NAME, '', NULL, NULL, NULL, NULL);
        RETURN NULL;
    END IF;
    -- What changed; of a row that comes or goes, what is not empty.
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY(hidden) THEN '"…"' ELSE value END)
      INTO old FROM jsonb_each(old_row - left_out)
     WHERE CASE WHEN TG_OP = 'UPDATE' THEN value IS DISTINCT FROM new_row -> key
           ELSE value NOT IN ('null', '""', '[]', '{}') END;
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY(hidden) THEN '"…"' ELSE value END)
      INTO new FROM jsonb_each(new_row - left_out)
     WHERE CASE WHEN TG_OP = 'UPDATE' THEN value IS DISTINCT FROM old_row -> key
           ELSE value NOT IN ('null', '""', '[]', '{}') END;
    IF TG_OP <> 'UPDATE' OR new IS NOT NULL THEN
        PERFORM audit_write(lower(TG_OP), TG_TABLE_NAME, whole ->> TG_ARGV[0],
                            (whole ->> NULLIF(path[1], TG_ARGV[0]))::bigint,
                            audit_organization(path, whole), old, new);
    END IF;
    RETURN NULL;
END $$;

-- No entry is changed, and none goes but by audit_expire().
CREATE OR REPLACE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('app.audit_expires', true) = 'on'
       AND OLD.at < now() - interval '12 months' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'An entry of the audit trail stays as it is.'
        USING ERRCODE = 'check_violation';
END $$;

CREATE OR REPLACE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE ON config_auditentry
FOR EACH ROW EXECUTE FUNCTION audit_stays();

CREATE OR REPLACE TRIGGER audit_trail_stays BEFORE TRUNCATE ON config_auditentry
FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();

-- Delete at most `most` entries from before `before`, none of the last twelve months, and
-- return how many.
CREATE OR REPLACE FUNCTION audit_expire(before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    number integer;
BEGIN
    PERFORM set_config('app.audit_expires', 'on', true);
    DELETE FROM config_auditentry WHERE id IN (
        SELECT id FROM config_auditentry
         WHERE at < LEAST(before, now() - interval '12 months')
         ORDER BY at LIMIT most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS number = ROW_COUNT;
    PERFORM set_config('app.audit_expires', '', true);
    RETURN number;
END $$;
