"""What each row must be, and how rows are found: constraints and indexes."""

import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0001_initial"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="description",
            constraint=models.UniqueConstraint(
                fields=("organization", "language"),
                name="organizations_description_once_a_language",
                violation_error_message="There is a text in this language already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="description",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "text__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    )
                ),
                name="organizations_description_text",
                violation_error_message="Write the description.",
            ),
        ),
        migrations.AddConstraint(
            model_name="description",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="organizations_description_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="description",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "text__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    )
                ),
                name="organizations_description_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="description",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("text"), 5000
                ),
                name="organizations_description_text_length",
                violation_error_message="Shorten this to 5000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                fields=("organization", "email"), name="organizations_invitation_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email", django.db.models.functions.text.Lower("email"))
                ),
                name="organizations_invitation_email_lower",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["owner", "editor", "viewer"])),
                name="organizations_invitation_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email", ""),
                    (
                        "email__regex",
                        "^[^\\s\\u0001-\\u0020\\u007f<>,;@]+@[^\\s\\u0001-\\u0020\\u007f<>,;@]+$",
                    ),
                    _connector="OR",
                ),
                name="organizations_invitation_email_form",
                violation_error_message="Write an address such as name@example.org.",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="organizations_invitation_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("user", "organization"),
                name="organizations_membership_once",
                violation_error_message="This person is a member already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["owner", "editor", "viewer"])),
                name="organizations_membership_role",
                violation_error_message="Choose one of the roles.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "name__regex",
                        "[^\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u115f\\u1160\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufeff\\uffa0]",
                    ),
                    models.Q(("slug", ""), _negated=True),
                ),
                name="organizations_organization_name_and_slug",
                violation_error_message="Give the organisation a name.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("accent", ""), ("accent__regex", "^#[0-9a-f]{6}$"), _connector="OR"
                ),
                name="organizations_organization_accent",
                violation_error_message="Write the colour as “#” and six digits from 0 to 9 and a to f, such as #0b5f6b.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cover", ""),
                    models.Q(("cover_description", ""), _negated=True),
                    _connector="OR",
                ),
                name="organizations_organization_cover_described",
                violation_error_message="Describe the picture for those who do not see it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "slug__regex",
                        "^[^\\s\\u0001-\\u002c\\u002e\\u002f\\u003a-\\u0040\\u005b-\\u005e\\u0060\\u007b-\\u00a0\\u2000-\\u206f\\u3000\\ufeff]+$",
                    )
                ),
                name="organizations_organization_slug_form",
                violation_error_message="Use letters, digits and hyphens only.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="organizations_organization_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("contact_email", ""),
                    (
                        "contact_email__regex",
                        "^[^\\s\\u0001-\\u0020\\u007f<>,;@]+@[^\\s\\u0001-\\u0020\\u007f<>,;@]+$",
                    ),
                    _connector="OR",
                ),
                name="organizations_organization_contact_email_form",
                violation_error_message="Write an address such as name@example.org.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("website", ""),
                    ("website__iregex", "^https?://[^\\s\\u0001-\\u0020\\u007f]+$"),
                    _connector="OR",
                ),
                name="organizations_organization_website_form",
                violation_error_message="Write an address that begins with https:// or http://.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("privacy_notice", ""),
                    (
                        "privacy_notice__iregex",
                        "^https?://[^\\s\\u0001-\\u0020\\u007f]+$",
                    ),
                    _connector="OR",
                ),
                name="organizations_organization_privacy_notice_form",
                violation_error_message="Write an address that begins with https:// or http://.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.IRegex(
                    models.Func(
                        models.Func(
                            models.F("links"),
                            models.Value("."),
                            function="array_append",
                        ),
                        models.Value("\n"),
                        models.Value("-"),
                        function="array_to_string",
                        output_field=models.TextField(),
                    ),
                    "^(https?://[^\\s\\u0001-\\u0020\\u007f]+\\n)*\\.$",
                ),
                name="organizations_organization_links_form",
                violation_error_message="Write an address that begins with https:// or http://.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(("links__len__lte", 8)),
                name="organizations_organization_links_most",
                violation_error_message="Name at most 8, one a line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("logo", ""),
                    ("logo__regex", "^([a-z]+/)?[0-9A-Za-z_-]+\\.(webp|png)$"),
                    _connector="OR",
                ),
                name="organizations_organization_logo_form",
                violation_error_message="Choose the picture once more.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cover", ""),
                    ("cover__regex", "^([a-z]+/)?[0-9A-Za-z_-]+\\.(webp|png)$"),
                    _connector="OR",
                ),
                name="organizations_organization_cover_form",
                violation_error_message="Choose the picture once more.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "name__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "legal_name__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "charity_number__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "cover_description__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    ),
                    (
                        "description__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                    (
                        "postal_address__regex",
                        "^[^\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\ufffe\\uffff]*$",
                    ),
                ),
                name="organizations_organization_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("description"), 5000
                ),
                name="organizations_organization_description_length",
                violation_error_message="Shorten this to 5000 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.functions.text.Length("postal_address"), 500
                ),
                name="organizations_organization_postal_address_length",
                violation_error_message="Shorten this to 500 characters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="seennetwork",
            constraint=models.UniqueConstraint(
                fields=("user", "network"), name="organizations_seennetwork_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="staffmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("purpose__in", ["password", "invitation", "failures", "network"])
                ),
                name="organizations_staffmail_purpose",
            ),
        ),
        migrations.AddConstraint(
            model_name="staffmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language__regex", "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
                ),
                name="organizations_staffmail_language",
                violation_error_message="Choose a language from the list.",
            ),
        ),
        migrations.AddIndex(
            model_name="staffmail",
            index=models.Index(fields=["due_at"], name="organizations_mail_due"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email", django.db.models.functions.text.Lower("email"))
                ),
                name="organizations_user_email_lower",
                violation_error_message="Write the e-mail address in small letters.",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("email", ""),
                    (
                        "email__regex",
                        "^[^\\s\\u0001-\\u0020\\u007f<>,;@]+@[^\\s\\u0001-\\u0020\\u007f<>,;@]+$",
                    ),
                    _connector="OR",
                ),
                name="organizations_user_email_form",
                violation_error_message="Write an address such as name@example.org.",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "name__regex",
                        "^[^\\u0001-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ufffe\\uffff]*$",
                    )
                ),
                name="organizations_user_readable",
                violation_error_message="Some characters cannot be shown: type them anew instead of pasting them. Titles and names stand on one line.",
            ),
        ),
    ]
