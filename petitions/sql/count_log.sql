-- The count log: each folded change becomes a line, and no line changes or goes.

-- Append a line for each change that is deleted, that is: folded, by whatever code. The
-- caller holds the row of the petition's total, so that numbers have no gap and no
-- line is numbered twice. A petition whose log is not begun yet (log_size IS NULL) gets
-- none: its daily totals become its first lines (petitions.counts.checkpoints).
-- Signatures are looked up by their number: where statistics are older than a rush of
-- signatures, all of them would be read for each line.
CREATE OR REPLACE FUNCTION count_log_append() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan TO off AS $$
BEGIN
    WITH changed AS (
        SELECT petition_id, count(*) AS lines FROM folded
         GROUP BY petition_id ORDER BY petition_id
    ), grown AS (
        UPDATE petitions_total t SET log_size = t.log_size + changed.lines
          FROM changed
         WHERE t.petition_id = changed.petition_id AND t.log_size IS NOT NULL
     RETURNING t.petition_id, t.log_size - changed.lines AS size_before
    ), lines AS MATERIALIZED (
        SELECT f.petition_id, f.day, f.source, f.delta, f.signature_id,
               g.size_before - 1
               + row_number() OVER (PARTITION BY f.petition_id ORDER BY f.id) AS number,
               uuid_send(gen_random_uuid()) AS nonce
          FROM folded f JOIN grown g USING (petition_id)
    ), appended AS (
        INSERT INTO petitions_countleaf (
            petition_id, number, day, source, delta, nonce_hash)
        SELECT petition_id, number, day, source, delta, sha256(nonce) FROM lines
         ORDER BY petition_id, number
    )
    -- Not for a signature that was erased meanwhile. The lock keeps it as it is until
    -- the receipt is there, and erasing finds it.
    INSERT INTO petitions_countreceipt (signature_id, number, nonce)
    SELECT s.id, l.number, l.nonce
      FROM lines l
      JOIN petitions_signature s ON s.id = l.signature_id AND s.email_key IS NOT NULL
     ORDER BY s.id
       FOR SHARE OF s;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER count_log_appended AFTER DELETE ON petitions_countchange
    REFERENCING OLD TABLE AS folded
    FOR EACH STATEMENT EXECUTE FUNCTION count_log_append();

-- Refuse to change or delete what was published.
CREATE OR REPLACE FUNCTION count_log_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'The count log is permanent: another line corrects a mistake.';
END $$;
CREATE OR REPLACE TRIGGER count_leaf_permanent BEFORE UPDATE OR DELETE ON petitions_countleaf
FOR EACH ROW EXECUTE FUNCTION count_log_keep();
CREATE OR REPLACE TRIGGER count_subtree_permanent BEFORE UPDATE OR DELETE ON petitions_countsubtree
FOR EACH ROW EXECUTE FUNCTION count_log_keep();
CREATE OR REPLACE TRIGGER checkpoint_permanent BEFORE UPDATE OR DELETE ON petitions_checkpoint
FOR EACH ROW EXECUTE FUNCTION count_log_keep();
