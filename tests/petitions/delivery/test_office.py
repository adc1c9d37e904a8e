"""The office's room: what a link shows to whoever has it, and the answer from there to
the petition's page."""

from __future__ import annotations

import re
import smtplib
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.db import Error, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEntry
from organizations.models import Organization, User
from petitions.delivery import expiring, files, office
from petitions.models import Answer, OfficeAnswer, OfficeLink, Pack, Petition
from petitions.privacy import expiry
from petitions.signatures import withdrawing
from petitions.signatures.tokens import TokenPurpose, make_token
from petitions.states import Delivery, PackContents
from tests.factories import make_handover, make_petition, make_signature
from tests.helpers import text_of
from tests.petitions.delivery.helpers import made, prepared

pytestmark = pytest.mark.django_db

ANSWER = {
    "name": "Anna Minister, Ministry of Justice",
    "email": "anna@justice.example.org",
    "language": "en",
    "text": "We will look into it.\n\nSincerely",
}


@pytest.fixture
def petition(organization: Organization) -> Petition:
    return make_petition(organization, delivery=Delivery.NAMES, asks_place=True)


def given(pack: Pack, **values: Any) -> OfficeLink:
    now = timezone.now()
    values = {"made_at": now, "ends_at": now + timedelta(days=30)} | values
    values.setdefault("mailboxes", "justice.example.org")
    return OfficeLink.objects.create(pack=pack, **values)


def path_of(link: OfficeLink, page: str = "") -> str:
    path = urlsplit(office.link_address(link)).path
    return f"{path}{page}"


@pytest.fixture
def link(petition: Petition) -> OfficeLink:
    make_signature(petition, name="Ann <b>One", place="Oslo", delivery="names")
    make_signature(petition, name="Only A Number", place="Rome", delivery="number")
    make_signature(petition, name="عمر", place="Cairo", delivery="names")
    return given(made(prepared(petition)))


