-- Guards of entered counts: what was entered stays, and what was decided, too.

CREATE OR REPLACE FUNCTION entered_count_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'What was counted and entered stays as it is: correct it by a count entry.';
END $$;
CREATE OR REPLACE TRIGGER entered_count_permanent
BEFORE DELETE ON petitions_enteredcount
FOR EACH ROW EXECUTE FUNCTION entered_count_keep();

CREATE OR REPLACE TRIGGER entered_count_stays
BEFORE UPDATE ON petitions_enteredcount
FOR EACH ROW WHEN (
    (OLD.petition_id, OLD.source, OLD.number, OLD.label, OLD.place, OLD.counted_by,
     OLD.counted_at, OLD.made_at, OLD.needs_second)
    IS DISTINCT FROM
    (NEW.petition_id, NEW.source, NEW.number, NEW.label, NEW.place, NEW.counted_by,
     NEW.counted_at, NEW.made_at, NEW.needs_second)
    OR OLD.state <> 'waiting' AND (OLD.state, OLD.entry_id, OLD.decided_at)
       IS DISTINCT FROM (NEW.state, NEW.entry_id, NEW.decided_at)
) EXECUTE FUNCTION entered_count_keep();
