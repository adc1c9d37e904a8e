"""Which documents are of an earlier version is found by an index, made while people go
on searching."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("petitions", "0040_search_in_own_language")]

    operations = [
        AddIndexConcurrently(
            "searchdocument",
            models.Index(fields=["version", "petition"], name="search_version"),
        ),
    ]
