-- Guards of petitions: what people signed, and what they were promised, stays.

CREATE OR REPLACE FUNCTION petition_is_signed(signed_id bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM petitions_signature WHERE petition_id = signed_id)
        OR EXISTS (SELECT 1 FROM petitions_countentry WHERE petition_id = signed_id)
        OR EXISTS (SELECT 1 FROM petitions_signatureimport
                    WHERE petition_id = signed_id AND begun_at IS NOT NULL)
$$;

-- Refuse to change a petition that people have signed; the triggers say which columns.
CREATE OR REPLACE FUNCTION petition_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF petition_is_signed(OLD.id) THEN
        RAISE check_violation USING MESSAGE =
            'People have signed this petition: its words are frozen.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER petition_words_frozen BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (
    (OLD.title, OLD.ask, OLD.text, OLD.text_format, OLD.language, OLD.organization_id)
    IS DISTINCT FROM
    (NEW.title, NEW.ask, NEW.text, NEW.text_format, NEW.language, NEW.organization_id)
) EXECUTE FUNCTION petition_keep_words();
-- Less may be handed over than was promised, never more.
CREATE OR REPLACE TRIGGER petition_delivery_only_less BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (
    array_position(ARRAY['number', 'names', 'comments'], NEW.delivery::text)
    > array_position(ARRAY['number', 'names', 'comments'], OLD.delivery::text)
) EXECUTE FUNCTION petition_keep_words();
-- Where two people could share an address, the second one stays counted.
CREATE OR REPLACE TRIGGER petition_addresses_stay_shared BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (OLD.shared_addresses AND NOT NEW.shared_addresses)
EXECUTE FUNCTION petition_keep_words();
-- The dialect decides how a text is read, and so what was signed.
CREATE OR REPLACE TRIGGER petition_dialect_frozen BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (OLD.dialect IS DISTINCT FROM NEW.dialect)
EXECUTE FUNCTION petition_keep_words();

-- Refuse to reopen a petition that has ended, except within seven days, to the state
-- that it had before, while no names are erased.
CREATE OR REPLACE FUNCTION petition_keep_ended() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF COALESCE(
        NEW.state = OLD.state_before
        AND OLD.state_since > now() - interval '7 days'
        AND OLD.anonymised_at IS NULL AND OLD.anonymised_to = 0, false)
    THEN
        RETURN NEW;
    END IF;
    RAISE check_violation USING MESSAGE = 'This petition has ended for good.';
END $$;
CREATE OR REPLACE TRIGGER petition_ended_stays BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (
    (OLD.state = 'withdrawn' AND NEW.state <> 'withdrawn')
    OR (OLD.state IN ('closed', 'won') AND NEW.state IN ('draft', 'open', 'paused'))
) EXECUTE FUNCTION petition_keep_ended();

-- Refuse to make a draft of a petition that was public and that anybody has signed. A form
-- that arrives in the same moment may still leave a row: it cannot be confirmed, and is
-- erased like any other that nobody confirms.
CREATE OR REPLACE FUNCTION petition_keep_public() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF petition_is_signed(OLD.id) THEN
        RAISE check_violation USING MESSAGE =
            'People have signed this petition: it cannot be a draft again.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER petition_public_stays BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (
    OLD.state <> 'draft' AND NEW.state = 'draft' AND OLD.opens_at <= now()
) EXECUTE FUNCTION petition_keep_public();

-- Refuse to keep names for longer than signers were promised, except to take back a
-- shorter period within seven days, while no names are erased.
CREATE OR REPLACE FUNCTION petition_keep_months() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF petition_is_signed(OLD.id) AND NOT COALESCE(
        NEW.months_kept <= OLD.months_before
        AND OLD.months_lowered_at > now() - interval '7 days'
        AND OLD.anonymised_at IS NULL AND OLD.anonymised_to = 0, false)
    THEN
        RAISE check_violation USING MESSAGE =
            'People have signed this petition: their names are not kept for longer.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER petition_months_only_less BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (NEW.months_kept > OLD.months_kept)
EXECUTE FUNCTION petition_keep_months();

-- Refuse to change when the names were erased: signatures.sql relies on it.
CREATE OR REPLACE FUNCTION petition_keep_anonymised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE = 'The names of this petition were erased.';
END $$;
CREATE OR REPLACE TRIGGER petition_anonymised_stays BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (
    OLD.anonymised_at IS NOT NULL AND NEW.anonymised_at IS DISTINCT FROM OLD.anonymised_at
) EXECUTE FUNCTION petition_keep_anonymised();

-- Record when staff entered an end or a shorter period, and what was there before: from
-- then on they have seven days to take it back. These columns are written here alone,
-- whatever a statement sets them to.
CREATE OR REPLACE FUNCTION petition_note_times() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wait CONSTANT interval := '7 days';
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.state_before := NULL;
        NEW.state_since := now();
        NEW.months_before := NULL;
        NEW.months_lowered_at := NULL;
        NEW.erasable_from := CASE WHEN NEW.ended_at IS NOT NULL THEN now() + wait END;
        RETURN NEW;
    END IF;
    NEW.state_before := OLD.state_before;
    NEW.state_since := OLD.state_since;
    NEW.months_before := OLD.months_before;
    NEW.months_lowered_at := OLD.months_lowered_at;
    NEW.erasable_from := OLD.erasable_from;
    -- A closing date that has already passed closes the petition now.
    IF NEW.state IN ('open', 'paused') AND NEW.closes_at < now()
       AND NEW.closes_at > NEW.opens_at
       AND (NEW.closes_at IS DISTINCT FROM OLD.closes_at OR OLD.state = 'draft')
    THEN
        NEW.closes_at := now();
    END IF;
    IF NEW.state <> OLD.state THEN
        NEW.state_before := OLD.state;
        NEW.state_since := now();
    END IF;
    IF NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
        -- It ends now, or at a closing date that was entered before it came.
        IF OLD.ended_at IS NULL THEN
            NEW.ended_at := GREATEST(NEW.ended_at, LEAST(now(), OLD.closes_at));
        END IF;
        NEW.months_before := NULL;
        NEW.months_lowered_at := NULL;
        NEW.erasable_from := CASE WHEN NEW.ended_at IS NOT NULL THEN now() + wait END;
    END IF;
    IF NEW.months_kept < OLD.months_kept AND OLD.ended_at IS NOT NULL THEN
        IF OLD.months_lowered_at IS NULL OR OLD.months_lowered_at <= now() - wait THEN
            NEW.months_before := OLD.months_kept;
        END IF;
        NEW.months_lowered_at := now();
        NEW.erasable_from := now() + wait;
    ELSIF NEW.months_kept > OLD.months_kept THEN
        NEW.months_before := NULL;
        NEW.months_lowered_at := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER petition_times_noted BEFORE INSERT OR UPDATE ON petitions_petition
FOR EACH ROW EXECUTE FUNCTION petition_note_times();
