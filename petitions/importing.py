"""Bringing an organisation with its petitions and earlier supporters from a file.

Everything is read and checked before anything is written; it is written in one
transaction; what is there already stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.db import models, transaction
from django.utils import timezone

from config.characters import bare
from config.json_lines import Node, NotJson, parse
from config.json_values import (
    Faults,
    Fields,
    FileProblem,
    day_of,
    number_of,
    one_of,
    text_for,
    text_of,
)
from config.languages import text_language
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
        "language": the code of any language (en), or its name,
        "slug", "ask", "summary", "goal",
        "translations": {"fr": {"title"*, "text"*, "ask", "summary", "addressees": all
           whom it petitions with their offices, "outcome"}}, by language,
        "delivery": number|names|comments (number)}]}}

Petitions come in open, as they were, in the order of the file. A key with null is as
good as none. Of a language with a country (fr-CA) the language is kept, of zh-TW the
script (zh-Hant). All that is wrong is told at once, and then nothing is stored.

Running it again changes nothing, but for adding texts in languages that a petition
lacks, and names what differs: an organisation is known by its slug or its name, a
petition by its title, whatever blanks are in them.
"""

ORGANIZATION_TEXTS = (
    "slug", "legal_name", "description", "postal_address", "contact_email", "website",
    "charity_number", "privacy_notice",
)  # fmt: skip
PETITION_TEXTS = ("slug", "ask", "summary", "outcome")
PETITION_KEYS = {
    "title", "text", "target", "targets", "supporters", "counted_by", "counted_at",
    "started_on", "state", "ended_on", "text_format", "goal", "delivery", "language",
    "translations", *PETITION_TEXTS,
}  # fmt: skip
TARGET_TEXTS = ("name", "office", "organisation")
TRANSLATED = ("title", "text", "ask", "summary", "addressees", "outcome")
# A page names them all. More are a body, and have one name.
MOST_TARGETS = 1_000
# Of a key whose column is called otherwise.
COLUMNS = {"ended_on": "ended_at"}
# What has rows of its own, or says that it differs.
NOT_COMPARED = {
    "petitions", "target", "targets", "supporters", "counted_by", "counted_at",
    "translations",
}  # fmt: skip
STATES = (State.OPEN, State.CLOSED, State.WON)


@dataclass
class PetitionPlan:
    """A petition as the file has it, not stored yet."""

    node: Node
    petition: Petition
    targets: list[Target] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)
    entry: CountEntry | None = None


@dataclass
class Plan:
    """The whole file, checked."""

    node: Node
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
    differences: Sequence[str]
    """Where the file says something else than what is stored, and stays."""


def import_text(text: str, *, now: datetime) -> Report:
    """Import the content of a file; FileProblem or NotJson when something is wrong
    with it, all that is wrong at once, and then nothing has been stored."""
    plan = read(parse(text), now)
    with transaction.atomic():
        return store(plan)


# == Reading ==


def read(root: Node, now: datetime) -> Plan:
    faults = Faults()
    node = Fields(root, {"organization"}, faults).needed("organization")
    keys = {"name", "petitions", "language", *ORGANIZATION_TEXTS}
    fields = Fields(node, keys, faults)
    fields.texts(Organization, ("name", *ORGANIZATION_TEXTS), {"name"})
    fields.read("language", language_of)
    organization = Organization(**fields.values)
    fields.check(organization, {"slug"} - fields.values.keys())
    # Made when it is stored; until then only the file's own tells which one it is.
    organization.slug = fields.values.get("slug", "")
    plan = Plan(node, organization)
    with faults.noted():
        petitions = fields.needed("petitions")
        if not isinstance(petitions.value, list):
            raise FileProblem(petitions, "must be a list of petitions.")
        plan.petitions = list(read_petitions(petitions, faults, now))
    faults.complain()
    return plan


def read_petitions(node: Node, faults: Faults, now: datetime) -> Iterator[PetitionPlan]:
    lines: dict[str, int] = {}
    for entry in node:
        with faults.noted():
            planned = read_petition(entry, faults, now)
            yield planned
            title = bare(planned.petition.title)
            if title in lines:
                raise FileProblem(
                    entry.value["title"],
                    f"stands twice in the file, in line {lines[title]}, too; titles "
                    "tell them apart.",
                )
            if title:
                lines[title] = entry.value["title"].line


def read_petition(node: Node, faults: Faults, now: datetime) -> PetitionPlan:
    fields = Fields(node, PETITION_KEYS, faults, nullable={"target"})
    fields.texts(Petition, ("title", "text", *PETITION_TEXTS), {"title", "text"})
    fields.read("language", language_of)
    fields.read("text_format", one_of(TextFormat))
    fields.read("delivery", one_of(Delivery))
    fields.read("state", one_of(STATES))
    fields.read("goal", lambda value: number_of(value, least=1))
    started_on = fields.read("started_on", lambda value: past_day_of(value, now))
    values = {
        "text_format": TextFormat.PLAIN,
        "delivery": Delivery.NUMBER,
        "state": State.OPEN,
        "opens_at": now,
        **fields.values,
    }
    ended_on = fields.read("ended_on", lambda value: past_day_of(value, now))
    if ended_on and started_on and ended_on < started_on:
        faults.append(FileProblem(fields.given["ended_on"], "is before it started."))
    if values["state"] != State.OPEN:
        values["ended_at"] = midnight(ended_on) if ended_on else now
        values["end_is_known"] = ended_on is not None
    petition = Petition(**values)
    fields.check(petition, {"organization", *({"slug"} - values.keys())})
    petition.slug = values.get("slug", "")
    planned = PetitionPlan(node, petition)
    with faults.noted():
        planned.targets = read_targets(fields)
    with faults.noted():
        planned.translations = read_translations(fields, petition)
    planned.entry = read_entry(fields, now)
    return planned


