"""Whether readers are told why an answer was withdrawn."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0007_public_stays"),
    ]

    operations = [
        migrations.AddField(
            model_name="answerwithdrawal",
            name="reason_is_public",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Reasons of earlier releases were asked for staff alone.",
                verbose_name="readers see why",
            ),
        ),
    ]
