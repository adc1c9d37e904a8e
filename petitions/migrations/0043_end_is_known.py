"""A petition that came from elsewhere may have ended on a day that nobody knows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0042_links_and_addresses")]

    operations = [
        migrations.AddField(
            model_name="petition",
            name="end_is_known",
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
    ]
