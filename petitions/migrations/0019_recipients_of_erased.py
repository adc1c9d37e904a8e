"""Which mailboxes had an update stays known when a signature of theirs is erased."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0018_count_log_begins")]

    operations = [
        # Django would drop the foreign key and add it anew, which locks signatures.
        migrations.RunSQL(
            "ALTER TABLE petitions_mailingrecipient"
            " ALTER COLUMN signature_id DROP NOT NULL",
            state_operations=[
                migrations.AlterField(
                    model_name="mailingrecipient",
                    name="signature",
                    field=models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="petitions.signature",
                    ),
                ),
            ],
        ),
        RunSQLFile(SQL / "recipients.sql"),
    ]
