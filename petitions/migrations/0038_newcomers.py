"""Mail domains that staff know, and what is set aside as too much of one that is new."""

import django.db.models.deletion
import django.utils.timezone
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0004_held_to_their_form"),
        ("petitions", "0037_ends_that_wait"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrdinaryDomain",
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
                    "domain",
                    models.CharField(
                        help_text="example.org, with all below it.",
                        max_length=255,
                        verbose_name="mail domain",
                    ),
                ),
                (
                    "since",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="since",
                    ),
                ),
            ],
            options={
                "verbose_name": "mail domain that we know",
                "verbose_name_plural": "mail domains that we know",
                "ordering": ["domain"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="signature",
            name="signature_aside_unconfirmed",
        ),
        migrations.AlterField(
            model_name="signature",
            name="aside",
            field=models.CharField(
                blank=True,
                choices=[
                    ("honeypot", "Filled in what people do not see"),
                    ("network", "Blocked network"),
                    ("domain", "Blocked mail domain"),
                    ("signs", "Several weak signs of abuse"),
                    ("limit", "Too many forms with this address"),
                    ("burst", "Many at once with a mail domain that is new here"),
                ],
                db_default="",
                help_text="Why it waits for staff; its mail is held.",
                max_length=10,
                verbose_name="set aside",
            ),
        ),
        AddConstraintNotValid(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("aside", ""),
                    models.Q(
                        models.Func(
                            models.F("aside"),
                            output_field=models.BooleanField(),
                            template="(%(expressions)s = ANY ('{honeypot,network,domain,signs,limit,burst}'::text[]))",
                        ),
                        ("state", "pending"),
                    ),
                    _connector="OR",
                ),
                name="signature_aside_unconfirmed",
            ),
        ),
        migrations.AddField(
            model_name="ordinarydomain",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="ordinary_domains",
                to="organizations.organization",
                verbose_name="organisation",
            ),
        ),
        migrations.AddConstraint(
            model_name="ordinarydomain",
            constraint=models.UniqueConstraint(
                fields=("organization", "domain"),
                name="ordinary_domain_once",
                violation_error_message="This mail domain is in the list already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ordinarydomain",
            constraint=models.CheckConstraint(
                condition=models.Q(("domain", ""), _negated=True),
                name="ordinary_domain_named",
            ),
        ),
    ]
