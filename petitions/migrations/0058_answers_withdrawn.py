"""An answer that was saved under the wrong petition, or should never have been public,
can be taken back whole. What is left says when, why and by whom; the former release's
code finds no answer there."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARDS = """
-- What was said goes with a record that it was taken back, and with nothing else.
CREATE OR REPLACE FUNCTION said_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT 1 FROM petitions_answerwithdrawal w
         WHERE w.answer = COALESCE(to_jsonb(OLD)->'answer_id', to_jsonb(OLD)->'id')::bigint)
    THEN
        RETURN OLD;
    END IF;
    RAISE check_violation USING MESSAGE = 'What was published stays readable.';
END $$;

CREATE OR REPLACE TRIGGER revision_stays BEFORE UPDATE ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION revision_keep();
CREATE TRIGGER revision_stays_there BEFORE DELETE ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION said_stays();

CREATE FUNCTION answer_take_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM petitions_answertranslation WHERE answer_id = NEW.answer;
    DELETE FROM petitions_answerrevision WHERE answer_id = NEW.answer;
    DELETE FROM petitions_answer
     WHERE id = NEW.answer AND petition_id = NEW.petition_id;
    IF NOT FOUND THEN
        RAISE check_violation USING MESSAGE = 'It stays with its petition.';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER answer_taken_back AFTER INSERT ON petitions_answerwithdrawal
FOR EACH ROW EXECUTE FUNCTION answer_take_back();

-- The account of whoever took it back may go.
CREATE FUNCTION withdrawal_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text[] = ARRAY['withdrawn_by_id'];
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.withdrawn_by_id IS NULL
        AND to_jsonb(NEW) - who = to_jsonb(OLD) - who
    THEN
        RETURN NEW;
    END IF;
    RAISE check_violation USING MESSAGE = 'That an answer was withdrawn is recorded for good.';
END $$;
CREATE TRIGGER withdrawal_stays BEFORE UPDATE OR DELETE ON petitions_answerwithdrawal
FOR EACH ROW EXECUTE FUNCTION withdrawal_keep();
"""
NO_GUARDS = """
DROP TRIGGER withdrawal_stays ON petitions_answerwithdrawal;
DROP FUNCTION withdrawal_keep();
DROP TRIGGER answer_taken_back ON petitions_answerwithdrawal;
DROP FUNCTION answer_take_back();
DROP TRIGGER revision_stays_there ON petitions_answerrevision;
CREATE OR REPLACE TRIGGER revision_stays
BEFORE UPDATE OR DELETE ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION revision_keep();
CREATE OR REPLACE FUNCTION said_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING MESSAGE = 'What was published stays readable.';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("petitions", "0057_numbers"),
    ]

    operations = [
        migrations.CreateModel(
            name="AnswerWithdrawal",
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
                    "answer",
                    models.BigIntegerField(
                        editable=False,
                        help_text="The number that the answer had.",
                        unique=True,
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(verbose_name="withdrawn at")),
                (
                    "withdrawn_because",
                    models.CharField(
                        max_length=300, verbose_name="why it was withdrawn"
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answer_withdrawals",
                        to="petitions.petition",
                        verbose_name="petition",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="withdrawn by",
                    ),
                ),
            ],
            options={
                "verbose_name": "withdrawn answer",
                "verbose_name_plural": "withdrawn answers",
                "ordering": ["withdrawn_at", "pk"],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
