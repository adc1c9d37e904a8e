"""What must never be, refused by the database itself.

Each refusal is a check violation, so that Django raises IntegrityError, with the
sentence for people in its message.
"""

from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations

GUARDS = """
CREATE FUNCTION petition_is_signed(signed_id bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM petitions_signature WHERE petition_id = signed_id)
        OR EXISTS (SELECT 1 FROM petitions_countentry WHERE petition_id = signed_id)
$$;

-- What was signed stays signed.
CREATE FUNCTION petition_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF petition_is_signed(OLD.id) THEN
        RAISE check_violation USING MESSAGE =
            'People have signed this petition: its words are frozen.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER petition_words_frozen BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (
    (OLD.title, OLD.ask, OLD.text, OLD.text_format, OLD.language, OLD.organization_id)
    IS DISTINCT FROM
    (NEW.title, NEW.ask, NEW.text, NEW.text_format, NEW.language, NEW.organization_id)
) EXECUTE FUNCTION petition_keep_words();

-- What the person petitioned receives changes only towards less.
CREATE TRIGGER petition_delivery_only_less BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (
    array_position(ARRAY['number', 'names', 'comments'], NEW.delivery::text)
    > array_position(ARRAY['number', 'names', 'comments'], OLD.delivery::text)
) EXECUTE FUNCTION petition_keep_words();

-- Whom they petitioned stays, too; only “not settled yet” may be settled.
CREATE FUNCTION target_keep() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER target_frozen BEFORE INSERT OR UPDATE OR DELETE ON petitions_target
FOR EACH ROW EXECUTE FUNCTION target_keep();

-- A counted signature is withdrawn before it is erased: otherwise the count would
-- hold somebody whom the records do not.
CREATE FUNCTION signature_keep_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'A counted signature must be withdrawn before it is erased.';
END $$;
CREATE TRIGGER signature_counted_stays BEFORE DELETE ON petitions_signature
FOR EACH ROW WHEN (OLD.state = 'confirmed')
EXECUTE FUNCTION signature_keep_counted();

-- Count entries are permanent; a mistake is corrected by another entry.
CREATE FUNCTION count_entry_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE =
        'A count entry is permanent: correct it with another one.';
END $$;
CREATE TRIGGER count_entry_permanent BEFORE UPDATE OR DELETE ON petitions_countentry
FOR EACH ROW EXECUTE FUNCTION count_entry_keep();
"""

NO_GUARDS = """
DROP TRIGGER count_entry_permanent ON petitions_countentry;
DROP TRIGGER signature_counted_stays ON petitions_signature;
DROP TRIGGER target_frozen ON petitions_target;
DROP TRIGGER petition_delivery_only_less ON petitions_petition;
DROP TRIGGER petition_words_frozen ON petitions_petition;
DROP FUNCTION count_entry_keep();
DROP FUNCTION signature_keep_counted();
DROP FUNCTION target_keep();
DROP FUNCTION petition_keep_words();
DROP FUNCTION petition_is_signed(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0001_initial")]

    operations = [
        UnaccentExtension(),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
