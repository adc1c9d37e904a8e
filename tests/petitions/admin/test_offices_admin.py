"""The link for an office, as staff make and revoke it, and its answer, which they put
on the petition's page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from organizations.models import Organization, Role
from petitions.delivery import office
from petitions.models import Answer, OfficeAnswer, OfficeLink, Pack
from petitions.states import Delivery
from tests.factories import (
    make_member,
    make_organization,
    make_petition,
    make_signature,
)
from tests.helpers import text_of
from tests.petitions.admin.helpers import Login
from tests.petitions.delivery.helpers import made, prepared

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack(organization: Organization) -> Pack:
    petition = make_petition(organization, delivery=Delivery.NAMES)
    make_signature(petition, name="Ann", delivery="names")
    return made(prepared(petition))


@pytest.fixture
def client(as_user: Login, organization: Organization) -> Any:
    return as_user(make_member(organization, Role.OWNER))


def page(pack: Pack) -> str:
    return f"/admin/petitions/pack/{pack.pk}/office/"


def test_a_link_is_made_shown_and_revoked(client: Any, pack: Pack) -> None:
    assert "A link for the office" in text_of(
        client.get(f"/admin/petitions/pack/{pack.pk}/change/")
    )

    client.post(page(pack), {"mailboxes": "@Justice.example.com", "days": "10"})

    link = OfficeLink.objects.get()
    assert link.mailboxes == "justice.example.com"
    assert link.ends_at - link.made_at == timedelta(days=10)
    shown = client.get(page(pack)).content.decode()
    assert office.link_address(link) in shown
    assert "Nobody has opened it." in shown
    office.record_use(link, "The office opened it", now=timezone.now())
    assert "Used 1 time" in text_of(client.get(page(pack)))

    client.post(page(pack), {"revoke": str(link.pk)})

    link.refresh_from_db()
    assert link.revoked_at is not None
    shown = client.get(page(pack)).content.decode()
    assert office.link_address(link) not in shown
    assert "Revoked on" in shown


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"mailboxes": ""}, "required"),
        ({"mailboxes": "gmail.com"}, "Everybody can have an address there"),
        ({"mailboxes": "co.uk"}, "Everybody can have an address there"),
        ({"mailboxes": "github.io"}, "Everybody can have an address there"),
        ({"mailboxes": "*@justice.example.com"}, "Enter what stands behind the @"),
        ({"mailboxes": "no domain"}, "Enter what stands behind the @"),
        ({"mailboxes": "justice"}, "Enter what stands behind the @"),
        ({"mailboxes": "justice.invalidending"}, "behind the @"),
        ({"mailboxes": "a@b@c"}, "@"),
        ({"days": "0"}, "1"),
        ({"days": "366"}, "365"),
        ({"days": "x"}, "number"),
    ],
)
def test_what_makes_no_link_is_said_and_kept(
    client: Any, pack: Pack, fields: dict[str, str], said: str
) -> None:
    given = {"mailboxes": "justice.example.com", "days": "10"} | fields

    answer = client.post(page(pack), given)

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not OfficeLink.objects.exists()
    for value in filter(None, given.values()):
        assert f'value="{value}"' in answer.content.decode()


def test_a_whole_address_may_be_with_a_general_provider(
    client: Any, pack: Pack
) -> None:
    client.post(page(pack), {"mailboxes": "The.Office@Gmail.com", "days": "10"})

    assert OfficeLink.objects.get().is_mailbox("the.office@gmail.com")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("www.justice.example.com", "justice.example.com"),
        ("justice.example.com.", "justice.example.com"),
        ("Straße.de", "xn--strae-oqa.de"),
    ],
)
def test_a_domain_is_kept_as_mail_has_it(
    client: Any, pack: Pack, typed: str, kept: str
) -> None:
    client.post(page(pack), {"mailboxes": typed, "days": "10"})

    assert OfficeLink.objects.get().mailboxes == kept


@pytest.mark.parametrize("typed", ["x", "-1", "9" * 40, "٣", ""])
def test_odd_numbers_revoke_nothing(client: Any, pack: Pack, typed: str) -> None:
    client.post(page(pack), {"mailboxes": "justice.example.com", "days": "10"})

    assert client.post(page(pack), {"revoke": typed}).status_code == 302
    assert OfficeLink.objects.get().revoked_at is None


def test_a_link_of_another_delivery_is_not_revoked(
    as_user: Login, client: Any, pack: Pack
) -> None:
    client.post(page(pack), {"mailboxes": "justice.example.com", "days": "10"})
    other = make_organization()
    petition = make_petition(other)
    make_signature(petition)
    theirs = made(prepared(petition))
    stranger = as_user(make_member(other, Role.OWNER))

    stranger.post(page(theirs), {"revoke": str(OfficeLink.objects.get().pk)})

    assert OfficeLink.objects.get().revoked_at is None
    assert stranger.get(page(pack)).status_code in {302, 403, 404}


# == The answer ==


@pytest.fixture
def answer(pack: Pack) -> OfficeAnswer:
    now = timezone.now()
    link = OfficeLink.objects.create(
        pack=pack, mailboxes="example.com", made_at=now, ends_at=now + timedelta(days=9)
    )
    return OfficeAnswer.objects.create(
        link=link, name="Anna Minister", email="a@example.com", language="fr",
        text="<b>Oui</b>, *bien sûr*.", sent_at=now,
    )  # fmt: skip


def test_an_answer_is_put_on_the_page_once_it_is_confirmed(
    client: Any, answer: OfficeAnswer
) -> None:
    form = f"/admin/petitions/officeanswer/{answer.pk}/"
    pack_page = f"/admin/petitions/pack/{answer.link.pack_id}/change/"
    assert "Nobody at the office has confirmed" in text_of(client.get(f"{form}change/"))
    client.post(f"{form}publish/")
    assert not Answer.objects.exists()

    office.confirm_answer(answer, now=timezone.now())
    assert f"{form}change/" in client.get(pack_page).content.decode()
    assert "Somebody who reads mail at example.com" in text_of(
        client.get(f"{form}change/")
    )
    client.get(f"{form}publish/")
    assert not Answer.objects.exists()
    client.post(f"{form}publish/")
    client.post(f"{form}publish/")

    [published] = Answer.objects.all()
    assert published.text == answer.text
    assert (published.answered_by, published.language) == ("Anna Minister", "fr")
    assert published.petition == answer.link.pack.petition
    read = client.get(answer.link.pack.petition.get_absolute_url()).content.decode()
    assert "&lt;b&gt;Oui&lt;/b&gt;, *bien sûr*." in read
    assert f"{form}change/" not in client.get(pack_page).content.decode()
    client.get(f"{form}change/")


@pytest.mark.parametrize("role", [*Role])
def test_who_reads_what_an_office_wrote(
    as_user: Login, organization: Organization, answer: OfficeAnswer, role: Role
) -> None:
    staff = as_user(make_member(organization, role, "role@example.org"))

    shown = staff.get(f"/admin/petitions/officeanswer/{answer.pk}/change/")

    may = role in {Role.OWNER, Role.EDITOR, Role.WRITER}
    assert ("Anna Minister" in text_of(shown)) == may
