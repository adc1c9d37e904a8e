"""Former words of an answer can be taken from everybody's eyes, once and for good: what
is left says when. Nothing else of a revision ever changes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARDS = """
CREATE FUNCTION revision_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text[] = ARRAY['removed_by_id'];
    removal text[] = ARRAY['answered_by', 'text', 'link', 'removed_at',
                           'removed_because', 'removed_by_id'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.removed_at IS NULL AND NEW.removed_at IS NOT NULL
        AND NEW.removed_because <> ''
        AND (NEW.answered_by, NEW.text, NEW.link) = ('', '', '')
        AND to_jsonb(NEW) - removal = to_jsonb(OLD) - removal
    THEN
        RETURN NEW;
    END IF;
    -- The account of whoever removed it may go.
    IF TG_OP = 'UPDATE' AND NEW.removed_by_id IS NULL
        AND to_jsonb(NEW) - who = to_jsonb(OLD) - who
    THEN
        RETURN NEW;
    END IF;
    RAISE check_violation USING MESSAGE = 'What was published stays readable.';
END $$;
CREATE OR REPLACE TRIGGER revision_stays
BEFORE UPDATE OR DELETE ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION revision_keep();
"""
NO_GUARDS = """
CREATE OR REPLACE TRIGGER revision_stays
BEFORE UPDATE OR DELETE ON petitions_answerrevision
FOR EACH ROW EXECUTE FUNCTION said_stays();
DROP FUNCTION revision_keep();
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("petitions", "0047_search_joined"),
    ]

    operations = [
        migrations.AddField(
            model_name="answerrevision",
            name="removed_at",
            field=models.DateTimeField(
                editable=False, null=True, verbose_name="removed at"
            ),
        ),
        migrations.AddField(
            model_name="answerrevision",
            name="removed_because",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=300,
                verbose_name="why it was removed",
            ),
        ),
        migrations.AddField(
            model_name="answerrevision",
            name="removed_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="removed by",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
