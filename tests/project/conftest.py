"""A site with at least one row of everything that the admin shows."""

from __future__ import annotations

import io
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from organizations.models import Description, Organization, User
from petitions.counts import checkpoints, entering, folding
from petitions.importing import stored_files, unsubscribing
from petitions.models import (
    AddressRule,
    Asking,
    Consent,
    CountEntry,
    EnteredCount,
    Export,
    Invalidation,
    KeyCollision,
    Limit,
    ListedDomain,
    ListedNetwork,
    Mailing,
    OrdinaryDomain,
    Pack,
    Petition,
    Report,
    SignatureImport,
    StatedConsent,
    SupporterRequest,
    Topic,
    UnsubscribeList,
    Update,
    Webhook,
)
from petitions.signatures import invalidating
from petitions.signatures.tokens import (
    TokenPurpose,
    make_token,
)
from petitions.states import AskingState, ImportState, State
from tests.factories import (
    make_answer,
    make_answer_translation,
    make_entry,
    make_handover,
    make_handover_translation,
    make_office_answer,
    make_pending,
    make_petition,
    make_signature,
    make_topic,
    make_translation,
    make_update,
    make_update_translation,
)
from tests.petitions.mail.mailing import written_to
from tests.project.people import plant_people


class World:
    """The rows that tests refer to."""

    organization: Organization
    draft: Petition
    petition: Petition
    """Public, and nobody has signed it."""
    signed: Petition
    update: Update
    entry: CountEntry
    topic: Topic


@pytest.fixture
def world(organization: Organization, alice: User) -> World:
    world, now = World(), timezone.now()
    world.organization = organization
    Description.objects.create(organization=organization, language="fr", text="Nous.")
    world.draft = make_petition(organization, title="A draft", state=State.DRAFT)
    world.petition = make_petition(organization, title="Free the prisoners")
    world.signed = make_petition(organization, title="Save the harbour")
    closed = make_petition(organization, title="Closed one", state=State.CLOSED)
    for petition in (world.draft, world.petition, world.signed, closed):
        make_translation(petition, "fr")
    signature = make_signature(world.signed, comment="Because.")
    pending = make_pending(world.signed)
    world.topic = make_topic("freedom", world.petition, en="Freedom", fr="Liberté")
    world.update = make_update(world.signed, published=False)
    make_update_translation(world.update, "fr")
    make_update_translation(make_update(world.signed), "fr")
    make_answer_translation(make_answer(world.signed), "fr")
    make_answer(world.signed, text="Call me.").withdraw("A number", alice, now)
    world.entry = make_entry(world.signed, 20, source="paper")
    make_handover_translation(make_handover(world.signed), "fr")
    Report.objects.create(
        petition=world.signed, reason="other", text="Look.", language="en",
        created_at=now,
    )  # fmt: skip
    SupporterRequest.objects.create(
        organization=organization, kind="erase", came_by="letter",
        received_on="2026-01-10",
    )  # fmt: skip
    Export.objects.create(
        organization=organization, made_by=alice, number=1, made_at=now
    )
    described = Invalidation(
        petition=world.signed, made_at=now, as_of=now, domain="nowhere.test",
        reason="A test", since=now - timedelta(days=1), found=1,
    )  # fmt: skip
    invalidating.begin_invalidation(described, alice, now=now)
    make_office_answer(world.signed)
    Mailing.objects.create(
        petition=world.signed, update=world.signed.updates.latest("pk"), made_by=alice,
        made_at=now, words=[{"language": "en", "title": "A", "text": "B", "dialect": 3}],
    )  # fmt: skip
    Pack.objects.create(
        petition=world.signed, target=world.signed.targets.get(), made_by=alice,
        made_at=now,
    )  # fmt: skip
    stored_files.keep_file(
        SignatureImport(petition=world.signed, made_by=alice, made_at=now),
        "signers.csv",
        io.BytesIO(b"Email,Name\nnobody@nowhere.test,No Body\n"),
    )
    StatedConsent.objects.create(
        signature_import=SignatureImport.objects.get(file_name="signers.csv"),
        target=world.signed.targets.get(), place="Elsewhere", begun_on="2026-01-05",
        ended_on="2026-01-06", words="Yes.", made_at=now,
    )  # fmt: skip
    entering.enter(
        EnteredCount(petition=world.signed, number=3, label="Sheets 1-2"),
        b"%PDF-1.7 Quentin Blatherwick", alice, now=now,
    )  # fmt: skip
    brought = SignatureImport(petition=world.signed, made_by=alice, made_at=now)
    brought.label, brought.state = "Elsewhere", ImportState.DONE
    stored_files.keep_file(
        brought, "asked.csv", io.BytesIO(b"Email\nyes@nowhere.test\n")
    )
    Asking.objects.create(
        signature_import=brought, platform="Elsewhere", state=AskingState.WAITING,
        ordered_by=alice, ordered_at=now, number=1, needs_approval=True,
        begins_at=now + timedelta(minutes=10),
    )  # fmt: skip
    unsubscribing.keep(
        UnsubscribeList(
            organization=organization, label="Elsewhere", made_by=alice, made_at=now
        ),
        "unsubscribed.csv",
        io.BytesIO(b"Email\nnobody@nowhere.test\n"),
    )
    Webhook.objects.create(
        organization=organization, name="Letters", url="https://letters.example/hook"
    )
    KeyCollision.objects.create(
        petition=world.signed, kept=signature.pk, taken_back=pending.pk, version=1,
        found_at=now,
    )  # fmt: skip
    AddressRule.objects.create(domain="odd.example", strip_extension="+")
    ListedDomain.objects.create(domain="bad.example", listing="block")
    ListedNetwork.objects.create(network="192.0.2.0/24", listing="block")
    OrdinaryDomain.objects.create(
        organization=world.signed.organization, domain="union.example"
    )
    # A database that was emptied between tests has lost the default limits.
    Limit.objects.get_or_create(scope="network", minutes=61, defaults={"most": 60})
    return world


