"""A petition that was public and signed is no draft again: 0026_imports runs the
triggers."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("petitions", "0006_supporter_requests")]

    operations = []
