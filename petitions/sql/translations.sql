-- Guards of translations: what people signed stays, and each language has one text.

CREATE OR REPLACE FUNCTION petition_is_signed_since(signed_id bigint, since timestamptz)
RETURNS boolean LANGUAGE sql STABLE AS $$
    -- Ids ascend with time, so the newest signature decides.
    SELECT COALESCE((SELECT created_at >= since FROM petitions_signature
                      WHERE petition_id = signed_id ORDER BY id DESC LIMIT 1), false)
        OR EXISTS (SELECT 1 FROM petitions_countentry
                    WHERE petition_id = signed_id AND created_at >= since)
        OR EXISTS (SELECT 1 FROM petitions_signatureimport
                    WHERE petition_id = signed_id AND begun_at >= since)
$$;

-- Refuse to change or delete a translation that people may have signed.
CREATE OR REPLACE FUNCTION translation_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF petition_is_signed_since(OLD.petition_id, OLD.created_at) THEN
        RAISE check_violation USING MESSAGE =
            'People have signed since this text was there: its words are frozen.';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER translation_words_frozen BEFORE UPDATE ON petitions_translation
FOR EACH ROW WHEN (
    (OLD.petition_id, OLD.language, OLD.title, OLD.ask, OLD.addressees, OLD.text,
     OLD.created_at)
    IS DISTINCT FROM
    (NEW.petition_id, NEW.language, NEW.title, NEW.ask, NEW.addressees, NEW.text,
     NEW.created_at)
) EXECUTE FUNCTION translation_keep();
CREATE OR REPLACE TRIGGER translation_stays BEFORE DELETE ON petitions_translation
FOR EACH ROW EXECUTE FUNCTION translation_keep();
CREATE OR REPLACE TRIGGER translation_dialect_frozen BEFORE UPDATE ON petitions_translation
FOR EACH ROW WHEN (OLD.dialect IS DISTINCT FROM NEW.dialect)
EXECUTE FUNCTION translation_keep();

-- Refuse a translation into the petition's own language; below, the reverse.
CREATE OR REPLACE FUNCTION translation_is_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_petition
                WHERE id = NEW.petition_id AND language = NEW.language)
    THEN
        RAISE check_violation USING MESSAGE =
            'The petition''s own text is in this language.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER translation_another_language
BEFORE INSERT OR UPDATE ON petitions_translation
FOR EACH ROW EXECUTE FUNCTION translation_is_another();

CREATE OR REPLACE FUNCTION petition_language_is_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_translation
                WHERE petition_id = NEW.id AND language = NEW.language)
    THEN
        RAISE check_violation USING MESSAGE =
            'The petition has another text in this language.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER petition_another_language BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (OLD.language IS DISTINCT FROM NEW.language)
EXECUTE FUNCTION petition_language_is_another();

-- Refuse two texts of an update, a handover or an answer in one language. Checked at the
-- end of the transaction, because one that exchanges both has them alike for a moment.
CREATE OR REPLACE FUNCTION own_text_is_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told text = TG_ARGV[0];
    key text = CASE TG_TABLE_NAME WHEN 'petitions_' || told THEN 'id'
                                  ELSE told || '_id' END;
    twice boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %I own JOIN %I other ON other.%I = own.id
                         WHERE own.id = $1 AND other.language = own.language)',
        'petitions_' || told, 'petitions_' || told || 'translation', told || '_id')
    INTO twice USING (to_jsonb(NEW) ->> key)::bigint;
    IF twice THEN
        RAISE check_violation USING MESSAGE = 'Its own text is in this language.';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS update_translation_another_language ON petitions_updatetranslation;
CREATE CONSTRAINT TRIGGER update_translation_another_language
AFTER INSERT OR UPDATE ON petitions_updatetranslation
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION own_text_is_another('update');
DROP TRIGGER IF EXISTS update_another_language ON petitions_update;
CREATE CONSTRAINT TRIGGER update_another_language
AFTER UPDATE OF language ON petitions_update
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION own_text_is_another('update');
DROP TRIGGER IF EXISTS handover_translation_another_language ON petitions_handovertranslation;
CREATE CONSTRAINT TRIGGER handover_translation_another_language
AFTER INSERT OR UPDATE ON petitions_handovertranslation
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION own_text_is_another('handover');
DROP TRIGGER IF EXISTS handover_another_language ON petitions_handover;
CREATE CONSTRAINT TRIGGER handover_another_language
AFTER UPDATE OF language ON petitions_handover
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION own_text_is_another('handover');
DROP TRIGGER IF EXISTS answer_translation_another_language ON petitions_answertranslation;
CREATE CONSTRAINT TRIGGER answer_translation_another_language
AFTER INSERT OR UPDATE ON petitions_answertranslation
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION own_text_is_another('answer');
DROP TRIGGER IF EXISTS answer_another_language ON petitions_answer;
CREATE CONSTRAINT TRIGGER answer_another_language
AFTER UPDATE OF language ON petitions_answer
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION own_text_is_another('answer');
