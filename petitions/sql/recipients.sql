-- Guards of the recipients of mailings.

-- That a mailbox was written to stays when the signature is erased, so that another one
-- of its does not lead to the same mail. What its server replied does not stay.
CREATE OR REPLACE FUNCTION recipient_forget_reply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.reply := '';
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER recipient_of_nobody
BEFORE INSERT OR UPDATE ON petitions_mailingrecipient
FOR EACH ROW WHEN (NEW.signature_id IS NULL AND NEW.reply <> '')
EXECUTE FUNCTION recipient_forget_reply();

-- Whatever erases a signature, also a release that knows of no mailings.
CREATE OR REPLACE FUNCTION recipient_forget_signature() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE petitions_mailingrecipient SET signature_id = NULL WHERE signature_id = OLD.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER recipient_signature_erased AFTER UPDATE ON petitions_signature
FOR EACH ROW WHEN (OLD.email_key IS NOT NULL AND NEW.email_key IS NULL)
EXECUTE FUNCTION recipient_forget_signature();
CREATE OR REPLACE TRIGGER recipient_signature_deleted AFTER DELETE ON petitions_signature
FOR EACH ROW WHEN (OLD.state <> 'pending')
EXECUTE FUNCTION recipient_forget_signature();
