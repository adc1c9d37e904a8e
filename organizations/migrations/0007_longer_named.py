"""The next two migrations limit texts in the database. Here those that are longer
already are named, and nothing is done before they are shortened."""

from django.db import migrations

from core.db.overlong_values import refuse_longer

LIMITS = {
    "organizations_organization": {
        "length(description)": 5_000,
        "length(postal_address)": 500,
        "cardinality(links)": 8,
    },
    "organizations_description": {"length(text)": 5_000},
}


class Migration(migrations.Migration):
    dependencies = [("organizations", "0006_what_pictures_are_taken")]

    operations = [
        migrations.RunPython(refuse_longer(LIMITS), migrations.RunPython.noop)
    ]
