"""The audit trail, and which forms of staff were saved."""

from pathlib import Path

from django.db import migrations, models

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0002_switches"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedForm",
            fields=[
                (
                    "token",
                    models.CharField(max_length=40, primary_key=True, serialize=False),
                ),
                ("account", models.BigIntegerField()),
                ("row", models.CharField(max_length=100)),
                ("content", models.CharField(max_length=64)),
                ("saved_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(verbose_name="when")),
                ("account", models.BigIntegerField(null=True, verbose_name="who")),
                ("process", models.CharField(max_length=80)),
                ("session_role", models.CharField(max_length=63)),
                ("transaction", models.BigIntegerField()),
                (
                    "organization",
                    models.BigIntegerField(null=True, verbose_name="organisation"),
                ),
                ("table", models.CharField(max_length=63, verbose_name="what")),
                ("row", models.CharField(max_length=255)),
                ("parent", models.BigIntegerField(null=True)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("insert", "added"),
                            ("update", "changed"),
                            ("delete", "deleted"),
                            ("truncate", "emptied"),
                            ("note", "decided"),
                            ("look", "looked at"),
                        ],
                        max_length=10,
                        verbose_name="action",
                    ),
                ),
                ("was", models.JSONField(null=True)),
                ("now", models.JSONField(null=True)),
                (
                    "reason",
                    models.CharField(
                        max_length=1000, blank=True, verbose_name="reason"
                    ),
                ),
            ],
            options={
                "verbose_name": "log entry",
                "verbose_name_plural": "log",
                "ordering": ["-at", "-id"],
                "indexes": [
                    models.Index(fields=["-at", "-id"], name="audit_newest"),
                    models.Index(
                        fields=["organization", "-at", "-id"], name="audit_organization"
                    ),
                    models.Index(
                        fields=["table", "row", "-at", "-id"], name="audit_row"
                    ),
                    models.Index(
                        fields=["table", "parent", "-at", "-id"], name="audit_parent"
                    ),
                ],
            },
        ),
        RunSQLFile(SQL / "audit.sql"),
    ]