def whole(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def entries_of(link: OfficeLink) -> list[tuple[str, int]]:
    found = AuditEntry.objects.filter(table="petitions_officelink", action="note")
    noted: list[Any] = [entry.now for entry in found.order_by("pk")]
    return [(now["said"], now["rows"]) for now in noted]


# == What it shows ==


def test_whoever_has_the_link_sees_the_numbers_and_nobody_named(
    client: Client, link: OfficeLink
) -> None:
    answer = client.get(path_of(link))

    shown = text_of(answer)
    assert answer.status_code == 200
    assert "3 signatures" in shown
    assert "2 of them agreed" in shown
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex"
    for name in ("Ann", "Only A Number", "عمر"):
        assert name not in shown
    for file in link.pack.files.all():
        assert file.sha256 in shown
    assert entries_of(link) == [("The office opened it", 0)]


def test_names_are_shown_by_a_button_and_on_record(
    client: Client, link: OfficeLink
) -> None:
    names = path_of(link, "names/")

    assert client.get(names)["Location"] == path_of(link)
    foreign = client.post(names, headers={"origin": "https://elsewhere.example"})
    answer = client.post(names)

    assert foreign["Location"] == path_of(link)
    shown = answer.content.decode()
    assert "Ann &lt;b&gt;One" in shown
    assert "عمر" in shown
    assert "Only A Number" not in shown
    assert entries_of(link) == [("The office looked at names", 2)]


@pytest.mark.parametrize(
    ("sought", "found"),
    [("oslo", {"Ann"}), ("عمر", {"عمر"}), ("rome", set()), ("%", set()), ("\0", None)],
)
def test_names_and_places_are_searched(
    client: Client, link: OfficeLink, sought: str, found: set[str] | None
) -> None:
    answer = client.post(path_of(link, "names/"), {"q": sought})

    shown = answer.content.decode()
    everybody = {"Ann", "عمر"}
    assert {name for name in everybody if name in shown} == (
        everybody if found is None else found
    )


def test_a_reason_is_searched_for_nobody(client: Client, petition: Petition) -> None:
    """It may be one that its owner did not agree to have delivered."""
    make_signature(petition, name="Ann", comment="Secret reason", delivery="names")
    link = given(made(prepared(petition)))

    assert "Ann" not in text_of(client.post(path_of(link, "names/"), {"q": "secret"}))


def test_names_are_paged(
    client: Client, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "ON_A_PAGE", 2)
    for name in ("Ann", "Bob", "Cleo"):
        make_signature(petition, name=name, delivery="names")
    link = given(made(prepared(petition)))
    names = path_of(link, "names/")

    first = client.post(names)
    second = client.post(names, {"after": str(first.context["page"].after)})

    assert [line[0] for line in first.context["page"].lines] == ["Ann", "Bob"]
    assert [line[0] for line in second.context["page"].lines] == ["Cleo"]
    assert second.context["page"].after == 0
    for odd in ("-1", "x", "9" * 30, "٣"):
        assert client.post(names, {"after": odd}).status_code == 200


def test_who_withdrew_since_is_not_shown(client: Client, petition: Petition) -> None:
    gone = make_signature(petition, name="Ann", delivery="names")
    make_signature(petition, name="Bob", delivery="names")
    link = given(made(prepared(petition)))
    withdrawing.withdraw(gone, now=timezone.now())

    shown = text_of(client.post(path_of(link, "names/")))

    assert "Bob" in shown
    assert "Ann" not in shown


def test_a_delivery_of_numbers_shows_no_names(
    client: Client, petition: Petition
) -> None:
    make_signature(petition, name="Ann", delivery="names")
    link = given(made(prepared(petition, contents=PackContents.NUMBERS)))

    assert "Show the names" not in text_of(client.get(path_of(link)))
    assert "Ann" not in text_of(client.post(path_of(link, "names/")))


def test_files_are_taken_by_a_button(client: Client, link: OfficeLink) -> None:
    names = link.pack.files.get(name="names.csv")
    files = path_of(link, "files/")
    other = made(prepared(link.pack.petition)).files.get(name="names.csv")

    assert client.get(f"{files}{names.pk}/").status_code == 302
    assert client.post(f"{files}{other.pk}/").status_code == 404
    csv = whole(client.post(f"{files}{names.pk}/"))
    archive = whole(client.post(f"{files}0/"))

    assert "عمر" in csv.decode()
    assert archive.startswith(b"PK")
    assert entries_of(link) == [("The office downloaded the files", 2)] * 2


def test_once_the_files_are_erased_numbers_stay(
    client: Client, link: OfficeLink
) -> None:
    expiring.erase_pack_files(Pack.objects.filter(pk=link.pack_id))

    shown = text_of(client.get(path_of(link)))
    assert "3 signatures" in shown
    assert "Show the names" not in shown
    assert "Ann" not in text_of(client.post(path_of(link, "names/")))
    assert client.post(path_of(link, "files/0/")).status_code == 302


# == Who gets in ==


@pytest.mark.parametrize("page", ["", "names/", "files/0/"])
def test_a_link_that_ended_or_was_revoked_opens_nothing(
    client: Client, link: OfficeLink, page: str
) -> None:
    now = timezone.now()
    old = given(link.pack, made_at=now - timedelta(days=2), ends_at=now)
    assert link.revoke(now)
    assert not link.revoke(now)

    for closed in (old, link):
        answer = client.post(path_of(closed, page))
        assert answer.status_code == 410
        assert "3 signatures" not in text_of(answer)
        assert closed.pack.petition.organization.name in text_of(answer)
    assert entries_of(link) == []


PAGES = {
    "office": (TokenPurpose.OFFICE, []),
    "office_names": (TokenPurpose.OFFICE, []),
    "office_file": (TokenPurpose.OFFICE, [0]),
    "office_answer": (TokenPurpose.OFFICE_ANSWER, []),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("purpose", TokenPurpose)
def test_a_token_of_another_kind_opens_nothing(
    client: Client, link: OfficeLink, purpose: TokenPurpose, name: str
) -> None:
    kind, more = PAGES[name]
    answered(client, link)
    number = OfficeAnswer.objects.get().pk if name == "office_answer" else link.pk
    token = make_token(purpose, number, now=link.made_at)
    path = reverse(f"petitions:{name}", args=[token, *more])

    for answer in (client.get(path, follow=True), client.post(path)):
        read = b"" if answer.streaming else answer.content
        if purpose is kind:
            assert answer.status_code in {200, 303, 422}
        else:
            assert answer.status_code == 404
            assert b"signatures</h1>" not in read
        whole(answer) if answer.streaming else None


@pytest.mark.parametrize("prefix", ["", "/fr"])
@pytest.mark.parametrize("purpose", [TokenPurpose.OFFICE, TokenPurpose.OFFICE_ANSWER])
def test_a_link_to_what_is_not_there_says_so(
    client: Client, purpose: TokenPurpose, prefix: str
) -> None:
    """Also a whole one, which is not led to itself again and again."""
    token = make_token(purpose, 999, now=timezone.now())
    folder = "office" if purpose is TokenPurpose.OFFICE else "office-answer"
    for path in (token, token[:-20], token.upper(), "%3E"):
        answer = client.get(f"{prefix}/{folder}/{path}/", follow=True)
        assert answer.status_code == 404
        assert f'<html lang="{prefix[1:] or "en"}"' in answer.content.decode()
        assert client.post(f"{prefix}/{folder}/{path}/").status_code == 404


def test_a_link_that_a_mail_program_damaged_still_leads_there(
    client: Client, link: OfficeLink
) -> None:
    token = path_of(link).strip("/").rpartition("/")[2]

    for damaged in (f"{token}.", f"{token})", f"OFFICE/{token}", f"{token}/more"):
        path = damaged if damaged[0] == "O" else f"office/{damaged}"
        answer = client.get(f"/{path}", follow=True)
        assert answer.status_code == 200, path
        assert "3 signatures" in text_of(answer)


def test_each_opening_is_on_record_so_their_number_has_a_bound(
    client: Client, link: OfficeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = type(office.OPENINGS)("office link", 2, timedelta(minutes=1))
    monkeypatch.setattr(office, "OPENINGS", few)

    statuses = [client.get(path_of(link)).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert len(entries_of(link)) == 2


@pytest.mark.parametrize(
    ("mailboxes", "address", "belongs"),
    [
        ("pm.gc.ca", "a@pm.gc.ca", True),
        ("pm.gc.ca", "a@PM.gc.ca", True),
        ("pm.gc.ca", "a@mail.pm.gc.ca", True),
        ("pm.gc.ca", "a@evilpm.gc.ca", False),
        ("pm.gc.ca", "a@gc.ca", False),
        ("pm.gc.ca", "pm.gc.ca@gmail.com", False),
        ("office@gmail.com", "Office@gmail.com", True),
        ("office@gmail.com", "other@gmail.com", False),
        ("xn--strae-oqa.de", "a@straße.de", True),
        ("office@straße.de", "office@straße.de", True),
        ("office@straße.de", "office@strasse.de", False),
        ("strasse.de", "a@straße.de", False),
    ],
)
def test_whose_mailbox_it_is(mailboxes: str, address: str, belongs: bool) -> None:
    assert OfficeLink(mailboxes=mailboxes).is_mailbox(address) == belongs


def test_the_database_lets_a_link_only_be_revoked(link: OfficeLink) -> None:
    for change in (
        {"ends_at": timezone.now() + timedelta(days=300)},
        {"mailboxes": "gmail.com"},
    ):
        with pytest.raises(Error, match="only revoked"), transaction.atomic():
            OfficeLink.objects.filter(pk=link.pk).update(**change)
    link.revoke(timezone.now())
    with pytest.raises(Error, match="only revoked"), transaction.atomic():
        OfficeLink.objects.filter(pk=link.pk).update(revoked_at=None)


# == The answer ==


def answered(client: Client, link: OfficeLink, **fields: str) -> Any:
    return client.post(path_of(link), ANSWER | fields)


def staff_of(link: OfficeLink) -> User:
    assert link.pack.made_by is not None
    return link.pack.made_by


def confirmed(client: Client, link: OfficeLink) -> OfficeAnswer:
    answered(client, link)
    found = OfficeAnswer.objects.get()
    office.confirm_answer(found, now=timezone.now())
    found.refresh_from_db()
    return found


def test_from_the_office_to_the_page(client: Client, link: OfficeLink) -> None:
    sent = answered(client, link)
    assert sent["Location"] == f"{path_of(link)}?sent=1"
    assert "sent a link to the address" in text_of(client.get(sent["Location"]))

    while office.mail_round(timezone.now()):
        pass
    [message] = mail.outbox
    assert message.to == ["anna@justice.example.org"]
    [confirm] = re.findall(r"/office-answer/[^ \n]+", str(message.body))
    looked = client.get(confirm)
    assert "We will look into it." in text_of(looked)
    found = OfficeAnswer.objects.get()
    assert found.confirmed_at is None
    assert office.publish(found, staff_of(link), now=timezone.now()) is None

    assert client.post(confirm)["Location"] == confirm
    assert "confirmed" in text_of(client.get(confirm))
    while office.mail_round(timezone.now()):
        pass
    told = mail.outbox[-1]
    assert len(mail.outbox) == 2
    assert f"/admin/petitions/officeanswer/{found.pk}/" in str(told.body)
    assert "look into it" not in str(told.body)

    made_answer = office.publish(found, staff_of(link), now=timezone.now())
    assert made_answer is not None
    assert made_answer.text == ANSWER["text"]
    assert made_answer.answered_by == ANSWER["name"]
    assert office.publish(found, staff_of(link), now=timezone.now()) is None
    page = client.get(link.pack.petition.get_absolute_url())
    assert "We will look into it." in text_of(page)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "anna@elsewhere.example.org"}, "…@justice.example.org"),
        ({"email": "anna"}, "@"),
        ({"name": " "}, "Say who answers"),
        ({"text": "\u200b"}, "Write the answer"),
        ({"text": "\u200d"}, "Write the answer"),
        ({"name": "\u3164"}, "Say who answers"),
        ({"text": "x" * 20_001}, "20,000"),
        ({"language": "xx-nonsense-"}, "language"),
        ({"name": "x" * 201}, "200"),
    ],
)
def test_what_cannot_be_sent_is_said_beside_the_field_and_kept(
    client: Client, link: OfficeLink, fields: dict[str, str], said: str
) -> None:
    answer = answered(client, link, **fields)

    shown = text_of(answer)
    assert answer.status_code == 422
    assert said in shown
    if "text" not in fields:
        assert "We will look into it." in answer.content.decode()
    assert not OfficeAnswer.objects.exists()


