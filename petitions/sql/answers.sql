-- Guards of answers: former words stay as revisions; an answer is withdrawn whole.

-- Keep the words that an answer had before this change as a revision.
CREATE OR REPLACE FUNCTION answer_keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at = now();
    INSERT INTO petitions_answerrevision (
        answer_id, target_id, answered_by, answered_on, language, text, text_format,
        link, replaced_at, dialect)
    VALUES (
        OLD.id, OLD.target_id, OLD.answered_by, OLD.answered_on, OLD.language, OLD.text,
        OLD.text_format, OLD.link, NEW.changed_at, OLD.dialect);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER answer_revised BEFORE UPDATE ON petitions_answer
FOR EACH ROW WHEN (
    (OLD.target_id, OLD.answered_by, OLD.answered_on, OLD.language, OLD.text,
     OLD.text_format, OLD.link)
    IS DISTINCT FROM
    (NEW.target_id, NEW.answered_by, NEW.answered_on, NEW.language, NEW.text,
     NEW.text_format, NEW.link)
) EXECUTE FUNCTION answer_keep_revision();

-- The same for a translation. A revision that the same transaction made of the answer
-- has what is missing here: who answered, when, and in which format.
CREATE OR REPLACE FUNCTION answer_translation_keep_revision() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.answer_id <> NEW.answer_id THEN
        RAISE check_violation USING MESSAGE = 'It stays with its answer.';
    END IF;
    INSERT INTO petitions_answerrevision (
        answer_id, target_id, answered_by, answered_on, language, text, text_format,
        link, original, replaced_at, dialect)
    SELECT OLD.answer_id, seen.target_id, COALESCE(NULLIF(OLD.answered_by, ''),
           seen.answered_by), seen.answered_on, OLD.language, OLD.text, seen.text_format,
           COALESCE(NULLIF(OLD.link, ''), seen.link), OLD.original, now(), OLD.dialect
      FROM (SELECT id AS revision, target_id, answered_by, answered_on, text_format, link
              FROM petitions_answerrevision
             WHERE answer_id = OLD.answer_id AND replaced_at = now()
             UNION ALL
            SELECT NULL, target_id, answered_by, answered_on, text_format, link
              FROM petitions_answer WHERE id = OLD.answer_id) seen
     ORDER BY seen.revision NULLS LAST LIMIT 1;
    UPDATE petitions_answer SET changed_at = now() WHERE id = OLD.answer_id;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER answer_translation_revised BEFORE UPDATE ON petitions_answertranslation
FOR EACH ROW WHEN (
    (OLD.answer_id, OLD.language, OLD.answered_by, OLD.text, OLD.link, OLD.original)
    IS DISTINCT FROM
    (NEW.answer_id, NEW.language, NEW.answered_by, NEW.text, NEW.link, NEW.original)
) EXECUTE FUNCTION answer_translation_keep_revision();

-- Refuse to delete an answer, its translations or its revisions unless there is a record
-- that it was withdrawn.
CREATE OR REPLACE FUNCTION said_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT 1 FROM petitions_answerwithdrawal w
         WHERE w.answer = COALESCE(to_jsonb(OLD)->'answer_id', to_jsonb(OLD)->'id')::bigint)
    THEN
        RETURN OLD;
    END IF;
    RAISE check_violation USING MESSAGE = 'What was published stays readable.';
END $$;
CREATE OR REPLACE TRIGGER answer_stays BEFORE DELETE ON petitions_answer
FOR EACH ROW EXECUTE FUNCTION said_stays();
CREATE OR REPLACE TRIGGER answer_translation_stays BEFORE DELETE ON petitions_answertranslation
FOR EACH ROW EXECUTE FUNCTION said_stays();
CREATE OR REPLACE TRIGGER revision_stays_there BEFORE DELETE ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION said_stays();

-- Refuse a revision that no trigger above made: those insert at a depth of 2.
CREATE OR REPLACE FUNCTION revision_by_database() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE check_violation USING MESSAGE =
            'Revisions of answers are written by the database alone.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER revision_not_invented BEFORE INSERT ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION revision_by_database();

-- Refuse to change a revision, except that its words may be removed, once.
CREATE OR REPLACE FUNCTION revision_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text[] = ARRAY['removed_by_id'];
    removal text[] = ARRAY['answered_by', 'text', 'link', 'removed_at',
                           'removed_because', 'removed_by_id'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.removed_at IS NULL AND NEW.removed_at IS NOT NULL
        AND NEW.removed_because <> ''
        AND (NEW.answered_by, NEW.text, NEW.link) = ('', '', '')
        AND to_jsonb(NEW) - removal = to_jsonb(OLD) - removal
    THEN
        RETURN NEW;
    END IF;
    -- Deleting an account sets this column to NULL.
    IF TG_OP = 'UPDATE' AND NEW.removed_by_id IS NULL
        AND to_jsonb(NEW) - who = to_jsonb(OLD) - who
    THEN
        RETURN NEW;
    END IF;
    RAISE check_violation USING MESSAGE = 'What was published stays readable.';
END $$;
CREATE OR REPLACE TRIGGER revision_stays BEFORE UPDATE ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION revision_keep();

-- Delete the answer whose withdrawal was just recorded, with all that belongs to it.
CREATE OR REPLACE FUNCTION answer_take_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM petitions_answertranslation WHERE answer_id = NEW.answer;
    DELETE FROM petitions_answerrevision WHERE answer_id = NEW.answer;
    DELETE FROM petitions_answer
     WHERE id = NEW.answer AND petition_id = NEW.petition_id;
    IF NOT FOUND THEN
        RAISE check_violation USING MESSAGE = 'It stays with its petition.';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER answer_taken_back AFTER INSERT ON petitions_answerwithdrawal
FOR EACH ROW EXECUTE FUNCTION answer_take_back();

-- Refuse to change the record, except that deleting an account sets its column to NULL.
CREATE OR REPLACE FUNCTION withdrawal_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text[] = ARRAY['withdrawn_by_id'];
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.withdrawn_by_id IS NULL
        AND to_jsonb(NEW) - who = to_jsonb(OLD) - who
    THEN
        RETURN NEW;
    END IF;
    RAISE check_violation USING MESSAGE = 'That an answer was withdrawn is recorded for good.';
END $$;
CREATE OR REPLACE TRIGGER withdrawal_stays BEFORE UPDATE OR DELETE ON petitions_answerwithdrawal
FOR EACH ROW EXECUTE FUNCTION withdrawal_keep();
