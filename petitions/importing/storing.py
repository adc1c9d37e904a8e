"""Storing what a file has, and naming where it differs from what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import models

from core.text.characters import bare
from core.text.json_lines import Node
from core.text.json_values import (
    Faults,
    FileProblem,
)
from organizations.models import Organization
from petitions.counts.counting import record_entry
from petitions.importing.reading import PetitionPlan, Plan
from petitions.models import Petition, Target
from petitions.states import Source

# Of a key whose column is called otherwise.
COLUMNS = {"ended_on": "ended_at"}
# What has rows of its own.
NESTED = {
    "petitions", "target", "targets", "supporters", "counted_by", "counted_at",
    "translations",
}  # fmt: skip


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
    warnings: Sequence[str]
    """What was taken, and may not be meant."""


def store(plan: Plan) -> Report:
    differences: list[FileProblem] = []
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
            for _node, target in planned.targets:
                target.petition = petition
            Target.objects.bulk_create(target for _node, target in planned.targets)
            created += 1
        else:
            differences += differing(planned.node, planned.petition, petition)
            differences += differing_targets(planned, petition)
        differences += store_translations(planned, petition)
        with faults.noted():
            supporters += store_entry(planned, petition)
        differences += differing_entry(planned, petition)
    faults.complain()
    return Report(
        organization,
        created,
        len(plan.petitions) - created,
        supporters,
        [str(difference) for difference in differences],
        [str(warning) for warning in plan.warnings],
    )


def left_alone(node: Node) -> FileProblem:
    return FileProblem(node, "differs from what is stored, which was left alone.")


def differing(
    node: Node, planned: models.Model, stored: models.Model
) -> Iterator[FileProblem]:
    """Each key of an object that says something else than what is stored."""
    for key, value in node.value.items():
        column = COLUMNS.get(key, key)
        if value.value is None or key in NESTED or not hasattr(stored, column):
            continue
        if getattr(planned, column) != getattr(stored, column):
            yield left_alone(value)


def differing_targets(
    planned: PetitionPlan, petition: Petition
) -> Iterator[FileProblem]:
    """Each target that is another one, and the list when it is longer or shorter."""
    stored = list(petition.targets.all())
    if len(planned.targets) != len(stored):
        key = "targets" if "targets" in planned.node.value else "target"
        yield FileProblem(
            planned.node.value[key],
            f"has {len(planned.targets)}, and {len(stored)} are stored, which were "
            "left alone.",
        )
    for (node, target), other in zip(planned.targets, stored, strict=False):
        if isinstance(node.value, dict):
            yield from differing(node, target, other)
        elif (target.kind, target.name) != (other.kind, other.name):
            yield left_alone(node)


def known_organization(planned: Organization) -> Organization | None:
    """The one that an earlier run, or somebody by hand, has made."""
    if planned.slug:
        return Organization.objects.filter(slug=planned.slug).first()
    name = bare(planned.name)
    everybody = Organization.objects.order_by("pk")
    return next((one for one in everybody if bare(one.name) == name), None)


def store_translations(
    planned: PetitionPlan, petition: Petition
) -> Iterator[FileProblem]:
    """Those in languages that it has no text in yet; of the others, what differs."""
    languages = petition.languages
    for node, translation in planned.translations:
        if translation.language in languages:
            stored = petition.text_in(translation.language)
            yield from differing(node, translation, stored)
        else:
            translation.petition = petition
            translation.save()


def store_entry(planned: PetitionPlan, petition: Petition) -> int:
    """Store the number that was counted elsewhere, unless it is there; how many
    supporters that brings. FileProblem when another number is there."""
    if planned.number is None:
        return 0
    stored = petition.count_entries.filter(source=Source.IMPORTED)
    before = sum(entry.number for entry in stored)
    if not stored and planned.entry:
        planned.entry.petition = petition
        record_entry(planned.entry)
        return planned.entry.number
    if before != planned.number:
        raise FileProblem(
            planned.node.value["supporters"],
            f"is {planned.number}, but {before} were brought in before. Correct the "
            "number with a count entry in the admin.",
        )
    return 0


def differing_entry(planned: PetitionPlan, petition: Petition) -> Iterator[FileProblem]:
    """Who counted it, and when, where none of its numbers says so."""
    entry = planned.entry
    if entry is None:
        return
    stored = petition.count_entries.filter(source=Source.IMPORTED)
    for key in ("counted_by", "counted_at"):
        node = planned.node.value.get(key)
        said = getattr(entry, key)
        if node and node.value and said not in {getattr(one, key) for one in stored}:
            yield left_alone(node)
