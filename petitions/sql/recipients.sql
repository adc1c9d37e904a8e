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
