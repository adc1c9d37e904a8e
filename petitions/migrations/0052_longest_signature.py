"""As the migration before, for the comments of signatures."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual


class Migration(migrations.Migration):
    dependencies = [("petitions", "0051_longest_petition")]

    operations = [
        AddConstraintNotValid(
            "signature",
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("comment"), 1_000),
                name="petitions_signature_comment_length",
                violation_error_message="Shorten this to 1000 characters.",
            ),
        ),
    ]
