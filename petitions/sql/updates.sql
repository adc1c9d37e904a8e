-- Guard of updates: refuse to change or free the address of a published one.

CREATE OR REPLACE FUNCTION update_keep_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'An update that was published keeps its address.';
END $$;
CREATE OR REPLACE TRIGGER update_keeps_number BEFORE UPDATE ON petitions_update
FOR EACH ROW WHEN (OLD.number IS NOT NULL AND
    (OLD.number, OLD.petition_id) IS DISTINCT FROM (NEW.number, NEW.petition_id)
) EXECUTE FUNCTION update_keep_address();
CREATE OR REPLACE TRIGGER update_published_stays BEFORE DELETE ON petitions_update
FOR EACH ROW WHEN (OLD.number IS NOT NULL) EXECUTE FUNCTION update_keep_address();
