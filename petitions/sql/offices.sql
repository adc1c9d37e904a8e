-- Guards of the links for offices and of what is answered there.

-- A link opens what it was made for, until its time; revoked once, it stays so.
CREATE OR REPLACE FUNCTION office_link_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'A link that was given to an office is only revoked.';
END $$;
CREATE OR REPLACE TRIGGER office_link_permanent BEFORE UPDATE ON petitions_officelink
FOR EACH ROW WHEN (
    OLD.revoked_at IS NOT NULL AND OLD.revoked_at IS DISTINCT FROM NEW.revoked_at
    OR (to_jsonb(NEW) - '{revoked_at,made_by_id}'::text[])
        IS DISTINCT FROM (to_jsonb(OLD) - '{revoked_at,made_by_id}'::text[])
) EXECUTE FUNCTION office_link_keep();
CREATE OR REPLACE TRIGGER office_link_stays BEFORE DELETE ON petitions_officelink
FOR EACH ROW EXECUTE FUNCTION office_link_keep();

-- What an office wrote stays word for word, until it is erased.
CREATE OR REPLACE FUNCTION office_answer_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'What an office wrote stays as it was sent, until it is erased.';
END $$;
CREATE OR REPLACE TRIGGER office_answer_permanent
BEFORE UPDATE ON petitions_officeanswer
FOR EACH ROW WHEN (
    NEW.erased_at IS NULL
    AND (NEW.link_id, NEW.name, NEW.email, NEW.language, NEW.text, NEW.sent_at)
        IS DISTINCT FROM
        (OLD.link_id, OLD.name, OLD.email, OLD.language, OLD.text, OLD.sent_at)
    OR OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at
    OR OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at
    OR OLD.published_as IS NOT NULL AND NEW.published_as IS DISTINCT FROM OLD.published_as
) EXECUTE FUNCTION office_answer_keep();
CREATE OR REPLACE TRIGGER office_answer_stays BEFORE DELETE ON petitions_officeanswer
FOR EACH ROW EXECUTE FUNCTION office_answer_keep();
