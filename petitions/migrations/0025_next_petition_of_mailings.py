from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0024_export_kinds")]

    operations = [
        migrations.AddField(
            model_name="mailing",
            name="next_petition",
            field=models.ForeignKey(
                blank=True,
                help_text="Recipients can sign it with one press.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="petitions.petition",
                verbose_name="next petition",
            ),
        ),
        RunSQLFile(SQL / "mailings.sql"),
    ]
