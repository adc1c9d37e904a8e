"""What was said stays readable: the database keeps the former words of an answer, the
numbers of a handover, the address of an update, and every correction."""

from django.db import migrations

GUARDS = """
-- Who answered, and who was handed something, is one of those petitioned.
CREATE FUNCTION target_is_of_petition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.petition_id <> NEW.petition_id THEN
        RAISE check_violation USING MESSAGE = 'It stays with its petition.';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM petitions_target
                    WHERE id = NEW.target_id AND petition_id = NEW.petition_id)
    THEN
        RAISE check_violation USING MESSAGE =
            'This person or body is not petitioned here.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER answer_of_petitioned BEFORE INSERT OR UPDATE ON petitions_answer
FOR EACH ROW EXECUTE FUNCTION target_is_of_petition();
CREATE TRIGGER handover_to_petitioned BEFORE INSERT OR UPDATE ON petitions_handover
FOR EACH ROW EXECUTE FUNCTION target_is_of_petition();

-- Whatever changes an answer, its former words become a revision.
CREATE FUNCTION answer_keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at = now();
    INSERT INTO petitions_answerrevision (
        answer_id, target_id, answered_by, answered_on, language, text, text_format,
        link, replaced_at)
    VALUES (
        OLD.id, OLD.target_id, OLD.answered_by, OLD.answered_on, OLD.language, OLD.text,
        OLD.text_format, OLD.link, NEW.changed_at);
    RETURN NEW;
END $$;
CREATE TRIGGER answer_revised BEFORE UPDATE ON petitions_answer
FOR EACH ROW WHEN (
    (OLD.target_id, OLD.answered_by, OLD.answered_on, OLD.language, OLD.text,
     OLD.text_format, OLD.link)
    IS DISTINCT FROM
    (NEW.target_id, NEW.answered_by, NEW.answered_on, NEW.language, NEW.text,
     NEW.text_format, NEW.link)
) EXECUTE FUNCTION answer_keep_revision();

CREATE FUNCTION said_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE = 'What was published stays readable.';
END $$;
CREATE TRIGGER answer_stays BEFORE DELETE ON petitions_answer
FOR EACH ROW EXECUTE FUNCTION said_stays();
CREATE TRIGGER revision_stays BEFORE UPDATE OR DELETE ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION said_stays();

-- Depth 1 is somebody else than the trigger above.
CREATE FUNCTION revision_by_database() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE check_violation USING MESSAGE =
            'Revisions of answers are written by the database alone.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER revision_not_invented BEFORE INSERT ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION revision_by_database();

CREATE FUNCTION handover_keep_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'How many were handed over does not change afterwards.';
END $$;
CREATE TRIGGER handover_numbers_stay BEFORE UPDATE ON petitions_handover
FOR EACH ROW WHEN (
    (OLD.confirmed, OLD.paper, OLD.imported)
    IS DISTINCT FROM (NEW.confirmed, NEW.paper, NEW.imported)
) EXECUTE FUNCTION handover_keep_numbers();

CREATE FUNCTION update_keep_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'An update that was published keeps its address.';
END $$;
CREATE TRIGGER update_keeps_number BEFORE UPDATE ON petitions_update
FOR EACH ROW WHEN (OLD.number IS NOT NULL AND
    (OLD.number, OLD.petition_id) IS DISTINCT FROM (NEW.number, NEW.petition_id)
) EXECUTE FUNCTION update_keep_address();
CREATE TRIGGER update_published_stays BEFORE DELETE ON petitions_update
FOR EACH ROW WHEN (OLD.number IS NOT NULL) EXECUTE FUNCTION update_keep_address();

-- Readers were told: a mistake in a correction is corrected by another one.
CREATE FUNCTION correction_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'A correction is permanent: correct it with another one.';
END $$;
CREATE TRIGGER correction_stays BEFORE DELETE ON petitions_correction
FOR EACH ROW EXECUTE FUNCTION correction_keep();
CREATE TRIGGER correction_words_stay BEFORE UPDATE ON petitions_correction
FOR EACH ROW WHEN (
    (OLD.petition_id, OLD.language, OLD.before, OLD.after, OLD.text, OLD.made_at)
    IS DISTINCT FROM
    (NEW.petition_id, NEW.language, NEW.before, NEW.after, NEW.text, NEW.made_at)
) EXECUTE FUNCTION correction_keep();

-- It cannot take out of people's mouths what they never signed.
CREATE FUNCTION correction_is_of_text() RETURNS trigger LANGUAGE plpgsql AS $$
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
        IF position(NEW.before IN replace(place, E'\\r\\n', E'\\n')) > 0 THEN
            RETURN NEW;
        END IF;
    END LOOP;
    RAISE check_violation USING MESSAGE =
        'The passage that is corrected is not in the text.';
END $$;
CREATE TRIGGER correction_of_text BEFORE INSERT ON petitions_correction
FOR EACH ROW WHEN (NEW.before <> '') EXECUTE FUNCTION correction_is_of_text();
"""

NO_GUARDS = """
DROP TRIGGER correction_of_text ON petitions_correction;
DROP TRIGGER correction_words_stay ON petitions_correction;
DROP TRIGGER correction_stays ON petitions_correction;
DROP TRIGGER update_published_stays ON petitions_update;
DROP TRIGGER update_keeps_number ON petitions_update;
DROP TRIGGER handover_numbers_stay ON petitions_handover;
DROP TRIGGER revision_not_invented ON petitions_answerrevision;
DROP TRIGGER revision_stays ON petitions_answerrevision;
DROP TRIGGER answer_stays ON petitions_answer;
DROP TRIGGER answer_revised ON petitions_answer;
DROP TRIGGER handover_to_petitioned ON petitions_handover;
DROP TRIGGER answer_of_petitioned ON petitions_answer;
DROP FUNCTION correction_is_of_text();
DROP FUNCTION correction_keep();
DROP FUNCTION update_keep_address();
DROP FUNCTION handover_keep_numbers();
DROP FUNCTION revision_by_database();
DROP FUNCTION said_stays();
DROP FUNCTION answer_keep_revision();
DROP FUNCTION target_is_of_petition();
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0017_life")]

    operations = [migrations.RunSQL(GUARDS, NO_GUARDS)]
