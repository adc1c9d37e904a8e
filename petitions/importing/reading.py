"""Reading a file that is brought in: every key, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from django.utils import timezone

from core.i18n.languages import text_language
from core.text.characters import bare
from core.text.from_html import (
    MOST,
    TooDeep,
    looks_like_html,
    markdown_of,
)
from core.text.json_lines import Node
from core.text.json_values import (
    Faults,
    Fields,
    FileProblem,
    day_of,
    number_of,
    one_of,
    text_for,
    text_of,
)
from organizations.models import Organization
from petitions.dates import why_impossible
from petitions.models import CountEntry, Petition, Target, Translation
from petitions.states import Delivery, Source, State, TargetKind, TextFormat

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
TRANSLATED_LINES = ("title", "ask", "summary", "addressees", "outcome")
TRANSLATED = ("text", *TRANSLATED_LINES)
# A page names them all. More are a body, and have one name.
MOST_TARGETS = 1_000
STATES = (State.OPEN, State.CLOSED, State.WON)
# The label begins with what it is, and repeats who counted as far as there is room.
LONGEST_LABEL = CountEntry._meta.get_field("label").max_length
# Of the file alone: it is stored as Markdown.
HTML = "html"


@dataclass
class PetitionPlan:
    """A petition as the file has it, not stored yet."""

    node: Node
    petition: Petition
    targets: list[tuple[Node, Target]] = field(default_factory=list)
    translations: list[tuple[Node, Translation]] = field(default_factory=list)
    number: int | None = None
    """Of supporters; None when it is not said."""
    entry: CountEntry | None = None


@dataclass
class Plan:
    """The whole file, checked."""

    node: Node
    organization: Organization
    petitions: list[PetitionPlan] = field(default_factory=list)
    warnings: list[FileProblem] = field(default_factory=list)
    """What is taken, and may not be meant."""


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
    warn_of_html(fields, ("name", *ORGANIZATION_TEXTS))
    plan = Plan(node, organization)
    with faults.noted():
        petitions = fields.needed("petitions")
        if not isinstance(petitions.value, list):
            raise FileProblem(petitions, "must be a list of petitions.")
        plan.petitions = list(read_petitions(petitions, faults, now))
    faults.complain()
    plan.warnings = sorted(faults.warnings, key=lambda warning: warning.line)
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
    fields.read("text_format", one_of([*TextFormat, HTML]))
    read_format(fields, fields.values.get("text_format", ""))
    fields.texts(Petition, ("title", "text", *PETITION_TEXTS), {"title", "text"})
    warn_of_html(fields, ("title", *PETITION_TEXTS))
    fields.read("language", language_of)
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
    if values["text_format"] == HTML:
        values["text_format"] = TextFormat.MARKDOWN
    ended_on = fields.read("ended_on", lambda value: past_day_of(value, now))
    if ended_on and started_on and ended_on < started_on:
        faults.append(FileProblem(fields.given["ended_on"], "is before it started."))
    if ended_on and "state" not in fields.wrong and values["state"] == State.OPEN:
        sentence = 'is of one that has ended: say "state": "closed" or "won".'
        faults.append(FileProblem(fields.given["ended_on"], sentence))
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
    planned.number = fields.values.get("supporters")
    return planned


def read_format(of: Fields, text_format: str) -> None:
    """Make Markdown of a text in HTML; say so of one that seems to be in HTML."""
    node = of.given.get("text")
    if node is None or not isinstance(node.value, str) or "text_format" in of.wrong:
        return
    if text_format == HTML:
        try:
            of.given["text"] = from_html(node, of.faults)
        except FileProblem as problem:
            of.faults.append(problem)
            of.wrong.add("text")
    elif found := looks_like_html(
        node.value, entities=text_format != TextFormat.MARKDOWN
    ):
        said = f"looks like HTML (“{found[:40]}”): "
        if text_format:
            sentence = 'if it is, say "text_format": "html".'
            of.faults.warnings.append(FileProblem(node, said + sentence))
        else:
            sentence = 'say "text_format": "html", or "plain" when readers are to see '
            of.faults.append(FileProblem(node, f"{said}{sentence}it to the letter."))


def from_html(node: Node, faults: Faults) -> Node:
    """The same place of the file, in Markdown."""
    if len(node.value) > MOST:
        raise FileProblem(
            node,
            f"has at most {MOST:,} characters of HTML (it has {len(node.value):,}).",
        )
    try:
        converted = markdown_of(node.value)
    except TooDeep:
        raise FileProblem(node, "has elements that are nested too deeply.") from None
    faults.warnings += (FileProblem(node, said) for said in converted.left_out)
    return replace(node, value=converted.text)


def warn_of_html(of: Fields, keys: Iterable[str]) -> None:
    """Lines are printed to the letter, whatever format a text has."""
    for key in keys:
        node = of.given.get(key)
        if (
            node
            and isinstance(node.value, str)
            and (found := looks_like_html(node.value))
        ):
            of.faults.warnings.append(
                FileProblem(
                    node,
                    f"holds HTML, which readers see to the letter: “{found[:40]}”.",
                )
            )


def read_translations(of: Fields, petition: Petition) -> list[tuple[Node, Translation]]:
    if "translations" not in of.given:
        return []
    texts = of.given["translations"]
    if not isinstance(texts.value, dict):
        raise FileProblem(texts, "must be an object with a text for each language.")
    found: dict[str, tuple[Node, Translation]] = {}
    for code, text in texts.value.items():
        with of.faults.noted():
            language = known_language(text, code)
            if language == petition.language and "language" not in of.wrong:
                raise FileProblem(text, "is the language of the petition's own text.")
            if language in found:
                raise FileProblem(text, f"is a second text in “{language}”.")
            fields = Fields(text, TRANSLATED, of.faults)
            read_format(fields, of.values.get("text_format", ""))
            fields.texts(Translation, TRANSLATED, {"title", "text"})
            warn_of_html(fields, TRANSLATED_LINES)
            translation = Translation(language=language, **fields.values)
            fields.check(translation, {"petition"})
            found[language] = (text, translation)
    return list(found.values())


def read_targets(of: Fields) -> list[tuple[Node, Target]]:
    if ("target" in of.given) == ("targets" in of.given):
        raise FileProblem(of.node, 'needs "target" or "targets", one of the two.')
    if "target" in of.given:
        node = of.given["target"]
        return [(node, read_target(node, 1, of.faults))]
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
            found.append((one, read_target(one, number, of.faults)))
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
        for key in of.given.keys() & {"counted_by", "counted_at"}:
            unused = FileProblem(of.given[key], 'is not kept without "supporters".')
            of.faults.warnings.append(unused)
        return None
    by = of.values.get("counted_by", "")
    entry = CountEntry(
        source=Source.IMPORTED,
        number=number,
        label=f"Counted elsewhere before{f': {by}' if by else ''}"[:LONGEST_LABEL],
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
