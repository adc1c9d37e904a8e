"""Before new petitions begin with an empty log: what is folded of them is appended."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0021_tags_of_mailings")]

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
        RunSQLFile(SQL / "count_log.sql"),
    ]
