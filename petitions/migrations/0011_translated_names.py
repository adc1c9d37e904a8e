"""A petition is found by the names of its organisation in other languages, too."""

from pathlib import Path

from django.db import migrations

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0010_packs"),
        ("organizations", "0006_translated_names"),
    ]

    operations = [RunSQLFile(SQL / "search_documents.sql")]
