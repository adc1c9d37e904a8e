"""A text in another language freezes as the petition's own does: at the first signature
that was given while it was there. A language that is new can be added at any time."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION petition_is_signed_since(signed_id bigint, since timestamptz)
RETURNS boolean LANGUAGE sql STABLE AS $$
    -- The newest row alone: signatures are numbered as they come.
    SELECT COALESCE((SELECT created_at >= since FROM petitions_signature
                      WHERE petition_id = signed_id ORDER BY id DESC LIMIT 1), false)
        OR EXISTS (SELECT 1 FROM petitions_countentry
                    WHERE petition_id = signed_id AND created_at >= since)
$$;

CREATE FUNCTION translation_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF petition_is_signed_since(OLD.petition_id, OLD.created_at) THEN
        RAISE check_violation USING MESSAGE =
            'People have signed since this text was there: its words are frozen.';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER translation_words_frozen BEFORE UPDATE ON petitions_translation
FOR EACH ROW WHEN (
    (OLD.petition_id, OLD.language, OLD.title, OLD.ask, OLD.addressees, OLD.text,
     OLD.created_at)
    IS DISTINCT FROM
    (NEW.petition_id, NEW.language, NEW.title, NEW.ask, NEW.addressees, NEW.text,
     NEW.created_at)
) EXECUTE FUNCTION translation_keep();
CREATE TRIGGER translation_stays BEFORE DELETE ON petitions_translation
FOR EACH ROW EXECUTE FUNCTION translation_keep();

-- There is one text in a language: the petition's own, or another.
CREATE FUNCTION translation_is_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_petition
                WHERE id = NEW.petition_id AND language = NEW.language)
    THEN
        RAISE check_violation USING MESSAGE =
            'The petition''s own text is in this language.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER translation_another_language
BEFORE INSERT OR UPDATE ON petitions_translation
FOR EACH ROW EXECUTE FUNCTION translation_is_another();

CREATE FUNCTION petition_language_is_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_translation
                WHERE petition_id = NEW.id AND language = NEW.language)
    THEN
        RAISE check_violation USING MESSAGE =
            'The petition has another text in this language.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER petition_another_language BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (OLD.language IS DISTINCT FROM NEW.language)
EXECUTE FUNCTION petition_language_is_another();
"""

NO_GUARDS = """
DROP TRIGGER petition_another_language ON petitions_petition;
DROP TRIGGER translation_another_language ON petitions_translation;
DROP TRIGGER translation_stays ON petitions_translation;
DROP TRIGGER translation_words_frozen ON petitions_translation;
DROP FUNCTION petition_language_is_another();
DROP FUNCTION translation_is_another();
DROP FUNCTION translation_keep();
DROP FUNCTION petition_is_signed_since(bigint, timestamptz);
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0014_translations")]

    operations = [migrations.RunSQL(GUARDS, NO_GUARDS)]
