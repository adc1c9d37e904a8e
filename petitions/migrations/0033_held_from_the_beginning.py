"""The rules of the migration before, for the rows that were there: people sign meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("petitions", "0032_held_to_their_form")]

    operations = [
        ValidateConstraint("signature", "signature_language"),
        ValidateConstraint("signature", "signature_text_language"),
        ValidateConstraint("signature", "signature_email_form"),
    ]
