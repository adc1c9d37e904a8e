"""Names that wait for staff are found among millions by an index of their own, made
while people go on signing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("petitions", "0044_what_pictures_are_taken")]

    operations = [
        AddIndexConcurrently(
            "signature",
            models.Index(
                fields=["petition", "id"],
                condition=Q(state="confirmed", show_name=True, name_withheld=True),
                name="signature_name_withheld",
            ),
        ),
        migrations.AlterField(
            "signature",
            "name_withheld",
            models.BooleanField(
                "name kept from the page", default=False, db_default=False
            ),
        ),
    ]
