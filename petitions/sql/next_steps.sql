-- Guard of next steps: refuse a petition of another organisation.

CREATE OR REPLACE FUNCTION next_step_of_the_same() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_petition this, petitions_petition other
                WHERE this.id = NEW.petition_id AND other.id = NEW.other_id
                  AND this.organization_id <> other.organization_id)
    THEN
        RAISE check_violation USING MESSAGE =
            'Choose a petition of the same organisation.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER next_step_of_the_same BEFORE INSERT OR UPDATE ON petitions_nextstep
FOR EACH ROW EXECUTE FUNCTION next_step_of_the_same();
