"""What the database refuses to hold, for a page would print and trust it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.utils import timezone

from core.audit import tables
from core.text.columns import TextColumn
from organizations.member_pages import InviteForm
from organizations.models import Description, Organization, User
from petitions.models import (
    Answer,
    AnswerTranslation,
    Consent,
    Correction,
    Handover,
    HandoverTranslation,
    Letter,
    NextStep,
    Petition,
    Report,
    Signature,
    Target,
    Topic,
    TopicName,
    Translation,
    Update,
    UpdateTranslation,
)
from petitions.models.search import SearchDocument
from tests.factories import (
    make_answer,
    make_handover,
    make_pending,
    make_signature,
    make_topic,
    make_translation,
    make_update,
    make_update_translation,
)
from tests.helpers import text_of
from tests.petitions.admin.helpers import errors_of

pytestmark = pytest.mark.django_db

NO_LANGUAGE = ["", "FR", "klingon", "f", "fr fr", "fr\n", 'x" y', "zh_Hant"]
A_LANGUAGE = ["de", "crk", "zh-Hant", "pt-br", "es-419"]
NO_PAGE = [
    "javascript:alert(1)", "data:text/html,x", "ftp://example.org/x", "//example.org",
    "example.org", "https://", "https://example.org/ x", "https://example.org/\n",
    "x\nhttps://example.org/",
]  # fmt: skip
A_PAGE = ["", "https://example.org/é?a=b#c", "HTTP://example.org"]
NO_MAILBOX = ["maya", "maya@", "@example.org", "a@b\n", "a@b,c@d", "a@b\r\nBcc: c@d"]
A_MAILBOX = ["maya+x@example.org", "élise@exämple.org"]
NO_SLUG = ["", "a/b", "a.b", "a b", "a\n", "a?b", "%41", "<b>", "a\u2028b"]
A_SLUG = ["free-the-prisoners", "حرية", "été_2", "हिन्दी"]
NO_PICTURE = ["../secret", "story/../x.webp", "https://example.org/x.webp", "/x.webp",
              "story/x.svg", "story/x y.webp"]  # fmt: skip
A_PICTURE = ["", "story/abc_DEF-8x5.webp"]
NO_LINE = ["a\nb", "a\x01b", "a\x85b", "a\u2028b"]
A_LINE = ["a\tb", "“é” — 😀"]
NO_TEXT = ["a\x01b", "a\x0bb", "a\uffffb"]
A_TEXT = ["a\r\n\tb\u2028c\x85"]
UNSEEN = [" ", "\t", "\u200b", "\u00a0\u3000"]


@pytest.fixture
def rows(petition: Petition) -> None:
    """One of each."""
    make_translation(petition, "fr")
    make_update_translation(make_update(petition), "fr")
    make_answer(petition).translations.create(language="fr", text="Non.")
    make_handover(petition).translations.create(language="fr", note="Remise.")
    make_topic("freedom", petition)
    Description.objects.create(
        organization=petition.organization, language="fr", text="x"
    )
    step = NextStep.objects.create(
        petition=petition, kind="letter", address="office@example.org"
    )
    Letter.objects.create(next_step=step, language="en", subject="x", body="y")
    Correction.objects.create(petition=petition, text="x")
    make_signature(petition, wants_updates=True)
    make_pending(petition)
    Report.objects.create(
        petition=petition, reason="other", text="x", language="en",
        created_at=timezone.now(),
    )  # fmt: skip
    User.objects.create_user("maya@example.org")
    assert Consent.objects.exists()


def write(model: type[models.Model], column: str, value: Any) -> None:
    """As somebody at the database's own prompt does, past triggers that freeze it."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        one = f"WHERE id = (SELECT min(id) FROM {table})"
        cursor.execute(f"UPDATE {table} SET {column} = %s {one}", [value])
        cursor.execute("SET LOCAL session_replication_role = origin")


def is_refused(model: type[models.Model], column: str, value: Any) -> str:
    """The name of the rule that refuses it, "" when none does."""
    try:
        with transaction.atomic():
            write(model, column, value)
            transaction.set_rollback(True)
    except IntegrityError as error:
        return str(error.__cause__.diag.constraint_name)  # type: ignore[union-attr]
    return ""


