"""The rules of the migrations before, for the rows that were there: people sign meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("petitions", "0053_longest_consent")]

    operations = [
        ValidateConstraint(model, f"petitions_{model}_{column}_length")
        for model, column in (
            ("petition", "text"),
            ("translation", "text"),
            ("answer", "text"),
            ("answertranslation", "text"),
            ("answerrevision", "text"),
            ("update", "text"),
            ("updatetranslation", "text"),
            ("correction", "before"),
            ("correction", "after"),
            ("correction", "text"),
            ("letter", "body"),
            ("signature", "comment"),
            ("consent", "sender"),
        )
    ]
