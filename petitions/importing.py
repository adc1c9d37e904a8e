"""Bringing an organisation with its petitions and earlier supporters from a file.

Everything is read and checked before anything is written; it is written in one
transaction; what is there already stays as it is.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from config.characters import clean_line, clean_text, unreadable
from config.json_lines import Node, NotJson, parse
from organizations.models import Organization
from petitions.counting import record_entry
from petitions.dates import why_impossible
from petitions.models import CountEntry, Petition, Target, Translation
from petitions.states import Delivery, Source, State, TargetKind, TextFormat

FORMAT = """
The file is JSON in UTF-8 (* = needed):

  {"organization": {
     "name"*, "slug", "legal_name", "description", "postal_address", "contact_email",
     "website", "charity_number", "privacy_notice", "language": of the description (en),
     "petitions"*: [{
        "title"*, "text"*,
        "target"* or "targets"*: a name, printed as typed; null for "not settled yet";
           or {"name", "office", "organisation", "kind": person|body|label|unsettled};
           "targets" is a list of these,
        "supporters": how many were counted elsewhere before (0),
        "counted_by": who counted them, "counted_at": "2016-03-31" (today),
        "started_on": "2015-11-01", when it began elsewhere,
        "state": open|closed|won (open), "ended_on": "2016-06-01" (not known),
        "outcome",
        "text_format": plain|markdown (plain: kept to the letter),
        "language": the code of any language (en), "slug", "ask", "summary", "goal",
        "translations": {"fr": {"title"*, "text"*, "ask", "summary", "addressees": all
           whom it petitions with their offices, "outcome"}}, by language,
        "delivery": number|names|comments (number)}]}}

