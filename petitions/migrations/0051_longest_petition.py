"""As the migration before, for petitions."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual


class Migration(migrations.Migration):
    dependencies = [("petitions", "0050_longest")]

    operations = [
        AddConstraintNotValid(
            "petition",
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("text"), 40_000),
                name="petitions_petition_text_length",
                violation_error_message="Shorten this to 40000 characters.",
            ),
        ),
    ]
