-- Receipts of the count log: each goes with what says whose it is.

-- Erase the receipts of a signature together with what says whose it is.
CREATE OR REPLACE FUNCTION count_receipt_erase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM petitions_countreceipt WHERE signature_id = OLD.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER count_receipt_erased AFTER UPDATE ON petitions_signature
FOR EACH ROW WHEN (OLD.email_key IS NOT NULL AND NEW.email_key IS NULL)
EXECUTE FUNCTION count_receipt_erase();
CREATE OR REPLACE TRIGGER count_receipt_deleted AFTER DELETE ON petitions_signature
FOR EACH ROW WHEN (OLD.state <> 'pending')
EXECUTE FUNCTION count_receipt_erase();
