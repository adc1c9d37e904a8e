"""A petition that was public and signed is no draft again: a trigger refuses it."""

from pathlib import Path

from django.db import migrations

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0006_supporter_requests")]

    operations = [RunSQLFile(SQL / "petitions.sql")]
