-- Guards of lists of the unsubscribed: what was taken in holds.

CREATE OR REPLACE FUNCTION unsubscribe_list_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.taken_in_at IS NULL THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.taken_in_at = OLD.taken_in_at
       AND NEW.organization_id = OLD.organization_id
    THEN
        RETURN NEW;
    END IF;
    RAISE check_violation USING MESSAGE =
        'Who has unsubscribed elsewhere is not written to: only their own yes changes that.';
END $$;
CREATE OR REPLACE TRIGGER unsubscribe_list_stays
BEFORE UPDATE OR DELETE ON petitions_unsubscribelist
FOR EACH ROW EXECUTE FUNCTION unsubscribe_list_keep();

CREATE OR REPLACE FUNCTION unsubscribed_mailbox_keep()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM petitions_unsubscribelist l
                WHERE l.id = OLD.unsubscribe_list_id AND l.taken_in_at IS NOT NULL)
    THEN
        RAISE check_violation USING MESSAGE =
            'Who has unsubscribed elsewhere is not written to: only their own yes changes that.';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE OR REPLACE TRIGGER unsubscribed_mailbox_stays
BEFORE UPDATE OR DELETE ON petitions_unsubscribedmailbox
FOR EACH ROW EXECUTE FUNCTION unsubscribed_mailbox_keep();