def read_translations(of: Fields, petition: Petition) -> list[Translation]:
    if "translations" not in of.given:
        return []
    texts = of.given["translations"]
    if not isinstance(texts.value, dict):
        raise FileProblem(texts, "must be an object with a text for each language.")
    found: dict[str, Translation] = {}
    for code, text in texts.value.items():
        with of.faults.noted():
            language = known_language(text, code)
            if language == petition.language and "language" not in of.wrong:
                raise FileProblem(text, "is the language of the petition's own text.")
            if language in found:
                raise FileProblem(text, f"is a second text in “{language}”.")
            fields = Fields(text, TRANSLATED, of.faults)
            fields.texts(Translation, TRANSLATED, {"title", "text"})
            found[language] = Translation(language=language, **fields.values)
            fields.check(found[language], {"petition"})
    return list(found.values())


def read_targets(of: Fields) -> list[Target]:
    if ("target" in of.given) == ("targets" in of.given):
        raise FileProblem(of.node, 'needs "target" or "targets", one of the two.')
    if "target" in of.given:
        return [read_target(of.given["target"], 1, of.faults)]
    targets = of.given["targets"]
    if not isinstance(targets.value, list) or not targets.value:
        raise FileProblem(targets, "must be a list with at least one target.")
    if len(targets.value) > MOST_TARGETS:
        raise FileProblem(
            targets,
            f"has {len(targets.value):,} targets; a petition has at most "
            f"{MOST_TARGETS:,}. Name the body that they belong to.",
        )
    found = []
    for number, one in enumerate(targets, 1):
        with of.faults.noted():
            found.append(read_target(one, number, of.faults))
    return found


def read_target(node: Node, position: int, faults: Faults) -> Target:
    if node.value is None:
        return Target(kind=TargetKind.UNSETTLED, position=position)
    if isinstance(node.value, str):
        name = text_for(Target, "name", node, needed=True)
        return Target(kind=TargetKind.LABEL, name=name, position=position)
    fields = Fields(node, {"kind", *TARGET_TEXTS}, faults)
    fields.texts(Target, TARGET_TEXTS, {"name"} & fields.given.keys())
    fields.read("kind", one_of(TargetKind))
    values = {"kind": TargetKind.PERSON, **fields.values}
    target = Target(position=position, **values)
    fields.check(target, {"petition"})
    return target


def read_entry(of: Fields, now: datetime) -> CountEntry | None:
    number = of.read("supporters", number_of)
    of.texts(CountEntry, ["counted_by"], ())
    counted_at = of.read("counted_at", lambda value: past_day_of(value, now))
    if not number:
        return None
    by = of.values.get("counted_by", "")
    entry = CountEntry(
        source=Source.IMPORTED,
        number=number,
        label=f"Counted elsewhere before{f': {by}' if by else ''}",
        counted_by=by,
        counted_at=counted_at or timezone.localdate(now),
    )
    of.check(entry, {"petition"})
    return entry


def past_day_of(node: Node, now: datetime) -> date:
    """A day on which something can have happened."""
    day = day_of(node)
    if sentence := why_impossible(day, now):
        raise FileProblem(node, str(sentence))
    return day


def language_of(node: Node) -> str:
    return known_language(node, text_of(node))


def known_language(node: Node, said: str) -> str:
    """The language that texts are in when somebody says so."""
    language = text_language(said)
    if language is None:
        raise FileProblem(
            node,
            f"“{said[:60]}” is not a language. Write its code, as in fr, crk or "
            "zh-Hant, or its name.",
        )
    return language


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


# == Storing ==


def store(plan: Plan) -> Report:
    differences: list[str] = []
    organization = known_organization(plan.organization)
    if organization is None:
        organization = plan.organization
        organization.save()
    else:
        differences += differing(plan.node, plan.organization, organization)
    known = {bare(one.title): one for one in organization.petitions.all()}
    faults = Faults()
    created = supporters = 0
    for planned in plan.petitions:
        petition = known.get(bare(planned.petition.title))
        if petition is None:
            petition = planned.petition
            petition.organization = organization
            if petition.slug and petition.slug_taken(petition.slug):
                taken = planned.node.value["slug"]
                faults.append(FileProblem(taken, "is the address of another petition."))
                continue
            petition.save()
            for target in planned.targets:
                target.petition = petition
            Target.objects.bulk_create(planned.targets)
            created += 1
        else:
            differences += differing(planned.node, planned.petition, petition)
        store_translations(planned, petition)
        with faults.noted():
            supporters += store_entry(planned, petition)
    faults.complain()
    known_ones = len(plan.petitions) - created
    return Report(organization, created, known_ones, supporters, differences)


def differing(node: Node, planned: models.Model, stored: models.Model) -> list[str]:
    """A line for each key of the file that says something else than what is stored."""
    return [
        str(FileProblem(value, "differs from what is stored, which was left alone."))
        for key, value in node.value.items()
        if value.value is not None
        and (column := COLUMNS.get(key, key)) not in NOT_COMPARED
        and getattr(planned, column) != getattr(stored, column)
    ]


def known_organization(planned: Organization) -> Organization | None:
    """The one that an earlier run, or somebody by hand, has made."""
    if planned.slug:
        return Organization.objects.filter(slug=planned.slug).first()
    name = bare(planned.name)
    everybody = Organization.objects.order_by("pk")
    return next((one for one in everybody if bare(one.name) == name), None)


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
