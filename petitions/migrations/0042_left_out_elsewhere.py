import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0041_apostrophes"),
    ]

    operations = [
        migrations.AddField(
            model_name="pack",
            name="left_out_elsewhere",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Those whom staff left out of that list.",
            ),
        ),
        migrations.CreateModel(
            name="LeftOutElsewhere",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="left_outs_elsewhere",
                        to="petitions.pack",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="petitions.importedsignature",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("pack", "person"), name="left_out_elsewhere_once"
                    )
                ],
            },
        ),
    ]
