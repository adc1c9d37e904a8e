"""An answer says the same in several languages, and keeps what it said in each."""

from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import core.i18n.languages

guards_of = import_module("petitions.migrations.0030_handover_translations").guards_of

GUARDS = """
-- Whatever changes a text, its former words become a revision of the answer, as readers
-- saw them: under what the answer itself said before this transaction.
CREATE FUNCTION answer_translation_keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.answer_id <> NEW.answer_id THEN
        RAISE check_violation USING MESSAGE = 'It stays with its answer.';
    END IF;
    INSERT INTO petitions_answerrevision (
        answer_id, target_id, answered_by, answered_on, language, text, text_format,
        link, original, replaced_at)
    SELECT OLD.answer_id, seen.target_id, COALESCE(NULLIF(OLD.answered_by, ''),
           seen.answered_by), seen.answered_on, OLD.language, OLD.text, seen.text_format,
           COALESCE(NULLIF(OLD.link, ''), seen.link), OLD.original, now()
      FROM (SELECT id AS revision, target_id, answered_by, answered_on, text_format, link
              FROM petitions_answerrevision
             WHERE answer_id = OLD.answer_id AND replaced_at = now()
             UNION ALL
            SELECT NULL, target_id, answered_by, answered_on, text_format, link
              FROM petitions_answer WHERE id = OLD.answer_id) seen
     ORDER BY seen.revision NULLS LAST LIMIT 1;
    UPDATE petitions_answer SET changed_at = now() WHERE id = OLD.answer_id;
    RETURN NEW;
END $$;
CREATE TRIGGER answer_translation_revised BEFORE UPDATE ON petitions_answertranslation
FOR EACH ROW WHEN (
    (OLD.answer_id, OLD.language, OLD.answered_by, OLD.text, OLD.link, OLD.original)
    IS DISTINCT FROM
    (NEW.answer_id, NEW.language, NEW.answered_by, NEW.text, NEW.link, NEW.original)
) EXECUTE FUNCTION answer_translation_keep_revision();
CREATE TRIGGER answer_translation_stays BEFORE DELETE ON petitions_answertranslation
FOR EACH ROW EXECUTE FUNCTION said_stays();
"""
NO_GUARDS = """
DROP TRIGGER answer_translation_stays ON petitions_answertranslation;
DROP TRIGGER answer_translation_revised ON petitions_answertranslation;
DROP FUNCTION answer_translation_keep_revision();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0030_handover_translations"),
    ]

    operations = [
        migrations.AddField(
            model_name="answerrevision",
            name="original",
            field=models.BooleanField(db_default=True, editable=False),
        ),
        migrations.CreateModel(
            name="AnswerTranslation",
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
                    "original",
                    models.BooleanField(
                        default=False,
                        help_text="These are their own words. Otherwise readers are told that your organisation has translated them.",
                        verbose_name="they answered in this language, too",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        blank=True,
                        help_text="Written as the one above: plain, or Markdown.",
                        max_length=40000,
                        verbose_name="the answer",
                    ),
                ),
                (
                    "answered_by",
                    models.CharField(
                        blank=True,
                        help_text="As this language says it. Empty: as above.",
                        max_length=200,
                        verbose_name="answered by",
                    ),
                ),
                (
                    "link",
                    models.URLField(
                        blank=True,
                        help_text="Where they published it in this language. Empty: as above.",
                        max_length=500,
                        verbose_name="link to the original",
                    ),
                ),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="translations",
                        to="petitions.answer",
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
                        fields=("answer", "language"),
                        name="answer_translation_once_a_language",
                        violation_error_message="There is a text in this language already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("text", ""), _negated=True),
                                models.Q(("link", ""), _negated=True),
                                _connector="OR",
                            ),
                            models.Q(("language", ""), _negated=True),
                        ),
                        name="answer_translation_text_or_link",
                        violation_error_message="Give a text its language, and its words or a link to them.",
                    ),
                ],
            },
        ),
        guards_of("answer"),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
