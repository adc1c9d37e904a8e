-- Guards of targets: whom people petitioned stays, and only they answer or receive.

-- Refuse to change whom people petitioned, except to settle a target that was left open.
CREATE OR REPLACE FUNCTION target_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.kind = 'unsettled' AND OLD.petition_id = NEW.petition_id
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') AND petition_is_signed(OLD.petition_id)
       OR TG_OP IN ('UPDATE', 'INSERT') AND petition_is_signed(NEW.petition_id)
    THEN
        RAISE check_violation USING MESSAGE =
            'People have signed this petition: whom it petitions is frozen.';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER target_frozen BEFORE INSERT OR UPDATE OR DELETE ON petitions_target
FOR EACH ROW EXECUTE FUNCTION target_keep();

-- Refuse an answer or a handover of somebody whom this petition does not address.
CREATE OR REPLACE FUNCTION target_is_of_petition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.petition_id <> NEW.petition_id THEN
        RAISE check_violation USING MESSAGE = 'It stays with its petition.';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM petitions_target
                    WHERE id = NEW.target_id AND petition_id = NEW.petition_id)
    THEN
        RAISE check_violation USING MESSAGE =
            'This person or body is not petitioned here.';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER answer_of_petitioned BEFORE INSERT OR UPDATE ON petitions_answer
FOR EACH ROW EXECUTE FUNCTION target_is_of_petition();
CREATE OR REPLACE TRIGGER handover_to_petitioned BEFORE INSERT OR UPDATE ON petitions_handover
FOR EACH ROW EXECUTE FUNCTION target_is_of_petition();
