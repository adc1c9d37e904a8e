"""No address and no link where a name or a place is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from petitions.contacts import holds_a_contact
from petitions.models import Petition, Signature
from petitions.tokens import Purpose
from tests.factories import make_pending, make_petition, make_signature
from tests.petitions.test_links import page_of
from tests.petitions.test_pages import text_of

CONTACTS = [
    "ann.private@mailbox.test", "Ann ann.private@mailbox.test", "ann\uff20mailbox.test",
    "ann\ufe6bmailbox.test", "ann@\u200bmailbox.test", "@ann", "visit http://spam.example",
    "https://x.example", "www.spam.example", "WWW.SPAM.EXAMPLE", "spam.com", "Spam.Com",
    "spam\u3002com", "ｓｐａｍ．ｃｏｍ", "acme.ca", "mailto:x", "see ann.example.org now",
    "BIT.LY/3xyz", "Spam.Shop", "SPAM.CA", "spam.рф", "spam[.]com", "spam (.) ca",
]  # fmt: skip
NAMES = [
    "Maya Tremblay", "J.R.R. Tolkien", "Dr. Li", "Dr.Smith", "St.John Philby", "O\u2019Brien",
    "Jean-Paul", "Martin Luther King Jr.", "M. et Mme Roy", "李小龙", "محمد", "Ph.D. Roy",
    "J.-P. Roy", "Jean.Marie Roy", "Dr.Anna Roy", "M.de Gaulle", "D.C.", "Roy/Li",
    "Mary Ann", "St. John's, N.L.", "H0H 0H0", "Montréal (Québec)",
]  # fmt: skip


@pytest.mark.parametrize("text", CONTACTS)
def test_a_contact(text: str) -> None:
    assert holds_a_contact(text)


@pytest.mark.parametrize("text", NAMES)
def test_a_name(text: str) -> None:
    assert not holds_a_contact(text)


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["name", "place", "postal_code"])
def test_it_is_refused_beside_its_field_wherever_it_is_typed(
    visitor: Client, sign_form: dict[str, Any], field: str
) -> None:
    petition: Petition = make_petition(asks_place=True, asks_postal_code=True)
    form = {**sign_form, "comment": "Kept words", field: "a@b.example"}
    pending, mine = make_pending(petition), make_signature(petition)
    before = list(Signature.objects.values("name", "place", "postal_code", "state"))

    for path in (
        f"{petition.get_absolute_url()}sign/",
        f"{page_of(Purpose.CONFIRM, pending)}correct/",
        page_of(Purpose.OWN, mine),
    ):
        answer = visitor.post(path, form)
        assert answer.status_code == 422, path
        assert "without an e-mail address or a link" in text_of(answer)
        assert "Kept words" in answer.content.decode()

    stored = Signature.objects.values("name", "place", "postal_code", "state")
    assert list(stored) == before
