"""Reading an import file: every key is checked, and all faults are collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import count, filterfalse

from django.utils import timezone

from core.i18n.languages import text_language
from core.text.characters import ignoring_blanks
from core.text.characters import ignoring_case_and_blanks as alike
from core.text.faults import Faults, FileProblem, Node, cited
from core.text.json_values import (
    Fields,
    day_value,
    is_given,
    kind_of,
    number_of,
    read_one_of,
    read_text,
    text_for,
)
from organizations.models import Organization
from petitions.dates import why_impossible
from petitions.importing.html import HTML, read_format, warn_of_html
from petitions.importing.structure import (
    find_petitions,
    names_of_petitions,
    organization_in,
    petition_nodes,
)
from petitions.models import CountEntry, Petition, Target, Translation
from petitions.models.counts import MOST_IN_AN_ENTRY
from petitions.states import Delivery, Source, State, TargetKind, TextFormat

ORGANIZATION_TEXTS = (
    "slug", "legal_name", "description", "postal_address", "contact_email", "website",
    "charity_number", "privacy_notice",
)  # fmt: skip
PETITION_TEXTS = ("slug", "ask", "summary", "outcome", "origin")
PETITION_KEYS = {
    "title", "text", "target", "targets", "supporters", "counted_by", "counted_at",
    "started_on", "state", "ended_on", "text_format", "goal", "delivery", "language",
    "translations", *PETITION_TEXTS,
}  # fmt: skip
TARGET_TEXTS = ("name", "office", "organisation")
# Names of these keys in other systems, to suggest ours.
ORGANIZATION_NAMES = {
    "organisation": "name", "about": "description", "email": "contact_email",
    "address": "postal_address", "url": "website", "campaigns": "petitions",
}  # fmt: skip
PETITION_NAMES = {
    "headline": "title", "name": "title", "subject": "title", "body": "text",
    "letter": "text", "description": "text", "content": "text",
    "recipient": "target", "addressee": "target", "decision_maker": "target",
    "recipients": "targets", "addressees": "targets", "decision_makers": "targets",
    "signatures": "supporters", "signature_count": "supporters",
    "signatures_count": "supporters", "supporter_count": "supporters",
    "total_signatures": "supporters", "source": "counted_by",
    "created_at": "started_on", "opened_at": "started_on", "start_date": "started_on",
    "published_at": "started_on", "closed_at": "ended_on", "end_date": "ended_on",
    "status": "state", "format": "text_format", "lang": "language",
    "locale": "language", "result": "outcome", "abstract": "summary",
    "url": "origin", "link": "origin", "permalink": "origin", "web_url": "origin",
}  # fmt: skip
FORMAT_NAMES = {
    "md": "markdown", "text": "plain", "txt": "plain", "text/plain": "plain",
    "text/markdown": "markdown", "text/html": "html",
}  # fmt: skip
STATE_NAMES = {
    "active": "open", "live": "open", "ongoing": "open", "published": "open",
    "running": "open", "started": "open", "ended": "closed", "expired": "closed",
    "finished": "closed", "archived": "closed", "completed": "closed", "lost": "closed",
    "victory": "won", "successful": "won", "success": "won",
}  # fmt: skip
TRANSLATED_LINES = ("title", "ask", "summary", "addressees", "outcome")
TRANSLATED = ("text", *TRANSLATED_LINES)
# A page lists all targets. More than this are a body, which has a name of its own.
MOST_TARGETS = 1_000
STATES = (State.OPEN, State.CLOSED, State.WON)
# The label of an entry begins with a fixed text, then says who counted, cut to fit.
LONGEST_LABEL: int = CountEntry._meta.get_field("label").max_length or 0


@dataclass
class PetitionPlan:
    """A petition as read from the file, not stored yet."""

    node: Node
    petition: Petition
    targets: list[tuple[Node, Target]] = field(default_factory=list)
    translations: list[tuple[Node, Translation]] = field(default_factory=list)
    number: int | None = None
    """The number of supporters; None if the file does not say."""
    counted: CountEntry = field(default_factory=CountEntry)
    """Who counted them and when, without label and number."""
    stored: Petition | None = None
    """The same petition if an earlier run, or somebody by hand, has created it."""


@dataclass
class Plan:
    """The whole file, read and checked."""

    node: Node
    organization: Organization
    stored: Organization | None = None
    """The same organisation if an earlier run, or somebody by hand, has created it."""
    petitions: list[PetitionPlan] = field(default_factory=list)
    warnings: list[FileProblem] = field(default_factory=list)
    """Parts of the file that will be imported but may not be meant."""


def read_plan(root: Node, faults: Faults, now: datetime) -> Plan | None:
    """Return the plan of an import; None, with a fault, if the file does not hold an
    organisation. If it holds petitions, their faults are added, too."""
    with faults.noted():
        organization = organization_in(root, faults)
        if organization is not None:
            return read_organization(organization, faults, now)
        if group := find_petitions(root):
            for _planned in read_petitions(group.node, faults, now):
                pass
    return None


def read_organization(node: Node, faults: Faults, now: datetime) -> Plan:
    """Return the plan for an organisation and its petitions."""
    keys = {"name", "petitions", "language", *ORGANIZATION_TEXTS}
    fields = Fields(
        node, keys, faults, other_names=ORGANIZATION_NAMES | names_of_petitions(node)
    )
    fields.texts(Organization, ("name", *ORGANIZATION_TEXTS), {"name"})
    fields.read("language", named_language)
    organization = Organization(**fields.values)
    fields.check(organization, {"slug"} - fields.values.keys())
    # A missing slug is generated when it is stored; until then only one in the file
    # identifies the organisation.
    organization.slug = fields.values.get("slug", "")
    warn_of_html(fields, ("name", *ORGANIZATION_TEXTS))
    plan = Plan(node, organization)
    with faults.noted():
        petitions = fields.needed("petitions")
        plan.petitions = list(read_petitions(petitions, faults, now))
    plan.warnings = faults.warnings
    return plan


def read_petitions(node: Node, faults: Faults, now: datetime) -> Iterator[PetitionPlan]:
    """Yield the petitions of the file; add a fault for a title, slug or origin that
    occurs twice."""
    lines: dict[tuple[str, str], int] = {}
    for entry in petition_nodes(node, faults):
        with faults.noted():
            planned = read_petition(entry, faults, now)
            yield planned
            for key in ("title", "slug", "origin"):
                said = ignoring_blanks(getattr(planned.petition, key))
                at = entry.value.get(key)
                if at is None or not said:
                    continue
                if (key, said) in lines:
                    sentence = (
                        f"stands twice in the file, in line {lines[key, said]}, too; "
                        f"{key}s tell them apart."
                    )
                    faults.append(FileProblem(at, sentence))
                elif (line := lines.get(("alike", alike(said)))) and key == "title":
                    sentence = (
                        "differs in capitals or blanks alone from that of line "
                        f"{line}: both are taken, with the supporters of each."
                    )
                    faults.warnings.append(FileProblem(at, sentence))
                lines.setdefault((key, said), at.line)
                if key == "title":
                    lines.setdefault(("alike", alike(said)), at.line)


def read_petition(node: Node, faults: Faults, now: datetime) -> PetitionPlan:
    fields = Fields(
        node, PETITION_KEYS, faults, nullable={"target"}, other_names=PETITION_NAMES
    )
    fields.read("text_format", read_one_of([*TextFormat, HTML], FORMAT_NAMES))
    read_format(fields, fields.values.get("text_format", ""))
    fields.texts(Petition, ("title", "text", *PETITION_TEXTS), {"title", "text"})
    warn_of_html(fields, ("title", *PETITION_TEXTS))
    fields.read("language", named_language)
    fields.read("delivery", read_one_of(Delivery))
    fields.read("state", read_one_of(STATES, STATE_NAMES))
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
    planned.counted = read_counted(fields, started_on, ended_on, now)
    planned.number = fields.values.get("supporters")
    return planned


def read_translations(of: Fields, petition: Petition) -> list[tuple[Node, Translation]]:
    """Return the translations of a petition, each with its node."""
    if "translations" not in of.given:
        return []
    texts = of.given["translations"]
    if not isinstance(texts.value, dict):
        raise FileProblem(
            texts,
            'must be an object with a text for each language, as in {"fr": {"title": '
            f'…, "text": …}}}}, not {kind_of(texts)}.',
        )
    translations: dict[str, tuple[Node, Translation]] = {}
    for code, text in texts.value.items():
        with of.faults.noted():
            language = known_language(text, code)
            if language == petition.language and "language" not in of.wrong:
                raise FileProblem(text, "is the language of the petition's own text.")
            if language in translations:
                raise FileProblem(text, f"is a second text in “{language}”.")
            fields = Fields(text, TRANSLATED, of.faults)
            read_format(fields, of.values.get("text_format", ""))
            fields.texts(Translation, TRANSLATED, {"title", "text"})
            warn_of_html(fields, TRANSLATED_LINES)
            translation = Translation(language=language, **fields.values)
            fields.check(translation, {"petition"})
            translations[language] = (text, translation)
    return list(translations.values())


def read_targets(of: Fields) -> list[tuple[Node, Target]]:
    """Return the targets of a petition, each with its node."""
    for key in ("target", "targets"):
        node = of.node.value.get(key)
        if node is not None and isinstance(node.value, str) and not is_given(node):
            unsettled = 'null for "not settled yet"'
            raise FileProblem(
                node, f"is empty. Write whom it petitions, or {unsettled}."
            )
    if ("target" in of.given) == ("targets" in of.given):
        raise FileProblem(of.node, 'needs "target" or "targets", one of the two.')
    if "target" in of.given:
        node = of.given["target"]
        if isinstance(node.value, list):
            raise FileProblem(node, 'is one target, not a list: say "targets".')
        return [(node, read_target(node, 1, of.faults))]
    targets = of.given["targets"]
    if not isinstance(targets.value, list) or not targets.value:
        instead = (
            ""
            if isinstance(targets.value, list)
            else ': say "target", or put brackets around it'
        )
        raise FileProblem(
            targets,
            f"must be a list with at least one target, not {kind_of(targets)}"
            f"{instead}.",
        )
    if len(targets.value) > MOST_TARGETS:
        raise FileProblem(
            targets,
            f"has {len(targets.value):,} targets; a petition has at most "
            f"{MOST_TARGETS:,}. Name the body that they belong to.",
        )
    planned = []
    for number, one in enumerate(targets, 1):
        with of.faults.noted():
            planned.append((one, read_target(one, number, of.faults)))
    return planned


def read_target(node: Node, position: int, faults: Faults) -> Target:
    if node.value is None:
        return Target(kind=TargetKind.UNSETTLED, position=position)
    if not isinstance(node.value, str | dict):
        raise FileProblem(
            node,
            f"must be a name in quotes, or an object in braces, not {kind_of(node)}.",
        )
    if isinstance(node.value, str):
        name = text_for(Target, "name", node, needed=True)
        return Target(kind=TargetKind.LABEL, name=name, position=position)
    fields = Fields(node, {"kind", *TARGET_TEXTS}, faults)
    kind = fields.read("kind", read_one_of(TargetKind)) or TargetKind.PERSON
    named = {"name"} & node.value.keys() if kind != TargetKind.UNSETTLED else ()
    fields.texts(Target, TARGET_TEXTS, named)
    target = Target(position=position, **{**fields.values, "kind": kind})
    if not fields.wrong:
        fields.check(target, {"petition"})
    return target


def read_counted(
    of: Fields, started_on: date | None, ended_on: date | None, now: datetime
) -> CountEntry:
    """Return who counted supporters elsewhere, and when: on the day that the file says,
    else by the day it ended, as nobody signs later; else today."""
    number = of.read("supporters", number_of)
    of.texts(CountEntry, ["counted_by"], ())
    counted_at = of.read("counted_at", lambda value: past_day_of(value, now))
    if counted_at and started_on and counted_at < started_on:
        of.faults.append(FileProblem(of.given["counted_at"], "is before it started."))
    if not number:
        for key in of.given.keys() & {"counted_by", "counted_at"}:
            unused = FileProblem(of.given[key], 'is not kept without "supporters".')
            of.faults.warnings.append(unused)
    counted = CountEntry(
        source=Source.IMPORTED,
        counted_by=of.values.get("counted_by", ""),
        counted_at=counted_at or ended_on or timezone.localdate(now),
    )
    if number:
        of.check(entries_of(counted, number)[0], {"petition"})
    return counted


def entries_of(
    counted: CountEntry, number: int, taken: Iterable[str] = ()
) -> list[CountEntry]:
    """Return the entries, with labels that are not `taken`, by which a number is
    stored: one, or several when it is very large."""
    by = f": {counted.counted_by}" if counted.counted_by else ""
    label = f"Counted elsewhere before{by}"
    places = (f" ({place})" if place > 1 else "" for place in count(1))
    labels = (f"{label[: LONGEST_LABEL - len(place)]}{place}" for place in places)
    free = filterfalse(set(taken).__contains__, labels)
    entries: list[CountEntry] = []
    while number:
        part = max(-MOST_IN_AN_ENTRY, min(number, MOST_IN_AN_ENTRY))
        entries.append(
            CountEntry(
                source=counted.source,
                number=part,
                label=next(free),
                counted_by=counted.counted_by,
                counted_at=counted.counted_at,
            )
        )
        number -= part
    return entries


def past_day_of(node: Node, now: datetime) -> date:
    """Return a day on which something can have happened; raise FileProblem for
    others."""
    day = day_value(node)
    if sentence := why_impossible(day, now):
        raise FileProblem(node, str(sentence))
    return day


def named_language(node: Node) -> str:
    """Return the language named by a node; raise FileProblem if there is none of that
    name."""
    return known_language(node, read_text(node))


def known_language(node: Node, said: str) -> str:
    """Return the code of the language that `said` names; raise FileProblem if there is
    none."""
    language = text_language(said)
    if language is None:
        raise FileProblem(
            node,
            f"“{cited(said)}” is not a language. Write its code, as in fr, crk or "
            "zh-Hant, or its name.",
        )
    return language


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
