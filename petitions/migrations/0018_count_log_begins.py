from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0017_count_receipts")]

    operations = [
        migrations.AddField(
            model_name="total",
            name="log_size",
            field=models.BigIntegerField(null=True),
        ),
    ]
