from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0033_stated_consents")]

    operations = [
        ValidateConstraint("importedsignature", "imported_named"),
        ValidateConstraint("importedsignature", "imported_readable"),
    ]
