"""A new dialect of texts is none of the database: the default is a function. No SQL."""

from django.db import migrations, models

import petitions.models.dialects


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0045_names_withheld"),
    ]

    operations = [
        migrations.AlterField(
            model_name="answer",
            name="dialect",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=petitions.models.dialects.newest, editable=False
            ),
        ),
        migrations.AlterField(
            model_name="answerrevision",
            name="dialect",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=petitions.models.dialects.newest, editable=False
            ),
        ),
        migrations.AlterField(
            model_name="answertranslation",
            name="dialect",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=petitions.models.dialects.newest, editable=False
            ),
        ),
        migrations.AlterField(
            model_name="correction",
            name="dialect",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=petitions.models.dialects.newest, editable=False
            ),
        ),
        migrations.AlterField(
            model_name="petition",
            name="dialect",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=petitions.models.dialects.newest, editable=False
            ),
        ),
        migrations.AlterField(
            model_name="translation",
            name="dialect",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=petitions.models.dialects.newest, editable=False
            ),
        ),
        migrations.AlterField(
            model_name="update",
            name="dialect",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=petitions.models.dialects.newest, editable=False
            ),
        ),
        migrations.AlterField(
            model_name="updatetranslation",
            name="dialect",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=petitions.models.dialects.newest, editable=False
            ),
        ),
    ]
