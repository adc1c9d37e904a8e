from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0017_count_receipts")]

    operations = [
        migrations.AddField(
            model_name="countchange",
            name="signature",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="petitions.signature",
            ),
        ),
        migrations.AddField(
            model_name="total",
            name="log_size",
            field=models.BigIntegerField(null=True),
        ),
        RunSQLFile(SQL / "counts.sql"),
        RunSQLFile(SQL / "count_log.sql"),
    ]
