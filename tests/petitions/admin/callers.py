"""A supporter who calls, and how staff find and serve them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.test import Client

from organizations.models import Organization
from petitions.models import Petition, Signature
from tests.factories import make_pending, make_petition, make_signature

ADMIN = "/admin/petitions/supporterrequest/"
EMAIL = "zephyrine@example.org"
OTHER_SPELLING = "Zephyrine+news@Example.org"
NAME = "Zéphyrine Quastenflosser"
ASKED = {
    "came_by": "phone",
    "received_on": "2026-01-15",
    "checked_by": "details",
    "check_note": "Asked twice",
}


def make_caller(
    petition: Petition, other_organization: Organization
) -> list[Signature]:
    """Signatures of one person: two counted, in two spellings, one waiting, and one
    under another organisation."""
    second = make_petition(petition.organization, title="Second")
    third = make_petition(petition.organization, title="Third")
    elsewhere = make_petition(other_organization, title="Elsewhere")
    fields: dict[str, Any] = {"name": NAME, "wants_updates": True}
    return [
        make_signature(petition, EMAIL, comment="The owl calls", **fields),
        make_signature(second, OTHER_SPELLING, **fields),
        make_pending(third, EMAIL, **fields),
        make_signature(elsewhere, EMAIL, **fields),
    ]


def find(client: Client, typed: str) -> Any:
    return client.post(f"{ADMIN}search/", {"q": typed})


def page_of(client: Client, typed: str) -> str:
    """Return the path of the page of the only person found."""
    answer = find(client, typed)
    assert answer.status_code == 302, answer.content.decode()
    path = str(answer.headers["Location"])
    assert "/supporter/" in path, path
    return path


def ask(client: Client, path: str, **fields: Any) -> Any:
    """Send the form of a page as a browser does, with its boxes as they are ticked."""
    text = client.get(path).content.decode()
    seen = re.search(r'name="_seen" value="([^"]*)"', text)
    boxes = re.findall(r'name="chosen" value="(\d+)"[^>]*checked', text)
    form = {**ASKED, "_seen": unescape(seen[1]) if seen else "", "chosen": boxes}
    return client.post(path, {**form, **fields})