LANGUAGES = [
    (Organization, "language"), (Description, "language"), (Petition, "language"),
    (Translation, "language"), (Update, "language"), (UpdateTranslation, "language"),
    (Answer, "language"), (Handover, "language"), (Letter, "language"),
    (AnswerTranslation, "language"), (HandoverTranslation, "language"),
    (TopicName, "language"), (Report, "language"), (Signature, "language"),
    (SearchDocument, "language"),
]  # fmt: skip
MAYBE_LANGUAGES = [(Correction, "language"), (Signature, "text_language")]
PAGES = [
    (Organization, "website"), (Organization, "privacy_notice"), (Answer, "link"),
    (Description, "website"), (Description, "privacy_notice"),
    (AnswerTranslation, "link"),
]  # fmt: skip
MAILBOXES = [
    (Organization, "contact_email"), (NextStep, "address"), (User, "email"),
    (Report, "email"), (Signature, "email"),
]  # fmt: skip
SLUGS = [(Organization, "slug"), (Petition, "slug"), (Topic, "slug")]
PICTURES = [
    (Organization, "logo"), (Organization, "cover"), (Petition, "image"),
    (Update, "image"), (Handover, "image"),
]  # fmt: skip
LINES = [
    (Organization, "name"), (Organization, "legal_name"),
    (Organization, "charity_number"), (Organization, "cover_description"),
    (User, "name"), (Petition, "title"), (Translation, "title"), (Update, "title"),
    (UpdateTranslation, "title"), (Target, "name"), (Target, "office"),
    (Target, "organisation"), (TopicName, "text"), (Letter, "subject"),
    (Description, "name"), (Description, "legal_name"),
    (Description, "cover_description"),
    (Answer, "answered_by"), (AnswerTranslation, "answered_by"),
]  # fmt: skip
TEXTS = [
    (Organization, "description"), (Organization, "postal_address"),
    (Description, "text"), (Petition, "ask"), (Petition, "summary"),
    (Petition, "text"), (Petition, "image_description"), (Petition, "outcome"),
    (Translation, "ask"), (Translation, "addressees"), (Translation, "summary"),
    (Translation, "text"), (Translation, "image_description"),
    (Translation, "outcome"), (Update, "text"), (Update, "image_description"),
    (UpdateTranslation, "text"), (UpdateTranslation, "image_description"),
    (AnswerTranslation, "text"), (HandoverTranslation, "note"),
    (HandoverTranslation, "image_description"),
    (Answer, "text"), (Handover, "note"), (Handover, "image_description"),
    (Letter, "body"), (Correction, "before"), (Correction, "after"),
    (Correction, "text"),
]  # fmt: skip
TO_BE_SEEN = [
    (Organization, "name"), (Petition, "title"), (Petition, "text"),
    (Translation, "title"), (Translation, "text"), (Update, "title"),
    (Update, "text"), (UpdateTranslation, "title"), (UpdateTranslation, "text"),
    (Target, "name"), (TopicName, "text"), (Letter, "subject"), (Letter, "body"),
    (Description, "text"), (Answer, "text"), (Correction, "text"),
    (AnswerTranslation, "text"), (HandoverTranslation, "note"),
]  # fmt: skip


def cases() -> Iterator[Any]:
    for columns, wrong, right in (
        (LANGUAGES, NO_LANGUAGE, A_LANGUAGE),
        (MAYBE_LANGUAGES, NO_LANGUAGE[1:], ["", *A_LANGUAGE]),
        (PAGES, NO_PAGE, A_PAGE),
        (MAILBOXES, NO_MAILBOX, A_MAILBOX),
        (SLUGS, NO_SLUG, A_SLUG),
        (PICTURES, NO_PICTURE, A_PICTURE),
        (LINES, NO_LINE, A_LINE),
        (TEXTS, NO_TEXT, A_TEXT),
        (TO_BE_SEEN, UNSEEN, ["x"]),
    ):
        for model, column in columns:
            yield pytest.param(
                model,
                column,
                wrong,
                right,
                id=f"{model.__name__}.{column}-{wrong[-1]!a}",
            )


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("model", "column", "wrong", "right"), list(cases()))
def test_a_column_holds_what_a_page_can_trust(
    model: type[models.Model], column: str, wrong: list[str], right: list[str]
) -> None:
    # A picture has a description; that rule is another one.
    if column in {"image", "cover"}:
        described = "cover_description" if column == "cover" else "image_description"
        write(model, described, "Four people.")
    if (model, column) == (Correction, "after"):
        write(model, "before", "x")
    names = {value: is_refused(model, column, value) for value in wrong}
    own = [constraint.name for constraint in model._meta.constraints]

    assert [value for value, name in names.items() if name not in own] == []
    assert [value for value in right if is_refused(model, column, value)] == []


@pytest.mark.usefixtures("rows")
def test_links_elsewhere_are_pages_every_one() -> None:
    def refused(*links: str | None) -> bool:
        name = is_refused(Organization, "links", list(links))
        return name == "organizations_organization_links_form"

    good = "https://example.org/"
    for bad in (*NO_PAGE, "", None):
        assert refused(bad), bad
        assert refused(good, bad), bad
        assert refused(bad, good), bad
    assert not refused()
    assert not refused(good, "http://example.com/x")


# Copied from rows that are held to it: by triggers, by CONFIRM and its like.
COPIED = {"AnswerRevision", "Consent", "WebhookEvent"}


def is_guarded(model: type[models.Model], column: str) -> bool:
    names = [constraint.name for constraint in model._meta.constraints]
    return any(name.endswith((f"_{column}", f"_{column}_form")) for name in names)


