"""A delivery from the petition's page to the handover, as staff make it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.utils import timezone

from core.models import AuditEntry
from organizations.models import Organization, Role, User
from petitions.delivery import files, making
from petitions.models import Handover, ImportedSignature, Pack, Petition
from petitions.states import Delivery, PackContents, PackState, State
from tests.factories import make_member, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.admin.helpers import Login
from tests.petitions.importing.files import bring_in_named

pytestmark = pytest.mark.django_db


@pytest.fixture
def petition(organization: Organization) -> Petition:
    return make_petition(organization, delivery=Delivery.NAMES, asks_place=True)


@pytest.fixture
def client(as_user: Login, organization: Organization) -> Any:
    return as_user(make_member(organization, Role.OWNER))


def address(pack: Pack, page: str = "change") -> str:
    return f"/admin/petitions/pack/{pack.pk}/{page}/"


def prepare(client: Any, petition: Petition, **fields: Any) -> Pack:
    """Press the button on the page “Deliver”."""
    fields.setdefault("contents", PackContents.NAMES)
    fields.setdefault("target", petition.targets.get().pk)
    answer = client.post(f"/admin/petitions/petition/{petition.pk}/deliver/", fields)
    pack = Pack.objects.get(petition=petition)
    assert answer["Location"] == address(pack)
    return pack


def work(pack: Pack) -> None:
    while making.advance_pack(timezone.now()):
        pass
    pack.refresh_from_db()
    assert pack.state == PackState.DONE


def test_from_the_petition_to_the_handover(client: Any, petition: Petition) -> None:
    make_signature(petition, name="Ann", delivery="names")
    nonsense = make_signature(petition, name="Asdf Asdf", delivery="names")
    make_signature(petition, name="Only A Number", delivery="number")
    form = f"/admin/petitions/petition/{petition.pk}/deliver/"
    assert (
        form
        in client.get(
            f"/admin/petitions/petition/{petition.pk}/change/"
        ).content.decode()
    )
    assert "2 of 3 signatures confirmed here agreed" in text_of(client.get(form))

    pack = prepare(client, petition)
    page = text_of(client.get(address(pack, "names")))
    assert "Ann" in page
    assert "Only A Number" not in page
    shown = list(pack.agreed().values_list("pk", flat=True))
    fields = {"shown": shown, "leave_out": [nonsense.pk], "keep": ""}
    page = text_of(client.post(address(pack, "names"), fields))
    assert "1 is left out." in page
    client.post(address(pack, "make"))
    work(pack)
    assert "Asdf" not in text_of(client.get(address(pack)))
    answer = client.post(address(pack, "download"))
    content = b"".join(answer.streaming_content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.read(files.NAMES).decode()
    assert "Ann" in names
    assert "Asdf" not in names
    assert "Number" not in names.partition("\r\n")[2]
    fields = {"handed_on": timezone.localdate().isoformat(), "manner": "post"}
    answer = client.post(address(pack, "handed-over"), fields)

    handover = Handover.objects.get()
    assert answer["Location"] == f"/admin/petitions/handover/{handover.pk}/change/"
    assert (handover.confirmed, handover.paper, handover.imported) == (3, 0, 0)
    assert "Handed over on" in text_of(client.get(address(pack)))
    said = AuditEntry.objects.filter(table="petitions_pack", action="note")
    assert list(said.values_list("now__said", flat=True)) == ["Downloaded the files"]


def test_who_searches_sends_the_name_in_the_form(
    client: Any, petition: Petition
) -> None:
    make_signature(petition, name="Ann", delivery="names")
    make_signature(petition, name="Zoé", delivery="names")
    pack = prepare(client, petition)

    page = text_of(client.post(address(pack, "names"), {"q": "zoé", "search": ""}))

    assert "Zoé" in page
    assert "Ann" not in page
    looks = AuditEntry.objects.filter(table="petitions_signature", action="look")
    assert list(looks.values_list("now__kind", flat=True)) == ["search"]
    assert "zoé" not in str(list(AuditEntry.objects.values()))


def test_names_come_a_page_at_a_time_and_marks_are_kept(
    client: Any, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petitions.admin.packs.ON_A_PAGE", 2)
    rows = [make_signature(petition, name=f"N{n}", delivery="names") for n in range(5)]
    pack = prepare(client, petition)
    page = text_of(client.get(address(pack, "names")))
    assert ("N1" in page, "N2" in page) == (True, False)

    fields = {
        "shown": [rows[0].pk, rows[1].pk],
        "leave_out": [rows[1].pk],
        "after": rows[1].pk,
    }
    page = text_of(client.post(address(pack, "names"), fields))

    assert ("N1" in page, "N2" in page, "N4" in page) == (False, True, False)
    assert list(pack.left_outs.values_list("signature", flat=True)) == [rows[1].pk]
    # What is not shown is not taken back, and what is shown and unmarked is.
    client.post(address(pack, "names"), {"shown": [rows[2].pk]})
    assert pack.left_outs.count() == 1
    client.post(address(pack, "names"), {"shown": [rows[1].pk]})
    assert pack.left_outs.count() == 0


def test_signatures_of_another_petition_are_not_left_out(
    client: Any, petition: Petition
) -> None:
    other = make_signature(make_petition(delivery="names"), delivery="names")
    pack = prepare(client, petition)

    client.post(
        address(pack, "names"), {"shown": [other.pk, "x"], "leave_out": [other.pk, "9"]}
    )

    assert pack.left_outs.count() == 0


def test_a_pack_of_numbers_is_one_press(client: Any, petition: Petition) -> None:
    make_signature(petition, name="Ann", delivery="names")

    pack = prepare(client, petition, contents=PackContents.NUMBERS)
    work(pack)

    assert (pack.names, pack.number_only) == (0, 1)
    assert not pack.files.filter(name=files.NAMES).exists()


def test_who_receives_it_is_asked_beside_the_field(
    client: Any, petition: Petition
) -> None:
    other = make_petition().targets.get()
    for target in ("", other.pk, "nobody"):
        page = client.post(
            f"/admin/petitions/petition/{petition.pk}/deliver/",
            {"target": target, "contents": "names"},
        )
        assert page.status_code == 200
        assert "errorlist" in page.content.decode()
    assert not Pack.objects.exists()


def test_the_same_day_twice_is_said_beside_the_field(
    client: Any, petition: Petition
) -> None:
    make_signature(petition)
    pack = prepare(client, petition, contents=PackContents.NUMBERS)
    work(pack)
    today = timezone.localdate()
    Handover.objects.create(
        petition=petition, target=pack.target, handed_on=today, confirmed=1, paper=0,
        imported=0,
    )  # fmt: skip
    fields = {"handed_on": today.isoformat(), "manner": "post"}

    page = text_of(client.post(address(pack, "handed-over"), fields))

    assert "A handover to them on this day is there already." in page
    fields["handed_on"] = "2199-01-01"
    page = text_of(client.post(address(pack, "handed-over"), fields))
    assert "That day has yet to come." in page
    pack.refresh_from_db()
    assert pack.handover is None


@pytest.mark.parametrize("page", ["names", "make", "call-off", "download"])
def test_a_page_out_of_its_time_leads_to_the_pack(
    client: Any, petition: Petition, page: str
) -> None:
    make_signature(petition)
    pack = prepare(client, petition, contents=PackContents.NUMBERS)
    work(pack)
    Pack.objects.update(files_erased_at=timezone.now())

    answer = client.post(address(pack, page))

    assert answer["Location"] == address(pack)


def test_a_withdrawn_petition_is_not_delivered(client: Any, petition: Petition) -> None:
    Petition.objects.update(state=State.WITHDRAWN, ended_at=timezone.now())
    form = f"/admin/petitions/petition/{petition.pk}/deliver/"
    target = petition.targets.get().pk

    page = client.post(form, {"target": target, "contents": "names"})

    assert "was withdrawn is not delivered" in text_of(page)
    assert not Pack.objects.exists()


@pytest.mark.parametrize(
    "role", [Role.EDITOR, Role.MODERATOR, Role.WRITER, Role.VIEWER]
)
def test_others_see_the_numbers_and_no_name(
    as_user: Login,
    organization: Organization,
    petition: Petition,
    client: Any,
    role: Role,
) -> None:
    make_signature(petition, name="Ann", delivery="names")
    pack = prepare(client, petition)
    other = as_user(make_member(organization, role))

    assert other.get(address(pack)).status_code == 200
    for page in ("names", "make", "call-off", "download", "handed-over"):
        assert other.post(address(pack, page)).status_code == 403
    form = f"/admin/petitions/petition/{petition.pk}/deliver/"
    assert other.get(form).status_code == 403


def test_who_signed_elsewhere_is_looked_through_too(
    client: Any, petition: Petition, erin: User
) -> None:
    lines = ["ann@example.org,Ann Roy,Hull,,,", "x@example.org,Asdf Asdf,,,,"]
    bring_in_named(petition, erin, lines)
    other = make_petition(petition.organization)
    bring_in_named(other, erin, ["bo@example.org,Bo Li,,,,"])
    strange = ImportedSignature.objects.get(name="Bo Li")
    pack = prepare(client, petition)
    here = f"{address(pack, 'names')}?elsewhere=1"
    assert here in client.get(address(pack)).content.decode()

    page = text_of(client.get(here))
    assert ("Ann Roy" in page, "Asdf" in page, "Bo Li" in page) == (True, True, False)
    assert "Ann Roy" not in text_of(client.get(address(pack, "names")))
    page = text_of(client.post(here, {"q": "hull", "search": ""}))
    assert ("Ann Roy" in page, "Asdf" in page) == (True, False)

    nonsense = ImportedSignature.objects.get(name="Asdf Asdf")
    marked = {
        "shown": [nonsense.pk, strange.pk],
        "leave_out": [nonsense.pk, strange.pk],
    }
    assert "1 is left out." in text_of(client.post(here, marked))
    assert "You left out 1 of them." in text_of(client.get(address(pack)))
    client.post(here, {"shown": [nonsense.pk]})
    assert pack.left_outs_elsewhere.count() == 0
    client.post(here, marked)
    client.post(address(pack, "make"))
    work(pack)

    assert (pack.elsewhere, pack.left_out_elsewhere) == (1, 1)
    assert "Left out of that list by you" in text_of(client.get(address(pack)))
    looks = AuditEntry.objects.filter(
        table="petitions_importedsignature", action="look"
    )
    assert "search" in looks.values_list("now__kind", flat=True)