def test_another_site_sends_nothing(client: Client, link: OfficeLink) -> None:
    headers = {"origin": "https://elsewhere.example"}
    answer = client.post(path_of(link), ANSWER, headers=headers)

    assert answer.status_code == 403
    assert "We will look into it." in answer.content.decode()
    assert not OfficeAnswer.objects.exists()


def test_all_that_an_office_does_is_on_record_as_its_own(
    client: Client, link: OfficeLink
) -> None:
    client.get(path_of(link))
    confirmed(client, link)

    of_office = AuditEntry.objects.filter(table__startswith="petitions_office")
    # The link itself was made by the test.
    mine = of_office.exclude(table="petitions_officelink", action="insert")
    assert [entry.process for entry in mine.order_by("pk")] == (
        [f"office link {link.pk}"] * 4
    )
    assert {entry.action for entry in mine} == {"note", "insert", "update"}


@pytest.mark.parametrize("sign", ["é", "中", "😀"])
def test_a_long_answer_fits_in_any_script(
    client: Client, link: OfficeLink, sign: str
) -> None:
    assert answered(client, link, text=sign * 20_000).status_code == 303


def test_an_answer_sent_too_late_is_shown_to_be_copied(
    client: Client, link: OfficeLink
) -> None:
    link.revoke(timezone.now())

    answer = answered(client, link)

    assert answer.status_code == 410
    assert "We will look into it." in answer.content.decode()
    assert not OfficeAnswer.objects.exists()


