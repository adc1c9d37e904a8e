"""The next migrations limit texts in the database. Here those that are longer
already are named, and nothing is done before they are shortened."""

from django.db import migrations

from core.db.overlong_values import refuse_longer

LIMITS = {
    "petitions_petition": {"length(text)": 40_000},
    "petitions_translation": {"length(text)": 40_000},
    "petitions_answer": {"length(text)": 40_000},
    "petitions_answertranslation": {"length(text)": 40_000},
    "petitions_answerrevision": {"length(text)": 40_000},
    "petitions_update": {"length(text)": 20_000},
    "petitions_updatetranslation": {"length(text)": 20_000},
    "petitions_correction": {
        "length(before)": 5_000,
        "length(after)": 5_000,
        "length(text)": 5_000,
    },
    "petitions_letter": {"length(body)": 5_000},
    "petitions_signature": {"length(comment)": 1_000},
    "petitions_consent": {"length(sender)": 958},
}


class Migration(migrations.Migration):
    # A consent names an organisation with its postal address: that one is held first.
    dependencies = [
        ("organizations", "0009_longest_validated"),
        ("petitions", "0048_former_words_removed"),
    ]

    operations = [
        migrations.RunPython(refuse_longer(LIMITS), migrations.RunPython.noop)
    ]
