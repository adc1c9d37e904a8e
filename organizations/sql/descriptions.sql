-- Refuse a second name and description of an organisation in its own language. Checked
-- at the end of the transaction, because one that exchanges both has them alike for a
-- moment.
CREATE OR REPLACE FUNCTION description_is_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    key text = CASE TG_TABLE_NAME WHEN 'organizations_organization' THEN 'id'
                                  ELSE 'organization_id' END;
BEGIN
    IF EXISTS (SELECT 1 FROM organizations_organization own
                 JOIN organizations_description other ON other.organization_id = own.id
                WHERE own.id = (to_jsonb(NEW) ->> key)::bigint
                  AND other.language = own.language)
    THEN
        RAISE check_violation USING MESSAGE = 'Its own text is in this language.';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS description_another_language ON organizations_description;
CREATE CONSTRAINT TRIGGER description_another_language
AFTER INSERT OR UPDATE ON organizations_description
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION description_is_another();
DROP TRIGGER IF EXISTS organization_another_language ON organizations_organization;
CREATE CONSTRAINT TRIGGER organization_another_language
AFTER UPDATE OF language ON organizations_organization
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD.language IS DISTINCT FROM NEW.language)
EXECUTE FUNCTION description_is_another();
