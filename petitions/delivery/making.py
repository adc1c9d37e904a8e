"""Making a delivery pack: staff begin it, the worker writes it in batches, each in a
transaction of its own that also records how far it has come. So a worker that is killed
at any point loses nothing and writes nothing twice.

Each batch lists the next `printing.PART` names, and counts by country and region the
signatures that it passed. So the numbers and the list are of the same signatures: the
names, those who agreed to the number alone, and those left out add up to what was
confirmed. Those who signed elsewhere and agreed to it there are in a list of their own.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from petitions.delivery import files, printing
from petitions.delivery.letters import next_letter
from petitions.models import ImportedSignature, Pack, Petition, Signature
from petitions.region_totals import numbers_delivered
from petitions.regions import count_by_region, is_region, region_of, without_small
from petitions.signature_fields import HANDED_OVER, REGION
from petitions.states import PUBLIC_STATES, Delivery, PackState


class PackNotPossible(Exception):
    """The pack cannot be begun: it is not being prepared any more, another one of the
    petition is at work, or the petition is not public."""


def begin_pack(pack: Pack, *, now: datetime) -> None:
    """Have the worker make a pack that was prepared, of the signatures that are counted
    at `now`; raise PackNotPossible when that cannot be."""
    petition = Petition.objects.with_counts().get(pk=pack.petition_id)
    if petition.state not in PUBLIC_STATES:
        raise PackNotPossible
    newest = Signature.objects.filter(petition=petition).aggregate(newest=Max("pk"))
    last = ImportedSignature.objects.filter(petition=petition).aggregate(last=Max("pk"))
    waiting = Pack.objects.with_files().filter(pk=pack.pk, state=PackState.PREPARING)
    try:
        with transaction.atomic():
            number = waiting.update(
                state=PackState.RUNNING,
                as_of=now,
                up_to=newest["newest"] or 0,
                elsewhere_up_to=last["last"] or 0,
                paper=petition.paper,
                imported=petition.imported,
            )
    except IntegrityError as error:
        if "pack_one_at_a_time" in str(error):
            raise PackNotPossible from None
        raise
    if not number:
        raise PackNotPossible


def call_off_pack(pack: Pack) -> bool:
    """Call a pack off that is not made yet, and erase what was written of it; return
    False when it is made, or called off already."""
    states = (PackState.PREPARING, PackState.RUNNING)
    with transaction.atomic():
        locked = Pack.objects.select_for_update().filter(pk=pack.pk, state__in=states)
        row = locked.first()
        if row is None:
            return False
        row.files.all().delete()
        row.left_outs.all().delete()
        row.left_outs_elsewhere.all().delete()
        row.state = PackState.CALLED_OFF
        row.save(update_fields=["state"])
    return True


def advance_pack(now: datetime) -> bool:
    """Write one batch of the oldest unfinished pack; return whether one was written.
    What is printed takes seconds: it is made before anything is locked."""
    oldest = Pack.objects.unfinished().order_by("pk").first()
    if oldest is None:
        return False
    printed: printing.Printed | None = None
    letter: dict[str, bytes] | None = None
    try:
        if oldest.is_listed:
            printed = printing.print_next(oldest)
        if oldest.is_listed and printed is None:
            compare_with_last(oldest)
            letter = next_letter(oldest)
    except printing.TryAgain:
        return True
    with transaction.atomic():
        rows = Pack.objects.unfinished().select_for_update(of=("self",))
        pack = rows.filter(pk=oldest.pk).first()
        if pack is None:  # called off meanwhile
            return True
        if not pack.is_counted:
            write_batch(pack, now)
        elif not pack.is_listed:
            write_elsewhere(pack)
        elif printed is not None:
            printing.keep_printed(pack, printed)
        elif letter is not None:
            # What a letter says of an earlier delivery is what is kept of it.
            pack.earlier, pack.withdrawn_since = oldest.earlier, oldest.withdrawn_since
            for name, content in letter.items():
                files.add_piece(pack, name, content)
        else:
            finish_pack(pack, now)
        pack.save()
    return True


def write_batch(pack: Pack, now: datetime) -> None:
    """Write the next names into the list, count the signatures passed, and update the
    progress of `pack` without saving it."""
    if not pack.last_id:
        pack.columns = filled_columns(pack)
    ahead = pack.listed().filter(pk__gt=pack.last_id).order_by("pk")
    rows = list(ahead.values(*files.columns_of(pack))[: printing.PART])
    last = rows[-1]["pk"] if len(rows) == printing.PART else pack.up_to
    passed = Q(pk__gt=pack.last_id, pk__lte=last)
    countries, regions = count_by_region(pack.counted().filter(passed))
    pack.left_out += pack.agreed().filter(passed).count() - len(rows)
    if rows:
        files.add_names(pack, rows, first=pack.names + 1)
    pack.countries = dict(countries + Counter(pack.countries))
    pack.regions = dict(regions + Counter(pack.regions))
    pack.names_by_region = dict(
        Counter(map(region_of_row, rows)) + Counter(pack.names_by_region)
    )
    pack.names += len(rows)
    pack.number_only = sum(pack.countries.values()) - pack.names - pack.left_out
    pack.last_id = last
    if pack.is_counted:
        # Of few in one place nothing is kept: the numbers stay when names are erased.
        if sum(pack.regions.values()) == pack.confirmed:
            pack.regions = numbers_delivered(pack.petition, pack.regions, now)
        pack.countries = without_small(pack.countries)


def write_elsewhere(pack: Pack) -> None:
    """Write the next names of those who signed elsewhere, of one import, into their
    list, and update the progress of `pack` without saving it."""
    for number, consent in enumerate(pack.stated(), 1):
        # An import is checked when the one before it is counted: its people come later.
        ahead = pack.listed_by(consent).filter(pk__gt=pack.elsewhere_to)
        if rows := list(ahead[: printing.PART]):
            files.add_elsewhere(pack, rows, number)
            numbers = Counter(pack.names_elsewhere)
            numbers[str(consent.pk)] += len(rows)
            pack.names_elsewhere = dict(numbers)
            pack.elsewhere_to = rows[-1].pk
            return
    pack.elsewhere_to = pack.elsewhere_up_to
    left = pack.left_outs_elsewhere.values("person")
    pack.left_out_elsewhere = (
        pack.named_elsewhere(pack.stated()).filter(pk__in=left).count()
    )


def finish_pack(pack: Pack, now: datetime) -> None:
    """Write the numbers of a pack whose list and letters are whole, and mark it as made
    without saving it."""
    pack.finished_at = now
    files.write_numbers(pack)
    files.seal_files(pack)
    pack.state = PackState.DONE


def compare_with_last(pack: Pack) -> None:
    """Find the delivery that the same person or body was handed last, and how many of
    its signatures do not count any more, unless a letter says so already; `pack` is not
    saved."""
    if pack.files.filter(name__startswith="letter-").exists():
        return
    handed = Pack.objects.filter(
        target=pack.target_id, handover__isnull=False, as_of__lt=pack.as_of
    )
    pack.earlier = handed.order_by("-as_of").first()
    if pack.earlier is not None:
        still = pack.earlier.counted().count()
        pack.withdrawn_since = max(0, pack.earlier.confirmed - still)


def region_of_row(row: files.Row) -> str:
    return region_of(row["country"], row["postal_code"])


def filled_columns(pack: Pack) -> list[str]:
    """Return the names of the columns that somebody in the list filled in."""
    listed = pack.listed()
    columns = ["name"]
    filled = {f.name for f in HANDED_OVER if listed.exclude(**{f.name: ""}).exists()}
    _countries, regions = count_by_region(listed.exclude(postal_code=""))
    if any(map(is_region, regions)):
        filled.add(REGION)
    columns += [name for name in files.PLACES if name in filled]
    said = listed.filter(delivery=Delivery.COMMENTS, comment_approved=True)
    if said.exclude(comment="").exists():
        columns.append("comment")
    return columns
