"""The tables and their columns."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "name",
                    models.CharField(max_length=40, primary_key=True, serialize=False),
                ),
                ("raised_at", models.DateTimeField()),
                ("mailed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Bucket",
            fields=[
                (
                    "key",
                    models.UUIDField(
                        help_text="Keyed hash of limit and source: core.security.buckets",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "tat",
                    models.DateTimeField(
                        db_index=True,
                        help_text="Theoretical arrival time: the bucket is full again then.",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "name",
                    models.CharField(max_length=40, primary_key=True, serialize=False),
                ),
                ("beat_at", models.DateTimeField()),
            ],
        ),
        # Nobody waits for the disk; losing it in a crash only means beginning anew.
        migrations.RunSQL(
            sql="ALTER TABLE config_bucket SET UNLOGGED",
            reverse_sql="ALTER TABLE config_bucket SET LOGGED",
        ),
    ]
