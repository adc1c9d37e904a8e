from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from core.db.sql_files import RunSQLFile

SQL = Path(__file__).parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0010_entered_counts"),
        ("petitions", "0035_packs_elsewhere"),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
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
                ("place", models.PositiveSmallIntegerField(default=1, editable=False)),
                (
                    "name",
                    models.CharField(
                        help_text="As “Mailchimp” or “CiviCRM”. For your colleagues.",
                        max_length=100,
                        verbose_name="tool",
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        help_text="It begins with https://. The tool, or who runs it, gives it. It stays: for another one, enter another tool.",
                        max_length=500,
                        verbose_name="address",
                    ),
                ),
                (
                    "is_paused",
                    models.BooleanField(
                        default=False,
                        help_text="Nothing is sent meanwhile. What happens is sent afterwards.",
                        verbose_name="paused",
                    ),
                ),
                (
                    "secret",
                    models.CharField(
                        blank=True,
                        editable=False,
                        max_length=300,
                        verbose_name="secret",
                    ),
                ),
                (
                    "former_secret",
                    models.CharField(
                        blank=True,
                        editable=False,
                        max_length=300,
                        verbose_name="former secret",
                    ),
                ),
                (
                    "secret_since",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="secret made at"
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="since",
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "failing_since",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="fails since"
                    ),
                ),
                (
                    "incomplete_since",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="incomplete since"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="webhooks",
                        to="organizations.organization",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "newsletter tool",
                "verbose_name_plural": "newsletter tools",
                "ordering": ["organization", "place"],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
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
                ("message", models.CharField(max_length=40, verbose_name="message")),
                ("attempt", models.PositiveIntegerField(verbose_name="attempt")),
                ("tried_at", models.DateTimeField(verbose_name="sent at")),
                (
                    "milliseconds",
                    models.PositiveIntegerField(verbose_name="milliseconds"),
                ),
                (
                    "status",
                    models.PositiveSmallIntegerField(null=True, verbose_name="status"),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            (
                                "status",
                                "It did not answer with a status from 200 to 299.",
                            ),
                            ("no host", "Its name leads nowhere."),
                            (
                                "private",
                                "It is in a private network: this site only goes to public ones.",
                            ),
                            (
                                "tls",
                                "Its certificate is not valid, or it does not speak TLS.",
                            ),
                            ("late", "It did not answer in time."),
                            ("connection", "The connection failed."),
                            (
                                "secret",
                                "The secret can no longer be read here. Make a new one.",
                            ),
                            ("ours", "An error of this site. Its log has more."),
                        ],
                        max_length=10,
                        verbose_name="problem",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="petitions.webhook",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WebhookEvent",
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
                ("email", models.CharField(max_length=254)),
                (
                    "ended_yes",
                    models.BooleanField(
                        help_text="A yes was erased: that there was one is seen here alone."
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "webhook",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="petitions.webhook",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(("url__regex", "^https://[!-~]+$")),
                name="webhook_url_form",
                violation_error_message="Enter an address that begins with https:// and has no blanks.",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.UniqueConstraint(
                fields=("organization", "url"),
                name="webhook_url_once",
                violation_error_message="This address is entered already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.UniqueConstraint(
                fields=("organization", "place"), name="webhook_place_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(("place__gte", 1), ("place__lte", 3)),
                name="webhook_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "name__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    )
                ),
                name="webhook_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["webhook", "-id"], name="webhook_delivery_of"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["tried_at"], name="webhook_delivery_age"),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(fields=["webhook", "id"], name="webhook_event_next"),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(fields=["created_at"], name="webhook_event_age"),
        ),
        RunSQLFile(SQL / "webhooks.sql"),
    ]
