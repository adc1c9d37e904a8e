"""Finding a supporter who calls or writes, among those of the organisations that the
person asked serves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import OperationalError, models, transaction
from django.db.models import F, Func, Max, QuerySet, Value

from core.db.database import statement_timeout
from organizations.models import Organization
from petitions.addresses import clean_address
from petitions.identity import key_ring
from petitions.models import Consent, Report, Signature
from petitions.signatures.my_data import DataSubject, reports_of

MOST = 20
"""The most people that a search by name lists."""
LONGEST_SEARCH = 300
PATIENCE = "5s"


class TooMany(Exception):
    """There are too many signatures to look through for a name."""


@dataclass(frozen=True)
class Supporter:
    """A supporter as one organisation knows them. `kind` and `number` say by which row
    they were found, and lead back to them without their address. `exact` leaves out
    what other spellings of the address have signed."""

    kind: str
    number: int
    address: str
    organization: Organization
    exact: bool = False

    @cached_property
    def subject(self) -> DataSubject:
        return DataSubject.supporter(self.address, self.organization, exact=self.exact)


# The kinds of rows that lead to a supporter, each with its path to the organisation.
PATHS = {
    "signature": "petition__organization",
    "answer": "organization",
    "message": "petition__organization",
}


def rows_of(kind: str, organizations: QuerySet[Organization]) -> Any:
    """Return the rows of a kind with an address, of these organisations."""
    rows: dict[str, QuerySet[Any]] = {
        "signature": Signature.objects.known(),
        "answer": Consent.objects.all(),
        "message": Report.objects.legible().exclude(email=""),
    }
    within = organizations.order_by().values("pk")
    return rows[kind].filter(**{f"{PATHS[kind]}__in": within})


def get_supporter(
    kind: str,
    number: int,
    organizations: QuerySet[Organization],
    *,
    exact: bool = False,
) -> Supporter | None:
    """Return whom a row leads to; None when it is not there, or of no organisation of
    these."""
    if kind not in PATHS:
        return None
    rows = rows_of(kind, organizations).filter(pk=number)
    found = rows.values_list("email", PATHS[kind]).first()
    if found is None:
        return None
    address, organization = found
    named = organizations.get(pk=organization)
    return Supporter(kind, number, address, named, exact)


def find_by_address(
    typed: str, organizations: QuerySet[Organization]
) -> list[Supporter]:
    """Return the owner of the mailbox with this address, in any spelling, once for each
    organisation that knows them. Raise NotAnAddress for what is none."""
    return find_mailbox(clean_address(typed), organizations)


def find_mailbox(
    address: str, organizations: QuerySet[Organization]
) -> list[Supporter]:
    """Do the same for an address that is stored."""
    known = key_ring.keys_of(address)
    found: dict[int, tuple[str, int, str]] = {}
    for kind, path in PATHS.items():
        rows = rows_of(kind, organizations)
        if kind == "message":
            rows = reports_of(rows, address)
        else:
            rows = rows.filter(email_key__in=known)
        for number, email, organization in rows.order_by("-pk").values_list(
            "pk", "email", path
        ):
            found.setdefault(organization, (kind, number, email))
    named = organizations.in_bulk(found)
    return [Supporter(*row, named[organization]) for organization, row in found.items()]


def find_by_name(
    typed: str, organizations: QuerySet[Organization]
) -> tuple[list[Supporter], bool]:
    """Return the people whose name has all words of `typed`, or parts of them, with or
    without accents: those who signed last, at most `MOST`, and whether there are more.
    Raise TooMany when that takes too long."""
    rows = rows_of("signature", organizations).annotate(bare=unaccented(F("name")))
    for word in typed.split():
        rows = rows.filter(bare__icontains=unaccented(Value(word)))
    newest = (
        rows.order_by()
        .values("petition__organization", "email_key")
        .annotate(newest=Max("pk"))
        .order_by("-newest")
        .values_list("newest", flat=True)
    )
    try:
        with transaction.atomic(), statement_timeout(PATIENCE):
            numbers = list(newest[: MOST + 1])
    except OperationalError as error:
        raise TooMany from error
    found = (get_supporter("signature", pk, organizations) for pk in numbers[:MOST])
    return [one for one in found if one], len(numbers) > MOST


def unaccented(text: Any) -> Func:
    return Func(text, function="unaccent", output_field=models.TextField())
