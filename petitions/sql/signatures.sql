-- A counted signature cannot vanish, and a name that was erased does not come back.

-- A counted signature is withdrawn before it is erased: otherwise the count would
-- hold somebody whom the records do not.
CREATE OR REPLACE FUNCTION signature_keep_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'A counted signature must be withdrawn before it is erased.';
END $$;
CREATE OR REPLACE TRIGGER signature_counted_stays BEFORE DELETE ON petitions_signature
FOR EACH ROW WHEN (OLD.state = 'confirmed')
EXECUTE FUNCTION signature_keep_counted();

CREATE OR REPLACE FUNCTION signature_keep_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_petition
                WHERE id = NEW.petition_id AND anonymised_at IS NOT NULL)
    THEN
        RAISE check_violation USING MESSAGE =
            'The names of this petition were erased: it takes no signatures.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER signature_not_of_anonymised BEFORE INSERT ON petitions_signature
FOR EACH ROW EXECUTE FUNCTION signature_keep_out();

CREATE OR REPLACE FUNCTION signature_keep_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'Whose signature this was is erased: nothing more is written into it.';
END $$;
CREATE OR REPLACE TRIGGER signature_erased_stays BEFORE UPDATE ON petitions_signature
FOR EACH ROW WHEN (OLD.email_key IS NULL AND NEW IS DISTINCT FROM OLD)
EXECUTE FUNCTION signature_keep_erased();

-- Names go when the petition has ended and seven days have passed since it was entered
-- that they should. Who erases by another clock says so.
CREATE OR REPLACE FUNCTION signature_keep_for_now() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    clock timestamptz := COALESCE(
        NULLIF(current_setting('petitions.now', true), '')::timestamptz, now());
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_petition
                WHERE id = NEW.petition_id
                  AND (ended_at IS NULL OR erasable_from > clock))
    THEN
        RAISE check_violation USING MESSAGE =
            'The names of this petition are not erased yet: it can be called off.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER signature_kept_for_now BEFORE UPDATE ON petitions_signature
FOR EACH ROW WHEN (
    OLD.email_key IS NOT NULL AND NEW.email_key IS NULL AND NEW.state = 'confirmed'
) EXECUTE FUNCTION signature_keep_for_now();
