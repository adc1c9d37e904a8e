"""Following petitions that go on elsewhere: what a file that is brought in again
changes in what is stored, and what it leaves.

It goes on from what the file said last. What staff have written here since stays, and
so does what people have signed: a signed text takes corrections. Who wrote last, the
log knows for as long as it is kept (AUDIT_MONTHS)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from core.models import AuditEntry
from core.text.faults import FileProblem, Node, cited
from core.text.json_values import is_given
from petitions.counts.entries import record_entry
from petitions.importing.passages import passages_between, reading
from petitions.importing.reading import PetitionPlan, Plan, entries_of
from petitions.models import Correction, CountEntry, Petition, Translation
from petitions.models.dialects import HasDialect
from petitions.models.imports import COUNTING
from petitions.models.petition_lifecycle import NotAllowed
from petitions.states import (
    ENDED_STATES,
    PUBLIC_STATES,
    ImportState,
    Source,
    State,
)

# Keys whose column has another name.
COLUMNS = {"ended_on": "ended_at"}
# Keys that are stored in rows of their own, or have rules of their own.
NESTED = {
    "petitions", "target", "targets", "supporters", "counted_by", "counted_at",
    "translations", "state",
}  # fmt: skip
# Columns that a later file changes: those below what people sign; and until they sign,
# the words, too.
TOLD = ("summary", "outcome", "origin")
WORDS = ("ask", "text")
LEFT = "differs from what is stored, which was left alone."
BY_HAND = (
    "differs from what somebody has written here, which was left alone; --overrule "
    "takes what the file says."
)
# The states of an import in which people count by it.
COUNTS = (*COUNTING, ImportState.REVERSING)


class Following:
    """What is done with the stored objects that a file describes again: lines about
    `changes`, and about what is `left`, with the reason."""

    def __init__(self, now: datetime, *, overrules: bool) -> None:
        self.now, self.overrules = now, overrules
        self.changes: list[FileProblem] = []
        self.left: list[FileProblem] = []
        self.supporters = 0
        """The number of supporters that were added."""

    def organization(self, plan: Plan) -> None:
        """Take the description from the file, and name the petitions from elsewhere
        that it has no longer."""
        assert plan.stored
        self.columns(plan.node, plan.organization, plan.stored, ["description"])
        known = {planned.stored.pk for planned in plan.petitions if planned.stored}
        from_elsewhere = (
            ~Q(origin="")
            | Q(started_on__isnull=False)
            | Q(count_entries__source=Source.IMPORTED)
        )
        petitions = plan.stored.petitions.filter(
            from_elsewhere, state__in=PUBLIC_STATES
        )
        for gone in petitions.exclude(pk__in=known).distinct().order_by("pk"):
            self.leave(
                plan.node.value["petitions"],
                f"“{cited(gone.title)}” is no longer in the file, and was left alone.",
            )

    def petition(self, planned: PetitionPlan, petition: Petition) -> None:
        """Take from the file what may change."""
        if petition.state not in PUBLIC_STATES:
            withdrawn = petition.state == State.WITHDRAWN
            said = "was withdrawn" if withdrawn else "is a draft"
            self.leave(planned.node, f"{said} here, and was left alone.")
            return
        self.state(planned, petition)
        self.words(planned, planned.node, planned.petition, petition)
        self.targets(planned, petition)
        self.translations(planned, petition)
        self.number(planned, petition)

    # -- words --

    def words(
        self,
        planned: PetitionPlan,
        node: Node,
        new: Petition | Translation,
        stored: Petition | Translation,
    ) -> None:
        """Store words that differ; correct a text that people have signed. A text in
        another language or format than the stored one is another text."""
        petition = planned.stored
        assert petition
        signed = stored.keeps_dialect
        is_alike = (new.language, planned.petition.text_format) == (
            stored.language, petition.text_format,
        )  # fmt: skip
        words = WORDS if is_alike and not signed else ()
        self.columns(node, new, stored, [*TOLD, *words])
        text = node.value["text"]
        if signed and is_alike:
            self.text(text, new, stored, petition)
        elif not is_alike and new.text != stored.text:
            self.leave(text, LEFT)

    def columns(
        self,
        node: Node,
        new: models.Model,
        stored: models.Model,
        followed: Collection[str] = (),
    ) -> None:
        """Store what differs in the columns that are followed; leave the others."""
        changed = []
        for key, value in node.value.items():
            column = COLUMNS.get(key, key)
            if not is_given(value) or key in NESTED or not hasattr(stored, column):
                continue
            was, said = getattr(stored, column), getattr(new, column)
            # The day of an end that was entered here is that on which it was entered.
            entered = key == "ended_on" and getattr(stored, "state_before", None)
            if was == said or entered or (key == "text" and key not in followed):
                continue
            if key not in followed:
                self.leave(value, LEFT)
            elif not (was and self.keeps(value, stored, column)):
                setattr(stored, column, said)
                changed.append(column)
                self.change(value, "was changed." if was else "was added.")
        if "text" in changed and isinstance(stored, HasDialect):
            stored.modernise()
            changed.append("dialect")
        if changed:
            stored.save(update_fields=changed)

    def text(
        self,
        node: Node,
        new: Petition | Translation,
        stored: Petition | Translation,
        petition: Petition,
    ) -> None:
        """Correct the passages of a signed text that the file has changed since. Those
        that staff have corrected, too, are left."""
        own = {stored.language, ""} if stored is petition else {stored.language}
        made = [one for one in petition.corrections.all() if one.language in own]
        by_files = [one for one in made if is_of_a_file(one)]
        reads = reading(stored.text, ((one.before, one.after) for one in made))
        said = reading(stored.text, ((one.before, one.after) for one in by_files))
        passages = [
            (before, after)
            for before, after in passages_between(said, new.text)
            if not (after in reads and before not in reads.replace(after, ""))
        ]
        if not passages or self.keeps(node, stored, "text"):
            return
        if not self.overrules and any(before not in reads for before, _ in passages):
            self.leave(node, BY_HAND)
            return
        corrections = [
            Correction(
                petition=petition,
                language="" if stored is petition else stored.language,
                before=before,
                after=after,
                made_at=self.now,
            )
            for before, after in passages
        ]
        try:
            for correction in corrections:
                correction.full_clean()
        except ValidationError:
            self.leave(node, f"{LEFT} People have signed it: correct it by hand.")
            return
        for correction in corrections:
            correction.save()
        self.change(node, f"was signed: {len(corrections)} dated correction(s) added.")

    def translations(self, planned: PetitionPlan, petition: Petition) -> None:
        """Store translations into languages in which the petition has no text yet, and
        what differs in the others."""
        languages = petition.languages
        for node, new in planned.translations:
            if new.language in languages:
                stored = petition.text_in(new.language)
                self.words(planned, node, new, stored)
            else:
                new.petition = petition
                new.save()
                self.change(node, "was added.")

    def targets(self, planned: PetitionPlan, petition: Petition) -> None:
        """Name each target that is not the stored one, and a list of another length."""
        stored = list(petition.targets.all())
        if len(planned.targets) != len(stored):
            key = "targets" if "targets" in planned.node.value else "target"
            self.leave(
                planned.node.value[key],
                f"has {len(planned.targets)}, and {len(stored)} are stored, which were "
                "left alone.",
            )
        for (node, target), other in zip(planned.targets, stored, strict=False):
            if isinstance(node.value, dict):
                self.columns(node, target, other)
            elif (target.kind, target.name) != (other.kind, other.name):
                self.leave(node, LEFT)

    # -- number and state --

    def number(self, planned: PetitionPlan, petition: Petition) -> None:
        """Bring the number of those counted elsewhere to the file's by one more entry.

        Where people were brought in from a list, nobody knows who of them is in the
        number, too: it is left, so that none counts twice."""
        if planned.number is None:
            return
        node = planned.node.value["supporters"]
        entries = [
            entry
            for entry in petition.count_entries.all()
            if entry.source == Source.IMPORTED
        ]
        before = sum(entry.number for entry in entries)
        difference = planned.number - before
        if not difference:
            self.counting(planned, entries)
        elif any(one.state in COUNTS for one in petition.imports.all()):
            self.leave(
                node,
                f"is not {before:,}, the number here, which was left alone: a list of "
                "people was imported, too, and they would count twice.",
            )
        elif not (entries and self.keeps(node, max(entries, key=lambda one: one.pk))):
            taken = {entry.label for entry in entries}
            for entry in entries_of(planned.counted, difference, taken):
                entry.petition = petition
                record_entry(entry)
            self.supporters += max(difference, 0)
            self.change(node, f"was {before:,}: an entry of {difference:+,} was added.")

    def counting(self, planned: PetitionPlan, entries: list[CountEntry]) -> None:
        """Leave `counted_by` and `counted_at` where no entry has them."""
        for key in ("counted_by", "counted_at"):
            node = planned.node.value.get(key)
            said = getattr(planned.counted, key)
            known = {getattr(entry, key) for entry in entries}
            if entries and node and is_given(node) and said not in known:
                self.leave(node, LEFT)

    def state(self, planned: PetitionPlan, petition: Petition) -> None:
        """Close it, or declare it won; what has ended here is not opened by a file."""
        node, to = planned.node.value.get("state"), planned.petition.state
        if node is None or not is_given(node) or to == petition.state:
            return
        ends = {State.CLOSED: petition.close, State.WON: petition.win}
        if to not in ends:
            self.leave(node, LEFT)
            return
        last = written_by_hand(petition, "state")
        taken_back = last and (last.was or {}).get("state") in ENDED_STATES
        if taken_back and self.keeps(node, petition, "state"):
            return
        was = petition.state
        try:
            ends[State(to)](now=self.now)
        except NotAllowed:
            self.leave(node, LEFT)
        else:
            self.change(node, f"was {was}, and is {to} from today on.")

    # -- lines --

    def keeps(self, node: Node, row: models.Model, column: str = "") -> bool:
        """Return whether a row, or its column, was written here by hand last, and add
        the line that says so."""
        if self.overrules or not written_by_hand(row, column):
            return False
        self.leave(node, BY_HAND)
        return True

    def change(self, node: Node, sentence: str) -> None:
        self.changes.append(FileProblem(node, sentence))

    def leave(self, node: Node, sentence: str) -> None:
        self.left.append(FileProblem(node, sentence))


def is_of_a_file(correction: Correction) -> bool:
    """Return whether a correction was made by a file: not where its account is gone."""
    return correction.made_by_id is None and not written_by_hand(correction, "before")


def written_by_hand(row: models.Model, column: str = "") -> AuditEntry | None:
    """Return the log's entry about who wrote a row, or its column, last, if that was
    somebody; None when it was a file."""
    entries = AuditEntry.objects.filter(table=row._meta.db_table, row=str(row.pk))
    if column:
        entries = entries.filter(now__has_key=column)
    last = entries.order_by("-at", "-id").first()
    return last if last and last.account is not None else None
