-- Whatever changes who may be written to queues an event for the webhooks of the
-- organisation, in the same transaction. An event says whom it is about; what it says
-- is decided when it is sent, so two that commit in another order do no harm.

-- KEY SHARE waits for a webhook that is being deleted, and does not find it then:
-- otherwise the foreign key would refuse the answer of somebody who signs. In PL/pgSQL,
-- which keeps its plans.
CREATE OR REPLACE FUNCTION webhook_queue(
    organization bigint, email text, ended_yes boolean
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO petitions_webhookevent (webhook_id, email, ended_yes, created_at)
    SELECT w.id, webhook_queue.email, webhook_queue.ended_yes, now()
      FROM petitions_webhook w
     WHERE w.organization_id = organization
       FOR KEY SHARE;
END $$;

-- A yes and a “never again” at once, neither of which sees the other yet: one waits for
-- the other, or the tool would be told of the yes alone.
CREATE OR REPLACE FUNCTION webhook_wait(key uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM petitions_webhook) THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('webhook ' || key, 0));
    END IF;
END $$;

CREATE OR REPLACE FUNCTION webhook_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- On most sites there is none: each confirmation comes by here.
    IF NOT EXISTS (SELECT FROM petitions_webhook) THEN
        RETURN NULL;
    END IF;
    -- A replaced answer that is erased years later changes nothing.
    IF TG_OP <> 'INSERT' AND NOT (TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM petitions_consent c
         WHERE c.email_key = OLD.email_key
           AND c.organization_id = OLD.organization_id
           AND (c.given_at, c.id) > (OLD.given_at, OLD.id)
           AND upper(c.email) = upper(OLD.email)))
    THEN
        PERFORM webhook_queue(OLD.organization_id, OLD.email, OLD.wants_updates);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF NEW.wants_updates THEN
            PERFORM webhook_wait(NEW.email_key);
        END IF;
        PERFORM webhook_queue(NEW.organization_id, NEW.email, false);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER webhook_consent_changed
AFTER INSERT OR DELETE OR UPDATE OF organization_id, email, wants_updates, given_at
ON petitions_consent
FOR EACH ROW EXECUTE FUNCTION webhook_consent();

-- “Never again” and mail that came back, and the end of either: a mailbox is known by
-- its key alone. Which of its addresses is meant takes a secret: the sender finds out.
-- Called by suppressions.sql and bounces.sql: files of their own, since an update of the
-- site may keep only one of these tables from people at a time.
CREATE OR REPLACE FUNCTION webhook_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_wait(coalesce(NEW.email_key, OLD.email_key));
    PERFORM webhook_queue(c.organization_id, c.email, false)
       FROM (SELECT DISTINCT organization_id, email FROM petitions_consent
              WHERE email_key = coalesce(NEW.email_key, OLD.email_key)
                AND wants_updates) c;
    RETURN NULL;
END $$;

-- While all keys are made anew, a “never again” may have the new key of a mailbox and
-- its answer the former one. Once all have the new one, each is looked at again.
CREATE OR REPLACE FUNCTION webhook_rekeyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM webhook_queue(c.organization_id, c.email, false)
       FROM (SELECT DISTINCT organization_id, email FROM petitions_consent
              WHERE wants_updates
                AND organization_id IN (SELECT organization_id FROM petitions_webhook)
                AND (email_key IN (SELECT email_key FROM petitions_suppression)
                     OR email_key IN (SELECT email_key FROM petitions_bounce))) c;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER webhook_rekeying_finished
AFTER UPDATE OF finished_at ON petitions_keyversion
FOR EACH ROW EXECUTE FUNCTION webhook_rekeyed();
