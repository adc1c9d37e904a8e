"""The tables and their columns."""

import django.contrib.postgres.fields
import django.contrib.postgres.operations
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import core.i18n.languages
import core.i18n.slugs
import core.images.uploads
import petitions.models.dialects
import petitions.models.petition_columns


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organizations", "0001_initial"),
    ]

    operations = [
        django.contrib.postgres.operations.UnaccentExtension(),
        django.contrib.postgres.operations.TrigramExtension(),
        django.contrib.postgres.operations.CreateExtension(
            name="fuzzystrmatch",
        ),
        migrations.CreateModel(
            name="Bounce",
            fields=[
                ("email_key", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "address_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        help_text="Version.address_key of each; none for a row that is about all",
                        null=True,
                    ),
                ),
                ("since", models.DateTimeField()),
                (
                    "reason",
                    models.CharField(
                        help_text="Reply code and status, never the server's words.",
                        max_length=20,
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="KeyVersion",
            fields=[
                (
                    "number",
                    models.PositiveSmallIntegerField(primary_key=True, serialize=False),
                ),
                ("rules", models.JSONField()),
                (
                    "fingerprint",
                    models.CharField(
                        help_text="Tells which EMAIL_KEY it was, and not what it is.",
                        max_length=32,
                    ),
                ),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "finished_at",
                    models.DateTimeField(
                        help_text="None while keys of the version before are still counted.",
                        null=True,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OutgoingMail",
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
                ("kind", models.CharField(default="confirm", max_length=10)),
                ("state", models.CharField(default="due", max_length=10)),
                ("priority", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("due_at", models.DateTimeField()),
                ("leased_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("reply", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Petition",
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
                    "dialect",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=petitions.models.dialects.newest,
                        editable=False,
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=core.i18n.languages.text_languages,
                        default="en",
                        max_length=10,
                        verbose_name="language of the text",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        help_text="What you want, in a few words. Frozen at the first signature.",
                        max_length=200,
                        verbose_name="title",
                    ),
                ),
                (
                    "slug",
                    models.CharField(
                        blank=True,
                        help_text="Last part of the page's address; made of the title when empty. Former addresses lead here, too.",
                        max_length=80,
                        unique=True,
                        validators=[core.i18n.slugs.validate_slug],
                        verbose_name="address",
                    ),
                ),
                (
                    "ask",
                    models.CharField(
                        blank=True,
                        help_text="What exactly the person petitioned is asked to do, one sentence: “Sign the Optional Protocol.” Frozen at the first signature.",
                        max_length=300,
                        verbose_name="ask",
                    ),
                ),
                (
                    "summary",
                    models.CharField(
                        blank=True,
                        help_text="For lists, and for those who see a link to the petition.",
                        max_length=300,
                        verbose_name="summary",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        blank=True,
                        help_text="Lines stay as they are, an empty one begins a paragraph, addresses become links. Markdown: **bold**, *italics*, [a link](https://example.org), lines beginning with “- ” are a list. Frozen at the first signature; corrections go below.",
                        max_length=40000,
                        verbose_name="text",
                    ),
                ),
                (
                    "text_format",
                    models.CharField(
                        choices=[
                            ("markdown", "Markdown"),
                            ("plain", "Plain text, printed to the letter"),
                        ],
                        default="markdown",
                        max_length=10,
                        verbose_name="written in",
                    ),
                ),
                (
                    "image",
                    core.images.uploads.PictureField(
                        blank=True,
                        height_field="image_height",
                        help_text="Optional. JPEG, PNG, WebP, AVIF or GIF, at most 20 MB.",
                        upload_to="petitions/",
                        verbose_name="picture",
                        width_field="image_width",
                    ),
                ),
                ("image_width", models.PositiveIntegerField(editable=False, null=True)),
                (
                    "image_height",
                    models.PositiveIntegerField(editable=False, null=True),
                ),
                (
                    "image_description",
                    models.CharField(
                        blank=True,
                        help_text="For those who do not see it. Needed with a picture.",
                        max_length=300,
                        verbose_name="what the picture shows",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("open", "Open"),
                            ("paused", "Paused"),
                            ("closed", "Closed"),
                            ("won", "Won"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "opens_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Empty: the moment you publish it.",
                        null=True,
                        verbose_name="opens at",
                    ),
                ),
                (
                    "closes_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="closes at"
                    ),
                ),
                (
                    "ended_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="ended at"
                    ),
                ),
                (
                    "end_is_known",
                    models.BooleanField(db_default=True, default=True, editable=False),
                ),
                (
                    "won_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="won at"
                    ),
                ),
                (
                    "started_on",
                    models.DateField(
                        blank=True,
                        help_text="When it began elsewhere, before it came to this site.",
                        null=True,
                        verbose_name="started on",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        help_text="One sentence for readers when it is won, closed or withdrawn.",
                        max_length=500,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "goal",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: the next round number, always a little ahead.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(2000000000),
                        ],
                        verbose_name="goal",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="1 comes first on the profile. Empty: ordered by date.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="pinned position",
                    ),
                ),
                (
                    "featured",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="1 comes first among what the site puts forward. Empty: not among it.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="place on the home page",
                    ),
                ),
                (
                    "asks_place",
                    models.BooleanField(
                        default=False, verbose_name="ask for the place"
                    ),
                ),
                (
                    "asks_postal_code",
                    models.BooleanField(
                        default=False, verbose_name="ask for the postal code"
                    ),
                ),
                (
                    "asks_country",
                    models.BooleanField(
                        default=False, verbose_name="ask for the country"
                    ),
                ),
                (
                    "delivery",
                    models.CharField(
                        choices=[
                            ("number", "The number of supporters"),
                            ("names", "Names and places"),
                            ("comments", "Names, places and comments"),
                        ],
                        default="number",
                        help_text="Printed beside the button. After the first signature it can only be changed to less.",
                        max_length=10,
                        verbose_name="the person petitioned receives",
                    ),
                ),
                (
                    "months_kept",
                    models.PositiveSmallIntegerField(
                        db_default=6,
                        default=petitions.models.petition_columns.default_months,
                        help_text="So long after its end, names, addresses and comments are erased for good; the count stays. Printed beside the button. After the first signature it can only be changed to less.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(120),
                        ],
                        verbose_name="months that names are kept",
                    ),
                ),
                (
                    "anonymised_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="names erased at"
                    ),
                ),
                (
                    "anonymised_to",
                    models.BigIntegerField(db_default=0, default=0, editable=False),
                ),
                (
                    "shared_addresses",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="When their names differ; each confirms by mail. Once somebody has signed, it can no longer be switched off.",
                        verbose_name="two people may share one address",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "state_before",
                    models.CharField(editable=False, max_length=10, null=True),
                ),
                ("state_since", models.DateTimeField(editable=False, null=True)),
                (
                    "months_before",
                    models.PositiveSmallIntegerField(editable=False, null=True),
                ),
                ("months_lowered_at", models.DateTimeField(editable=False, null=True)),
                ("erasable_from", models.DateTimeField(editable=False, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="petitions",
                        to="organizations.organization",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "petition",
                "verbose_name_plural": "petitions",
            },
        ),
        migrations.CreateModel(
            name="RateLimitBucket",
            fields=[
                (
                    "key",
                    models.UUIDField(
                        help_text="Keyed hash of limit and source: petitions.abuse.rate_limits",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "tat",
                    models.DateTimeField(
                        help_text="Theoretical arrival time: the bucket is full again then."
                    ),
                ),
                (
                    "tat_limit",
                    models.DateTimeField(
                        help_text="The latest `tat` with which the form that drew last would pass."
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RetentionLimit",
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
                ("months", models.PositiveSmallIntegerField()),
                ("since", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("email_key", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "address_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        help_text="Version.address_key of each; none for a row that is about all",
                        null=True,
                    ),
                ),
                (
                    "key_version",
                    models.PositiveSmallIntegerField(db_default=1, default=1),
                ),
                (
                    "carried_over",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A re-key has made a newer one of it",
                    ),
                ),
                ("since", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TalliedHour",
            fields=[
                ("hour", models.DateTimeField(primary_key=True, serialize=False)),
                ("after_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="WordSweep",
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
                ("reached", models.CharField(blank=True, max_length=30)),
            ],
        ),
        migrations.CreateModel(
            name="AddressRule",
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
                    "domain",
                    models.CharField(
                        error_messages={
                            "unique": "There is a rule for this domain already."
                        },
                        help_text="gmail.com, or *.example.org for everything below example.org, or * for all that no other rule names.",
                        max_length=255,
                        unique=True,
                        verbose_name="domain",
                    ),
                ),
                (
                    "strip_characters",
                    models.CharField(
                        blank=True,
                        help_text="Signs before the @ that make no difference, such as a dot.",
                        max_length=20,
                        verbose_name="characters to leave out",
                    ),
                ),
                (
                    "strip_extension",
                    models.CharField(
                        blank=True,
                        help_text="+ when maya+news is delivered to maya. Several signs: each begins one.",
                        max_length=20,
                        verbose_name="extension begins with",
                    ),
                ),
                (
                    "same_as",
                    models.CharField(
                        blank=True,
                        help_text="gmail.com, for googlemail.com. Its rule holds for both then.",
                        max_length=255,
                        verbose_name="other name of",
                    ),
                ),
            ],
            options={
                "verbose_name": "rule for addresses",
                "verbose_name_plural": "rules for addresses",
                "ordering": ["domain"],
            },
        ),
        migrations.CreateModel(
            name="Answer",
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
                    "dialect",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=petitions.models.dialects.newest,
                        editable=False,
                    ),
                ),
                (
                    "answered_by",
                    models.CharField(
                        blank=True,
                        help_text="When somebody else answered for them: name and office.",
                        max_length=200,
                        verbose_name="answered by",
                    ),
                ),
                ("answered_on", models.DateField(verbose_name="answered on")),
                (
                    "language",
                    models.CharField(
                        choices=core.i18n.languages.text_languages,
                        default="en",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        blank=True,
                        max_length=40000,
                        verbose_name="the answer, word for word",
                    ),
                ),
                (
                    "text_format",
                    models.CharField(
                        choices=[
                            ("markdown", "Markdown"),
                            ("plain", "Plain text, printed to the letter"),
                        ],
                        default="plain",
                        max_length=10,
                        verbose_name="written in",
                    ),
                ),
                (
                    "link",
                    models.URLField(
                        blank=True,
                        help_text="Where the answer was published, if it was.",
                        max_length=500,
                        validators=[
                            django.core.validators.RegexValidator(
                                "(?i)\\Ahttps?://",
                                "Write an address that begins with https:// or http://.",
                                code="no_web_address",
                            )
                        ],
                        verbose_name="link to the original",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="Written by the database when its words change.",
                        null=True,
                        verbose_name="changed at",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="petitions.petition",
                        verbose_name="petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer",
                "verbose_name_plural": "answers",
                "ordering": ["answered_on", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Export",
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
                ("made_at", models.DateTimeField(verbose_name="when")),
                (
                    "number",
                    models.PositiveIntegerField(verbose_name="number of addresses"),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exports",
                        to="organizations.organization",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "export",
                "verbose_name_plural": "exports",
            },
        ),
        migrations.CreateModel(
            name="Limit",
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
                    "scope",
                    models.CharField(
                        choices=[
                            (
                                "address",
                                "One address and petition; beyond it: set aside",
                            ),
                            (
                                "network",
                                "One network and petition; beyond it: flagged, mail later",
                            ),
                            (
                                "domain",
                                "One mail domain and petition; beyond it: flagged, mail later",
                            ),
                            (
                                "ceiling",
                                "One network in all; beyond it: “try again later”",
                            ),
                        ],
                        max_length=10,
                        verbose_name="what is limited",
                    ),
                ),
                (
                    "most",
                    models.PositiveIntegerField(
                        help_text="Thousands of phones may share one network: be generous.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                        verbose_name="at most",
                    ),
                ),
                (
                    "minutes",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(44640),
                        ],
                        verbose_name="within minutes",
                    ),
                ),
            ],
            options={
                "verbose_name": "limit",
                "verbose_name_plural": "limits",
                "ordering": ["scope", "minutes"],
            },
        ),
        migrations.CreateModel(
            name="LinkRequest",
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
                    "email_keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField()
                    ),
                ),
                ("kind", models.CharField(max_length=10)),
                ("asked_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ListedDomain",
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
                    "listing",
                    models.CharField(
                        choices=[
                            ("allow", "Allowed: no limit applies"),
                            ("block", "Blocked: set aside"),
                        ],
                        max_length=5,
                        verbose_name="is",
                    ),
                ),
                (
                    "note",
                    models.CharField(blank=True, max_length=200, verbose_name="why"),
                ),
                (
                    "domain",
                    models.CharField(
                        help_text="example.org, or *.example.org for all below it; the longest that fits decides.",
                        max_length=255,
                        unique=True,
                        verbose_name="mail domain",
                    ),
                ),
            ],
            options={
                "verbose_name": "listed mail domain",
                "verbose_name_plural": "listed mail domains",
                "ordering": ["domain"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ListedNetwork",
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
                    "listing",
                    models.CharField(
                        choices=[
                            ("allow", "Allowed: no limit applies"),
                            ("block", "Blocked: set aside"),
                        ],
                        max_length=5,
                        verbose_name="is",
                    ),
                ),
                (
                    "note",
                    models.CharField(blank=True, max_length=200, verbose_name="why"),
                ),
                (
                    "network",
                    models.CharField(
                        help_text="192.0.2.0/24, or 2001:db8::/48; of several that hold a visitor, the smallest decides.",
                        max_length=43,
                        unique=True,
                        verbose_name="network",
                    ),
                ),
            ],
            options={
                "verbose_name": "listed network",
                "verbose_name_plural": "listed networks",
                "ordering": ["network"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="LeasedMail",
            fields=[],
            options={
                "proxy": True,
            },
            bases=("petitions.outgoingmail",),
        ),
        migrations.AddField(
            model_name="outgoingmail",
            name="petition",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="petitions.petition",
            ),
        ),
        migrations.CreateModel(
            name="NextStep",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("petition", "Sign another petition"),
                            ("donation", "Donate"),
                            ("letter", "Write a letter of one's own"),
                        ],
                        max_length=10,
                    ),
                ),
                ("url", models.URLField(blank=True, max_length=500)),
                ("address", models.EmailField(blank=True, max_length=254)),
                (
                    "other",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="petitions.petition",
                    ),
                ),
                (
                    "petition",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="next_step",
                        to="petitions.petition",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MailTally",
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
                ("day", models.DateField()),
                ("domain", models.CharField(max_length=255)),
                ("signed", models.PositiveIntegerField(default=0)),
                ("handed_over", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("confirmed", models.PositiveIntegerField(default=0)),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mail_tallies",
                        to="petitions.petition",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KeyCollision",
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
                    "kept",
                    models.BigIntegerField(verbose_name="signature that stays counted"),
                ),
                (
                    "taken_back",
                    models.BigIntegerField(verbose_name="signature taken back"),
                ),
                (
                    "version",
                    models.PositiveSmallIntegerField(
                        verbose_name="version of the rules"
                    ),
                ),
                ("found_at", models.DateTimeField(verbose_name="found at")),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="key_collisions",
                        to="petitions.petition",
                        verbose_name="petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "person counted twice before",
                "verbose_name_plural": "people counted twice before",
                "ordering": ["-found_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Invalidation",
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
                    "network",
                    models.CharField(
                        blank=True,
                        help_text="192.0.2.0/24, or 2001:db8::/48. Networks are kept for 30 days.",
                        max_length=43,
                        verbose_name="network",
                    ),
                ),
                (
                    "domain",
                    models.CharField(
                        blank=True,
                        help_text="example.org, or *.example.org for all below it.",
                        max_length=255,
                        verbose_name="mail domain",
                    ),
                ),
                (
                    "name_match",
                    models.CharField(
                        choices=[("contains", "contains"), ("equals", "is exactly")],
                        default="contains",
                        max_length=10,
                        verbose_name="the name",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="Upper and lower case are the same.",
                        max_length=200,
                        verbose_name="this text",
                    ),
                ),
                (
                    "since",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="signed from"
                    ),
                ),
                (
                    "until",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="signed before"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        help_text="For your colleagues and for whoever asks later.",
                        max_length=500,
                        verbose_name="why",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                (
                    "as_of",
                    models.DateTimeField(
                        help_text="What was confirmed later is not touched.",
                        verbose_name="previewed at",
                    ),
                ),
                (
                    "found",
                    models.PositiveIntegerField(verbose_name="found in the preview"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "At work"),
                            ("done", "Done"),
                            ("reversing", "Being reversed"),
                            ("reversed", "Reversed"),
                        ],
                        default="running",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "up_to",
                    models.BigIntegerField(
                        help_text="The highest number of a signature when it was made."
                    ),
                ),
                (
                    "last_id",
                    models.BigIntegerField(
                        default=0,
                        help_text="The batches have come as far as this signature.",
                    ),
                ),
                (
                    "marked",
                    models.PositiveIntegerField(
                        default=0, verbose_name="taken from the count"
                    ),
                ),
                (
                    "finished_at",
                    models.DateTimeField(null=True, verbose_name="finished at"),
                ),
                (
                    "reversal_reason",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="why reversed"
                    ),
                ),
                (
                    "reversed_at",
                    models.DateTimeField(null=True, verbose_name="reversed at"),
                ),
                (
                    "restored",
                    models.PositiveIntegerField(default=0, verbose_name="given back"),
                ),
                (
                    "left_out",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="They had signed again meanwhile.",
                        verbose_name="not given back",
                    ),
                ),
                (
                    "restored_at",
                    models.DateTimeField(null=True, verbose_name="all given back at"),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "reversed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reversed by",
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invalidations",
                        to="petitions.petition",
                        verbose_name="petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "invalidation",
                "verbose_name_plural": "invalidations",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="FormerPetitionSlug",
            fields=[
                (
                    "slug",
                    models.CharField(max_length=80, primary_key=True, serialize=False),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_slugs",
                        to="petitions.petition",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DailyTotal",
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
                ("day", models.DateField()),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("confirmed", "Confirmed here"),
                            ("paper", "On paper"),
                            ("imported", "Counted elsewhere before"),
                        ],
                        max_length=10,
                    ),
                ),
                ("number", models.BigIntegerField()),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="daily_totals",
                        to="petitions.petition",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CountEntry",
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
                    "source",
                    models.CharField(
                        choices=[
                            ("paper", "On paper"),
                            ("imported", "Counted elsewhere before"),
                        ],
                        default="paper",
                        max_length=10,
                        verbose_name="where they were counted",
                    ),
                ),
                (
                    "number",
                    models.IntegerField(
                        help_text="Below zero to correct an earlier entry.",
                        validators=[
                            django.core.validators.MinValueValidator(-10000000),
                            django.core.validators.MaxValueValidator(10000000),
                        ],
                        verbose_name="number",
                    ),
                ),
                (
                    "label",
                    models.CharField(
                        help_text="What tells it from the others: “Sheets 1-40, Ottawa, 3 June”.",
                        max_length=200,
                        verbose_name="label",
                    ),
                ),
                (
                    "counted_by",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="counted by"
                    ),
                ),
                (
                    "counted_at",
                    models.DateField(
                        default=django.utils.timezone.localdate,
                        verbose_name="counted on",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="count_entries",
                        to="petitions.petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "count entry",
                "verbose_name_plural": "count entries",
                "ordering": ["counted_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="CountChange",
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
                ("day", models.DateField()),
                ("source", models.CharField(max_length=10)),
                ("delta", models.IntegerField()),
                ("domain", models.CharField(blank=True, max_length=255)),
                (
                    "via",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=20
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="petitions.petition",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Correction",
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
                    "dialect",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=petitions.models.dialects.newest,
                        editable=False,
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        choices=core.i18n.languages.text_languages,
                        db_default="",
                        default="",
                        help_text="The language of the text concerned. Empty: the petition's own.",
                        max_length=10,
                        verbose_name="which text",
                    ),
                ),
                (
                    "before",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Copied from the text, letter by letter.",
                        max_length=5000,
                        verbose_name="the passage as it stands",
                    ),
                ),
                (
                    "after",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Empty: the passage should not be there.",
                        max_length=5000,
                        verbose_name="what it should read",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        blank=True,
                        help_text="Why, or what else readers should know.",
                        max_length=5000,
                        verbose_name="note",
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="made at",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="petitions.petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "correction",
                "verbose_name_plural": "corrections",
                "ordering": ["made_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ChannelTally",
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
                ("day", models.DateField()),
                ("via", models.CharField(blank=True, max_length=20)),
                ("confirmed", models.PositiveIntegerField()),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="channel_tallies",
                        to="petitions.petition",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AnswerWithdrawal",
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
                    "answer",
                    models.BigIntegerField(
                        editable=False,
                        help_text="The number that the answer had.",
                        unique=True,
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(verbose_name="withdrawn at")),
                (
                    "withdrawn_because",
                    models.CharField(
                        max_length=300, verbose_name="why it was withdrawn"
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="withdrawn by",
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answer_withdrawals",
                        to="petitions.petition",
                        verbose_name="petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "withdrawn answer",
                "verbose_name_plural": "withdrawn answers",
                "ordering": ["withdrawn_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Removal",
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
                ("made_at", models.DateTimeField()),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="removals",
                        to="petitions.petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "removal",
                "verbose_name_plural": "removals",
            },
        ),
        migrations.CreateModel(
            name="Report",
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
                    "reason",
                    models.CharField(
                        choices=[
                            ("untrue", "Something in it is not true"),
                            ("harm", "It insults, threatens or stirs up hatred"),
                            ("private", "It shows somebody's private details"),
                            (
                                "rights",
                                "It uses a text or picture that belongs to somebody else",
                            ),
                            ("count", "Its signatures or its number are not right"),
                            ("access", "I cannot read or use a page"),
                            ("data", "What is stored about me"),
                            ("organization", "An organisation on this site"),
                            ("other", "Something else"),
                        ],
                        max_length=20,
                        verbose_name="what it is about",
                    ),
                ),
                ("text", models.CharField(max_length=3000, verbose_name="message")),
                (
                    "email",
                    models.CharField(
                        blank=True, max_length=254, verbose_name="e-mail for an answer"
                    ),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                (
                    "is_trapped",
                    models.BooleanField(
                        default=False,
                        help_text="It filled in what people do not see. Nobody is written to.",
                        verbose_name="by a program",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="came")),
                ("told_at", models.DateTimeField(null=True)),
                ("handled_at", models.DateTimeField(null=True, verbose_name="handled")),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        help_text="For your colleagues. It is erased with the message.",
                        max_length=500,
                        verbose_name="what was done",
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="handled by",
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="petitions.petition",
                        verbose_name="petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "message from a visitor",
                "verbose_name_plural": "messages from visitors",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="SearchDocument",
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
                ("language", models.CharField(max_length=10)),
                ("state", models.CharField(max_length=10)),
                ("opens_at", models.DateTimeField()),
                ("head", django.contrib.postgres.search.SearchVectorField()),
                ("whole", django.contrib.postgres.search.SearchVectorField()),
                ("version", models.SmallIntegerField(db_default=0)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="petitions.petition",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                (
                    "word",
                    models.CharField(max_length=30, primary_key=True, serialize=False),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Signature",
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
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting for its confirmation"),
                            ("confirmed", "Confirmed"),
                            ("withdrawn", "Withdrawn"),
                            ("invalid", "Invalidated"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "email",
                    models.CharField(max_length=254, verbose_name="e-mail address"),
                ),
                (
                    "email_key",
                    models.UUIDField(
                        editable=False,
                        help_text="HMAC of the canonical address under EMAIL_KEY: petitions.identity",
                        null=True,
                    ),
                ),
                (
                    "email_key_version",
                    models.PositiveSmallIntegerField(default=1, editable=False),
                ),
                (
                    "former_key",
                    models.UUIDField(
                        editable=False,
                        help_text="Its key under the version before, while a re-key runs",
                        null=True,
                    ),
                ),
                (
                    "person",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The folded name, where two people may share one address.",
                        max_length=200,
                    ),
                ),
                (
                    "shared_address_slot",
                    models.PositiveSmallIntegerField(
                        editable=False,
                        help_text="1 or 2 of the two counted people who share one address",
                        null=True,
                    ),
                ),
                (
                    "place",
                    models.CharField(blank=True, max_length=120, verbose_name="place"),
                ),
                (
                    "postal_code",
                    models.CharField(
                        blank=True, max_length=20, verbose_name="postal code"
                    ),
                ),
                (
                    "country",
                    models.CharField(blank=True, max_length=2, verbose_name="country"),
                ),
                (
                    "comment",
                    models.TextField(
                        blank=True, max_length=1000, verbose_name="comment"
                    ),
                ),
                (
                    "comment_approved",
                    models.BooleanField(default=False, verbose_name="comment approved"),
                ),
                (
                    "comment_rejected",
                    models.BooleanField(
                        db_default=False, default=False, verbose_name="comment rejected"
                    ),
                ),
                (
                    "show_name",
                    models.BooleanField(
                        default=False, verbose_name="name shown on the page"
                    ),
                ),
                (
                    "name_withheld",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        verbose_name="name kept from the page",
                    ),
                ),
                (
                    "wants_updates",
                    models.BooleanField(null=True, verbose_name="wants updates"),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                (
                    "text_language",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=10,
                        verbose_name="language of the text",
                    ),
                ),
                (
                    "text_version",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="corrections seen"
                    ),
                ),
                (
                    "consent_version",
                    models.PositiveSmallIntegerField(
                        default=1, verbose_name="consent wording"
                    ),
                ),
                (
                    "delivery",
                    models.CharField(
                        default="number",
                        max_length=10,
                        verbose_name="agreed to hand over",
                    ),
                ),
                (
                    "network",
                    models.GenericIPAddressField(
                        help_text="First address of the /24 or /48 that the form came from.",
                        null=True,
                        verbose_name="network",
                    ),
                ),
                (
                    "weak_signs",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="WeakSign, added up",
                        verbose_name="weak signs of abuse",
                    ),
                ),
                (
                    "quarantine_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("honeypot", "Filled in what people do not see"),
                            ("network", "Blocked network"),
                            ("domain", "Blocked mail domain"),
                            ("signs", "Several weak signs of abuse"),
                            ("limit", "Too many forms with this address"),
                            (
                                "burst",
                                "Many at once with a mail domain that is new here",
                            ),
                        ],
                        db_default="",
                        help_text="Why it waits for staff; its mail is held.",
                        max_length=10,
                        verbose_name="set aside",
                    ),
                ),
                (
                    "via",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        help_text="Tag of the link that its signer came by, until it is confirmed",
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="signed at")),
                (
                    "confirmed_at",
                    models.DateTimeField(null=True, verbose_name="confirmed at"),
                ),
                (
                    "withdrawn_at",
                    models.DateTimeField(null=True, verbose_name="withdrawn at"),
                ),
                (
                    "withdrawn_because",
                    models.CharField(
                        blank=True,
                        choices=[("bounced", "Every mail to its address came back")],
                        db_default="",
                        default="",
                        help_text="Empty when its owner withdrew it.",
                        max_length=10,
                        verbose_name="withdrawn because",
                    ),
                ),
                (
                    "links_ended_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="Its owner ended what was mailed before to manage it.",
                        null=True,
                    ),
                ),
                (
                    "invalidation",
                    models.ForeignKey(
                        db_index=False,
                        help_text="The mark by which a reversal finds it again.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="petitions.invalidation",
                        verbose_name="invalidation",
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="petitions.petition",
                    ),
                ),
                (
                    "removal",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="signatures",
                        to="petitions.removal",
                    ),
                ),
            ],
            options={
                "verbose_name": "signature",
                "verbose_name_plural": "signatures",
            },
        ),
        migrations.AddField(
            model_name="outgoingmail",
            name="signature",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="mails",
                to="petitions.signature",
            ),
        ),
        migrations.CreateModel(
            name="MergedSignature",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "into",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="petitions.signature",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[],
            options={
                "verbose_name": "comment",
                "verbose_name_plural": "comments",
                "proxy": True,
            },
            bases=("petitions.signature",),
        ),
        migrations.CreateModel(
            name="SourceTally",
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
                ("hour", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("all", "All"),
                            ("network", "Network"),
                            ("domain", "Mail domain"),
                        ],
                        max_length=10,
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=255)),
                ("signed", models.PositiveIntegerField()),
                ("set_aside", models.PositiveIntegerField()),
                ("confirmed", models.PositiveIntegerField()),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="source_tallies",
                        to="petitions.petition",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TaggedLink",
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
                    "tag",
                    models.CharField(
                        max_length=20,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9-]{1,20}\\Z",
                                "Use small letters, digits and hyphens, at most 20: autumn-letter.",
                            )
                        ],
                        verbose_name="tag",
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tagged_links",
                        to="petitions.petition",
                    ),
                ),
            ],
            options={
                "ordering": ["tag"],
            },
        ),
        migrations.CreateModel(
            name="Target",
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
                    "position",
                    models.PositiveSmallIntegerField(default=1, verbose_name="order"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("person", "A person"),
                            ("body", "A body: a ministry, a company, a parliament"),
                            ("label", "A label, printed as typed"),
                            ("unsettled", "Not settled yet"),
                        ],
                        default="person",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="Stéphane Dion, or Ministry of Justice",
                        max_length=200,
                        verbose_name="name",
                    ),
                ),
                (
                    "office",
                    models.CharField(
                        blank=True,
                        help_text="Minister of Foreign Affairs",
                        max_length=200,
                        verbose_name="office",
                    ),
                ),
                (
                    "organisation",
                    models.CharField(
                        blank=True,
                        help_text="Government of Canada",
                        max_length=200,
                        verbose_name="organisation",
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="targets",
                        to="petitions.petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "person or body petitioned",
                "verbose_name_plural": "people and bodies petitioned",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Handover",
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
                    "image",
                    core.images.uploads.PictureField(
                        blank=True,
                        height_field="image_height",
                        help_text="Optional. JPEG, PNG, WebP, AVIF or GIF, at most 20 MB. Ask those who can be recognised: everybody will see it.",
                        upload_to="story/",
                        verbose_name="picture",
                        width_field="image_width",
                    ),
                ),
                ("image_width", models.PositiveIntegerField(editable=False, null=True)),
                (
                    "image_height",
                    models.PositiveIntegerField(editable=False, null=True),
                ),
                (
                    "image_description",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="For those who do not see it. Needed with a picture.",
                        max_length=300,
                        verbose_name="what the picture shows",
                    ),
                ),
                (
                    "handed_on",
                    models.DateField(
                        default=django.utils.timezone.localdate,
                        verbose_name="handed over on",
                    ),
                ),
                (
                    "confirmed",
                    models.PositiveIntegerField(verbose_name="confirmed here"),
                ),
                ("paper", models.PositiveIntegerField(verbose_name="on paper")),
                (
                    "imported",
                    models.PositiveIntegerField(
                        verbose_name="counted elsewhere before"
                    ),
                ),
                (
                    "manner",
                    models.CharField(
                        choices=[
                            ("in_person", "In person"),
                            ("post", "By post"),
                            ("email", "By e-mail"),
                            ("otherwise", "Otherwise"),
                        ],
                        default="in_person",
                        max_length=10,
                        verbose_name="how",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=core.i18n.languages.text_languages,
                        default="en",
                        max_length=10,
                        verbose_name="language of these words",
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        help_text="Who was there, what was said: “Twelve of us met her on the steps.”",
                        max_length=500,
                        verbose_name="one sentence for readers",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="handovers",
                        to="petitions.petition",
                        verbose_name="petition",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="petitions.target",
                        verbose_name="handed to",
                    ),
                ),
            ],
            options={
                "verbose_name": "handover",
                "verbose_name_plural": "handovers",
                "ordering": ["handed_on", "pk"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AnswerRevision",
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
                    "dialect",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=petitions.models.dialects.newest,
                        editable=False,
                    ),
                ),
                (
                    "answered_by",
                    models.CharField(
                        blank=True,
                        help_text="When somebody else answered for them: name and office.",
                        max_length=200,
                        verbose_name="answered by",
                    ),
                ),
                ("answered_on", models.DateField(verbose_name="answered on")),
                (
                    "language",
                    models.CharField(
                        choices=core.i18n.languages.text_languages,
                        default="en",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        blank=True,
                        max_length=40000,
                        verbose_name="the answer, word for word",
                    ),
                ),
                (
                    "text_format",
                    models.CharField(
                        choices=[
                            ("markdown", "Markdown"),
                            ("plain", "Plain text, printed to the letter"),
                        ],
                        default="plain",
                        max_length=10,
                        verbose_name="written in",
                    ),
                ),
                (
                    "link",
                    models.URLField(
                        blank=True,
                        help_text="Where the answer was published, if it was.",
                        max_length=500,
                        validators=[
                            django.core.validators.RegexValidator(
                                "(?i)\\Ahttps?://",
                                "Write an address that begins with https:// or http://.",
                                code="no_web_address",
                            )
                        ],
                        verbose_name="link to the original",
                    ),
                ),
                ("original", models.BooleanField(db_default=True, editable=False)),
                (
                    "replaced_at",
                    models.DateTimeField(editable=False, verbose_name="replaced at"),
                ),
                (
                    "removed_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="removed at"
                    ),
                ),
                (
                    "removed_because",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=300,
                        verbose_name="why it was removed",
                    ),
                ),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revisions",
                        to="petitions.answer",
                    ),
                ),
                (
                    "removed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="removed by",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="petitions.target",
                        verbose_name="who was asked",
                    ),
                ),
            ],
            options={
                "verbose_name": "revision of an answer",
                "verbose_name_plural": "revisions of answers",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="answer",
            name="target",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="petitions.target",
                verbose_name="who was asked",
            ),
        ),
        migrations.CreateModel(
            name="Topic",
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
                    "slug",
                    models.CharField(
                        help_text="Last part of its page's address: freedom-of-speech",
                        max_length=80,
                        unique=True,
                        validators=[core.i18n.slugs.validate_slug],
                        verbose_name="address",
                    ),
                ),
            ],
            options={
                "verbose_name": "topic",
                "verbose_name_plural": "topics",
                "ordering": ["slug"],
            },
        ),
        migrations.AddField(
            model_name="petition",
            name="topics",
            field=models.ManyToManyField(
                blank=True,
                related_name="petitions",
                to="petitions.topic",
                verbose_name="topics",
            ),
        ),
        migrations.CreateModel(
            name="TopicName",
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
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("text", models.CharField(max_length=60, verbose_name="name")),
                (
                    "topic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="names",
                        to="petitions.topic",
                    ),
                ),
            ],
            options={
                "verbose_name": "name of the topic",
                "verbose_name_plural": "names of the topic",
                "ordering": ["language"],
            },
        ),
        migrations.CreateModel(
            name="Translation",
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
                    "dialect",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=petitions.models.dialects.newest,
                        editable=False,
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
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                (
                    "ask",
                    models.CharField(blank=True, max_length=300, verbose_name="ask"),
                ),
                (
                    "addressees",
                    models.CharField(
                        blank=True,
                        help_text="Everybody with their offices, as this language says it. Empty: as above.",
                        max_length=500,
                        verbose_name="whom it petitions",
                    ),
                ),
                (
                    "summary",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="summary"
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="In the same format as the petition's own. Frozen at the first signature after it was there.",
                        max_length=40000,
                        verbose_name="text",
                    ),
                ),
                (
                    "image_description",
                    models.CharField(
                        blank=True,
                        max_length=300,
                        verbose_name="what the picture shows",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        help_text="The sentence about how it ended, in this language.",
                        max_length=500,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="translations",
                        to="petitions.petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "text in another language",
                "verbose_name_plural": "texts in other languages",
                "ordering": ["language"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Update",
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
                    "dialect",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=petitions.models.dialects.newest,
                        editable=False,
                    ),
                ),
                (
                    "image",
                    core.images.uploads.PictureField(
                        blank=True,
                        height_field="image_height",
                        help_text="Optional. JPEG, PNG, WebP, AVIF or GIF, at most 20 MB. Ask those who can be recognised: everybody will see it.",
                        upload_to="story/",
                        verbose_name="picture",
                        width_field="image_width",
                    ),
                ),
                ("image_width", models.PositiveIntegerField(editable=False, null=True)),
                (
                    "image_height",
                    models.PositiveIntegerField(editable=False, null=True),
                ),
                (
                    "image_description",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="For those who do not see it. Needed with a picture.",
                        max_length=300,
                        verbose_name="what the picture shows",
                    ),
                ),
                (
                    "number",
                    models.PositiveIntegerField(
                        editable=False, null=True, verbose_name="number"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=core.i18n.languages.text_languages,
                        default="en",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                (
                    "text",
                    models.TextField(
                        help_text="Lines stay as they are, an empty one begins a paragraph, addresses become links. Markdown: **bold**, *italics*, [a link](https://example.org), lines beginning with “- ” are a list.",
                        max_length=20000,
                        verbose_name="text",
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Empty: a draft, which nobody else sees. A time to come: readers see it from then on.",
                        null=True,
                        verbose_name="published at",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="changed at"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "petition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="updates",
                        to="petitions.petition",
                        verbose_name="petition",
                    ),
                ),
            ],
            options={
                "verbose_name": "update",
                "verbose_name_plural": "updates",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="UpdateTranslation",
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
                    "dialect",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=petitions.models.dialects.newest,
                        editable=False,
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
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("text", models.TextField(max_length=20000, verbose_name="text")),
                (
                    "image_description",
                    models.CharField(
                        blank=True,
                        max_length=300,
                        verbose_name="what the picture shows",
                    ),
                ),
                (
                    "update",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="translations",
                        to="petitions.update",
                    ),
                ),
            ],
            options={
                "verbose_name": "text in another language",
                "verbose_name_plural": "texts in other languages",
                "ordering": ["language"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AnswerTranslation",
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
                    "dialect",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=petitions.models.dialects.newest,
                        editable=False,
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
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "original",
                    models.BooleanField(
                        default=False,
                        help_text="These are their own words. Otherwise readers are told that your organisation has translated them.",
                        verbose_name="they answered in this language, too",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        blank=True,
                        help_text="Written as the one above: plain, or Markdown.",
                        max_length=40000,
                        verbose_name="the answer",
                    ),
                ),
                (
                    "answered_by",
                    models.CharField(
                        blank=True,
                        help_text="As this language says it. Empty: as above.",
                        max_length=200,
                        verbose_name="answered by",
                    ),
                ),
                (
                    "link",
                    models.URLField(
                        blank=True,
                        help_text="Where they published it in this language. Empty: as above.",
                        max_length=500,
                        validators=[
                            django.core.validators.RegexValidator(
                                "(?i)\\Ahttps?://",
                                "Write an address that begins with https:// or http://.",
                                code="no_web_address",
                            )
                        ],
                        verbose_name="link to the original",
                    ),
                ),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="translations",
                        to="petitions.answer",
                    ),
                ),
            ],
            options={
                "verbose_name": "text in another language",
                "verbose_name_plural": "texts in other languages",
                "ordering": ["language"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Consent",
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
                ("email", models.CharField(max_length=254)),
                ("email_key", models.UUIDField()),
                (
                    "email_key_version",
                    models.PositiveSmallIntegerField(db_default=1, default=1),
                ),
                ("wants_updates", models.BooleanField()),
                ("wording_version", models.PositiveSmallIntegerField()),
                ("language", models.CharField(max_length=10)),
                (
                    "sender",
                    models.TextField(
                        help_text="Name, postal address and contact as they were printed.",
                        max_length=958,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        help_text="Where it was given: petition:<id>", max_length=40
                    ),
                ),
                ("given_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="organizations.organization",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HandoverTranslation",
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
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        max_length=500,
                        verbose_name="one sentence for readers",
                    ),
                ),
                (
                    "image_description",
                    models.CharField(
                        blank=True,
                        max_length=300,
                        verbose_name="what the picture shows",
                    ),
                ),
                (
                    "handover",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="translations",
                        to="petitions.handover",
                    ),
                ),
            ],
            options={
                "verbose_name": "text in another language",
                "verbose_name_plural": "texts in other languages",
                "ordering": ["language"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Letter",
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
                ("language", models.CharField(max_length=10)),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField(max_length=5000)),
                (
                    "next_step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="letters",
                        to="petitions.nextstep",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="OrdinaryDomain",
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
                    "domain",
                    models.CharField(
                        help_text="example.org, with all below it.",
                        max_length=255,
                        verbose_name="mail domain",
                    ),
                ),
                (
                    "since",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="since",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ordinary_domains",
                        to="organizations.organization",
                        verbose_name="organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "mail domain that we know",
                "verbose_name_plural": "mail domains that we know",
                "ordering": ["domain"],
            },
        ),
        migrations.CreateModel(
            name="Total",
            fields=[
                (
                    "petition",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="total",
                        serialize=False,
                        to="petitions.petition",
                    ),
                ),
                ("confirmed", models.BigIntegerField(default=0)),
                ("paper", models.BigIntegerField(default=0)),
                ("imported", models.BigIntegerField(default=0)),
            ],
        ),
        # Nobody waits for the disk; losing it in a crash only means beginning anew.
        migrations.RunSQL(
            sql="ALTER TABLE petitions_ratelimitbucket SET UNLOGGED",
            reverse_sql="ALTER TABLE petitions_ratelimitbucket SET LOGGED",
        ),
    ]
