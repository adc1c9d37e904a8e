-- Guards of corrections: each is permanent, and of a passage that is there.

-- Refuse to change what readers were told; another correction corrects a mistake.
CREATE OR REPLACE FUNCTION correction_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'A correction is permanent: correct it with another one.';
END $$;
CREATE OR REPLACE TRIGGER correction_stays BEFORE DELETE ON petitions_correction
FOR EACH ROW EXECUTE FUNCTION correction_keep();
CREATE OR REPLACE TRIGGER correction_words_stay BEFORE UPDATE ON petitions_correction
FOR EACH ROW WHEN (
    (OLD.petition_id, OLD.language, OLD.before, OLD.after, OLD.text, OLD.made_at)
    IS DISTINCT FROM
    (NEW.petition_id, NEW.language, NEW.before, NEW.after, NEW.text, NEW.made_at)
) EXECUTE FUNCTION correction_keep();
CREATE OR REPLACE TRIGGER correction_dialect_stays BEFORE UPDATE ON petitions_correction
FOR EACH ROW WHEN (OLD.dialect IS DISTINCT FROM NEW.dialect)
EXECUTE FUNCTION correction_keep();

-- Refuse the correction of a passage that neither the text has nor an earlier
-- correction: it would claim that people signed what they never saw.
CREATE OR REPLACE FUNCTION correction_is_of_text() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own text;
    place text;
BEGIN
    SELECT language INTO own FROM petitions_petition WHERE id = NEW.petition_id;
    FOR place IN
        SELECT unnest(ARRAY[title, ask, text]) FROM petitions_petition
         WHERE id = NEW.petition_id AND NEW.language IN ('', own)
         UNION ALL
        SELECT unnest(ARRAY[title, ask, text]) FROM petitions_translation
         WHERE petition_id = NEW.petition_id AND language = NEW.language
         UNION ALL
        SELECT after FROM petitions_correction
         WHERE petition_id = NEW.petition_id
           AND COALESCE(NULLIF(language, ''), own) = COALESCE(NULLIF(NEW.language, ''), own)
    LOOP
        IF position(NEW.before IN replace(place, E'\r\n', E'\n')) > 0 THEN
            RETURN NEW;
        END IF;
    END LOOP;
    RAISE check_violation USING MESSAGE =
        'The passage that is corrected is not in the text.';
END $$;
CREATE OR REPLACE TRIGGER correction_of_text BEFORE INSERT ON petitions_correction
FOR EACH ROW WHEN (NEW.before <> '') EXECUTE FUNCTION correction_is_of_text();
