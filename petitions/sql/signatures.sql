-- Guards of signatures: counted ones do not vanish, erased names do not come back.

-- Refuse to delete a counted signature. Withdrawing it first lowers the count, which
-- would otherwise include somebody of whom there is no record.
CREATE OR REPLACE FUNCTION signature_keep_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'A counted signature must be withdrawn before it is erased.';
END $$;
CREATE OR REPLACE TRIGGER signature_counted_stays BEFORE DELETE ON petitions_signature
FOR EACH ROW WHEN (OLD.state = 'confirmed')
EXECUTE FUNCTION signature_keep_counted();

-- Refuse signatures of a petition whose names were erased.
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

-- Refuse to write into what is left of an erased signature.
CREATE OR REPLACE FUNCTION signature_keep_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'Whose signature this was is erased: nothing more is written into it.';
END $$;
CREATE OR REPLACE TRIGGER signature_erased_stays BEFORE UPDATE ON petitions_signature
FOR EACH ROW WHEN (OLD.email_key IS NULL AND NEW IS DISTINCT FROM OLD)
EXECUTE FUNCTION signature_keep_erased();

-- Refuse to erase a counted signature before its petition has ended and staff have had
-- seven days to call it off. A caller with a clock of its own sets `petitions.now`.
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
