"""The petition that follows is of the same organisation; and what was confirmed before
links were tagged stands in the figures as come by none."""

from django.db import migrations

GUARD = """
CREATE FUNCTION next_step_of_the_same() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_petition this, petitions_petition other
                WHERE this.id = NEW.petition_id AND other.id = NEW.other_id
                  AND this.organization_id <> other.organization_id)
    THEN
        RAISE check_violation USING MESSAGE =
            'Choose a petition of the same organisation.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER next_step_of_the_same BEFORE INSERT OR UPDATE ON petitions_nextstep
FOR EACH ROW EXECUTE FUNCTION next_step_of_the_same();
"""
NO_GUARD = """
DROP TRIGGER next_step_of_the_same ON petitions_nextstep;
DROP FUNCTION next_step_of_the_same();
"""
EARLIER = """
INSERT INTO petitions_channeltally (petition_id, day, via, confirmed)
SELECT petition_id, day, '', sum(confirmed) FROM petitions_mailtally
 GROUP BY petition_id, day HAVING sum(confirmed) > 0
    ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0024_links_and_next_steps")]

    operations = [
        migrations.RunSQL(GUARD, NO_GUARD),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
    ]
