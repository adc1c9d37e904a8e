"""The rule of the migration before, for the rows that were there: people sign meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("petitions", "0038_newcomers")]

    operations = [ValidateConstraint("signature", "signature_aside_unconfirmed")]
