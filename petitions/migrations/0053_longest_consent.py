"""As the migration before, for whom a consent names: an organisation's name of 200
characters, its postal address of 500 and its contact of 254, with commas between."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual


class Migration(migrations.Migration):
    dependencies = [("petitions", "0052_longest_signature")]

    operations = [
        migrations.AlterField(
            "consent",
            "sender",
            models.TextField(
                help_text="Name, postal address and contact as they were printed.",
                max_length=958,
            ),
        ),
        AddConstraintNotValid(
            "consent",
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("sender"), 958),
                name="petitions_consent_sender_length",
                violation_error_message="Shorten this to 958 characters.",
            ),
        ),
    ]
