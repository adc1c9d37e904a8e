"""The limits of texts, for what is written from now on: the former release's forms
have the same ones. Tables that every signature needs come one by one, behind: who holds
two of them may stand in the way of somebody who has the other."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual


def longest(model: str, column: str, most: int) -> AddConstraintNotValid:
    return AddConstraintNotValid(
        model,
        models.CheckConstraint(
            condition=LessThanOrEqual(Length(column), most),
            name=f"petitions_{model}_{column}_length",
            violation_error_message=f"Shorten this to {most} characters.",
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("petitions", "0049_longer_named")]

    operations = [
        longest("translation", "text", 40_000),
        longest("answer", "text", 40_000),
        longest("answertranslation", "text", 40_000),
        longest("answerrevision", "text", 40_000),
        longest("update", "text", 20_000),
        longest("updatetranslation", "text", 20_000),
        longest("correction", "before", 5_000),
        longest("correction", "after", 5_000),
        longest("correction", "text", 5_000),
        longest("letter", "body", 5_000),
    ]
