"""What must never be, refused by the database itself, as docs/reference.md lists it.

Each refusal is a check violation, so that Django raises IntegrityError, with the
sentence for people in its message.
"""

from pathlib import Path

from django.db import migrations

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0002_constraints")]

    operations = [
        RunSQLFile(SQL / f"{subject}.sql")
        for subject in (
            "targets",
            "signatures",
            "answers",
            "handovers",
            "updates",
            "corrections",
            "next_steps",
        )
    ]
