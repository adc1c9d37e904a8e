-- What was signed stays as it was signed, what has ended stays ended, and what was promised is kept.

CREATE OR REPLACE FUNCTION petition_is_signed(signed_id bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM petitions_signature WHERE petition_id = signed_id)
        OR EXISTS (SELECT 1 FROM petitions_countentry WHERE petition_id = signed_id)
$$;

-- What was signed stays signed.
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
-- What the person petitioned receives changes only towards less.
CREATE OR REPLACE TRIGGER petition_delivery_only_less BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (
    array_position(ARRAY['number', 'names', 'comments'], NEW.delivery::text)
    > array_position(ARRAY['number', 'names', 'comments'], OLD.delivery::text)
) EXECUTE FUNCTION petition_keep_words();
CREATE OR REPLACE TRIGGER petition_addresses_stay_shared BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (OLD.shared_addresses AND NOT NEW.shared_addresses)
EXECUTE FUNCTION petition_keep_words();
-- How a signed text is read is part of what was signed.
CREATE OR REPLACE TRIGGER petition_dialect_frozen BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (OLD.dialect IS DISTINCT FROM NEW.dialect)
EXECUTE FUNCTION petition_keep_words();

-- An end is taken back within seven days, to where the petition stood.
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

-- Fewer months are taken back within seven days, when nobody has signed under them.
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

-- Once the names of a petition are erased, it holds none again: it stays marked, takes
-- no signatures, and nothing is written into what is left of a signature.
CREATE OR REPLACE FUNCTION petition_keep_anonymised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE = 'The names of this petition were erased.';
END $$;
CREATE OR REPLACE TRIGGER petition_anonymised_stays BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (
    OLD.anonymised_at IS NOT NULL AND NEW.anonymised_at IS DISTINCT FROM OLD.anonymised_at
) EXECUTE FUNCTION petition_keep_anonymised();

-- When something was entered that ends or erases, and what stood there before. These
-- columns are written here and nowhere else, whatever a statement says of them.
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
    -- A closing date that has passed already ends it now, not before.
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
        -- Or at the closing date, which was entered before it came.
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
