-- Guard of the register of requests: what was answered stays as it was recorded.

CREATE OR REPLACE FUNCTION supporter_request_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'A request that was answered stays on record as it is.';
END $$;
CREATE OR REPLACE TRIGGER supporter_request_stays BEFORE UPDATE ON petitions_supporterrequest
FOR EACH ROW WHEN (OLD.outcome <> '') EXECUTE FUNCTION supporter_request_keep();
