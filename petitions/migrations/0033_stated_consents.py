import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0032_mails_ask"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StatedConsent",
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
                    "place",
                    models.CharField(
                        help_text="As “Change.org”. It is printed above their names.",
                        max_length=200,
                        verbose_name="where they agreed",
                    ),
                ),
                (
                    "url",
                    models.URLField(
                        blank=True, max_length=500, verbose_name="address of that page"
                    ),
                ),
                ("begun_on", models.DateField(verbose_name="from")),
                ("ended_on", models.DateField(verbose_name="until")),
                (
                    "words",
                    models.TextField(
                        help_text="The very sentence that they read when they signed. It is printed as it is.",
                        max_length=1000,
                        verbose_name="in these words",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="stated at")),
            ],
            options={
                "verbose_name": "stated consent",
                "verbose_name_plural": "stated consents",
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="importedsignature",
            name="country",
            field=models.CharField(blank=True, db_default="", default="", max_length=2),
        ),
        migrations.AddField(
            model_name="importedsignature",
            name="name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Where they agreed that it is handed over, as the file has it.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="importedsignature",
            name="place",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=120
            ),
        ),
        migrations.AddField(
            model_name="importedsignature",
            name="region",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="As petitions/regions.py has it; the postal code is not kept.",
                max_length=6,
            ),
        ),
        AddConstraintNotValid(
            model_name="importedsignature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name", ""), _negated=True),
                    models.Q(("country", ""), ("place", ""), ("region", "")),
                    _connector="OR",
                ),
                name="imported_named",
            ),
        ),
        AddConstraintNotValid(
            model_name="importedsignature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "name__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "place__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                ),
                name="imported_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddField(
            model_name="statedconsent",
            name="made_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="stated by",
            ),
        ),
        migrations.AddField(
            model_name="statedconsent",
            name="signature_import",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stated_consents",
                to="petitions.signatureimport",
                verbose_name="import of signatures",
            ),
        ),
        migrations.AddField(
            model_name="statedconsent",
            name="target",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="petitions.target",
                verbose_name="who receives their names",
            ),
        ),
        migrations.AddConstraint(
            model_name="statedconsent",
            constraint=models.UniqueConstraint(
                fields=("signature_import", "target"),
                name="stated_consent_once",
                violation_error_message="That is stated already: take it away first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="statedconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(("begun_on__lte", models.F("ended_on"))),
                name="stated_consent_days",
                violation_error_message="It ended before it began.",
            ),
        ),
        migrations.AddConstraint(
            model_name="statedconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "place__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    (
                        "words__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                ),
                name="stated_consent_whole",
                violation_error_message="Say where they agreed, and in which words.",
            ),
        ),
        migrations.AddConstraint(
            model_name="statedconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "place__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "words__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="stated_consent_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="statedconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("url", ""),
                    ("url__iregex", "^https?://[^\\s\\u0001-\\u0020\\u007f]+$"),
                    _connector="OR",
                ),
                name="stated_consent_url_form",
                violation_error_message="Write an address that begins with https:// or http://.",
            ),
        ),
        migrations.AddConstraint(
            model_name="statedconsent",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("words"), 1000
                ),
                name="petitions_statedconsent_words_length",
                violation_error_message="Shorten this to 1000 characters.",
            ),
        ),
    ]
