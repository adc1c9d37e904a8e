"""Rows for tests: each function makes one, complete unless told otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from organizations.models import Membership, Organization, Role, User
from petitions.counts.entries import record_entry
from petitions.models import (
    Answer,
    AnswerTranslation,
    CountEntry,
    Handover,
    HandoverTranslation,
    OfficeAnswer,
    OfficeLink,
    Pack,
    Petition,
    Signature,
    Target,
    Topic,
    TopicName,
    Translation,
    Update,
    UpdateTranslation,
)
from petitions.names import folded_name
from petitions.signatures import (
    confirming,
    signing,
)
from petitions.signatures.signing import SignerInput
from petitions.states import PackState, State, TargetKind

numbers = count(1)


def make_user(email: str = "", **fields: Any) -> User:
    return User.objects.create_user(
        email or f"user{next(numbers)}@example.org", "correct horse", **fields
    )


def make_organization(name: str = "", **fields: Any) -> Organization:
    fields.setdefault("postal_address", "1 Main Street\nOttawa")
    fields.setdefault("contact_email", "contact@example.org")
    return Organization.objects.create(name=name or f"Org {next(numbers)}", **fields)


def make_member(organization: Organization, role: Role, email: str = "") -> User:
    user = make_user(email)
    Membership.objects.create(user=user, organization=organization, role=role)
    return user


def make_petition(
    organization: Organization | None = None,
    *,
    target: str | None = "Minister",
    **fields: Any,
) -> Petition:
    """Make an open petition to `target`; None means “not settled yet”."""
    fields.setdefault("title", f"Petition {next(numbers)}")
    fields.setdefault("text", "Please do.")
    fields.setdefault("state", State.OPEN)
    if fields["state"] != State.DRAFT:
        fields.setdefault("opens_at", timezone.now() - timedelta(days=1))
    if fields["state"] in (State.CLOSED, State.WON, State.WITHDRAWN):
        fields.setdefault("ended_at", timezone.now())
    petition = Petition.objects.create(
        organization=organization or make_organization(), **fields
    )
    kind = TargetKind.UNSETTLED if target is None else TargetKind.PERSON
    Target.objects.create(petition=petition, kind=kind, name=target or "")
    return petition


def backdate(petition: Petition, **values: Any) -> None:
    """Write these columns as if it had been done back then: with the trigger off that
    notes when something was entered."""
    name = "petition_times_noted"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE petitions_petition DISABLE TRIGGER {name}")
        Petition.objects.filter(pk=petition.pk).update(**values)
        cursor.execute(f"ALTER TABLE petitions_petition ENABLE TRIGGER {name}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    petition.refresh_from_db()


def make_translation(petition: Petition, language: str, **fields: Any) -> Translation:
    """Add the petition's words in another language."""
    fields.setdefault("title", f"Titre ({language})")
    fields.setdefault("text", f"Un texte ({language}).")
    return petition.translations.create(language=language, **fields)


def make_topic(slug: str, *petitions: Petition, **names: str) -> Topic:
    """Make a topic of these petitions, with names by language: en="Freedom",
    fr="Liberté"."""
    topic = Topic.objects.create(slug=slug)
    for language, text in (names or {"en": slug.capitalize()}).items():
        TopicName.objects.create(topic=topic, language=language, text=text)
    topic.petitions.add(*petitions)
    return topic


def make_pending(
    petition: Petition,
    email: str = "",
    *,
    now: datetime | None = None,
    name: str = "Maya Tremblay",
    **fields: Any,
) -> Signature:
    """Make a signature that waits for its confirmation, with its outgoing mail."""
    fields.setdefault("language", "en")
    fields.setdefault("delivery", petition.delivery)
    if petition.shared_addresses:
        fields.setdefault("person", folded_name(name))
    answers = {name: fields.pop(name) for name in signing.ANSWERS if name in fields}
    given = SignerInput(
        name=name,
        email=email or f"signer{next(numbers)}@example.org",
        answers=answers,
        **fields,
    )
    number = signing.sign(petition.pk, given, now=now or timezone.now())
    assert number is not None
    return Signature.objects.get(pk=number)


def make_signature(
    petition: Petition,
    email: str = "",
    *,
    now: datetime | None = None,
    **fields: Any,
) -> Signature:
    """Make a confirmed signature."""
    now = now or timezone.now()
    pending = make_pending(petition, email, now=now, **fields)
    outcome, _slug = confirming.confirm(pending.pk, now=now)
    assert outcome is confirming.Confirmation.COUNTED
    pending.refresh_from_db()
    return pending


def make_entry(petition: Petition, number: int, **fields: Any) -> CountEntry:
    """Record supporters counted elsewhere before."""
    fields.setdefault("source", "imported")
    fields.setdefault("label", f"Entry {next(numbers)}")
    return record_entry(CountEntry(petition=petition, number=number, **fields))


def make_update(petition: Petition, *, published: bool = True, **fields: Any) -> Update:
    """Make an update of a petition, published now."""
    fields.setdefault("title", f"Update {next(numbers)}")
    fields.setdefault("text", "There is **news**.")
    if published:
        fields.setdefault("published_at", timezone.now())
    return Update.objects.create(petition=petition, **fields)


def make_update_translation(
    update: Update, language: str, **fields: Any
) -> UpdateTranslation:
    """Add the words of an update in another language."""
    fields.setdefault("title", f"Nouvelle ({language})")
    fields.setdefault("text", f"Des **nouvelles** ({language}).")
    return update.translations.create(language=language, **fields)


def make_answer(petition: Petition, **fields: Any) -> Answer:
    """Make the answer of the petition's only target."""
    fields.setdefault("text", "We will look into it.")
    fields.setdefault("answered_on", timezone.localdate())
    fields.setdefault("target", petition.targets.get())
    return Answer.objects.create(petition=petition, **fields)


def make_handover(petition: Petition, **fields: Any) -> Handover:
    """Make a handover to the petition's only target."""
    fields.setdefault("confirmed", 3)
    fields.setdefault("paper", 0)
    fields.setdefault("imported", 0)
    fields.setdefault("target", petition.targets.get())
    return Handover.objects.create(petition=petition, **fields)


def make_handover_translation(
    handover: Handover, language: str, **fields: Any
) -> HandoverTranslation:
    """Add the words of a handover in another language."""
    fields.setdefault("note", f"Nous y étions ({language}).")
    return handover.translations.create(language=language, **fields)


def make_answer_translation(
    answer: Answer, language: str, **fields: Any
) -> AnswerTranslation:
    """Add the words of an answer in another language."""
    fields.setdefault("text", f"Nous verrons ({language}).")
    return answer.translations.create(language=language, **fields)


def make_office_answer(
    petition: Petition, **fields: Any
) -> tuple[OfficeLink, OfficeAnswer]:
    """Make a delivery, the link of the office that receives it, and what it answered
    there."""
    now = timezone.now()
    pack = Pack.objects.create(
        petition=petition, target=petition.targets.all()[0], made_at=now,
        state=PackState.DONE, as_of=now, finished_at=now,
    )  # fmt: skip
    link = OfficeLink.objects.create(
        pack=pack, mailboxes="example.org", made_at=now,
        ends_at=now + timedelta(days=30),
    )  # fmt: skip
    given = {
        "name": "Anna Minister", "email": "anna@example.org", "language": "en",
        "text": "We will.", "sent_at": now,
    }  # fmt: skip
    return link, OfficeAnswer.objects.create(link=link, **given | fields)
