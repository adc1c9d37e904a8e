"""The tables and their columns."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import core.i18n.languages
import core.i18n.slugs
import core.images.uploads


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="User",
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
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="last login"
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        max_length=254, unique=True, verbose_name="e-mail address"
                    ),
                ),
                (
                    "name",
                    models.CharField(blank=True, max_length=200, verbose_name="name"),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Take the tick away instead of deleting the account.",
                        verbose_name="may log in",
                    ),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Sees every organisation and may do everything.",
                        verbose_name="site administrator",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="since",
                    ),
                ),
            ],
            options={
                "verbose_name": "staff account",
                "verbose_name_plural": "staff accounts",
            },
        ),
        migrations.CreateModel(
            name="Organization",
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
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "slug",
                    models.CharField(
                        blank=True,
                        help_text="Last part of the profile's address. Former ones lead here, too.",
                        max_length=80,
                        unique=True,
                        validators=[core.i18n.slugs.validate_slug],
                        verbose_name="address",
                    ),
                ),
                (
                    "legal_name",
                    models.CharField(
                        blank=True,
                        help_text="When it differs from the name.",
                        max_length=200,
                        verbose_name="legal name",
                    ),
                ),
                (
                    "description",
                    models.TextField(
                        blank=True, max_length=5000, verbose_name="description"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=core.i18n.languages.text_languages,
                        db_default="en",
                        default="en",
                        max_length=10,
                        verbose_name="language of the description",
                    ),
                ),
                (
                    "postal_address",
                    models.TextField(
                        blank=True,
                        help_text="Printed under the question whether you may write to a supporter, and in every mail. Needed to publish.",
                        max_length=500,
                        verbose_name="postal address",
                    ),
                ),
                (
                    "contact_email",
                    models.EmailField(
                        blank=True,
                        help_text="Where supporters reach you. Needed to publish.",
                        max_length=254,
                        verbose_name="contact e-mail",
                    ),
                ),
                (
                    "website",
                    models.URLField(
                        blank=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "(?i)\\Ahttps?://",
                                "Write an address that begins with https:// or http://.",
                                code="no_web_address",
                            )
                        ],
                        verbose_name="website",
                    ),
                ),
                (
                    "logo",
                    core.images.uploads.LogoField(
                        blank=True,
                        help_text="JPEG, PNG, WebP, AVIF or GIF, at most 20 MB.",
                        upload_to="logos/",
                        verbose_name="logo",
                    ),
                ),
                (
                    "accent",
                    models.CharField(
                        blank=True,
                        help_text="Of buttons and links on your pages, such as #0b5f6b. Where text in it could not be read, a darker or lighter one of the same kind is taken.",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^#[0-9a-f]{6}\\Z",
                                "Write the colour as “#” and six digits from 0 to 9 and a to f, such as #0b5f6b.",
                            )
                        ],
                        verbose_name="colour",
                    ),
                ),
                (
                    "cover",
                    core.images.uploads.PictureField(
                        blank=True,
                        help_text="Above your profile, wide. JPEG, PNG, WebP, AVIF or GIF, at most 20 MB.",
                        upload_to="covers/",
                        verbose_name="cover picture",
                    ),
                ),
                (
                    "cover_description",
                    models.CharField(
                        blank=True,
                        help_text="For those who do not see it. Needed with a picture.",
                        max_length=300,
                        verbose_name="description of the cover picture",
                    ),
                ),
                (
                    "links",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.URLField(
                            validators=[
                                django.core.validators.RegexValidator(
                                    "(?i)\\Ahttps?://",
                                    "Write an address that begins with https:// or http://.",
                                    code="no_web_address",
                                )
                            ]
                        ),
                        blank=True,
                        default=list,
                        help_text="Your pages on other sites, one address a line.",
                        size=8,
                        verbose_name="elsewhere",
                    ),
                ),
                (
                    "charity_number",
                    models.CharField(
                        blank=True, max_length=60, verbose_name="charity number"
                    ),
                ),
                (
                    "privacy_notice",
                    models.URLField(
                        blank=True,
                        help_text="Address of your own privacy notice, if you have one.",
                        validators=[
                            django.core.validators.RegexValidator(
                                "(?i)\\Ahttps?://",
                                "Write an address that begins with https:// or http://.",
                                code="no_web_address",
                            )
                        ],
                        verbose_name="privacy notice",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
            ],
            options={
                "verbose_name": "organisation",
                "verbose_name_plural": "organisations",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
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
                    "email",
                    models.EmailField(max_length=254, verbose_name="e-mail address"),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner: also the organisation and its members"),
                            ("editor", "Editor: writes and publishes campaigns"),
                            ("viewer", "Viewer: reads only"),
                        ],
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                ("language", models.CharField(default="en", max_length=10)),
                (
                    "invited_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="invited"
                    ),
                ),
                ("mailed_at", models.DateTimeField(null=True)),
                ("reply", models.CharField(blank=True, default="", max_length=200)),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invited by",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="organizations.organization",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invited, have not accepted yet",
                "ordering": ["email"],
            },
        ),
        migrations.CreateModel(
            name="FormerOrganizationSlug",
            fields=[
                (
                    "slug",
                    models.CharField(max_length=80, primary_key=True, serialize=False),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_slugs",
                        to="organizations.organization",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Description",
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
                    "language",
                    models.CharField(
                        choices=core.i18n.languages.text_languages,
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                ("text", models.TextField(max_length=5000, verbose_name="description")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="descriptions",
                        to="organizations.organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "description in another language",
                "verbose_name_plural": "descriptions in other languages",
                "ordering": ["language"],
            },
        ),
        migrations.CreateModel(
            name="SeenNetwork",
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
                ("network", models.CharField(max_length=43)),
                ("seen_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="networks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StaffMail",
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
                    "purpose",
                    models.CharField(
                        choices=[
                            ("password", "Password"),
                            ("invitation", "Invitation"),
                            ("failures", "Failures"),
                            ("network", "Network"),
                        ],
                        max_length=10,
                    ),
                ),
                ("address", models.CharField(max_length=254)),
                ("network", models.CharField(blank=True, default="", max_length=43)),
                ("language", models.CharField(default="en", max_length=10)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "invitation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mails",
                        to="organizations.invitation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
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
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner: also the organisation and its members"),
                            ("editor", "Editor: writes and publishes campaigns"),
                            ("viewer", "Viewer: reads only"),
                        ],
                        default="editor",
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="organizations.organization",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "member",
                "verbose_name_plural": "members",
            },
        ),
    ]
