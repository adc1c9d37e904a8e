-- Guard of handovers: refuse to change the numbers that were handed over.

CREATE OR REPLACE FUNCTION handover_keep_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'How many were handed over does not change afterwards.';
END $$;
CREATE OR REPLACE TRIGGER handover_numbers_stay BEFORE UPDATE ON petitions_handover
FOR EACH ROW WHEN (
    (OLD.confirmed, OLD.paper, OLD.imported)
    IS DISTINCT FROM (NEW.confirmed, NEW.paper, NEW.imported)
) EXECUTE FUNCTION handover_keep_numbers();
