"""What staff enter ends and erases nothing at once: the database notes when it was
entered, dates no end before that, and refuses to erase within seven days."""

from django.db import migrations, models

GUARDS = """
-- When something was entered that ends or erases, and what stood there before. These
-- columns are written here and nowhere else, whatever a statement says of them.
CREATE FUNCTION petition_note_times() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wait CONSTANT interval := '7 days';
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.state_before := NULL;
        NEW.state_since := now();
        NEW.months_before := NULL;
        NEW.months_lowered_at := NULL;
        NEW.erasable_from := CASE WHEN NEW.ended_at IS NOT NULL THEN now() + wait END;
        RETURN NEW;
    END IF;
    NEW.state_before := OLD.state_before;
    NEW.state_since := OLD.state_since;
    NEW.months_before := OLD.months_before;
    NEW.months_lowered_at := OLD.months_lowered_at;
    NEW.erasable_from := OLD.erasable_from;
    -- A closing date that has passed already ends it now, not before.
    IF NEW.state IN ('open', 'paused') AND NEW.closes_at < now()
       AND NEW.closes_at > NEW.opens_at
       AND (NEW.closes_at IS DISTINCT FROM OLD.closes_at OR OLD.state = 'draft')
    THEN
        NEW.closes_at := now();
    END IF;
    IF NEW.state <> OLD.state THEN
        NEW.state_before := OLD.state;
        NEW.state_since := now();
    END IF;
    IF NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
        -- Or at the closing date, which was entered before it came.
        IF OLD.ended_at IS NULL THEN
            NEW.ended_at := GREATEST(NEW.ended_at, LEAST(now(), OLD.closes_at));
        END IF;
        NEW.months_before := NULL;
        NEW.months_lowered_at := NULL;
        NEW.erasable_from := CASE WHEN NEW.ended_at IS NOT NULL THEN now() + wait END;
    END IF;
    IF NEW.months_kept < OLD.months_kept AND OLD.ended_at IS NOT NULL THEN
        IF OLD.months_lowered_at IS NULL OR OLD.months_lowered_at <= now() - wait THEN
            NEW.months_before := OLD.months_kept;
        END IF;
        NEW.months_lowered_at := now();
        NEW.erasable_from := now() + wait;
    ELSIF NEW.months_kept > OLD.months_kept THEN
        NEW.months_before := NULL;
        NEW.months_lowered_at := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER petition_times_noted BEFORE INSERT OR UPDATE ON petitions_petition
FOR EACH ROW EXECUTE FUNCTION petition_note_times();

-- Names go when the petition has ended and seven days have passed since it was entered
-- that they should. Who erases by another clock says so.
CREATE FUNCTION signature_keep_for_now() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    clock timestamptz := COALESCE(
        NULLIF(current_setting('petitions.now', true), '')::timestamptz, now());
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_petition
                WHERE id = NEW.petition_id
                  AND (ended_at IS NULL OR erasable_from > clock))
    THEN
        RAISE check_violation USING MESSAGE =
            'The names of this petition are not erased yet: it can be called off.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER signature_kept_for_now BEFORE UPDATE ON petitions_signature
FOR EACH ROW WHEN (
    OLD.email_key IS NOT NULL AND NEW.email_key IS NULL AND NEW.state = 'confirmed'
) EXECUTE FUNCTION signature_keep_for_now();

-- Fewer months are taken back within seven days, when nobody has signed under them.
CREATE OR REPLACE FUNCTION petition_keep_months() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF petition_is_signed(OLD.id) AND NOT COALESCE(
        NEW.months_kept <= OLD.months_before
        AND OLD.months_lowered_at > now() - interval '7 days'
        AND OLD.anonymised_at IS NULL AND OLD.anonymised_to = 0, false)
    THEN
        RAISE check_violation USING MESSAGE =
            'People have signed this petition: their names are not kept for longer.';
    END IF;
    RETURN NEW;
END $$;

-- An end is taken back within seven days, to where the petition stood.
CREATE OR REPLACE FUNCTION petition_keep_ended() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF COALESCE(
        NEW.state = OLD.state_before
        AND OLD.state_since > now() - interval '7 days'
        AND OLD.anonymised_at IS NULL AND OLD.anonymised_to = 0, false)
    THEN
        RETURN NEW;
    END IF;
    RAISE check_violation USING MESSAGE = 'This petition has ended for good.';
END $$;
"""

NO_GUARDS = """
CREATE OR REPLACE FUNCTION petition_keep_ended() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE = 'This petition has ended for good.';
END $$;
CREATE OR REPLACE FUNCTION petition_keep_months() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF petition_is_signed(OLD.id) THEN
        RAISE check_violation USING MESSAGE =
            'People have signed this petition: their names are not kept for longer.';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER signature_kept_for_now ON petitions_signature;
DROP TRIGGER petition_times_noted ON petitions_petition;
DROP FUNCTION signature_keep_for_now();
DROP FUNCTION petition_note_times();
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0036_dialects")]

    operations = [
        migrations.AddField(
            model_name="petition",
            name="state_before",
            field=models.CharField(editable=False, max_length=10, null=True),
        ),
        migrations.AddField(
            model_name="petition",
            name="state_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="petition",
            name="months_before",
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="petition",
            name="months_lowered_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="petition",
            name="erasable_from",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="RetentionLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("months", models.PositiveSmallIntegerField()),
                ("since", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
