"""The limits of texts, for what is written from now on."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual


def longest(model: str, column: str, most: int) -> AddConstraintNotValid:
    return AddConstraintNotValid(
        model,
        models.CheckConstraint(
            condition=LessThanOrEqual(Length(column), most),
            name=f"organizations_{model}_{column}_length",
            violation_error_message=f"Shorten this to {most} characters.",
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("organizations", "0007_longer_named")]

    operations = [
        longest("description", "text", 5_000),
        longest("organization", "description", 5_000),
        longest("organization", "postal_address", 500),
        AddConstraintNotValid(
            "organization",
            models.CheckConstraint(
                condition=models.Q(links__len__lte=8),
                name="organizations_organization_links_most",
                violation_error_message="Name at most 8, one a line.",
            ),
        ),
    ]
