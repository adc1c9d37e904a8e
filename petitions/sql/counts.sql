-- Guards of counts: what staff added stays, and each public petition has a total.

-- Refuse to change count entries; another entry corrects a mistake.
CREATE OR REPLACE FUNCTION count_entry_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'A count entry is permanent: correct it with another one.';
END $$;
CREATE OR REPLACE TRIGGER count_entry_permanent BEFORE UPDATE OR DELETE ON petitions_countentry
FOR EACH ROW EXECUTE FUNCTION count_entry_keep();

-- Give each petition that is no draft a total, be it 0: lists are sorted by it.
CREATE OR REPLACE FUNCTION petition_has_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO petitions_total (petition_id, confirmed, paper, imported, log_size)
    SELECT id, 0, 0, 0, 0 FROM now_rows WHERE state <> 'draft' ORDER BY id
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER total_inserted AFTER INSERT ON petitions_petition
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION petition_has_total();
CREATE OR REPLACE TRIGGER total_updated AFTER UPDATE ON petitions_petition
    REFERENCING NEW TABLE AS now_rows
    FOR EACH STATEMENT EXECUTE FUNCTION petition_has_total();
