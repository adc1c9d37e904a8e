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
