"""The count log for outsiders: its lines, tiles and checkpoints as
https://c2sp.org/tlog-tiles has them, receipts for signers, and how to check both."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from core.http.problems import problem
from core.http.public_data import data_answer, iso_local, public_data
from petitions.counts import check_count, checkpoints, tree
from petitions.counts.receipts import receipt_of
from petitions.models import Checkpoint, Petition, Total
from petitions.signatures.tokens import TokenPurpose
from petitions.states import Source
from petitions.views.data import withdrawn_json
from petitions.views.links import Opened, opened_by
from petitions.views.lookup import of_petition
from petitions.views.signers import shown_signature

LONGEST_RECEIPT = 20_000
EMPTY = _("Paste the receipt here.")
NO_KEY = _("This site does not sign its log yet.")
# What the program says when a receipt does not hold; it knows no translations.
REFUSALS = {
    check_count.NO_RECEIPT: _("That is not a receipt, or it is incomplete."),
    check_count.NOT_SIGNED: _("The checkpoint in it is not signed by this site’s key."),
    check_count.NOT_IN_TREE: _(
        "The line is not in the tree that was signed, or something in the receipt was "
        "changed."
    ),
}
PROGRAM = Path(check_count.__file__)


class TileLevel:
    """A URL converter for the level of a tile, 0 to 63, written in one way."""

    regex = "[0-9]|[1-5][0-9]|6[0-3]"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class TilePath:
    """A URL converter for the number of a tile and how many of its hashes are wanted:
    1234067 is `x001/x234/067`, and its first 5 are `x001/x234/067.p/5`."""

    regex = r"(?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?"

    def to_python(self, value: str) -> tuple[int, int]:
        digits, _mark, width = value.partition(".p/")
        number, wanted = int(digits.replace("x", "").replace("/", "")), int(width or 0)
        if digits.startswith("x000") or wanted >= tree.WIDTH:
            raise ValueError
        return number, wanted or tree.WIDTH

    def to_url(self, value: tuple[int, int]) -> str:
        return check_count.tile_path(*value)


# == The log of a petition ==


@public_data
@of_petition(withdrawn_json)
def log(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return how many lines a petition's log has, what they add up to, and the newest
    checkpoint."""
    total = Total.objects.filter(pk=petition.pk).exclude(log_size=None).first()
    signed = checkpoints.newest_checkpoint(petition.pk)
    return data_answer(
        {
            "origin": checkpoints.origin(petition.pk),
            "size": total.log_size if total else 0,
            **{str(each): getattr(total, each, 0) for each in Source.values},
            "checkpoint": signed and checkpoint_data(signed),
        }
    )


def checkpoint_data(signed: Checkpoint) -> dict[str, object]:
    return {
        "size": signed.size,
        "root": signed.root_text,
        "made": iso_local(signed.made_at),
    }


@public_data
@of_petition(withdrawn_json)
def checkpoint(request: HttpRequest, petition: Petition) -> HttpResponse:
    """Return the newest checkpoint of a petition's log, as it was signed."""
    signed = checkpoints.newest_checkpoint(petition.pk)
    if signed is None:
        raise Http404
    return HttpResponse(signed.note, content_type="text/plain; charset=utf-8")


@public_data
@of_petition(withdrawn_json)
def tile(
    request: HttpRequest, petition: Petition, level: int, place: tuple[int, int]
) -> HttpResponse:
    """Return the hashes of a tile, one after the other."""
    return binary(lambda: tree.tile(petition.pk, level, *place), place[1])


@public_data
@of_petition(withdrawn_json)
def bundle(
    request: HttpRequest, petition: Petition, place: tuple[int, int]
) -> HttpResponse:
    """Return lines of the log, with the length of each, in two bytes, before it."""

    def entries() -> list[bytes]:
        lines = [line.encode() for line in tree.log_lines(petition.pk, *place)]
        return [len(line).to_bytes(2) + line for line in lines]

    return binary(entries, place[1])


def binary(read: Callable[[], list[bytes]], wanted: int) -> HttpResponse:
    """Return the parts that are read as one file, or 404 unless all that were wanted
    are there."""
    try:
        parts = read()
    except tree.LogBroken:
        raise Http404 from None
    if len(parts) != wanted:
        raise Http404
    return HttpResponse(b"".join(parts), content_type="application/octet-stream")


# == Checking ==


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Explain how the count can be checked from outside, and check a receipt that is
    pasted. Nothing is stored."""
    typed, error, receipt = request.POST.get("receipt", "")[:LONGEST_RECEIPT], "", None
    if request.method == "POST":
        try:
            key = check_count.Key.parse(checkpoints.public_key())
            receipt = check_count.check_receipt(typed, key)
        except check_count.CheckFailed as failed:
            error = refusal(failed) if typed.strip() else str(EMPTY)
        except check_count.CannotCheck:
            error = str(NO_KEY)
    context = {
        "key": checkpoints.public_key(),
        "typed": typed,
        "error": error,
        "receipt": receipt,
        "counted": receipt_words(receipt) if receipt else None,
    }
    return TemplateResponse(
        request, "petitions/check.html", context, status=422 if error else 200
    )


def refusal(failed: check_count.CheckFailed) -> str:
    """Return why a receipt does not hold, in the reader's language."""
    return str(REFUSALS[failed.kind])


def receipt_words(receipt: check_count.CheckedReceipt) -> dict[str, object]:
    """Return what the line of a checked receipt says, for people."""
    petition, number, day, source, delta, _nonce = receipt.line.split()
    return {
        "petition": Petition.objects.ever_public(timezone.now())
        .filter(pk=int(petition))
        .first(),
        "number": int(number) + 1,
        "day": parse_date(day),
        "source": Source(source).label,
        "delta": int(delta),
    }


@require_safe
def program(request: HttpRequest) -> HttpResponse:
    """Return the program that checks a count, in one file."""
    named = content_disposition_header(True, PROGRAM.name)
    return HttpResponse(
        program_text(),
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": named},
    )


@cache
def program_text() -> str:
    return PROGRAM.read_text("utf-8")


@opened_by(TokenPurpose.OWN, methods=("GET", "HEAD"))
def receipt(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Return the receipt of a signature as a file."""
    mine = shown_signature(opened)
    receipt = receipt_of(mine)
    if receipt is None or receipt.checkpoint is None:
        return problem(request, 404)
    try:
        text = receipt.text
    except tree.LogBroken:
        return problem(request, 404)
    name = f"receipt-{receipt.leaf.petition_id}-{receipt.leaf.number + 1}.tlog-proof"
    return HttpResponse(
        text,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(True, name)},
    )
