from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0019_recipients_of_erased")]

    operations = [
        migrations.AddField(
            model_name="mailing",
            name="goes_since",
            field=models.DateTimeField(
                help_text="When it began, or went on after a pause.", null=True
            ),
        ),
    ]