Petitions come in open, as they were, in the order of the file. Running it again
changes nothing, but for adding texts in languages that a petition lacks: an
organisation is known by its slug, a petition by its title.
"""

ORGANIZATION_TEXTS = (
    "slug", "legal_name", "description", "postal_address", "contact_email", "website",
    "charity_number", "privacy_notice", "language",
)  # fmt: skip
PETITION_TEXTS = ("slug", "ask", "summary", "outcome", "language")
TRANSLATED = ("title", "text", "ask", "summary", "addressees", "outcome")
# Of supporters, and of a goal.
MOST = 2_000_000_000
STATES = (State.OPEN, State.CLOSED, State.WON)


class FileProblem(ValueError):
    """What is wrong in the file: line, key and a sentence."""

    def __init__(self, node: Node, sentence: str) -> None:
        where = f"line {node.line}: {node.path}: " if node.path else ""
        super().__init__(f"{where}{sentence}")


@dataclass
class PetitionPlan:
    """A petition as the file has it, not stored yet."""

    node: Node
    petition: Petition
    targets: list[Target]
    translations: list[Translation]
    entry: CountEntry | None


@dataclass
class Plan:
    """The whole file, checked."""

    organization: Organization
    petitions: list[PetitionPlan] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """What an import did."""

    organization: Organization
    created: int
    known: int
    supporters: int
    """Brought in by this run."""


def import_text(text: str, *, now: datetime) -> Report:
    """Import the content of a file; FileProblem or NotJson when something is wrong
    with it, and then nothing has been stored."""
    plan = read(parse(text), now)
    with transaction.atomic():
        return store(plan)


# == Reading ==


def read(root: Node, now: datetime) -> Plan:
    known_keys(root, {"organization"})
    node = needed(root, "organization")
    known_keys(node, {"name", "petitions", *ORGANIZATION_TEXTS})
    values = {"name": text_of(needed(node, "name"))}
    for key in ORGANIZATION_TEXTS:
        if key in node.value:
            values[key] = text_of(node.value[key])
    plan = Plan(Organization(**values))
    check(node, plan.organization, exclude={"slug"} - values.keys())
    # Made when it is stored; until then only the file's own tells which one it is.
    plan.organization.slug = values.get("slug", "")
    petitions = needed(node, "petitions")
    if not isinstance(petitions.value, list):
        raise FileProblem(petitions, "must be a list of petitions.")
    titles: set[str] = set()
    for entry in petitions:
        planned = read_petition(entry, plan.organization, now)
        if planned.petition.title in titles:
            raise FileProblem(
                entry.value["title"],
                "stands twice in the file; titles tell them apart.",
            )
        titles.add(planned.petition.title)
        plan.petitions.append(planned)
    return plan


def read_petition(
    node: Node, organization: Organization, now: datetime
) -> PetitionPlan:
    known_keys(
        node,
        {"title", "text", "target", "targets", "supporters", "counted_by", "counted_at",
         "started_on", "state", "ended_on", "text_format", "goal", "delivery",
         "translations",
         *PETITION_TEXTS},
    )  # fmt: skip
    values: dict[str, Any] = {
        "title": line_of(needed(node, "title")),
        "text": text_of(needed(node, "text")),
        "text_format": choice_of(node, "text_format", TextFormat, TextFormat.PLAIN),
        "delivery": choice_of(node, "delivery", Delivery, Delivery.NUMBER),
        "state": choice_of(node, "state", STATES, State.OPEN),
        "opens_at": now,
        "started_on": past_date_of(node, "started_on", now),
    }
    for key in PETITION_TEXTS:
        if key in node.value:
            values[key] = text_of(node.value[key])
    if "goal" in node.value:
        values["goal"] = number_of(node.value["goal"], least=1)
    if values["state"] != State.OPEN:
        ended_on = past_date_of(node, "ended_on", now)
        if ended_on and values["started_on"] and ended_on < values["started_on"]:
            raise FileProblem(node.value["ended_on"], "is before it started.")
        values["ended_at"] = midnight(ended_on) if ended_on else now
        values["end_is_known"] = ended_on is not None
    petition = Petition(**values)
    check(node, petition, exclude={"organization", "slug"} - values.keys())
    petition.slug = values.get("slug", "")
    return PetitionPlan(
        node,
        petition,
        read_targets(node),
        read_translations(node, petition),
        read_entry(node, now),
    )


def read_translations(node: Node, petition: Petition) -> list[Translation]:
    if "translations" not in node.value:
        return []
    texts = node.value["translations"]
    if not isinstance(texts.value, dict):
        raise FileProblem(texts, "must be an object with a text for each language.")
    found = []
    for language, text in texts.value.items():
        known_keys(text, set(TRANSLATED))
        for key in ("title", "text"):
            needed(text, key)
        values = {key: text_of(value) for key, value in text.value.items()}
        if language == petition.language:
            raise FileProblem(text, "is the language of the petition's own text.")
        translation = Translation(language=language, **values)
        check(text, translation, exclude={"petition"})
        found.append(translation)
    return found


def read_targets(node: Node) -> list[Target]:
    if ("target" in node.value) == ("targets" in node.value):
        raise FileProblem(node, 'needs "target" or "targets", one of the two.')
    if "target" in node.value:
        return [read_target(node.value["target"], 1)]
    targets = node.value["targets"]
    if not isinstance(targets.value, list) or not targets.value:
        raise FileProblem(targets, "must be a list with at least one target.")
    return [read_target(one, number) for number, one in enumerate(targets, 1)]


def read_target(node: Node, position: int) -> Target:
    if node.value is None:
        return Target(kind=TargetKind.UNSETTLED, position=position)
    if isinstance(node.value, str):
        target = Target(kind=TargetKind.LABEL, name=line_of(node), position=position)
        check(node, target, exclude={"petition"})
        return target
    known_keys(node, {"kind", "name", "office", "organisation"})
    values = {
        key: line_of(node.value[key])
        for key in ("name", "office", "organisation")
        if key in node.value
    }
    kind = choice_of(node, "kind", TargetKind, TargetKind.PERSON)
    target = Target(kind=kind, position=position, **values)
    check(node, target, exclude={"petition"})
    return target


def read_entry(node: Node, now: datetime) -> CountEntry | None:
    if "supporters" not in node.value:
        return None
    number = number_of(node.value["supporters"])
    counted_by = text_of(node.value["counted_by"]) if "counted_by" in node.value else ""
    entry = CountEntry(
        source=Source.IMPORTED,
        number=number,
        label=f"Counted elsewhere before{f': {counted_by}' if counted_by else ''}",
        counted_by=counted_by,
        counted_at=past_date_of(node, "counted_at", now) or timezone.localdate(now),
    )
    if number:
        check(node, entry, exclude={"petition"})
    return entry if number else None


def known_keys(node: Node, keys: set[str]) -> None:
    if not isinstance(node.value, dict):
        raise FileProblem(node, "must be an object in braces.")
    for key, value in node.value.items():
        if key not in keys:
            raise FileProblem(
                value, f"is not known. Known are {', '.join(sorted(keys))}."
            )


def needed(node: Node, key: str) -> Node:
    if key not in node.value:
        raise FileProblem(node, f'lacks "{key}".')
    found: Node = node.value[key]
    return found


def text_of(node: Node) -> str:
    if not isinstance(node.value, str):
        raise FileProblem(node, "must be a text in quotes.")
    text = clean_text(node.value)
    if place := unreadable(text):
        raise FileProblem(
            node,
            f"cannot be read in line {place.line}, character {place.character} "
            f"({place.code}).",
        )
    if node.path.endswith((".title", ".name", ".text")) and not text:
        raise FileProblem(node, "is empty.")
    return text


def line_of(node: Node) -> str:
    """A text on one line."""
    text = clean_line(text_of(node))
    if not text:
        raise FileProblem(node, "is empty.")
    return text


def number_of(node: Node, least: int = 0) -> int:
    value = node.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as spreadsheets write it
    if value == math.inf or (type(value) is int and value > MOST):
        raise FileProblem(node, f"must be at most {MOST:,}.")
    if type(value) is not int or value < least:
        said = "this" if isinstance(value, list | dict) else json.dumps(value)[:60]
        raise FileProblem(
            node,
            f"must be a whole number of at least {least}, in digits alone and without "
            f"quotes, not {said}.",
        )
    return value


def date_of(node: Node, key: str) -> date | None:
    if key not in node.value:
        return None
    try:
        return date.fromisoformat(text_of(node.value[key]))
    except ValueError:
        raise FileProblem(
            node.value[key], "must be a date such as 2016-03-31."
        ) from None


def past_date_of(node: Node, key: str, now: datetime) -> date | None:
    """A day on which something can have happened."""
    day = date_of(node, key)
    if day and (sentence := why_impossible(day, now)):
        raise FileProblem(node.value[key], str(sentence))
    return day


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def choice_of(node: Node, key: str, choices: Any, default: str) -> str:
    if key not in node.value:
        return default
    value = text_of(node.value[key])
    if value not in list(choices):
        raise FileProblem(node.value[key], f"must be one of {', '.join(choices)}.")
    return value


def check(node: Node, row: Any, exclude: set[str]) -> None:
    """The model's own rules, their sentences at the key they are about."""
    try:
        row.clean_fields(exclude=exclude)
        row.clean()
        row.validate_constraints(exclude=exclude)
    except ValidationError as error:
        for name, sentences in error.message_dict.items():
            at = node.value.get(name, node) if isinstance(node.value, dict) else node
            raise FileProblem(at, " ".join(sentences)) from None


