-- Mail that came back: newsletter tools are told (webhooks.sql).
CREATE OR REPLACE TRIGGER webhook_bounce_changed
AFTER INSERT OR DELETE OR UPDATE OF address_keys ON petitions_bounce
FOR EACH ROW EXECUTE FUNCTION webhook_hold();
