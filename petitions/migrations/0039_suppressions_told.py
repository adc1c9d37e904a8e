from pathlib import Path

from django.db import migrations

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0038_stated_targets")]

    operations = [RunSQLFile(SQL / "suppressions.sql")]