# == Storing ==


def store(plan: Plan) -> Report:
    organization = known_organization(plan.organization)
    if organization is None:
        organization = plan.organization
        organization.save()
    created = supporters = 0
    for planned in plan.petitions:
        petition = organization.petitions.filter(title=planned.petition.title).first()
        if petition is None:
            petition = planned.petition
            petition.organization = organization
            if petition.slug and petition.slug_taken(petition.slug):
                raise FileProblem(
                    planned.node.value["slug"], "is the address of another petition."
                )
            petition.save()
            for target in planned.targets:
                target.petition = petition
                target.save()
            created += 1
        store_translations(planned, petition)
        supporters += store_entry(planned, petition)
    known = len(plan.petitions) - created
    return Report(organization, created, known, supporters)


def known_organization(planned: Organization) -> Organization | None:
    """The one that an earlier run, or somebody by hand, has made."""
    if planned.slug:
        return Organization.objects.filter(slug=planned.slug).first()
    return Organization.objects.filter(name=planned.name).first()


def store_translations(planned: PetitionPlan, petition: Petition) -> None:
    """Those in languages that it has no text in yet."""
    for translation in planned.translations:
        if translation.language not in petition.languages:
            translation.petition = petition
            translation.save()


def store_entry(planned: PetitionPlan, petition: Petition) -> int:
    entry = planned.entry
    if entry is None:
        return 0
    stored = petition.count_entries.filter(
        source=entry.source, label=entry.label
    ).first()
    if stored is None:
        entry.petition = petition
        record_entry(entry)
        return entry.number
    if stored.number != entry.number:
        raise FileProblem(
            planned.node.value["supporters"],
            f"is {entry.number}, but {stored.number} were brought in before. Correct "
            "the number with a count entry in the admin.",
        )
    return 0


__all__ = ["FORMAT", "FileProblem", "NotJson", "Report", "import_text"]