@pytest.fixture
def people(world: World, other_organization: Organization, alice: User) -> World:
    """The same site with people whose names and addresses can be looked for."""
    plant_people(world, other_organization, alice)
    return world


def sent(page: Any) -> dict[str, Any]:
    """Return what a browser would send of a form of the admin in which nothing is
    changed."""
    fields: dict[str, Any] = {}
    parser = FormParser(fields)
    parser.feed(page.content.decode())
    return fields


class FormParser(HTMLParser):
    """Collects the fields of the form whose id ends with “_form”."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__()
        self.fields = fields
        self.inside = False
        self.area = self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.inside = (given.get("id") or "").endswith("_form")
        if tag == "option" and self.select and "selected" in given:
            self.fields[self.select] = value
        if not self.inside or not name or "disabled" in given:
            return
        if tag == "textarea":
            self.area, self.fields[name] = name, ""
        elif tag == "select":
            self.select = name
        elif tag == "input":
            self.take(given.get("type") or "text", name, value, "checked" in given)

    def take(self, kind: str, name: str, value: str, checked: bool) -> None:
        if kind in ("submit", "file", "button"):
            return
        if kind == "checkbox" and checked:
            self.fields.setdefault(name, []).append(value or "on")
        elif kind not in ("checkbox", "radio") or checked:
            self.fields[name] = value

    def handle_data(self, data: str) -> None:
        if self.area:
            self.fields[self.area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area:
            # HTML drops a line break right behind the opening tag.
            typed = self.fields.get(self.area, "")
            self.fields[self.area] = typed.removeprefix("\n").removeprefix("\r\n")
            self.area = ""
        elif tag == "select":
            self.select = ""
        elif tag == "form":
            self.inside = False


@pytest.fixture
def site(petition: Petition, settings: Settings, tmp_path: Path) -> dict[str, str]:
    """A site with one of everything; returns the values that paths need."""
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "logos").mkdir()
    (tmp_path / "logos" / "abc.webp").write_bytes(b"RIFF")
    make_translation(petition, "ar", title="العنوان")
    make_topic("freedom", petition)
    make_entry(petition, 3)
    make_update(petition)
    signature = make_pending(petition)
    counted = make_signature(petition, wants_updates=True)
    now = timezone.now()
    folding.fold()
    checkpoints.sign_checkpoint(petition.pk, now=now)
    link, answer = make_office_answer(petition)
    return {
        "office": make_token(TokenPurpose.OFFICE, link.pk, now=now),
        "office_answer": make_token(TokenPurpose.OFFICE_ANSWER, answer.pk, now=now),
        "own": make_token(TokenPurpose.OWN, counted.pk, now=now),
        "all": make_token(TokenPurpose.ALL, counted.pk, now=now),
        "never": make_token(TokenPurpose.NEVER, counted.pk, now=now),
        "unsubscribe": make_token(
            TokenPurpose.UNSUBSCRIBE,
            Consent.objects.filter(email=counted.email).latest("pk").pk,
            now=now,
        ),
        "one_press": make_token(
            TokenPurpose.ONE_PRESS,
            written_to(counted, next_petition=make_petition(petition.organization)).pk,
            now=now,
        ),
        "confirm": make_token(TokenPurpose.CONFIRM, signature.pk, now=now),
        "not_me": make_token(TokenPurpose.NOT_ME, signature.pk, now=now),
    }
