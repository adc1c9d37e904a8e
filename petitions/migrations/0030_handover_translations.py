"""A handover says the same in several languages; one guard for all that is told."""

from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import core.i18n.languages

of_updates = import_module("petitions.migrations.0028_update_translations")

FUNCTION = """
-- There is one text in a language: the own one of what is told, or another. Asked at the
-- end of a transaction, for one that exchanges the two is in the wrong halfway.
CREATE FUNCTION own_text_is_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told text = TG_ARGV[0];
    key text = CASE TG_TABLE_NAME WHEN 'petitions_' || told THEN 'id'
                                  ELSE told || '_id' END;
    twice boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %I own JOIN %I other ON other.%I = own.id
                         WHERE own.id = $1 AND other.language = own.language)',
        'petitions_' || told, 'petitions_' || told || 'translation', told || '_id')
    INTO twice USING (to_jsonb(NEW) ->> key)::bigint;
    IF twice THEN
        RAISE check_violation USING MESSAGE = 'Its own text is in this language.';
    END IF;
    RETURN NULL;
END $$;
"""
NO_FUNCTION = "DROP FUNCTION own_text_is_another();"
GUARDS = """
CREATE CONSTRAINT TRIGGER {told}_translation_another_language
AFTER INSERT OR UPDATE ON petitions_{told}translation
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION own_text_is_another('{told}');
CREATE CONSTRAINT TRIGGER {told}_another_language
AFTER UPDATE OF language ON petitions_{told}
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION own_text_is_another('{told}');
"""
NO_GUARDS = """
DROP TRIGGER {told}_another_language ON petitions_{told};
DROP TRIGGER {told}_translation_another_language ON petitions_{told}translation;
"""


def guards_of(told: str) -> migrations.RunSQL:
    """Around a table and that of its texts in other languages."""
    return migrations.RunSQL(GUARDS.format(told=told), NO_GUARDS.format(told=told))


class Migration(migrations.Migration):
    dependencies = [("petitions", "0029_over_a_ceiling")]

    operations = [
        migrations.CreateModel(
            name="HandoverTranslation",
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
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        max_length=500,
                        verbose_name="one sentence for readers",
                    ),
                ),
                (
                    "image_description",
                    models.CharField(
                        blank=True,
                        max_length=300,
                        verbose_name="what the picture shows",
                    ),
                ),
                (
                    "handover",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="translations",
                        to="petitions.handover",
                    ),
                ),
            ],
            options={
                "verbose_name": "text in another language",
                "verbose_name_plural": "texts in other languages",
                "ordering": ["language"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("handover", "language"),
                        name="handover_translation_once_a_language",
                        violation_error_message="There is a text in this language already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("note", ""), _negated=True),
                                models.Q(("image_description", ""), _negated=True),
                                _connector="OR",
                            ),
                            models.Q(("language", ""), _negated=True),
                        ),
                        name="handover_translation_words",
                        violation_error_message="Give a text its language and its words.",
                    ),
                ],
            },
        ),
        migrations.RunSQL(of_updates.NO_GUARDS, of_updates.GUARDS),
        migrations.RunSQL(FUNCTION, NO_FUNCTION),
        guards_of("update"),
        guards_of("handover"),
    ]
