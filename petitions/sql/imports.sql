-- People who signed elsewhere before and were brought in from a file.

-- Forget the imported rows of whoever has just confirmed, by all `keys` of their
-- address; return how many of them counted. The statement that confirms calls it where
-- anybody was imported.
CREATE OR REPLACE FUNCTION forget_imported(petition bigint, keys uuid[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    counted_ones bigint;
BEGIN
    WITH gone AS (
        DELETE FROM petitions_importedsignature i
         WHERE i.petition_id = petition AND i.email_key = ANY (keys)
     RETURNING i.counted
    )
    SELECT count(*) INTO counted_ones FROM gone WHERE counted;
    RETURN counted_ones;
END $$;

-- Refuse to delete an import: what it counts would lose its reason.
CREATE OR REPLACE FUNCTION import_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE = 'An import stays on record: take it back.';
END $$;
CREATE OR REPLACE TRIGGER import_stays BEFORE DELETE ON petitions_signatureimport
FOR EACH ROW EXECUTE FUNCTION import_keep();

-- What staff state that people of a file agreed to is made before the file is checked,
-- and stays word for word. Who had it stated may be erased with their account.
CREATE OR REPLACE FUNCTION stated_consent_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_import bigint := coalesce(NEW.signature_import_id, OLD.signature_import_id);
    stands petitions_signatureimport;
BEGIN
    -- Locked, so that no check begins meanwhile.
    SELECT * INTO stands FROM petitions_signatureimport WHERE id = of_import FOR SHARE;
    IF TG_OP = 'UPDATE' OR stands.state NOT IN ('read', 'failed') THEN
        RAISE check_violation USING MESSAGE =
            'What people of this file agreed to stays as it was stated.';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF NOT EXISTS (SELECT FROM petitions_target
                    WHERE id = NEW.target_id AND petition_id = stands.petition_id)
    THEN
        RAISE check_violation USING MESSAGE =
            'This person or body is not petitioned here.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER stated_consent_stays
BEFORE INSERT OR DELETE ON petitions_statedconsent
FOR EACH ROW EXECUTE FUNCTION stated_consent_keep();
CREATE OR REPLACE TRIGGER stated_consent_permanent
BEFORE UPDATE ON petitions_statedconsent
FOR EACH ROW WHEN (
    to_jsonb(NEW) - 'made_by_id' IS DISTINCT FROM to_jsonb(OLD) - 'made_by_id'
) EXECUTE FUNCTION stated_consent_keep();

-- Refuse to keep the name of somebody of a file whose people agreed to nothing.
CREATE OR REPLACE FUNCTION imported_name_needs_consent()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM petitions_statedconsent
                    WHERE signature_import_id = NEW.signature_import_id)
    THEN
        RAISE check_violation USING MESSAGE =
            'Nobody has stated that people of this file agreed to be named.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER imported_named_by_consent
BEFORE INSERT OR UPDATE OF name, signature_import_id ON petitions_importedsignature
FOR EACH ROW WHEN (NEW.name <> '') EXECUTE FUNCTION imported_name_needs_consent();

-- Nor does somebody else receive the names than it was stated of: not even where nobody
-- has signed yet, so that whom the petition addresses may change.
CREATE OR REPLACE FUNCTION stated_target_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM petitions_statedconsent c
                 JOIN petitions_signatureimport i ON i.id = c.signature_import_id
                WHERE c.target_id = OLD.id AND i.state <> 'called_off')
    THEN
        RAISE check_violation USING MESSAGE =
            'What people of this file agreed to stays as it was stated.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER stated_target_stays BEFORE UPDATE ON petitions_target
FOR EACH ROW WHEN (
    to_jsonb(NEW) - 'position' IS DISTINCT FROM to_jsonb(OLD) - 'position'
) EXECUTE FUNCTION stated_target_keep();
