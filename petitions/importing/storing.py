"""Storing the plan of an import, and reporting where it differs from what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import models

from core.text.characters import ignoring_blanks, ignoring_case_and_blanks
from core.text.faults import Faults, FileProblem, Node, cited
from core.text.json_values import is_given
from organizations.models import Organization
from petitions.counts.entries import record_entry
from petitions.importing.reading import PetitionPlan, Plan
from petitions.models import Petition, Target
from petitions.states import Source

# Keys whose column has another name.
COLUMNS = {"ended_on": "ended_at"}
# Keys that are stored in rows of their own.
NESTED = {
    "petitions", "target", "targets", "supporters", "counted_by", "counted_at",
    "translations",
}  # fmt: skip


@dataclass(frozen=True)
class ImportReport:
    """The result of an import."""

    organization: Organization
    created: int
    known: int
    supporters: int
    """The number of supporters that this run added."""
    differences: Sequence[str]
    """The keys whose value in the file is not the stored one, which was left alone."""
    warnings: Sequence[str]
    """Parts of the file that were imported but may not be meant."""


def compare_with_stored(plan: Plan, faults: Faults) -> None:
    """Look up which objects of the plan are stored already, and add faults for those
    that conflict with stored ones."""
    plan.stored = known_organization(plan.organization)
    if plan.stored is None and plan.organization.slug:
        with faults.noted():
            check_address(plan.node, plan.organization)
            if other := called(plan.organization.name):
                raise FileProblem(
                    plan.node.value.get("slug", plan.node),
                    f"is not the address of {other.name}, which is stored already: "
                    f'write "{other.slug}", or another name for another organisation.',
                )
    elif plan.stored is None:
        with faults.noted():
            check_spelling(plan)
    petitions = list(plan.stored.petitions.all()) if plan.stored else []
    known = {ignoring_blanks(one.title): one for one in petitions}
    alike = {ignoring_case_and_blanks(one.title): one.title for one in petitions}
    for planned in plan.petitions:
        title = planned.petition.title
        planned.stored = known.get(ignoring_blanks(title))
        with faults.noted():
            if planned.stored:
                check_number(planned, planned.stored)
            else:
                check_address(planned.node, planned.petition)
                if twin := alike.get(ignoring_case_and_blanks(title)):
                    plan.warnings.append(another_spelling(planned, twin))
    with faults.noted():
        check_name(plan)


def store_plan(plan: Plan) -> ImportReport:
    """Store what is not stored yet; return the report."""
    differences: list[FileProblem] = []
    organization = plan.stored
    if organization is None:
        organization = plan.organization
        organization.save()
    else:
        differences += differing(plan.node, plan.organization, organization)
    created = supporters = 0
    for planned in plan.petitions:
        petition = planned.stored
        if petition is None:
            petition = planned.petition
            petition.organization = organization
            # An earlier petition of the file may have been given its slug.
            check_address(planned.node, petition)
            petition.save()
            for _node, target in planned.targets:
                target.petition = petition
            Target.objects.bulk_create(target for _node, target in planned.targets)
            created += 1
        else:
            differences += differing(planned.node, planned.petition, petition)
            differences += differing_targets(planned, petition)
        differences += store_translations(planned, petition)
        supporters += store_entry(planned, petition)
        differences += differing_entry(planned, petition)
    return ImportReport(
        organization,
        created,
        len(plan.petitions) - created,
        supporters,
        [str(difference) for difference in differences],
        [str(warning) for warning in plan.warnings],
    )


def another_spelling(planned: PetitionPlan, title: str) -> FileProblem:
    """Return the warning about a petition whose title is that of a stored one but for
    capitals or blanks."""
    return FileProblem(
        planned.node.value.get("title", planned.node),
        f"differs in capitals or blanks alone from “{cited(title)}”, which was there "
        "already: both are kept, with the supporters of each.",
    )


def left_alone(node: Node) -> FileProblem:
    """Return the difference to report for one key."""
    return FileProblem(node, "differs from what is stored, which was left alone.")


def differing(
    node: Node, planned: models.Model, stored: models.Model
) -> Iterator[FileProblem]:
    """Yield a difference for each key of an object whose value is not the stored
    one."""
    for key, value in node.value.items():
        column = COLUMNS.get(key, key)
        if not is_given(value) or key in NESTED or not hasattr(stored, column):
            continue
        if getattr(planned, column) != getattr(stored, column):
            yield left_alone(value)


def differing_targets(
    planned: PetitionPlan, petition: Petition
) -> Iterator[FileProblem]:
    """Yield a difference for each target that is not the stored one, and for a list of
    another length."""
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
    """Return the organisation if an earlier run, or somebody by hand, has created it;
    by slug, else by name."""
    if planned.slug:
        return Organization.objects.filter(slug=planned.slug).first()
    return called(planned.name)


def called(said: str) -> Organization | None:
    """Return the first organisation of this name, ignoring blanks; None if there is
    none."""
    name = ignoring_blanks(said)
    everybody = Organization.objects.order_by("pk") if name else ()
    return next((one for one in everybody if ignoring_blanks(one.name) == name), None)


def check_spelling(plan: Plan) -> None:
    """Raise FileProblem if a stored organisation has the same name but for capitals or
    blanks: all its petitions would be there twice."""
    said = ignoring_case_and_blanks(plan.organization.name)
    for one in Organization.objects.order_by("pk") if said else ():
        if ignoring_case_and_blanks(one.name) == said:
            raise FileProblem(
                plan.node.value.get("name", plan.node),
                f"differs in capitals or blanks alone from {one.name}, which is stored "
                'already: write that name, or give another organisation a "slug".',
            )


def check_address(node: Node, row: Organization | Petition) -> None:
    """Raise FileProblem if the slug in the file is, or was, that of another object."""
    if row.slug and row.slug_taken(row.slug):
        sentence = f"is the address of another {row._meta.verbose_name}: choose one."
        raise FileProblem(node.value.get("slug", node), sentence)


def check_name(plan: Plan) -> None:
    """FileProblem when the address is that of an organisation with another name, and
    of the petitions it has none: they would be published in its name."""
    there = plan.stored
    if not there or not plan.petitions or any(one.stored for one in plan.petitions):
        return
    said = ignoring_case_and_blanks(plan.organization.name)
    if said and said != ignoring_case_and_blanks(there.name):
        raise FileProblem(
            plan.node.value.get("slug", plan.node),
            f"is the address of {there.name}, which has none of these petitions: "
            "choose another, or write that name if they are its own.",
        )


def check_number(planned: PetitionPlan, stored: Petition) -> None:
    """Raise FileProblem if another number of supporters is stored as counted
    elsewhere."""
    entries = stored.count_entries.filter(source=Source.IMPORTED)
    before = sum(entry.number for entry in entries)
    if planned.number is None or planned.number == before:
        return
    if entries or not planned.number:
        raise FileProblem(
            planned.node.value.get("supporters", planned.node),
            f"is {planned.number}, but {before} were brought in before. Correct the "
            "number with a count entry in the admin.",
        )


def store_translations(
    planned: PetitionPlan, petition: Petition
) -> Iterator[FileProblem]:
    """Store translations into languages in which the petition has no text yet; for the
    others, yield what differs."""
    languages = petition.languages
    for node, translation in planned.translations:
        if translation.language in languages:
            stored = petition.text_in(translation.language)
            yield from differing(node, translation, stored)
        else:
            translation.petition = petition
            translation.save()


def store_entry(planned: PetitionPlan, petition: Petition) -> int:
    """Store the supporters counted elsewhere, unless such an entry is stored already;
    return how many supporters that adds."""
    stored = petition.count_entries.filter(source=Source.IMPORTED)
    if not planned.entries or stored.exists():
        return 0
    for entry in planned.entries:
        entry.petition = petition
        record_entry(entry)
    return planned.number or 0


def differing_entry(planned: PetitionPlan, petition: Petition) -> Iterator[FileProblem]:
    """Yield `counted_by` and `counted_at` where none of the stored entries has the same
    value."""
    if not planned.entries:
        return
    stored = petition.count_entries.filter(source=Source.IMPORTED)
    for key in ("counted_by", "counted_at"):
        node = planned.node.value.get(key)
        said = getattr(planned.entries[0], key)
        if node and node.value and said not in {getattr(one, key) for one in stored}:
            yield left_alone(node)
