"""What signers are told of lists that have their names, before they withdraw or erase."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from petitions.models import Pack, Petition, Signature
from petitions.signatures import tokens, withdrawing
from petitions.signatures.tokens import TokenPurpose
from petitions.states import Delivery, PackContents
from tests.factories import make_handover, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.delivery.helpers import made, prepared

pytestmark = pytest.mark.django_db


@pytest.fixture
def petition() -> Petition:
    return make_petition(delivery=Delivery.NAMES)


def told(visitor: Client, row: Signature) -> list[str]:
    """Return what each of the three pages says."""
    own = tokens.make_token(TokenPurpose.OWN, row.pk, now=timezone.now())
    every = tokens.make_token(TokenPurpose.ALL, row.pk, now=timezone.now())
    paths = [
        f"/signature/{own}/withdraw/", f"/signature/{own}/erase/",
        f"/signed/{every}/erase/",
    ]  # fmt: skip
    return [text_of(visitor.get(path)) for path in paths]


def test_a_list_that_was_handed_over_is_told(
    visitor: Client, petition: Petition
) -> None:
    row = make_signature(petition, delivery="names")
    pack = made(prepared(petition))
    for page in told(visitor, row):
        assert "was made for Minister on" in page
        assert "The copy kept here will be erased by" in page
    Pack.objects.filter(pk=pack.pk).update(
        handover=make_handover(petition), files_erased_at=timezone.now()
    )

    for page in told(visitor, row):
        assert "was handed to Minister on" in page
        assert "The copy" not in page


@pytest.mark.parametrize(
    "case", ["number", "later", "withdrawn before", "numbers only", "over", "running"]
)
def test_nobody_is_told_of_a_list_without_their_name(
    visitor: Client, petition: Petition, case: str
) -> None:
    fields: dict[str, Any] = {}
    if case == "numbers only":
        fields["contents"] = PackContents.NUMBERS
    row = make_signature(petition, delivery="number" if case == "number" else "names")
    if case == "withdrawn before":
        withdrawing.withdraw(row, now=timezone.now())
        row.refresh_from_db()
    pack = prepared(petition, **fields)
    if case != "running":
        pack = made(pack)
    if case == "later":
        later = timezone.now() + timedelta(minutes=1)
        Signature.objects.filter(pk=row.pk).update(confirmed_at=later)
    if case == "over":
        Pack.objects.filter(pk=pack.pk).update(files_erased_at=timezone.now())

    for page in told(visitor, row):
        assert "A list of those who agreed" not in page
