-- Guard of exports: refuse to change the record of a list that left the site.

CREATE OR REPLACE FUNCTION export_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Once, how one that has begun ended.
    IF TG_OP = 'UPDATE' AND OLD.state = 'begun' AND NEW.state <> 'begun'
       AND (to_jsonb(NEW) - '{state,number,ended_at}'::text[])
           = (to_jsonb(OLD) - '{state,number,ended_at}'::text[])
    THEN
        RETURN NEW;
    END IF;
    RAISE check_violation USING MESSAGE =
        'That a list was exported is recorded for good.';
END $$;
CREATE OR REPLACE TRIGGER export_permanent BEFORE UPDATE OR DELETE ON petitions_export
FOR EACH ROW EXECUTE FUNCTION export_keep();
