-- “Never write to me again”: newsletter tools are told (webhooks.sql).
CREATE OR REPLACE TRIGGER webhook_suppression_changed
AFTER INSERT OR DELETE OR UPDATE OF address_keys ON petitions_suppression
FOR EACH ROW EXECUTE FUNCTION webhook_hold();
