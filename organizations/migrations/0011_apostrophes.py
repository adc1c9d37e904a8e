from django.db import migrations, models

import core.i18n.slugs


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0010_entered_counts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="organization",
            name="slug",
            field=models.CharField(
                blank=True,
                help_text="Last part of the profile’s address. Former ones lead here, too.",
                max_length=80,
                unique=True,
                validators=[core.i18n.slugs.validate_slug],
                verbose_name="address",
            ),
        ),
    ]
