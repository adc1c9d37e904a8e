"""The rules of the migration before, for the rows that were there."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("organizations", "0008_longest")]

    operations = [
        ValidateConstraint(model, f"organizations_{model}_{rule}")
        for model, rule in (
            ("organization", "description_length"),
            ("organization", "postal_address_length"),
            ("organization", "links_most"),
            ("description", "text_length"),
        )
    ]
