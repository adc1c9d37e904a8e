-- Guards of delivery packs: what was made for the person petitioned stays as it was.

CREATE OR REPLACE FUNCTION pack_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'What was made for delivery stays on record as it was made.';
END $$;
-- Once made, only that its files were erased and that it was handed over is added.
CREATE OR REPLACE TRIGGER pack_permanent BEFORE UPDATE ON petitions_pack
FOR EACH ROW WHEN (
    OLD.state IN ('done', 'called_off')
    AND (to_jsonb(NEW) - '{files_erased_at,handover_id,made_by_id}'::text[])
        IS DISTINCT FROM
        (to_jsonb(OLD) - '{files_erased_at,handover_id,made_by_id}'::text[])
) EXECUTE FUNCTION pack_keep();
CREATE OR REPLACE TRIGGER pack_stays BEFORE DELETE ON petitions_pack
FOR EACH ROW EXECUTE FUNCTION pack_keep();

CREATE OR REPLACE FUNCTION pack_file_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_pack bigint := coalesce(NEW.pack_id, OLD.pack_id);
BEGIN
    IF (SELECT state FROM petitions_pack WHERE id = of_pack) IN ('done', 'called_off')
    THEN
        RAISE check_violation USING MESSAGE =
            'What was made for delivery stays on record as it was made.';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE OR REPLACE TRIGGER pack_file_permanent
BEFORE INSERT OR UPDATE OR DELETE ON petitions_packfile
FOR EACH ROW EXECUTE FUNCTION pack_file_keep();

-- Pieces are written once; they are deleted when their time is over.
CREATE OR REPLACE FUNCTION pack_piece_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR (
        SELECT p.state FROM petitions_packfile f JOIN petitions_pack p ON p.id = f.pack_id
         WHERE f.id = NEW.file_id
    ) IN ('done', 'called_off')
    THEN
        RAISE check_violation USING MESSAGE =
            'What was made for delivery stays on record as it was made.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER pack_piece_permanent
BEFORE INSERT OR UPDATE ON petitions_packpiece
FOR EACH ROW EXECUTE FUNCTION pack_piece_keep();
