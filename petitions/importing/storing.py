"""Storing the plan of an import, and reporting what was done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from core.text.characters import ignoring_blanks, ignoring_case_and_blanks
from core.text.faults import Faults, FileProblem, Node, cited
from organizations.models import Organization
from petitions.counts.entries import record_entry
from petitions.importing.following import Following
from petitions.importing.reading import PetitionPlan, Plan, entries_of
from petitions.models import Petition, Target


@dataclass(frozen=True)
class ImportReport:
    """The result of an import."""

    organization: Organization
    created: int
    known: int
    supporters: int
    """The number of supporters that this run added."""
    changes: Sequence[str]
    """What was stored already and has become what the file says."""
    left: Sequence[str]
    """What differs from the file and was left alone, with the reason."""
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
    petitions = list(stored_petitions(plan.stored)) if plan.stored else []
    find_stored(plan, petitions, faults)
    alike = {ignoring_case_and_blanks(one.title): one.title for one in petitions}
    for planned in plan.petitions:
        title = planned.petition.title
        with faults.noted():
            if not planned.stored:
                check_address(planned.node, planned.petition)
                if twin := alike.get(ignoring_case_and_blanks(title)):
                    plan.warnings.append(another_spelling(planned, twin))
    with faults.noted():
        check_name(plan)


def find_stored(plan: Plan, petitions: list[Petition], faults: Faults) -> None:
    """Look up each petition of the plan among those that are stored, by origin, else by
    title."""
    origins = {one.origin: one for one in petitions if one.origin}
    titles = {ignoring_blanks(one.title): one for one in petitions}
    for planned in plan.petitions:
        planned.stored = origins.get(planned.petition.origin)
    found = {planned.stored.pk for planned in plan.petitions if planned.stored}
    for planned in plan.petitions:
        called_so = titles.get(ignoring_blanks(planned.petition.title))
        if planned.stored or called_so is None or called_so.pk in found:
            continue
        planned.stored = called_so
        if planned.petition.origin and called_so.origin:
            sentence = (
                f"is not the origin of the petition that has its title, which is "
                f"“{cited(called_so.origin)}”: write that, or another title."
            )
            faults.append(FileProblem(planned.node.value["origin"], sentence))


def stored_petitions(organization: Organization) -> QuerySet[Petition]:
    """Return the petitions of an organisation with all that a file is compared with."""
    return organization.petitions.prefetch_related(
        "targets", "translations", "corrections", "count_entries", "imports"
    )


def store_plan(plan: Plan, now: datetime, *, overrules: bool) -> ImportReport:
    """Store what is not stored yet, and follow what is; return the report."""
    following = Following(now, overrules=overrules)
    organization = plan.stored
    if organization is None:
        organization = plan.organization
        organization.save()
    else:
        following.organization(plan)
    created = supporters = 0
    for planned in plan.petitions:
        if planned.stored:
            following.petition(planned, planned.stored)
        else:
            store_petition(planned, organization)
            created += 1
            supporters += planned.number or 0
    return ImportReport(
        organization,
        created,
        len(plan.petitions) - created,
        supporters + following.supporters,
        in_order(following.changes),
        in_order(following.left),
        in_order(plan.warnings),
    )


def in_order(lines: Iterable[FileProblem]) -> list[str]:
    """Return lines about a file in its order."""
    return [str(line) for line in sorted(lines, key=lambda line: line.place)]


def store_petition(planned: PetitionPlan, organization: Organization) -> None:
    """Store a petition that is new here."""
    petition = planned.petition
    petition.organization = organization
    # An earlier petition of the file may have been given its slug.
    check_address(planned.node, petition)
    petition.save()
    for _node, target in planned.targets:
        target.petition = petition
    Target.objects.bulk_create(target for _node, target in planned.targets)
    for _node, translation in planned.translations:
        translation.petition = petition
        translation.save()
    for entry in entries_of(planned.counted, planned.number or 0):
        entry.petition = petition
        record_entry(entry)


def another_spelling(planned: PetitionPlan, title: str) -> FileProblem:
    """Return the warning about a petition whose title is that of a stored one but for
    capitals or blanks."""
    return FileProblem(
        planned.node.value.get("title", planned.node),
        f"differs in capitals or blanks alone from “{cited(title)}”, which was there "
        "already: both are kept, with the supporters of each.",
    )


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
