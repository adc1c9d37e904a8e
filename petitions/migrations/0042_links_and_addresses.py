"""Links that their owner ended, and the addresses of a mailbox that a bounce or “never
write again” is about. Nullable: whoever does not know them leaves them empty, which
means what was meant before."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("petitions", "0041_search_version")]

    operations = [
        migrations.AddField(
            "signature",
            "links_ended_at",
            models.DateTimeField(
                null=True,
                editable=False,
                help_text="Its owner ended what was mailed before to manage it.",
            ),
        ),
        *(
            migrations.AddField(
                model,
                "address_keys",
                ArrayField(
                    models.UUIDField(),
                    null=True,
                    help_text=(
                        "Version.address_key of each; none for a row that is about all"
                    ),
                ),
            )
            for model in ("suppression", "bounce")
        ),
    ]
