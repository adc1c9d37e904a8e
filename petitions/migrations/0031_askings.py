import datetime

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0030_region_totals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AskedMailbox",
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
                ("email_key", models.UUIDField()),
                ("key_version", models.PositiveSmallIntegerField()),
                ("asked_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Asking",
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
                    "platform",
                    models.CharField(
                        help_text="As “Change.org”. The mail says: You signed this on Change.org.",
                        max_length=100,
                        verbose_name="where they signed, as the mail says it",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waits for a second person"),
                            ("ordered", "Ordered"),
                            ("paused", "Paused"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                            ("called_off", "Called off"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("ordered_at", models.DateTimeField(verbose_name="ordered at")),
                (
                    "number",
                    models.PositiveIntegerField(
                        verbose_name="people when it was ordered"
                    ),
                ),
                (
                    "needs_approval",
                    models.BooleanField(
                        default=False, verbose_name="needs a second person"
                    ),
                ),
                (
                    "approved_at",
                    models.DateTimeField(null=True, verbose_name="approved at"),
                ),
                ("begins_at", models.DateTimeField(verbose_name="begins at")),
                (
                    "position",
                    models.BigIntegerField(
                        default=0, help_text="The file is read as far as this byte."
                    ),
                ),
                (
                    "line",
                    models.BigIntegerField(
                        default=0, help_text="And as far as this line."
                    ),
                ),
                ("asked", models.PositiveIntegerField(default=0, verbose_name="asked")),
                (
                    "last_at",
                    models.DateTimeField(
                        help_text="When its turn was: several take turns.", null=True
                    ),
                ),
                (
                    "finished_at",
                    models.DateTimeField(null=True, verbose_name="over since"),
                ),
            ],
            options={
                "verbose_name": "mail that asks people of an import",
                "verbose_name_plural": "mails that ask people of imports",
                "ordering": ["-pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="outgoingmail",
            name="mail_state_and_kind",
        ),
        migrations.AddField(
            model_name="importedsignature",
            name="may_ask",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether they may be asked by mail: they have a name and said no no.",
            ),
        ),
        migrations.AddField(
            model_name="signatureimport",
            name="asks",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="The file is kept until they are asked, at most 60 days. You order the mail afterwards, and see then to how many it goes. Nobody is asked twice.",
                verbose_name="ask these people by mail to confirm here, once they are imported",
            ),
        ),
        AddConstraintNotValid(
            model_name="outgoingmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Func(
                        models.F("state"),
                        output_field=models.BooleanField(),
                        template="(%(expressions)s = ANY ('{due,held,sent,failed,covered,bounced}'::text[]))",
                    ),
                    models.Func(
                        models.F("kind"),
                        output_field=models.BooleanField(),
                        template="(%(expressions)s = ANY ('{confirm,all,remind,ask}'::text[]))",
                    ),
                ),
                name="mail_state_and_kind",
            ),
        ),
        migrations.AddField(
            model_name="askedmailbox",
            name="petition",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="petitions.petition",
            ),
        ),
        migrations.AddField(
            model_name="asking",
            name="approved_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="approved by",
            ),
        ),
        migrations.AddField(
            model_name="asking",
            name="ordered_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="ordered by",
            ),
        ),
        migrations.AddField(
            model_name="asking",
            name="signature_import",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="askings",
                to="petitions.signatureimport",
                verbose_name="import of signatures",
            ),
        ),
        migrations.AddField(
            model_name="askedmailbox",
            name="asking",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mailboxes",
                to="petitions.asking",
            ),
        ),
        migrations.AddConstraint(
            model_name="asking",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.F("state"),
                    output_field=models.BooleanField(),
                    template="(%(expressions)s = ANY ('{waiting,ordered,paused,done,stopped,called_off}'::text[]))",
                ),
                name="asking_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="asking",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.ExpressionWrapper(
                        models.Q(("finished_at", None)),
                        output_field=models.BooleanField(),
                    ),
                    models.ExpressionWrapper(
                        models.Func(
                            models.F("state"),
                            output_field=models.BooleanField(),
                            template="(%(expressions)s = ANY ('{waiting,ordered,paused}'::text[]))",
                        ),
                        output_field=models.BooleanField(),
                    ),
                    arg_joiner=" = ",
                    output_field=models.BooleanField(),
                    template="(%(expressions)s)",
                ),
                name="asking_finished_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="asking",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "begins_at__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("ordered_at"),
                            "+",
                            models.Value(datetime.timedelta(seconds=600)),
                        ),
                    )
                ),
                name="asking_begins_later",
            ),
        ),
        migrations.AddConstraint(
            model_name="asking",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("needs_approval", False),
                    ("approved_at__isnull", False),
                    models.Q(("state__in", ["ordered", "done"]), _negated=True),
                    _connector="OR",
                ),
                name="asking_approved",
            ),
        ),
        migrations.AddConstraint(
            model_name="asking",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by", None),
                    models.Q(("approved_by", models.F("ordered_by")), _negated=True),
                    _connector="OR",
                ),
                name="asking_approved_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="asking",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "called_off"), _negated=True),
                fields=("signature_import",),
                name="asking_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="asking",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "platform__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    )
                ),
                name="asking_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="askedmailbox",
            constraint=models.UniqueConstraint(
                fields=("petition", "email_key"), name="asked_once"
            ),
        ),
    ]
