"""Finding a supporter who calls or writes, among those of the organisations that the
person asked serves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import OperationalError, models, transaction
from django.db.models import F, Func, Max, QuerySet, Value

from core.db.database import statement_timeout
from organizations.models import Organization
from petitions.addresses import clean_address
from petitions.identity import key_ring
from petitions.models import Consent, ImportedSignature, Report, Signature
from petitions.signatures.my_data import DataSubject, reports_of

MOST = 20
"""The most people that a search by name lists."""
LONGEST_SEARCH = 300
PATIENCE = "5s"


class TooManyToSearch(Exception):
    """There are too many signatures to look through for a name."""


@dataclass(frozen=True)
class Supporter:
    """A supporter as one organisation knows them. `kind` and `number` say by which row
    they were found, and lead back to them without their address. `exact` leaves out
    what other spellings of the address have signed. Whoever is only imported has no
    address, but `email_key`."""

    kind: str
    number: int
    address: str
    organization: Organization
    exact: bool = False
    email_key: UUID | None = None

    @cached_property
    def subject(self) -> DataSubject:
        if self.email_key:
            return DataSubject.of_key(self.email_key, self.organization)
        return DataSubject.supporter(self.address, self.organization, exact=self.exact)


# The kinds of rows that lead to a supporter, each with its path to the organisation.
PATHS = {
    "signature": "petition__organization",
    "answer": "organization",
    "message": "petition__organization",
    "imported": "petition__organization",
}


def rows_of(kind: str, organizations: QuerySet[Organization]) -> Any:
    """Return the rows of a kind with an address, or its key, of these
    organisations."""
    rows: dict[str, QuerySet[Any]] = {
        "signature": Signature.objects.known(),
        "answer": Consent.objects.all(),
        "message": Report.objects.legible().exclude(email=""),
        "imported": ImportedSignature.objects.all(),
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
    column = "email_key" if kind == "imported" else "email"
    row = rows.values_list(column, PATHS[kind]).first()
    if row is None:
        return None
    address, organization = row
    named = organizations.get(pk=organization)
    if kind == "imported":
        return Supporter(kind, number, "", named, email_key=address)
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
    newest: dict[int, tuple[str, int, str]] = {}
    for kind, path in PATHS.items():
        if kind == "imported":
            continue
        rows = rows_of(kind, organizations)
        if kind == "message":
            rows = reports_of(rows, address)
        else:
            rows = rows.filter(email_key__in=known)
        for number, email, organization in rows.order_by("-pk").values_list(
            "pk", "email", path
        ):
            newest.setdefault(organization, (kind, number, email))
    named = organizations.in_bulk(newest)
    return [
        *(Supporter(*row, named[organization]) for organization, row in newest.items()),
        *find_imported(address, organizations.exclude(pk__in=newest)),
    ]


def find_imported(
    address: str, organizations: QuerySet[Organization]
) -> list[Supporter]:
    """Return the owner of the mailbox with this address, in any spelling, as imports
    know them: once for each organisation and key, for nothing leads from the key of one
    version to that of another."""
    rows = rows_of("imported", organizations)
    rows = rows.of_mailbox(address, key_ring.current_keyring())
    newest = (
        rows.order_by()
        .values(PATHS["imported"], "email_key")
        .annotate(newest=Max("pk"))
        .values_list("newest", flat=True)
    )
    people = (get_supporter("imported", pk, organizations) for pk in newest)
    return [one for one in people if one]


def find_by_name(
    typed: str, organizations: QuerySet[Organization]
) -> tuple[list[Supporter], bool]:
    """Return the people whose name has all words of `typed`, or parts of them, with or
    without accents: those who signed last, at most `MOST`, and whether there are more.
    Raise TooManyToSearch when that takes too long."""
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
        raise TooManyToSearch from error
    people = (get_supporter("signature", pk, organizations) for pk in numbers[:MOST])
    return [one for one in people if one], len(numbers) > MOST


def unaccented(text: Any) -> Func:
    return Func(text, function="unaccent", output_field=models.TextField())
