"""How petitions are searched: languages, documents that follow the texts, queries."""

from pathlib import Path

from django.db import migrations

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0003_guards")]

    operations = [
        RunSQLFile(SQL / "search_languages.sql"),
        RunSQLFile(SQL / "search_queries.sql"),
    ]
