"""Each text says in which dialect it was written. What is there stays in the first one
and looks as it did; whatever is saved anew, and nobody has signed, moves on."""

from django.db import migrations, models

TEXTS = (
    "petition", "translation", "correction", "update", "updatetranslation", "answer",
    "answertranslation", "answerrevision",
)  # fmt: skip

# A revision is read as what it was.
REVISIONS = """
CREATE OR REPLACE FUNCTION answer_keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at = now();
    INSERT INTO petitions_answerrevision (
        answer_id, target_id, answered_by, answered_on, language, text, text_format,
        link, replaced_at{comma_column})
    VALUES (
        OLD.id, OLD.target_id, OLD.answered_by, OLD.answered_on, OLD.language, OLD.text,
        OLD.text_format, OLD.link, NEW.changed_at{comma_old});
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION answer_translation_keep_revision() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.answer_id <> NEW.answer_id THEN
        RAISE check_violation USING MESSAGE = 'It stays with its answer.';
    END IF;
    INSERT INTO petitions_answerrevision (
        answer_id, target_id, answered_by, answered_on, language, text, text_format,
        link, original, replaced_at{comma_column})
    SELECT OLD.answer_id, seen.target_id, COALESCE(NULLIF(OLD.answered_by, ''),
           seen.answered_by), seen.answered_on, OLD.language, OLD.text, seen.text_format,
           COALESCE(NULLIF(OLD.link, ''), seen.link), OLD.original, now(){comma_old}
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
"""

GUARDS = """
-- How a signed text is read is part of what was signed.
CREATE TRIGGER petition_dialect_frozen BEFORE UPDATE ON petitions_petition
FOR EACH ROW WHEN (OLD.dialect IS DISTINCT FROM NEW.dialect)
EXECUTE FUNCTION petition_keep_words();
CREATE TRIGGER translation_dialect_frozen BEFORE UPDATE ON petitions_translation
FOR EACH ROW WHEN (OLD.dialect IS DISTINCT FROM NEW.dialect)
EXECUTE FUNCTION translation_keep();
CREATE TRIGGER correction_dialect_stays BEFORE UPDATE ON petitions_correction
FOR EACH ROW WHEN (OLD.dialect IS DISTINCT FROM NEW.dialect)
EXECUTE FUNCTION correction_keep();
"""
NO_GUARDS = """
DROP TRIGGER correction_dialect_stays ON petitions_correction;
DROP TRIGGER translation_dialect_frozen ON petitions_translation;
DROP TRIGGER petition_dialect_frozen ON petitions_petition;
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0035_lean_checks")]

    operations = [
        *(
            migrations.AddField(
                model_name=text,
                name="dialect",
                field=models.PositiveSmallIntegerField(
                    db_default=1, default=2, editable=False
                ),
            )
            for text in TEXTS
        ),
        migrations.AlterField(
            model_name="petition",
            name="text",
            field=models.TextField(
                blank=True,
                help_text="Lines stay as they are, an empty one begins a paragraph, addresses become links. Markdown: **bold**, *italics*, [a link](https://example.org), lines beginning with “- ” are a list. Frozen at the first signature; corrections go below.",
                max_length=40000,
                verbose_name="text",
            ),
        ),
        migrations.AlterField(
            model_name="update",
            name="text",
            field=models.TextField(
                help_text="Lines stay as they are, an empty one begins a paragraph, addresses become links. Markdown: **bold**, *italics*, [a link](https://example.org), lines beginning with “- ” are a list.",
                max_length=20000,
                verbose_name="text",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
        migrations.RunSQL(
            REVISIONS.format(comma_column=", dialect", comma_old=", OLD.dialect"),
            REVISIONS.format(comma_column="", comma_old=""),
        ),
    ]
