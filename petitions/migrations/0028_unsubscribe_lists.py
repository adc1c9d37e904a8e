from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"
LINE = "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$"


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0009_approval_above_words"),
        ("petitions", "0027_entered_counts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UnsubscribeList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "label",
                    models.CharField(
                        help_text="As “Mailchimp, until 3 June”. For your colleagues.",
                        max_length=200,
                        verbose_name="where they unsubscribed",
                    ),
                ),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("made_at", models.DateTimeField(verbose_name="uploaded at")),
                ("lines", models.PositiveIntegerField(verbose_name="lines read")),
                ("addresses", models.PositiveIntegerField(verbose_name="addresses")),
                (
                    "left_out",
                    models.PositiveIntegerField(
                        verbose_name="left out: their line does not say no"
                    ),
                ),
                (
                    "unreadable",
                    models.PositiveIntegerField(
                        verbose_name="lines without an address"
                    ),
                ),
                (
                    "taken_in_at",
                    models.DateTimeField(null=True, verbose_name="taken in at"),
                ),
                (
                    "ended",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="How many addresses it has turned from a yes into a no.",
                        verbose_name="had said yes here",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="unsubscribe_lists",
                        to="organizations.organization",
                        verbose_name="organisation",
                    ),
                ),
                (
                    "taken_in_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="taken in by",
                    ),
                ),
            ],
            options={
                "verbose_name": "list of the unsubscribed",
                "verbose_name_plural": "lists of the unsubscribed",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("file_name__regex", LINE), ("label__regex", LINE)
                        ),
                        name="unsubscribe_list_readable",
                        violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UnsubscribedMailbox",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("email_key", models.UUIDField()),
                ("key_version", models.PositiveSmallIntegerField()),
                (
                    "unsubscribe_list",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mailboxes",
                        to="petitions.unsubscribelist",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["email_key"], name="unsubscribed_mailbox")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("unsubscribe_list", "email_key"),
                        name="unsubscribed_once",
                    )
                ],
            },
        ),
        RunSQLFile(SQL / "unsubscribe_lists.sql"),
    ]
