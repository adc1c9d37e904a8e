"""Whether a bucket is over its ceiling, asked in a way that no plan can spoil.

Statements are planned once and kept. Planned while the buckets were few, or none, the
question would read all of them, row by row, once there are tens of thousands: for up to
a minute, until PostgreSQL has counted them anew, and just when many people come at once.
"""

from django.db import migrations

OVER = """
CREATE FUNCTION is_over_a_ceiling(keys uuid[], patience bigint[], at timestamptz)
RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SET enable_seqscan = off AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1
          FROM unnest(keys, patience) AS c (key, patience)
          JOIN petitions_allowance a ON a.key = c.key
         WHERE a.full_at > at + c.patience * interval '1 us');
END $$;
"""
NOT_OVER = "DROP FUNCTION is_over_a_ceiling(uuid[], bigint[], timestamptz)"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0028_update_translations")]

    operations = [migrations.RunSQL(OVER, NOT_OVER)]
