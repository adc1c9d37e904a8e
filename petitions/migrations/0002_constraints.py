"""What each row must be, and how rows are found: constraints and indexes."""

import django.contrib.postgres.indexes
import django.db.models.expressions
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0001_initial"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="addressrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("domain", ""), _negated=True),
                    models.Q(
                        ("same_as", ""),
                        models.Q(("strip_characters", ""), ("strip_extension", "")),
                        _connector="OR",
                    ),
                ),
                name="address_rule_alias_or_signs",
                violation_error_message="The rule of the other domain holds: leave out nothing here.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "text__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    models.Q(("link", ""), _negated=True),
                    _connector="OR",
                ),
                name="answer_text_or_link",
                violation_error_message="Give the words, or a link to them.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=models.Q(("text_format__in", ["markdown", "plain"])),
                name="answer_text_format",
                violation_error_message="Choose how the text is written.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="answer_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("link", ""),
                    ("link__iregex", "^https?://[^\\s\\u0001-\\u0020\\u007f]+$"),
                    _connector="OR",
                ),
                name="answer_link_form",
                violation_error_message="Write an address that begins with https:// or http://.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "answered_by__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "text__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="answer_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("text"), 40000
                ),
                name="petitions_answer_text_length",
                violation_error_message="Shorten this to 40000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answerrevision",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("text"), 40000
                ),
                name="petitions_answerrevision_text_length",
                violation_error_message="Shorten this to 40000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answertranslation",
            constraint=models.UniqueConstraint(
                fields=("answer", "language"),
                name="answer_translation_once_a_language",
                violation_error_message="There is a text in this language already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answertranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "text__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    models.Q(("link", ""), _negated=True),
                    _connector="OR",
                ),
                name="answer_translation_text_or_link",
                violation_error_message="Give a text its language, and its words or a link to them.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answertranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="answer_translation_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answertranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("link", ""),
                    ("link__iregex", "^https?://[^\\s\\u0001-\\u0020\\u007f]+$"),
                    _connector="OR",
                ),
                name="answer_translation_link_form",
                violation_error_message="Write an address that begins with https:// or http://.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answertranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "answered_by__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "text__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="answer_translation_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answertranslation",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("text"), 40000
                ),
                name="petitions_answertranslation_text_length",
                violation_error_message="Shorten this to 40000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="channeltally",
            constraint=models.UniqueConstraint(
                fields=("petition", "day", "via"), name="channel_tally_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("sender"), 958
                ),
                name="petitions_consent_sender_length",
                violation_error_message="Shorten this to 958 characters.",
            ),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(
                fields=["email_key", "organization", "-given_at"], name="consent_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["given_at"], name="consent_age"
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "text__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    (
                        "before__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    _connector="OR",
                ),
                name="correction_text",
                violation_error_message="Write what is corrected.",
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("after", ""),
                    models.Q(("before", ""), _negated=True),
                    _connector="OR",
                ),
                name="correction_of_a_passage",
                violation_error_message="Say which passage should read so.",
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language", ""),
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$"),
                    _connector="OR",
                ),
                name="correction_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "before__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "after__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "text__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="correction_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("before"), 5000
                ),
                name="petitions_correction_before_length",
                violation_error_message="Shorten this to 5000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("after"), 5000
                ),
                name="petitions_correction_after_length",
                violation_error_message="Shorten this to 5000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("text"), 5000
                ),
                name="petitions_correction_text_length",
                violation_error_message="Shorten this to 5000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="countchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Func(
                        models.F("source"),
                        output_field=models.BooleanField(),
                        template="(%(expressions)s = ANY ('{confirmed,paper,imported}'::text[]))",
                    ),
                    models.Q(("delta", 0), _negated=True),
                ),
                name="change_source_and_delta",
            ),
        ),
        migrations.AddConstraint(
            model_name="countentry",
            constraint=models.UniqueConstraint(
                fields=("petition", "source", "label"),
                name="count_entry_once",
                violation_error_message="An entry with this label is there already. Was it counted twice?",
            ),
        ),
        migrations.AddConstraint(
            model_name="countentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["paper", "imported"])),
                name="count_entry_source",
                violation_error_message="Choose where they were counted.",
            ),
        ),
        migrations.AddConstraint(
            model_name="countentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("number", 0), _negated=True),
                    ("number__range", (-10000000, 10000000)),
                ),
                name="count_entry_number",
                violation_error_message="Enter a number other than 0, of at most ten million.",
            ),
        ),
        migrations.AddConstraint(
            model_name="countentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("label", ""), _negated=True),
                name="count_entry_label",
                violation_error_message="Give the entry a label.",
            ),
        ),
        migrations.AddConstraint(
            model_name="dailytotal",
            constraint=models.UniqueConstraint(
                fields=("petition", "day", "source"), name="daily_total_once"
            ),
        ),
        migrations.AddIndex(
            model_name="dailytotal",
            index=models.Index(fields=["day"], name="daily_total_day"),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("image", ""),
                    models.Q(("image_description", ""), _negated=True),
                    _connector="OR",
                ),
                name="handover_image_described",
                violation_error_message="Describe the picture for those who do not see it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("image", ""),
                    ("image__regex", "^([a-z]+/)?[0-9A-Za-z_-]+\\.(webp|png)$"),
                    _connector="OR",
                ),
                name="handover_image_form",
                violation_error_message="Choose the picture once more.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("manner__in", ["in_person", "post", "email", "otherwise"])
                ),
                name="handover_manner",
                violation_error_message="Choose how it was handed over.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("confirmed__gt", 0),
                    ("paper__gt", 0),
                    ("imported__gt", 0),
                    _connector="OR",
                ),
                name="handover_of_something",
                violation_error_message="Nothing was handed over: enter how many.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.UniqueConstraint(
                fields=("target", "handed_on"),
                name="handover_once_a_day",
                violation_error_message="A handover to them on this day is there already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="handover_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "note__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "image_description__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="handover_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handovertranslation",
            constraint=models.UniqueConstraint(
                fields=("handover", "language"),
                name="handover_translation_once_a_language",
                violation_error_message="There is a text in this language already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handovertranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "note__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    (
                        "image_description__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    _connector="OR",
                ),
                name="handover_translation_words",
                violation_error_message="Give a text its language and its words.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handovertranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="handover_translation_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="handovertranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "note__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "image_description__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="handover_translation_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invalidation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("domain", ""),
                    ("name", ""),
                    ("network", ""),
                    ("since__isnull", True),
                    ("until__isnull", True),
                    _negated=True,
                ),
                name="invalidation_condition",
                violation_error_message="Describe which signatures you mean: at least one of network, mail domain, name and time.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invalidation",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="invalidation_reason",
                violation_error_message="Say why.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invalidation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("since", None),
                    ("until", None),
                    ("since__lt", models.F("until")),
                    _connector="OR",
                ),
                name="invalidation_times",
                violation_error_message="The end lies before the beginning.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invalidation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["running", "done", "reversing", "reversed"])
                ),
                name="invalidation_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="invalidation",
            constraint=models.CheckConstraint(
                condition=models.Q(("name_match__in", ["contains", "equals"])),
                name="invalidation_name_match",
            ),
        ),
        migrations.AddConstraint(
            model_name="invalidation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reversed_at", None), ("state__in", ["running", "done"])),
                    models.Q(
                        ("reversed_at__isnull", False),
                        ("state__in", ["reversing", "reversed"]),
                    ),
                    _connector="OR",
                ),
                name="invalidation_reversed_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="invalidation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["running", "reversing"])),
                fields=("petition",),
                name="invalidation_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.UniqueConstraint(
                fields=("next_step", "language"), name="letter_once_a_language"
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "subject__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    (
                        "body__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                ),
                name="letter_complete",
                violation_error_message="A letter has a subject and words.",
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="letter_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "subject__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "body__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="letter_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("body"), 5000
                ),
                name="petitions_letter_body_length",
                violation_error_message="Shorten this to 5000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="limit",
            constraint=models.UniqueConstraint(
                fields=("scope", "minutes"),
                name="limit_once",
                violation_error_message="There is such a limit already: change it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="limit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scope__in", ["address", "network", "domain", "ceiling"])
                ),
                name="limit_scope",
                violation_error_message="Choose what is limited.",
            ),
        ),
        migrations.AddConstraint(
            model_name="limit",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__gte", 1), ("most__gte", 1)),
                name="limit_positive",
                violation_error_message="A limit lets at least one pass.",
            ),
        ),
        migrations.AddConstraint(
            model_name="linkrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["confirm", "all"])),
                name="link_request_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="listeddomain",
            constraint=models.CheckConstraint(
                condition=models.Q(("listing__in", ["allow", "block"])),
                name="listeddomain_listing",
                violation_error_message="Choose whether it is allowed or blocked.",
            ),
        ),
        migrations.AddConstraint(
            model_name="listednetwork",
            constraint=models.CheckConstraint(
                condition=models.Q(("listing__in", ["allow", "block"])),
                name="listednetwork_listing",
                violation_error_message="Choose whether it is allowed or blocked.",
            ),
        ),
        migrations.AddConstraint(
            model_name="mailtally",
            constraint=models.UniqueConstraint(
                fields=("petition", "day", "domain"), name="mail_tally_once"
            ),
        ),
        migrations.AddIndex(
            model_name="mailtally",
            index=models.Index(
                condition=models.Q(("domain", ""), _negated=True),
                fields=["day"],
                name="mail_tally_domain",
            ),
        ),
        migrations.AddConstraint(
            model_name="nextstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("address", ""),
                        ("kind", "petition"),
                        ("other__isnull", False),
                        ("url", ""),
                    ),
                    models.Q(
                        ("address", ""),
                        ("kind", "donation"),
                        ("other", None),
                        models.Q(("url", ""), _negated=True),
                    ),
                    models.Q(
                        ("kind", "letter"),
                        ("other", None),
                        ("url", ""),
                        models.Q(("address", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="next_step_one_and_complete",
                violation_error_message="Choose one next step, and complete it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="nextstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("url", ""), ("url__startswith", "https://"), _connector="OR"
                ),
                name="next_step_https",
                violation_error_message="The page's address begins with https://.",
            ),
        ),
        migrations.AddConstraint(
            model_name="nextstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("other", None),
                    models.Q(("other", models.F("petition")), _negated=True),
                    _connector="OR",
                ),
                name="next_step_other_petition",
                violation_error_message="Choose another petition than this one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="nextstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("url", ""),
                    ("url__iregex", "^https?://[^\\s\\u0001-\\u0020\\u007f]+$"),
                    _connector="OR",
                ),
                name="next_step_url_form",
                violation_error_message="Write an address that begins with https:// or http://.",
            ),
        ),
        migrations.AddConstraint(
            model_name="nextstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("address", ""),
                    (
                        "address__regex",
                        "^[^\\s\\u0001-\\u0020\\u007f<>,;@]+@[^\\s\\u0001-\\u0020\\u007f<>,;@]+$",
                    ),
                    _connector="OR",
                ),
                name="next_step_address_form",
                violation_error_message="Write an address such as name@example.org.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ordinarydomain",
            constraint=models.UniqueConstraint(
                fields=("organization", "domain"),
                name="ordinary_domain_once",
                violation_error_message="This mail domain is in the list already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ordinarydomain",
            constraint=models.CheckConstraint(
                condition=models.Q(("domain", ""), _negated=True),
                name="ordinary_domain_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="outgoingmail",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "remind")),
                fields=("petition", "email_key"),
                name="mail_reminder_once",
            ),
        ),
        migrations.AddConstraint(
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
                        template="(%(expressions)s = ANY ('{confirm,all,remind}'::text[]))",
                    ),
                ),
                name="mail_state_and_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="outgoingmail",
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
                            template="(%(expressions)s = ANY ('{due,held}'::text[]))",
                        ),
                        output_field=models.BooleanField(),
                    ),
                    arg_joiner=" = ",
                    output_field=models.BooleanField(),
                    template="(%(expressions)s)",
                ),
                name="mail_finished_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="outgoingmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("signature__isnull", False),
                    models.Q(("finished_at__isnull", False), ("reply", "")),
                    _connector="OR",
                ),
                name="mail_of_nobody_is_over",
            ),
        ),
        migrations.AddIndex(
            model_name="outgoingmail",
            index=models.Index(
                condition=models.Q(("state", "due")),
                fields=["priority", "due_at"],
                name="mail_due",
            ),
        ),
        migrations.AddIndex(
            model_name="outgoingmail",
            index=models.Index(fields=["email_key", "finished_at"], name="mail_person"),
        ),
        migrations.AddIndex(
            model_name="outgoingmail",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", False)),
                fields=["finished_at"],
                name="mail_finished",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["draft", "open", "paused", "closed", "won", "withdrawn"],
                    )
                ),
                name="petition_state",
                violation_error_message="Choose one of the states.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(("delivery__in", ["number", "names", "comments"])),
                name="petition_delivery",
                violation_error_message="Choose what the person petitioned receives.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(("text_format__in", ["markdown", "plain"])),
                name="petition_text_format",
                violation_error_message="Choose how the text is written.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "title__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    models.Q(("slug", ""), _negated=True),
                ),
                name="petition_title_and_slug",
                violation_error_message="Give the petition a title.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "draft"),
                    models.Q(
                        ("opens_at__isnull", False),
                        (
                            "text__regex",
                            "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                        ),
                    ),
                    _connector="OR",
                ),
                name="petition_published_with_text_and_date",
                violation_error_message="A published petition needs a text and an opening date.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closes_at", None),
                    ("opens_at", None),
                    ("closes_at__gt", models.F("opens_at")),
                    _connector="OR",
                ),
                name="petition_closes_after_opening",
                violation_error_message="Close the petition after it opens.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", False),
                        ("state__in", ("closed", "won", "withdrawn")),
                    ),
                    models.Q(
                        models.Q(
                            ("state__in", ("closed", "won", "withdrawn")), _negated=True
                        ),
                        ("ended_at", None),
                    ),
                    _connector="OR",
                ),
                name="petition_ended_at_when_ended",
                violation_error_message="A petition that has ended, and no other, says since when.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("image", ""),
                    models.Q(("image_description", ""), _negated=True),
                    _connector="OR",
                ),
                name="petition_image_described",
                violation_error_message="Describe the picture for those who do not see it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("won_at", None),
                    ("state", "won"),
                    ("state", "withdrawn"),
                    _connector="OR",
                ),
                name="petition_won_at_when_won",
                violation_error_message="Only a petition that was won says since when.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(("goal", None), ("goal__gte", 1), _connector="OR"),
                name="petition_goal_positive",
                violation_error_message="Set a goal of at least 1, or none.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("position", None), ("position__gte", 1), _connector="OR"
                ),
                name="petition_position_positive",
                violation_error_message="Pinned positions begin with 1.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("featured", None), ("featured__gte", 1), _connector="OR"
                ),
                name="petition_featured_positive",
                violation_error_message="Places on the home page begin with 1.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(("months_kept__gte", 1)),
                name="petition_months_kept_positive",
                violation_error_message="Keep names for at least one month.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("anonymised_at", None),
                    ("state__in", ("closed", "won", "withdrawn")),
                    _connector="OR",
                ),
                name="petition_anonymised_when_ended",
                violation_error_message="The names have been erased: it cannot be opened again.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "slug__regex",
                        "^[^\\s\\u0001-\\u002c\\u002e\\u002f\\u003a-\\u0040\\u005b-\\u005e\\u0060\\u007b-\\u00a0\\u2000-\\u206f\\u3000\\ufeff]+$",
                    )
                ),
                name="petition_slug_form",
                violation_error_message="Use letters, digits and hyphens only.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="petition_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("image", ""),
                    ("image__regex", "^([a-z]+/)?[0-9A-Za-z_-]+\\.(webp|png)$"),
                    _connector="OR",
                ),
                name="petition_image_form",
                violation_error_message="Choose the picture once more.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "title__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "ask__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "summary__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "text__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "image_description__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "outcome__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="petition_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="petition",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("text"), 40000
                ),
                name="petitions_petition_text_length",
                violation_error_message="Shorten this to 40000 characters.",
            ),
        ),
        migrations.AddIndex(
            model_name="petition",
            index=models.Index(
                fields=["organization", "state"],
                include=("opens_at", "position", "id"),
                name="petition_of_organization",
            ),
        ),
        migrations.AddIndex(
            model_name="petition",
            index=models.Index(fields=["-opens_at", "id"], name="petition_newest"),
        ),
        migrations.AddIndex(
            model_name="petition",
            index=models.Index(
                fields=["state", "-opens_at", "id"], name="petition_of_state"
            ),
        ),
        migrations.AddIndex(
            model_name="petition",
            index=models.Index(
                condition=models.Q(("state", "won")),
                fields=["-ended_at", "-id"],
                name="petition_won_lately",
            ),
        ),
        migrations.AddIndex(
            model_name="petition",
            index=models.Index(
                condition=models.Q(("featured__isnull", False)),
                fields=["featured"],
                name="petition_featured",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "reason__in",
                        [
                            "untrue",
                            "harm",
                            "private",
                            "rights",
                            "count",
                            "access",
                            "data",
                            "organization",
                            "other",
                        ],
                    )
                ),
                name="report_reason",
                violation_error_message="Choose what it is about.",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("handled_at__isnull", False),
                    models.Q(("handled_by", None), ("note", "")),
                    _connector="OR",
                ),
                name="report_handled_at",
                violation_error_message="Only what is handled has a note.",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="report_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email", ""),
                    (
                        "email__regex",
                        "^[^\\s\\u0001-\\u0020\\u007f<>,;@]+@[^\\s\\u0001-\\u0020\\u007f<>,;@]+$",
                    ),
                    _connector="OR",
                ),
                name="report_email_form",
                violation_error_message="Write an address such as name@example.org.",
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(("text", ""), _negated=True),
                fields=["created_at"],
                name="report_legible",
            ),
        ),
        migrations.AddConstraint(
            model_name="searchdocument",
            constraint=models.UniqueConstraint(
                fields=("petition", "language"), name="search_document_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="searchdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="search_document_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddIndex(
            model_name="searchdocument",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["head"], name="search_head"
            ),
        ),
        migrations.AddIndex(
            model_name="searchdocument",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["whole"], name="search_whole"
            ),
        ),
        migrations.AddIndex(
            model_name="searchdocument",
            index=models.Index(fields=["-opens_at"], name="search_newest"),
        ),
        migrations.AddIndex(
            model_name="searchdocument",
            index=models.Index(
                fields=["organization", "-opens_at"], name="search_organization"
            ),
        ),
        migrations.AddIndex(
            model_name="searchdocument",
            index=models.Index(fields=["state", "-opens_at"], name="search_state"),
        ),
        migrations.AddIndex(
            model_name="searchdocument",
            index=models.Index(fields=["language"], name="search_language"),
        ),
        migrations.AddIndex(
            model_name="searchdocument",
            index=models.Index(fields=["version", "petition"], name="search_version"),
        ),
        migrations.AddIndex(
            model_name="searchword",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("word", name="gin_trgm_ops"),
                fastupdate=False,
                name="search_word_alike",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "confirmed")),
                fields=("petition", "email_key", "person"),
                name="signature_counted_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("shared_address_slot__isnull", False), ("state", "confirmed")
                ),
                fields=("petition", "email_key", "shared_address_slot"),
                name="signature_shared_address_slot_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("shared_address_slot", None),
                    ("shared_address_slot__in", (1, 2)),
                    _connector="OR",
                ),
                name="signature_shared_address_slot",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.F("state"),
                    output_field=models.BooleanField(),
                    template="(%(expressions)s = ANY ('{pending,confirmed,withdrawn,invalid}'::text[]))",
                ),
                name="signature_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.F("delivery"),
                    output_field=models.BooleanField(),
                    template="(%(expressions)s = ANY ('{number,names,comments}'::text[]))",
                ),
                name="signature_delivery",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.ExpressionWrapper(
                        models.Q(("state", "pending")),
                        output_field=models.BooleanField(),
                    ),
                    models.ExpressionWrapper(
                        models.Q(("confirmed_at", None)),
                        output_field=models.BooleanField(),
                    ),
                    arg_joiner=" = ",
                    output_field=models.BooleanField(),
                    template="(%(expressions)s)",
                ),
                name="signature_confirmed_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.ExpressionWrapper(
                        models.Q(("state", "withdrawn")),
                        output_field=models.BooleanField(),
                    ),
                    models.ExpressionWrapper(
                        models.Q(("withdrawn_at__isnull", False)),
                        output_field=models.BooleanField(),
                    ),
                    arg_joiner=" = ",
                    output_field=models.BooleanField(),
                    template="(%(expressions)s)",
                ),
                name="signature_withdrawn_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "pending"), _negated=True),
                    models.Q(
                        ("email_key__isnull", False),
                        models.Q(("name", ""), _negated=True),
                        models.Q(("email", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="signature_pending_has_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("quarantine_reason", ""),
                    models.Q(
                        models.Func(
                            models.F("quarantine_reason"),
                            output_field=models.BooleanField(),
                            template="(%(expressions)s = ANY ('{honeypot,network,domain,signs,limit,burst}'::text[]))",
                        ),
                        ("state", "pending"),
                    ),
                    _connector="OR",
                ),
                name="signature_quarantine_pending",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(("via", ""), ("state", "pending"), _connector="OR"),
                name="signature_via_until_confirmed",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email_key__isnull", False),
                    ("state", "pending"),
                    models.Q(
                        ("comment", ""),
                        ("comment_approved", False),
                        ("comment_rejected", False),
                        ("email", ""),
                        ("email_key", None),
                        ("former_key", None),
                        ("name", ""),
                        ("name_withheld", False),
                        ("network", None),
                        ("person", ""),
                        ("place", ""),
                        ("postal_code", ""),
                        ("shared_address_slot", None),
                        ("show_name", False),
                        ("state", "confirmed"),
                        ("wants_updates", None),
                        ("weak_signs", 0),
                    ),
                    _connector="OR",
                ),
                name="signature_erased_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("comment_approved", False),
                    ("comment_rejected", False),
                    _connector="OR",
                ),
                name="signature_comment_decided_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Func(
                    models.ExpressionWrapper(
                        models.Q(("state", "invalid")),
                        output_field=models.BooleanField(),
                    ),
                    models.ExpressionWrapper(
                        models.Q(("invalidation__isnull", False)),
                        output_field=models.BooleanField(),
                    ),
                    arg_joiner=" = ",
                    output_field=models.BooleanField(),
                    template="(%(expressions)s)",
                ),
                name="signature_invalid_is_marked",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="signature_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("text_language", ""),
                    ("text_language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$"),
                    _connector="OR",
                ),
                name="signature_text_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email", ""),
                    (
                        "email__regex",
                        "^[^\\s\\u0001-\\u0020\\u007f<>,;@]+@[^\\s\\u0001-\\u0020\\u007f<>,;@]+$",
                    ),
                    _connector="OR",
                ),
                name="signature_email_form",
                violation_error_message="Write an address such as name@example.org.",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("comment"), 1000
                ),
                name="petitions_signature_comment_length",
                violation_error_message="Shorten this to 1000 characters.",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(fields=["petition", "-id"], name="signature_of"),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                fields=["email_key", "petition"], name="signature_person"
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(("show_name", True), ("state", "confirmed")),
                fields=["petition", "-confirmed_at"],
                name="signature_shown",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(
                    ("show_name", True),
                    ("state", "confirmed"),
                    models.Q(("comment", ""), _negated=True),
                    ("comment_approved", True),
                    ("name_withheld", False),
                ),
                fields=["petition", "-confirmed_at", "-id"],
                name="signature_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(
                    ("show_name", True),
                    ("state", "confirmed"),
                    models.Q(("comment", ""), _negated=True),
                    ("comment_approved", False),
                    ("comment_rejected", False),
                ),
                fields=["petition", "id"],
                name="signature_to_read",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(
                    ("name_withheld", True), ("show_name", True), ("state", "confirmed")
                ),
                fields=["petition", "id"],
                name="signature_name_withheld",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["created_at"],
                name="signature_pending",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(("network__isnull", False)),
                fields=["created_at"],
                name="signature_network",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(("quarantine_reason", ""), _negated=True),
                fields=["petition", "quarantine_reason"],
                name="signature_quarantined",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(("invalidation__isnull", False)),
                fields=["invalidation", "id"],
                name="signature_invalidated",
            ),
        ),
        migrations.AddConstraint(
            model_name="sourcetally",
            constraint=models.UniqueConstraint(
                fields=("petition", "hour", "kind", "source"), name="source_tally_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="sourcetally",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["all", "network", "domain"])),
                name="source_tally_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="sourcetally",
            index=models.Index(fields=["hour"], name="source_tally_hour"),
        ),
        migrations.AddConstraint(
            model_name="taggedlink",
            constraint=models.UniqueConstraint(
                fields=("petition", "tag"),
                name="tagged_link_once",
                violation_error_message="There is a link with this tag already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="taggedlink",
            constraint=models.CheckConstraint(
                condition=models.Q(("tag__regex", "^[a-z0-9-]{1,20}$")),
                name="tagged_link_tag",
                violation_error_message="Use small letters, digits and hyphens.",
            ),
        ),
        migrations.AddConstraint(
            model_name="taggedlink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "tag__in",
                        [
                            "whatsapp",
                            "sms",
                            "email",
                            "link",
                            "device",
                            "facebook",
                            "x",
                            "bluesky",
                            "mastodon",
                            "linkedin",
                            "telegram",
                            "embed",
                            "poster",
                            "sheet",
                        ],
                    ),
                    _negated=True,
                ),
                name="tagged_link_of_your_own",
                violation_error_message="The links on the page itself have this tag: choose another.",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["person", "body", "label", "unsettled"])
                ),
                name="target_kind",
                violation_error_message="Choose one of the kinds.",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "unsettled"), ("name", "")),
                    models.Q(
                        models.Q(("kind", "unsettled"), _negated=True),
                        (
                            "name__regex",
                            "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                        ),
                    ),
                    _connector="OR",
                ),
                name="target_named_unless_unsettled",
                violation_error_message="Name the person or body, or choose “Not settled yet” and leave the name empty.",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "name__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "office__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "organisation__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                ),
                name="target_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="topic",
            constraint=models.CheckConstraint(
                condition=models.Q(("slug", ""), _negated=True),
                name="topic_slug",
                violation_error_message="Give the topic an address.",
            ),
        ),
        migrations.AddConstraint(
            model_name="topic",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "slug__regex",
                        "^[^\\s\\u0001-\\u002c\\u002e\\u002f\\u003a-\\u0040\\u005b-\\u005e\\u0060\\u007b-\\u00a0\\u2000-\\u206f\\u3000\\ufeff]+$",
                    )
                ),
                name="topic_slug_form",
                violation_error_message="Use letters, digits and hyphens only.",
            ),
        ),
        migrations.AddConstraint(
            model_name="topicname",
            constraint=models.UniqueConstraint(
                fields=("topic", "language"),
                name="topic_name_once_a_language",
                violation_error_message="It has a name in this language already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="topicname",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "text__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    )
                ),
                name="topic_name_text",
                violation_error_message="Name the topic.",
            ),
        ),
        migrations.AddConstraint(
            model_name="topicname",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="topic_name_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="topicname",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "text__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    )
                ),
                name="topic_name_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddIndex(
            model_name="total",
            index=models.Index(
                models.OrderBy(
                    django.db.models.expressions.CombinedExpression(
                        django.db.models.expressions.CombinedExpression(
                            models.F("confirmed"), "+", models.F("paper")
                        ),
                        "+",
                        models.F("imported"),
                    ),
                    descending=True,
                ),
                models.OrderBy(models.F("petition"), descending=True),
                name="total_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="translation",
            constraint=models.UniqueConstraint(
                fields=("petition", "language"),
                name="translation_once_a_language",
                violation_error_message="There is a text in this language already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="translation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "title__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    (
                        "text__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                ),
                name="translation_title_and_text",
                violation_error_message="Give a text its language, its title and its words.",
            ),
        ),
        migrations.AddConstraint(
            model_name="translation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="translation_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="translation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "title__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "ask__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "addressees__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "summary__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "text__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "image_description__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "outcome__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="translation_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="translation",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("text"), 40000
                ),
                name="petitions_translation_text_length",
                violation_error_message="Shorten this to 40000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="update",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("image", ""),
                    models.Q(("image_description", ""), _negated=True),
                    _connector="OR",
                ),
                name="update_image_described",
                violation_error_message="Describe the picture for those who do not see it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="update",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("image", ""),
                    ("image__regex", "^([a-z]+/)?[0-9A-Za-z_-]+\\.(webp|png)$"),
                    _connector="OR",
                ),
                name="update_image_form",
                violation_error_message="Choose the picture once more.",
            ),
        ),
        migrations.AddConstraint(
            model_name="update",
            constraint=models.UniqueConstraint(
                fields=("petition", "number"), name="update_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="update",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "title__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    (
                        "text__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                ),
                name="update_title_and_text",
                violation_error_message="Give the update a title and a text.",
            ),
        ),
        migrations.AddConstraint(
            model_name="update",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("published_at", None), ("number__isnull", False), _connector="OR"
                ),
                name="update_published_with_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="update",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="update_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="update",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "title__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "text__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "image_description__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="update_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="update",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("text"), 20000
                ),
                name="petitions_update_text_length",
                violation_error_message="Shorten this to 20000 characters.",
            ),
        ),
        migrations.AddIndex(
            model_name="update",
            index=models.Index(
                fields=["petition", "-published_at"], name="update_newest"
            ),
        ),
        migrations.AddConstraint(
            model_name="updatetranslation",
            constraint=models.UniqueConstraint(
                fields=("update", "language"),
                name="update_translation_once_a_language",
                violation_error_message="There is a text in this language already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="updatetranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "title__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    (
                        "text__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                ),
                name="update_translation_title_and_text",
                violation_error_message="Give a text its language, its title and its words.",
            ),
        ),
        migrations.AddConstraint(
            model_name="updatetranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="update_translation_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="updatetranslation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "title__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "text__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "image_description__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="update_translation_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="updatetranslation",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("text"), 20000
                ),
                name="petitions_updatetranslation_text_length",
                violation_error_message="Shorten this to 20000 characters.",
            ),
        ),
    ]
