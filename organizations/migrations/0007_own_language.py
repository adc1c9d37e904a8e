"""An organisation has one name and description in each language."""

from pathlib import Path

from django.db import migrations, models

import core.i18n.languages
from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0006_translated_names"),
    ]

    operations = [
        migrations.AlterField(
            model_name="description",
            name="language",
            field=models.CharField(
                choices=core.i18n.languages.text_languages,
                help_text="Pages in this language show it. Where this site has no pages in a language, its search finds the name, and no page shows it.",
                max_length=10,
                verbose_name="language",
            ),
        ),
        RunSQLFile(SQL / "descriptions.sql"),
    ]
