import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0019_won"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Report",
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
                    "reason",
                    models.CharField(
                        choices=[
                            ("untrue", "Something in it is not true"),
                            ("harm", "It insults, threatens or stirs up hatred"),
                            ("private", "It shows somebody's private details"),
                            (
                                "rights",
                                "It uses a text or picture that belongs to somebody else",
                            ),
                            ("count", "Its signatures or its number are not right"),
                            ("access", "I cannot read or use a page"),
                            ("data", "What is stored about me"),
                            ("organization", "An organisation on this site"),
                            ("other", "Something else"),
                        ],
                        max_length=20,
                        verbose_name="what it is about",
                    ),
                ),
                ("text", models.CharField(max_length=3000, verbose_name="message")),
                (
                    "email",
                    models.CharField(
                        blank=True, max_length=254, verbose_name="e-mail for an answer"
                    ),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                (
                    "is_trapped",
                    models.BooleanField(
                        default=False,
                        help_text="It filled in what people do not see. Nobody is written to.",
                        verbose_name="by a program",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="came")),
                ("told_at", models.DateTimeField(null=True)),
                ("handled_at", models.DateTimeField(null=True, verbose_name="handled")),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        help_text="For your colleagues. It is erased with the message.",
                        max_length=500,
                        verbose_name="what was done",
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="handled by",
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="petitions.petition",
                        verbose_name="petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "message from a visitor",
                "verbose_name_plural": "messages from visitors",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("text", ""), _negated=True),
                        fields=["created_at"],
                        name="report_legible",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "reason__in",
                                [
                                    "untrue",
                                    "harm",
                                    "private",
                                    "rights",
                                    "count",
                                    "access",
                                    "data",
                                    "organization",
                                    "other",
                                ],
                            )
                        ),
                        name="report_reason",
                        violation_error_message="Choose what it is about.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("handled_at__isnull", False),
                            models.Q(("handled_by", None), ("note", "")),
                            _connector="OR",
                        ),
                        name="report_handled_at",
                        violation_error_message="Only what is handled has a note.",
                    ),
                ],
            },
        ),
    ]
