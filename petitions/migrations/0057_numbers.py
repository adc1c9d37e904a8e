"""The least and the most of numbers, for forms and imports: nothing changes in SQL."""

import django.core.validators
from django.db import migrations, models

import petitions.models.petitions


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0056_removals_that_wait"),
    ]

    operations = [
        migrations.AlterField(
            model_name="countentry",
            name="number",
            field=models.IntegerField(
                help_text="Below zero to correct an earlier entry.",
                validators=[
                    django.core.validators.MinValueValidator(-10000000),
                    django.core.validators.MaxValueValidator(10000000),
                ],
                verbose_name="number",
            ),
        ),
        migrations.AlterField(
            model_name="petition",
            name="featured",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="1 comes first among what the site puts forward. Empty: not among it.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="place on the home page",
            ),
        ),
        migrations.AlterField(
            model_name="petition",
            name="goal",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Empty: the next round number, always a little ahead.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(2000000000),
                ],
                verbose_name="goal",
            ),
        ),
        migrations.AlterField(
            model_name="petition",
            name="months_kept",
            field=models.PositiveSmallIntegerField(
                db_default=6,
                default=petitions.models.petitions.default_months,
                help_text="So long after its end, names, addresses and comments are erased for good; the count stays. Printed beside the button. After the first signature it can only be changed to less.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(120),
                ],
                verbose_name="months that names are kept",
            ),
        ),
        migrations.AlterField(
            model_name="petition",
            name="position",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="1 comes first on the profile. Empty: ordered by date.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="pinned position",
            ),
        ),
    ]
