-- Guards of mailings: what was written to supporters stays on record as it was ordered.

CREATE OR REPLACE FUNCTION mailing_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'What was mailed stays on record as it was ordered.';
END $$;
-- Words, audience and next petition never change, nor what was ordered; of one that is
-- over, only what becomes of its mails is added, and the accounts go that are deleted.
CREATE OR REPLACE TRIGGER mailing_permanent BEFORE UPDATE ON petitions_mailing
FOR EACH ROW WHEN (
    (OLD.petition_id, OLD.update_id, OLD.scope, OLD.languages, OLD.countries, OLD.since,
     OLD.next_petition_id, OLD.words, OLD.made_at)
        IS DISTINCT FROM
    (NEW.petition_id, NEW.update_id, NEW.scope, NEW.languages, NEW.countries, NEW.since,
     NEW.next_petition_id, NEW.words, NEW.made_at)
    OR OLD.ordered_at IS NOT NULL
    AND (OLD.ordered_at, OLD.number, OLD.needs_approval, OLD.up_to, OLD.tested_at)
        IS DISTINCT FROM
        (NEW.ordered_at, NEW.number, NEW.needs_approval, NEW.up_to, NEW.tested_at)
    OR OLD.state IN ('done', 'stopped', 'called_off')
    AND (to_jsonb(NEW) - '{sent,failed,bounced,unsubscribed,made_by_id,test_by_id,ordered_by_id,approved_by_id}'::text[])
        IS DISTINCT FROM
        (to_jsonb(OLD) - '{sent,failed,bounced,unsubscribed,made_by_id,test_by_id,ordered_by_id,approved_by_id}'::text[])
) EXECUTE FUNCTION mailing_keep();
CREATE OR REPLACE TRIGGER mailing_stays BEFORE DELETE ON petitions_mailing
FOR EACH ROW EXECUTE FUNCTION mailing_keep();

-- A mailing is of its petition's update, and names a petition of the same organisation.
CREATE OR REPLACE FUNCTION mailing_of_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM petitions_update
                    WHERE id = NEW.update_id AND petition_id = NEW.petition_id)
    THEN
        RAISE check_violation USING MESSAGE = 'It stays with its petition.';
    END IF;
    IF EXISTS (SELECT FROM petitions_petition this, petitions_petition other
                WHERE this.id = NEW.petition_id AND other.id = NEW.next_petition_id
                  AND this.organization_id <> other.organization_id)
    THEN
        RAISE check_violation USING MESSAGE =
            'Choose a petition of the same organisation.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER mailing_of_its_update BEFORE INSERT ON petitions_mailing
FOR EACH ROW EXECUTE FUNCTION mailing_of_update();
