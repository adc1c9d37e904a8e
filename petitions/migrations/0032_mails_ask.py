from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("petitions", "0031_askings")]

    operations = [ValidateConstraint("outgoingmail", "mail_state_and_kind")]
