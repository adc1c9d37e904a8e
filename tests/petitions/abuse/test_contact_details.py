"""No e-mail address and no link is accepted as a name or a place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.http.cache_policy import page_cache
from organizations.models import Organization, User
from petitions.abuse.contact_details import (
    holds_a_contact,
    may_hold_a_contact,
)
from petitions.models import Petition, Signature
from petitions.signatures.tokens import TokenPurpose
from tests.factories import make_pending, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.admin.helpers import decide
from tests.petitions.views.helpers import page_of

CONTACTS = [
    "ann.private@mailbox.test", "Ann ann.private@mailbox.test", "ann\uff20mailbox.test",
    "ann\ufe6bmailbox.test", "ann@\u200bmailbox.test", "@ann", "visit http://spam.example",
    "https://x.example", "www.spam.example", "WWW.SPAM.EXAMPLE", "spam.com", "Spam.Com",
    "spam\u3002com", "ｓｐａｍ．ｃｏｍ", "acme.ca", "mailto:x", "see ann.example.org now",
    "BIT.LY/3xyz", "Spam.Shop", "SPAM.CA", "spam.рф", "spam[.]com", "spam (.) ca",
    "Ann [dot] com", "ann(punto)org", "ann {Point} fr", "X.com Ann", "spam\u06d4com",
    "s\u0336p\u0336a\u0336m\u0336.\u0336c\u0336o\u0336m", "spam.c\ufe0fom", "spa\u034fm.\u3164com",
    "🅢🅟🅐🅜.🅒🅐", "S P A M . C O M", "a n n @ m a i l",
]  # fmt: skip
NAMES = [
    "Maya Tremblay", "J.R.R. Tolkien", "Dr. Li", "Dr.Smith", "St.John Philby", "O\u2019Brien",
    "Jean-Paul", "Martin Luther King Jr.", "M. et Mme Roy", "李小龙", "محمد", "Ph.D. Roy",
    "J.-P. Roy", "Jean.Marie Roy", "Dr.Anna Roy", "M.de Gaulle", "D.C.", "Roy/Li",
    "m.de gaulle", "prof.dr. de Vries", "Marcel·lí", "Gal·la Roy", "Maya 🇨🇦", "Ann & Tom Roy",
    "A.B. Com", "Mary Ann", "St. John's, N.L.", "H0H 0H0", "Montréal (Québec)", "Ann (Dot) Roy",
]  # fmt: skip


@pytest.mark.parametrize("text", CONTACTS)
def test_a_contact(text: str) -> None:
    assert holds_a_contact(text)


@pytest.mark.parametrize("text", NAMES)
def test_a_name(text: str) -> None:
    assert not holds_a_contact(text)


DOUBTFUL = [
    "ann at mailbox dot test", "Ann, call 514 555 0199", "+1 (514) 555-0199",
    "Ann ٥١٤٥٥٥٠١٩٩", "ann (at) mailbox", "ann arobase courriel point ca",
    "gmail ann", "ＷｈａｔｓＡｐｐ Ann", "visit www spam", "CBC.ca", "ABC.XYZ", "Sos.Shop", "dr.li",
    "dipl.ing. huber", "spam · com", "spam・com", "spam‧com", "spam\\.com", "spam . com",
    "visit spam dot shop", "ann собака mail точка ru", "ann ät mailbox punkt de",
    "Ann ➄➀➃ ➄➄➄ ⓪①⑨⑨", "Ann 一三八零零一三八", "visit 192.0.2.1", "insta annroy",
    "ann_at_mailbox_dot_test", "ann&commat;mailbox&period;test", "Whats App Ann", "微信 annroy",
    "spam. com", "spam;com", "spam..com", "spam point com", "spam punkt de", "a&num;b",
]  # fmt: skip


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_somebody_should_look_at(text: str) -> None:
    assert may_hold_a_contact(text)
    assert not holds_a_contact(text)


# Words of a sentence, or of a place, that are also endings of domains.
NO_ADDRESS = [
    "75001 Paris", "Jack Point", "Dot Smith", "Aunt Dot Green", "Point de Bute",
    "Rocky Point PR", "West Point ME", "Vérifié d'un point de vue formel",
    "Demande reçue au point de service", "The point is that…", "El punto es claro",
    "Der Punkt in der Mitte", "the dot is red", "Checked: app", "Checked (online)",
    "Called back; info matched", "He called. Info matched", "100% online", "AT&T; ok",
]  # fmt: skip


@pytest.mark.parametrize("text", [*NAMES, *NO_ADDRESS])
def test_what_needs_no_look(text: str) -> None:
    assert not may_hold_a_contact(text)


def shown_on(visitor: Client, petition: Petition) -> str:
    page_cache.clear()
    return text_of(visitor.get(petition.get_absolute_url()))


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["name", "place"])
@pytest.mark.parametrize("way", ["signing", "confirming", "correcting"])
def test_a_doubtful_name_waits_for_staff_wherever_it_is_typed(
    visitor: Client,
    as_user: Callable[[User], Client],
    erin: User,
    organization: Organization,
    sign_form: dict[str, Any],
    field: str,
    way: str,
) -> None:
    petition = make_petition(organization, asks_place=True)
    doubtful = "ann at mailbox dot test"
    form = {**sign_form, "show_name": "1", field: doubtful}
    if way == "signing":
        visitor.post(f"{petition.get_absolute_url()}sign/", form)
        mine = Signature.objects.get()
        visitor.post(page_of(TokenPurpose.CONFIRM, mine))
    elif way == "confirming":
        mine = make_pending(petition)
        visitor.post(f"{page_of(TokenPurpose.CONFIRM, mine)}correct/", form)
    else:
        mine = make_signature(petition)
        visitor.post(page_of(TokenPurpose.OWN, mine), form)
    mine.refresh_from_db()
    assert (mine.state, mine.show_name) == ("confirmed", True)
    assert getattr(mine, field) == doubtful
    assert doubtful not in shown_on(visitor, petition)

    staff, path = as_user(erin), "/admin/petitions/signature/"
    assert doubtful in text_of(staff.get(f"{path}{mine.pk}/change/"))
    waiting = staff.get(f"{path}?name=waiting").context["cl"].queryset
    assert list(waiting) == [mine]
    chosen = {"_selected_action": [mine.pk]}
    decide(staff, {"action": "withhold_names", **chosen}, path)
    assert doubtful not in shown_on(visitor, petition)
    assert not staff.get(f"{path}?name=waiting").context["cl"].queryset.exists()
    assert list(staff.get(f"{path}?name=withheld").context["cl"].queryset) == [mine]
    decide(staff, {"action": "release_names", **chosen}, path)
    assert doubtful in shown_on(visitor, petition)


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
        f"{page_of(TokenPurpose.CONFIRM, pending)}correct/",
        page_of(TokenPurpose.OWN, mine),
    ):
        answer = visitor.post(path, form)
        assert answer.status_code == 422, path
        assert "without an e-mail address or a link" in text_of(answer)
        assert "Kept words" in answer.content.decode()

    stored = Signature.objects.values("name", "place", "postal_code", "state")
    assert list(stored) == before
