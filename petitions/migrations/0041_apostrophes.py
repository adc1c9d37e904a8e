from django.db import migrations, models

import core.i18n.languages
import core.i18n.slugs


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0040_bounces_told"),
    ]

    operations = [
        migrations.AlterField(
            model_name="correction",
            name="language",
            field=models.CharField(
                blank=True,
                choices=core.i18n.languages.text_languages,
                db_default="",
                default="",
                help_text="The language of the text concerned. Empty: the petition’s own.",
                max_length=10,
                verbose_name="which text",
            ),
        ),
        migrations.AlterField(
            model_name="nextstep",
            name="kind",
            field=models.CharField(
                choices=[
                    ("petition", "Sign another petition"),
                    ("donation", "Donate"),
                    ("letter", "Write a letter of one’s own"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="petition",
            name="slug",
            field=models.CharField(
                blank=True,
                help_text="Last part of the page’s address; made of the title when empty. Former addresses lead here, too.",
                max_length=80,
                unique=True,
                validators=[core.i18n.slugs.validate_slug],
                verbose_name="address",
            ),
        ),
        migrations.AlterField(
            model_name="report",
            name="reason",
            field=models.CharField(
                choices=[
                    ("untrue", "Something in it is not true"),
                    ("harm", "It insults, threatens or stirs up hatred"),
                    ("private", "It shows somebody’s private details"),
                    (
                        "rights",
                        "It uses a text or picture that belongs to somebody else",
                    ),
                    ("count", "Its signatures or its number are not right"),
                    ("access", "I cannot read or use a page"),
                    ("data", "What is stored about me"),
                    ("organization", "An organisation on this site"),
                    ("other", "Something else"),
                ],
                max_length=20,
                verbose_name="what it is about",
            ),
        ),
        migrations.AlterField(
            model_name="topic",
            name="slug",
            field=models.CharField(
                help_text="Last part of its page’s address: freedom-of-speech",
                max_length=80,
                unique=True,
                validators=[core.i18n.slugs.validate_slug],
                verbose_name="address",
            ),
        ),
        migrations.AlterField(
            model_name="translation",
            name="text",
            field=models.TextField(
                help_text="In the same format as the petition’s own. Frozen at the first signature after it was there.",
                max_length=40000,
                verbose_name="text",
            ),
        ),
        migrations.AlterConstraint(
            model_name="nextstep",
            name="next_step_https",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("url", ""), ("url__startswith", "https://"), _connector="OR"
                ),
                name="next_step_https",
                violation_error_message="The page’s address begins with https://.",
            ),
        ),
    ]
