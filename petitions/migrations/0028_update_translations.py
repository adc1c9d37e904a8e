"""An update says the same in several languages."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import core.i18n.languages

GUARDS = """
-- There is one text in a language: the update's own, or another. Asked at the end of a
-- transaction, for one that exchanges the two is in the wrong halfway.
CREATE FUNCTION update_text_is_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked bigint = (to_jsonb(NEW) ->> TG_ARGV[0])::bigint;
BEGIN
    IF EXISTS (SELECT 1 FROM petitions_update u
                 JOIN petitions_updatetranslation t ON t.update_id = u.id
                WHERE u.id = checked AND t.language = u.language)
    THEN
        RAISE check_violation USING MESSAGE =
            'The update''s own text is in this language.';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER update_translation_another_language
AFTER INSERT OR UPDATE ON petitions_updatetranslation
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION update_text_is_another('update_id');
CREATE CONSTRAINT TRIGGER update_another_language
AFTER UPDATE OF language ON petitions_update
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION update_text_is_another('id');
"""
NO_GUARDS = """
DROP TRIGGER update_another_language ON petitions_update;
DROP TRIGGER update_translation_another_language ON petitions_updatetranslation;
DROP FUNCTION update_text_is_another();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0027_pictures_of_news"),
    ]

    operations = [
        migrations.CreateModel(
            name="UpdateTranslation",
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
                    "language",
                    models.CharField(
                        choices=core.i18n.languages.text_languages,
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("text", models.TextField(max_length=20000, verbose_name="text")),
                (
                    "image_description",
                    models.CharField(
                        blank=True,
                        max_length=300,
                        verbose_name="what the picture shows",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "update",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="translations",
                        to="petitions.update",
                    ),
                ),
            ],
            options={
                "verbose_name": "text in another language",
                "verbose_name_plural": "texts in other languages",
                "ordering": ["language"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("update", "language"),
                        name="update_translation_once_a_language",
                        violation_error_message="There is a text in this language already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title", ""), _negated=True),
                            models.Q(("text", ""), _negated=True),
                            models.Q(("language", ""), _negated=True),
                        ),
                        name="update_translation_title_and_text",
                        violation_error_message="Give a text its language, its title and its words.",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
