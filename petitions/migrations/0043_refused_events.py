from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0042_left_out_elsewhere"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhookevent",
            name="again_at",
            field=models.DateTimeField(
                help_text="When it is tried again after that.", null=True
            ),
        ),
        migrations.AddField(
            model_name="webhookevent",
            name="refused",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="How often the tool would not have this one; in the end it is deleted.",
            ),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="problem",
            field=models.CharField(
                blank=True,
                choices=[
                    ("status", "It did not answer with a status from 200 to 299."),
                    ("no host", "Its name leads nowhere."),
                    (
                        "private",
                        "It is in a private network: this site only goes to public ones.",
                    ),
                    ("tls", "Its certificate is not valid, or it does not speak TLS."),
                    ("late", "It did not answer in time."),
                    ("connection", "The connection failed."),
                    (
                        "secret",
                        "The secret can no longer be read here. Make a new one.",
                    ),
                    (
                        "set aside",
                        "It refused this one for the last time: it is not sent any more.",
                    ),
                    ("ours", "An error of this site. Its log has more."),
                ],
                max_length=10,
                verbose_name="problem",
            ),
        ),
    ]