def test_a_refused_answer_shows_the_room_on_record(
    client: Client, link: OfficeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = type(office.OPENINGS)("office link", 2, timedelta(minutes=1))
    monkeypatch.setattr(office, "OPENINGS", few)

    answers = [client.post(path_of(link), {"text": "Our words"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert len(entries_of(link)) == 2
    assert "Our words" in answers[2].content.decode()
    assert "3 signatures" not in text_of(answers[2])


def test_nothing_is_shown_of_a_petition_that_was_withdrawn(
    client: Client, link: OfficeLink
) -> None:
    given_answer = confirmed(client, link)
    link.pack.petition.withdraw(now=timezone.now())

    assert client.get(path_of(link)).status_code == 410
    assert client.post(path_of(link, "names/")).status_code == 410
    assert office.publish(given_answer, staff_of(link), now=timezone.now()) is None


@pytest.mark.parametrize("code", [450, 550])
def test_a_refused_mail_holds_up_no_other(
    client: Client, link: OfficeLink, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Also of staff; what is refused for good is not tried again."""
    sent: list[str] = []

    def send(subject: str, body: str, sender: str, to: list[str]) -> None:
        if "first" in to[0]:
            raise smtplib.SMTPRecipientsRefused({to[0]: (code, b"no")})
        sent.append(to[0])

    monkeypatch.setattr(office, "send_mail", send)
    answered(client, link, email="first@justice.example.org")
    answered(client, link, email="second@justice.example.org")
    OfficeAnswer.objects.filter(email__startswith="first").update(attempts=48)

    while office.mail_round(timezone.now()):
        pass

    assert sent == ["second@justice.example.org"]
    first = OfficeAnswer.objects.get(email__startswith="first")
    assert (first.mail_due_at is None) == (code == 550)
    assert first.mailed_at is None
    shown = text_of(client.get(path_of(link)))
    assert ("was refused" if code == 550 else "is on its way") in shown


def test_a_file_erased_while_it_is_read_is_not_taken_for_whole(
    link: OfficeLink,
) -> None:
    archive = files.as_zip(link.pack)
    next(archive)
    expiring.erase_pack_files(Pack.objects.filter(pk=link.pack_id))

    with pytest.raises(files.Erased):
        b"".join(archive)


def test_answers_have_a_bound(client: Client, link: OfficeLink) -> None:
    statuses = [answered(client, link).status_code for _ in range(6)]

    assert statuses == [303] * 5 + [429]
    assert int(answered(client, link).headers["Retry-After"]) > 0
    assert OfficeAnswer.objects.count() == 5


def test_a_link_to_confirm_is_not_the_link_of_another_answer(
    client: Client, link: OfficeLink
) -> None:
    answered(client, link)
    found = OfficeAnswer.objects.get()
    old = timezone.now() - timedelta(days=15)
    for purpose, moment in (
        (TokenPurpose.OFFICE, timezone.now()),
        (TokenPurpose.CONFIRM, timezone.now()),
        (TokenPurpose.OFFICE_ANSWER, old),
    ):
        token = make_token(purpose, found.pk, now=moment)
        answer = client.post(reverse("petitions:office_answer", args=[token]))
        assert answer.status_code == 404
    found.refresh_from_db()
    assert found.confirmed_at is None


def test_the_database_keeps_an_answer_word_for_word(
    client: Client, link: OfficeLink
) -> None:
    answered(client, link)
    rows = OfficeAnswer.objects.all()
    with pytest.raises(Error, match="as it was sent"), transaction.atomic():
        rows.update(text="We agree to everything.")
    with pytest.raises(Error, match="confirmed_first"), transaction.atomic():
        rows.update(published_as=1)
    with pytest.raises(Error, match="whole_or_erased"), transaction.atomic():
        rows.update(erased_at=timezone.now(), text="x", name="", email="")


def test_what_an_office_wrote_is_erased_after_a_year(
    client: Client, link: OfficeLink
) -> None:
    found = confirmed(client, link)
    assert office.publish(found, staff_of(link), now=timezone.now())
    now = timezone.now()

    assert not expiry.office_answers(now + timedelta(days=364)).exists()
    over = expiry.office_answers(now + timedelta(days=366))
    expiry.drop_office_words(over)

    found.refresh_from_db()
    assert (found.name, found.email, found.text) == ("", "", "")
    assert Answer.objects.get().text == ANSWER["text"]


# == Later deliveries ==


def test_a_later_delivery_says_what_is_new_since(
    client: Client, petition: Petition
) -> None:
    gone = make_signature(petition, name="Ann", delivery="names")
    make_signature(petition, name="Bob", delivery="names")
    first = made(prepared(petition))
    assert first.earlier is None
    not_handed = made(prepared(petition))
    assert not_handed.earlier is None
    hand(first)
    withdrawing.withdraw(gone, now=timezone.now())
    for name in ("Cleo", "Dora", "Eve"):
        make_signature(petition, name=name, delivery="names")

    later = made(prepared(petition))

    assert later.earlier == first
    assert (later.confirmed, later.new_since, later.withdrawn_since) == (4, 3, 1)
    shown = text_of(client.get(path_of(given(later))))
    assert "3 more were confirmed" in shown
    assert "1 has withdrawn" in shown


def hand(pack: Pack) -> None:
    pack.handover = make_handover(pack.petition, confirmed=pack.confirmed)
    pack.save(update_fields=["handover"])
