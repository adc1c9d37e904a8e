from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0016_count_log")]

    operations = [
        migrations.CreateModel(
            name="CountReceipt",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "signature_id",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.BigIntegerField()),
                ("nonce", models.BinaryField()),
                (
                    "signature",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="receipts",
                        to="petitions.signature",
                    ),
                ),
            ],
        ),
        RunSQLFile(SQL / "count_receipts.sql"),
    ]