def test_no_column_that_a_page_trusts_is_forgotten() -> None:
    """Whoever adds one is told here."""
    kinds = (models.URLField, models.EmailField, models.FileField)
    forgotten = []
    for model in apps.get_models():
        if model._meta.proxy or model.__name__ in COPIED:
            continue
        for field in model._meta.local_concrete_fields:
            inner = field.base_field if isinstance(field, ArrayField) else field
            named = field.name in {"language", "text_language", "email", "accent"}
            slug = field.name == "slug" and not model.__name__.startswith("Former")
            held = isinstance(inner, kinds) or named or slug
            if held and not is_guarded(model, field.name):
                forgotten.append(f"{model.__name__}.{field.name}")

    assert forgotten == []


# Columns of text without such a rule: what the site writes itself, and what its form alone
# holds to characters that can be shown.
WITHOUT = {
    "AddressRule.domain", "AddressRule.same_as", "AddressRule.strip_characters",
    "AddressRule.strip_extension", "AnswerWithdrawal.withdrawn_because",
    "CountEntry.counted_by", "CountEntry.label", "Invalidation.domain",
    "Invalidation.name", "Invalidation.network", "Invalidation.reason",
    "Invalidation.reversal_reason", "Invitation.reply", "KeyVersion.fingerprint",
    "ListedDomain.domain", "ListedDomain.note", "ListedNetwork.network",
    "ListedNetwork.note", "Mailing.test_reply", "OfficeAnswer.email",
    "OrdinaryDomain.domain", "Petition.state_before", "Report.email", "Report.note",
    "Report.text", "SignatureImport.becomes", "SignatureImport.sha256",
    "TaggedLink.tag", "User.password", "Webhook.former_secret", "Webhook.secret",
    "Webhook.url",
}  # fmt: skip


def read_as_they_are(model: type[models.Model]) -> set[str]:
    """Return the columns that `guards.readable` holds."""
    conditions: list[Any] = [
        rule.condition
        for rule in model._meta.constraints
        if isinstance(rule, models.CheckConstraint) and rule.name.endswith("_readable")
    ]
    return {
        lookup.removesuffix("__regex")
        for condition in conditions
        for lookup, _pattern in condition.children
    }


def test_no_text_of_staff_is_forgotten() -> None:
    """A new one joins `guards.readable` of its model, and LINES or TEXTS above."""
    without = {
        f"{model.__name__}.{field.name}"
        for model in tables.audited()
        if model.__name__ not in COPIED
        for field in model._meta.local_concrete_fields
        if type(field) in (models.CharField, TextColumn) and not field.choices
        if field.name not in read_as_they_are(model)
        if field.name not in {"language", "slug", "accent"}
    }

    assert without == WITHOUT


# == What staff are told ==


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"website": "ftp://example.org/"}, "begins with https:// or http://"),
        ({"privacy_notice": "ftp://example.org/"}, "begins with https:// or http://"),
        (
            {"links": ["https://a.org/", "ftp://b.org/"]},
            "begins with https:// or http://",
        ),
        ({"name": "Rights\nNow"}, "stand on one line"),
        ({"description": "Rights\x01"}, "cannot be shown"),
        ({"name": "\u200b"}, "Give the organisation a name."),
    ],
)
def test_an_organisation_is_told_what_is_wrong(
    organization: Organization, fields: dict[str, Any], sentence: str
) -> None:
    for name, value in fields.items():
        setattr(organization, name, value)

    with pytest.raises(ValidationError, match=sentence) as caught:
        organization.full_clean()

    # Beside the field where it is about one.
    assert set(caught.value.message_dict) in ({"__all__"}, set(fields))
    if "begins with" in sentence:
        assert set(caught.value.message_dict) == set(fields)


def test_a_good_organisation_passes(organization: Organization) -> None:
    organization.website = "https://example.org/"
    organization.links = ["https://a.org/", "https://b.org/"]
    organization.full_clean()
    organization.save()


def test_the_admin_says_it_beside_the_field(
    as_user: Callable[[User], Client], alice: User, organization: Organization
) -> None:
    client = as_user(alice)
    path = f"/admin/organizations/organization/{organization.pk}/change/"
    page = client.get(path)
    data = {
        key: value if value is not None else ""
        for key, value in page.context["adminform"].form.initial.items()
        if key not in {"logo", "cover", "links"}
    }
    for formset in page.context["inline_admin_formsets"]:
        management = formset.formset.management_form
        data |= {f"{management.prefix}-{k}": v for k, v in management.initial.items()}
        data[f"{management.prefix}-INITIAL_FORMS"] = 0
        data[f"{management.prefix}-TOTAL_FORMS"] = 0
    data |= {"website": "ftp://example.org/", "links": "ftp://b.org/"}

    response = client.post(path, data)

    errors = response.context["adminform"].form.errors
    sentence = "Write an address that begins with https:// or http://."
    assert errors["website"] == [sentence], errors_of(response)
    assert sentence in errors["links"][0]
    assert sentence in text_of(response)
    organization.refresh_from_db()
    assert organization.website == ""


def test_an_invitation_goes_to_an_address_that_mail_can_go_to(
    organization: Organization,
) -> None:
    form = InviteForm(organization, {"email": '"a,b"@example.org', "role": "editor"})

    assert form.errors == {
        "email": ["Enter an e-mail address such as name@example.org"]
    }
