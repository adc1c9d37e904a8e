"""An organisation's own list: who is in it, who may take it, what is recorded."""

from __future__ import annotations

import csv
import io
import re
import socket
import struct
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.pq import TransactionStatus
from pytest_django.live_server_helper import LiveServer

from core.db.database import statement_timeout
from core.models import AuditEntry
from core.text import csv_sql
from core.text.spreadsheets import BOM
from organizations.models import Organization, User
from petitions.identity.key_ring import email_key
from petitions.mail import bounces
from petitions.models import (
    Bounce,
    Consent,
    Export,
    KeyVersion,
    Petition,
    Signature,
)
from petitions.privacy import export as exporting
from petitions.privacy.layouts import COLUMNS, ListLayout
from petitions.privacy.recorded_exports import Rekeying
from petitions.signatures import consent, withdrawing
from petitions.signatures.correcting import change_signature
from petitions.states import ExportState
from tests.factories import make_organization, make_petition, make_signature
from tests.helpers import text_of
from tests.site import until

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

NOW = timezone.now()


def path_of(organization: Organization) -> str:
    return f"/admin/petitions/export/new/{organization.pk}/"


def download(client: Client, organization: Organization) -> list[list[str]]:
    """The lines of the file, without the headings."""
    response = client.post(path_of(organization))
    assert response.status_code == 200
    assert response.streaming
    text = b"".join(response).decode()
    assert text.startswith("\ufeff")
    head, *lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    assert head == [
        "E-mail address", "Name", "Language", "Said yes on (UTC)", "Wording of the question",
        "Petition",
    ]  # fmt: skip
    return lines


def yes(petition: Petition, email: str, **fields: Any) -> Signature:
    return make_signature(petition, email, wants_updates=True, **fields)


def test_an_owner_downloads_who_said_yes(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    yes(petition, "Zoé@example.org", name="Zoé D’Été", language="fr")
    make_signature(petition, "no@example.org", wants_updates=False)
    make_signature(petition, "unasked@example.org")
    Consent.objects.update(given_at=NOW.replace(2026, 6, 3, 9, 5))
    client = as_user(alice)

    page = text_of(client.get(path_of(organization)))
    lines = download(client, organization)

    assert "1 address whose owner said yes" in page
    assert "recorded for good" in page
    assert lines == [
        ["Zoé@example.org", "Zoé D’Été", "fr", "2026-06-03 09:05", "1", petition.title]
    ]
    (record,) = Export.objects.all()
    assert (record.organization, record.made_by, record.number) == (
        organization,
        alice,
        1,
    )


def test_its_headings_are_in_the_language_of_the_page(
    as_user: Login, alice: User, organization: Organization
) -> None:
    """A file is streamed after the middleware that sets the language."""
    path = f"/admin/fr/petitions/export/new/{organization.pk}/"
    answer: Any = as_user(alice).post(path)

    assert b"".join(answer.streaming_content).decode().startswith(f"{BOM}Adresse")


def test_whoever_said_yes_is_named_and_not_who_shares_their_address(
    as_user: Login, alice: User, organization: Organization
) -> None:
    shared = make_petition(organization, shared_addresses=True)
    earlier, later = NOW - timedelta(days=5), NOW - timedelta(days=4)
    yes(shared, "family@example.org", name="Anna Yes", now=earlier)
    make_signature(shared, "family@example.org", name="Ben Unasked", now=later)

    [line] = download(as_user(alice), organization)

    assert line[1] == "Anna Yes"


@pytest.mark.parametrize("answer", [None, False])
def test_nobody_else_at_a_mailbox_is_named_once_who_said_yes_is_gone(
    as_user: Login, alice: User, organization: Organization, answer: bool | None
) -> None:
    email, earlier = "family@example.org", NOW - timedelta(days=5)
    one, other = make_petition(organization), make_petition(organization, title="Two")
    make_signature(other, email, name="Ben", wants_updates=answer, now=earlier)
    anna = yes(one, email, name="Anna", now=NOW - timedelta(days=4))
    client = as_user(alice)

    before = download(client, organization)
    withdrawing.withdraw(anna, now=NOW)
    after = download(client, organization)

    assert [line[:2] for line in before] == [[email, "Anna"]]
    assert [line[:2] for line in after] == [[email, ""]]


def test_a_yes_that_was_given_later_names_who_gave_it(
    as_user: Login, alice: User, organization: Organization
) -> None:
    email = "family@example.org"
    one, other = make_petition(organization), make_petition(organization, title="Two")
    earlier, later = NOW - timedelta(days=5), NOW - timedelta(days=4)
    anna = make_signature(one, email, name="Anna", wants_updates=False, now=earlier)
    make_signature(other, email, name="Ben", wants_updates=None, now=later)
    change_signature(anna, {"updates": True}, now=NOW)

    [line] = download(as_user(alice), organization)

    assert line[:2] == [email, "Anna"]


def test_the_newest_answer_holds(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    other = make_petition(organization, title="Another")
    earlier, later = NOW - timedelta(days=2), NOW - timedelta(days=1)
    yes(petition, "stopped@example.org", now=earlier)
    make_signature(other, "Stopped@example.org", wants_updates=False, now=later)
    make_signature(petition, "began@example.org", wants_updates=False, now=earlier)
    yes(other, "began@example.org", name="New Name", now=later)
    yes(petition, "twice@example.org", name="Old Name", now=earlier)
    yes(other, "TWICE@example.org", name="Later Name", now=later)

    lines = download(as_user(alice), organization)

    assert [line[:2] + line[5:] for line in lines] == [
        ["began@example.org", "New Name", "Another"],
        ["TWICE@example.org", "Later Name", "Another"],
    ]


def test_who_wants_no_mail_or_gets_none_is_not_in_it(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    for name in ("silent", "gone", "back", "stays"):
        yes(petition, f"{name}@example.org")
    consent.suppress("silent@example.org", now=NOW)
    for name in ("gone", "back"):
        bounces.record_bounce(email_key(f"{name}@example.org"), "550 5.1.1", now=NOW)
    Bounce.objects.filter(pk=email_key("back@example.org")).delete()

    lines = download(as_user(alice), organization)

    assert [line[0] for line in lines] == ["back@example.org", "stays@example.org"]


def test_it_holds_no_other_organisations_supporters(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    elsewhere = make_petition(make_organization())
    yes(elsewhere, "theirs@example.org", name="Their Name")
    yes(elsewhere, "both@example.org", name="Name Elsewhere")
    yes(petition, "both@example.org", name="Name Here", now=NOW - timedelta(days=9))
    make_signature(elsewhere, "mixed@example.org", wants_updates=False)
    yes(petition, "mixed@example.org", now=NOW - timedelta(days=8))

    lines = download(as_user(alice), organization)

    assert [line[:2] for line in lines] == [
        ["both@example.org", "Name Here"],
        ["mixed@example.org", "Maya Tremblay"],
    ]


def test_a_consent_outlives_the_name(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    signature = yes(petition, "maya@example.org")
    withdrawing.withdraw(signature, now=NOW)

    assert download(as_user(alice), organization)[0][:2] == ["maya@example.org", ""]


def test_an_empty_list_is_a_file_and_a_record(
    as_user: Login, alice: User, organization: Organization
) -> None:
    assert download(as_user(alice), organization) == []
    assert Export.objects.get().number == 0


# The same in Python, as the csv module writes it: what the database is compared with.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BEGINNING = re.compile(r"((?:^|[;|\t\r\n])[\s\"']*)(?=[=+\-@＝＋－＠])")


def safe(cell: str) -> str:
    text = BEGINNING.sub(r"\1'", cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def in_csv(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().removesuffix("\r\n")


def by_database(texts: list[str]) -> tuple[list[str], list[str]]:
    """Each text as a safe one, and that as a cell of the file."""
    statement = f"""
        WITH typed AS (SELECT * FROM unnest(%s::text[]) WITH ORDINALITY t (x, n)),
             safe AS (SELECT n, {csv_sql.safe("x")} AS x FROM typed)
        SELECT x, {csv_sql.text_sql("x")} FROM safe ORDER BY n"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [texts])
        rows = cursor.fetchall()
    return [row[0] for row in rows], [row[1] for row in rows]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("＝1+1", "'＝1+1"),
        ("Jean-Luc", "Jean-Luc"),
        ("Ann;=1+1", "Ann;'=1+1"),
        ('Ann; "=1+1', "Ann; \"'=1+1"),
        ('"=1+1', "\"'=1+1"),
        ("Ann\t@SUM(A1)", "Ann\t'@SUM(A1)"),
        ("Ann;;＝1", "Ann;;'＝1"),
        ("Ann; Jean-Luc", "Ann; Jean-Luc"),
        ('Anne "Nan" O’Neil, Dr', 'Anne "Nan" O’Neil, Dr'),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(typed: str, shown: str) -> None:
    assert by_database([typed])[0] == [shown]


ODD = st.text(
    alphabet="a;|\t\n\r \"'=+-@＝,\x1c\x1f\x85\xa0\u2028\u202f\u3000\u200b\ufeff%\\$é"
)
ANY = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ODD | ANY, min_size=20, max_size=60))
def test_the_database_writes_what_the_csv_module_would(texts: list[str]) -> None:
    shown, cells = by_database(texts)

    assert shown == [safe(text) for text in texts]
    # A lone empty cell is quoted there: it is never alone here.
    assert cells == [in_csv(["x", safe(text)]).removeprefix("x,") for text in texts]
    for text in shown:
        for part in re.split("[;|\t\r\n]", text):
            assert not re.match('[ "]*[-=+@＝]', part), text


def expected(organization: Organization) -> list[str]:
    """The lines of the list in the order of their answers, made one by one in Python.
    Nobody is suppressed."""
    newest: dict[tuple[UUID, str], Consent] = {}
    for answer in Consent.objects.filter(organization=organization).order_by(
        "given_at", "pk"
    ):
        newest[answer.email_key, answer.email.upper()] = answer
    here = Signature.objects.confirmed().filter(petition__organization=organization)
    names = {
        (one.email_key, one.email.upper()): one.name
        for one in here.order_by("confirmed_at")
    }
    titles = {f"petition:{one.pk}": one.title for one in organization.petitions.all()}
    said = sorted(newest.items(), key=lambda found: (found[1].given_at, found[1].pk))
    return [
        in_csv(
            [
                safe(answer.email),
                safe(names.get(who, "")),
                safe(answer.language),
                timezone.localtime(answer.given_at).strftime("%Y-%m-%d %H:%M"),
                str(answer.wording_version),
                safe(titles.get(answer.source, "")),
            ]
        )
        for who, answer in said
        if answer.wants_updates
    ]


def in_parts(text: str) -> list[str]:
    """The heading, then the lines, which may hold ends of lines in quotes."""
    found = io.StringIO(text.removeprefix(BOM), newline="")
    return [in_csv(line) for line in csv.reader(found)]


@pytest.fixture
def odd_list(organization: Organization, petition: Petition) -> None:
    """Supporters with all that a spreadsheet may get wrong, who said yes, changed their
    mind, or wrote their address in another way."""
    other = make_petition(organization, title='Save; =1+1, the "park"')
    odd = [
        "=1+1", "-2", "@SUM(A1)", "＝1", "\ta", "a\tb", "a;-b", "a,b", 'a "b" c', '"', "'",
        " x ", "\xa0=1", "\u3000＋1", "\u200b=1", "a|\u202f@b", "100 %", "%s {0}",
        "\\.", "\\N", "NULL", "$re$", "Zoë 🌲", "e\u0301", "\u202eabc", "\ufeff=1", "a--b",
    ]  # fmt: skip
    for n, name in enumerate(odd):
        moment = NOW - timedelta(days=99, hours=n * 7, minutes=n)
        address = f"{'=' * (n % 3 == 0)}{n}@example.org"
        yes((petition, other)[n % 2], address, name=name, now=moment)
        if n % 4 == 0:
            later: dict[str, Any] = {
                "wants_updates": n % 8 == 0,
                "now": moment + timedelta(days=40),
            }
            spelt = address.upper() if n % 16 else f"+{address}"
            make_signature((other, petition)[n % 2], spelt, name="Later", **later)
    Consent.objects.filter(email="1@example.org").update(source="import")
    withdrawing.withdraw(Signature.objects.get(email="2@example.org"), now=NOW)
    # Two answers of one moment: the one that was written last holds.
    Consent.objects.filter(email__iexact="4@example.org").update(given_at=NOW)


@pytest.mark.usefixtures("odd_list")
def test_the_file_is_what_the_csv_module_would_write(
    alice: User, organization: Organization
) -> None:
    pieces = list(exporting.export_supporters(organization, alice, now=NOW))

    lines = expected(organization)
    assert len(lines) > 20
    head = COLUMNS[ListLayout.OURS].head().decode()
    assert b"".join(pieces).decode() == "".join([head, *(f"{x}\r\n" for x in lines)])
    assert Export.objects.get().number == len(lines)
    assert exporting.number_of_supporters(organization) == (len(lines), True)


@pytest.mark.usefixtures("odd_list")
@pytest.mark.parametrize("at_once", [1, 3, 12])
def test_a_list_in_parts_has_the_same_lines(
    alice: User,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    monkeypatch.setattr(exporting, "ANSWERS_AT_ONCE", at_once)

    pieces = list(exporting.export_supporters(organization, alice, now=NOW))

    _head, *lines = in_parts(b"".join(pieces).decode())
    assert len(pieces) > 2
    assert sorted(lines) == sorted(expected(organization))
    assert Export.objects.get().number == len(lines)


def test_parts_have_every_key_once() -> None:
    for parts in (1, 2, 8, exporting.MOST_PARTS):
        ends = [exporting.keys_of_part(part, parts) for part in (0, *range(parts))]
        assert ends[1][0].int == 0
        assert ends[-1][1].int == 2**128 - 1
        assert all(
            low.int == before.int + 1 for (_, before), (low, _) in pairwise(ends[1:])
        )


def test_a_long_list_is_judged_by_a_part(
    as_user: Login,
    alice: User,
    organization: Organization,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(organization, petition, 3_000)
    monkeypatch.setattr(exporting, "ANSWERS_AT_ONCE", 500)

    number, is_exact = exporting.number_of_supporters(organization)
    page = text_of(as_user(alice).get(path_of(organization)))

    assert not is_exact
    assert 2_400 <= number <= 3_600
    assert number % 100 == 0
    assert f"About {number:,} addresses whose owners said yes" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("read", [0, 1, 2, 3])
def test_an_export_that_is_broken_off_is_recorded_as_that(
    as_user: Login,
    alice: User,
    organization: Organization,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
    read: int,
) -> None:
    fill(organization, petition, 64)
    monkeypatch.setattr(exporting, "ANSWERS_AT_ONCE", 20)
    # The connection stays, as in a pool, and with it whatever is open in it.
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)

    answer = as_user(alice).post(path_of(organization))
    parts = iter(answer)
    had = b"".join(next(parts) for _piece in range(read))
    begun = Export.objects.get()
    held = state_of_connection()
    answer.close()

    # No cursor, transaction or lock waits for who reads slowly.
    assert held == state_of_connection() == (0, False, [])
    assert (begun.state, begun.ended_at, begun.number) == ("begun", None, 0)
    ended = Export.objects.get()
    assert ended.state == "broken_off"
    assert ended.ended_at is not None
    assert ended.number == max(0, len(in_parts(had.decode())) - 1)
    # Its place is free again.
    assert len(download(as_user(alice), organization)) == 64
    assert Export.objects.latest("pk").state == "done"


@pytest.mark.django_db(transaction=True)
def test_an_export_whose_reader_hangs_up_is_broken_off(
    alice: User,
    organization: Organization,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
    live_server: LiveServer,
    as_user: Login,
) -> None:
    fill(organization, petition, 8_000)
    monkeypatch.setattr(exporting, "ANSWERS_AT_ONCE", 100)
    client = as_user(alice)
    page = client.get(path_of(organization)).content.decode()
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[-1:]
    host, port = live_server.thread.host, live_server.thread.port
    cookies = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
    sent = f"csrfmiddlewaretoken={token}"

    with socket.create_connection((host, port)) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.sendall(
            f"POST {path_of(organization)} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Cookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(sent)}\r\n\r\n{sent}".encode()
        )
        assert b" 200 " in line.recv(200)
        # It goes with all that was not read: the next write fails.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    until(lambda: Export.objects.get().state != "begun")
    assert Export.objects.get().state == "broken_off"
    assert Export.objects.get().number < 8_000


def test_the_third_is_asked_to_wait(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    yes(petition, "maya@example.org")
    going = [
        exporting.export_supporters(organization, alice, now=NOW) for _ in range(2)
    ]

    answer = as_user(alice).post(path_of(organization))

    assert answer.status_code == 503
    assert "others are downloading theirs" in text_of(answer)
    assert Export.objects.count() == 2
    for one in going:
        one.close()  # type: ignore[attr-defined]
    assert len(download(as_user(alice), organization)) == 1


def test_no_list_is_made_while_addresses_change_their_keys(
    as_user: Login,
    alice: User,
    organization: Organization,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(organization, petition, 64)
    monkeypatch.setattr(exporting, "ANSWERS_AT_ONCE", 20)
    pieces = exporting.export_supporters(organization, alice, now=NOW)
    assert b"signer" in next(pieces) + next(pieces)
    first = KeyVersion.objects.get()
    KeyVersion.objects.create(
        number=2, rules=first.rules, fingerprint=first.fingerprint
    )

    with pytest.raises(Rekeying):
        list(pieces)
    answer = as_user(alice).post(path_of(organization))

    assert answer.status_code == 503
    assert "working on all addresses" in text_of(answer)
    assert Export.objects.get().state == "broken_off"


@pytest.mark.django_db(transaction=True)
def test_a_list_that_cannot_be_recorded_is_not_begun(
    alice: User,
    organization: Organization,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yes(petition, "maya@example.org")
    away = Mock(side_effect=IntegrityError)
    with monkeypatch.context() as patch:
        patch.setattr(Export, "save", away)
        for _ in range(3):
            with pytest.raises(IntegrityError):
                exporting.export_supporters(organization, alice, now=NOW)

    # Neither a transaction nor a place is kept.
    assert state_of_connection() == (0, False, [])
    assert len(list(exporting.export_supporters(organization, alice, now=NOW))) == 2


def state_of_connection() -> tuple[int, bool, list[str]]:
    """Its open cursors, whether a transaction is open, and its locks on tables."""
    inside = connection.connection.info.transaction_status != TransactionStatus.IDLE
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT count(*) FROM pg_cursors WHERE name LIKE '_django%'),
                      (SELECT coalesce(array_agg(relation::regclass::text), '{}')
                         FROM pg_locks WHERE pid = pg_backend_pid()
                          AND relation::regclass::text LIKE 'petitions%')"""
        )
        number, locks = cursor.fetchone()
    return number, inside, locks


def test_a_formula_in_a_name_arrives_as_text(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    yes(petition, "=cmd@example.org", name='=HYPERLINK("http://evil.example","x")')

    ((address, name, *_rest),) = download(as_user(alice), organization)

    assert address == "'=cmd@example.org"
    assert name.startswith("'=HYPERLINK")


@pytest.mark.parametrize(
    ("who", "status"), [("erin", 403), ("bob", 403), ("charlie", 404), ("ada", 200)]
)
def test_only_owners_take_the_list(
    request: pytest.FixtureRequest,
    as_user: Login,
    organization: Organization,
    who: str,
    status: int,
) -> None:
    client = as_user(request.getfixturevalue(who))

    for method in (client.get, client.post):
        answer = method(path_of(organization))
        assert answer.status_code == status
        b"".join(answer)  # to its end, where its cursor is closed
    assert Export.objects.exists() is (status == 200)


def test_nobody_takes_it_without_a_login(
    visitor: Client, organization: Organization
) -> None:
    here = path_of(organization)

    asked = visitor.get(here)
    over = visitor.post(here)

    assert asked.headers.get("Location") == f"/admin/login/?next={here}"
    # Whose login has ended is told so, and comes back here.
    assert over.status_code == 403
    assert "Nothing was saved or done." in text_of(over)
    assert f'name="next" value="{here}"' in over.content.decode()
    assert not Export.objects.exists()


@pytest.mark.parametrize("number", ["0", "999999999", "9" * 30])
def test_a_list_of_nobody_is_not_found(as_user: Login, ada: User, number: str) -> None:
    answer = as_user(ada).get(f"/admin/petitions/export/new/{number}/")

    assert answer.status_code == 404


def test_looking_takes_nothing(
    as_user: Login, alice: User, organization: Organization
) -> None:
    as_user(alice).get(path_of(organization))

    assert not Export.objects.exists()


def test_another_site_cannot_make_an_owner_take_it(
    alice: User, organization: Organization
) -> None:
    client = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(path_of(organization)).status_code == 403
    assert not Export.objects.exists()


def test_all_members_see_who_took_it_and_nobody_changes_that(
    as_user: Login, alice: User, bob: User, charlie: User, organization: Organization
) -> None:
    download(as_user(alice), organization)
    record = Export.objects.get()
    here = f"/admin/petitions/export/{record.pk}"

    assert "alice@example.org" in text_of(as_user(bob).get("/admin/petitions/export/"))
    page = as_user(alice).get(f"{here}/change/").content.decode()
    assert "_save" not in page
    assert as_user(alice).post(f"{here}/delete/", {"post": "yes"}).status_code == 403
    assert "alice@" not in text_of(as_user(charlie).get("/admin/petitions/export/"))
    for change in (
        lambda: Export.objects.update(number=0),
        lambda: Export.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="for good"), transaction.atomic():
            change()


def test_owners_find_it_on_their_organisation(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    page = f"/admin/organizations/organization/{organization.pk}/change/"

    assert path_of(organization) in as_user(alice).get(page).content.decode()
    assert path_of(organization) not in as_user(erin).get(page).content.decode()


def test_it_is_recorded_before_the_first_line_leaves(
    alice: User, organization: Organization, petition: Petition
) -> None:
    yes(petition, "maya@example.org")

    pieces = exporting.export_supporters(organization, alice, now=NOW)

    begun = Export.objects.get()
    assert (begun.state, begun.number, begun.ended_at) == ("begun", 0, None)
    assert b"maya@" in b"".join(pieces)
    ended = Export.objects.get()
    assert (ended.state, ended.number) == ("done", 1)
    assert ended.ended_at is not None
    noted = AuditEntry.objects.filter(table="petitions_export").order_by("pk")
    assert [entry.action for entry in noted] == ["insert", "update"]


def test_how_it_ended_is_recorded_once(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    begun = Export.objects.create(
        organization=organization, made_by=alice, made_at=NOW, number=0, state="begun"
    )
    here = "/admin/petitions/export/"
    assert "Begun" in text_of(as_user(alice).get(here))

    for change in (
        lambda: Export.objects.update(number=3),
        lambda: Export.objects.update(state="done", made_at=NOW - timedelta(days=1)),
        lambda: Export.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="for good"), transaction.atomic():
            change()
    begun.end(ExportState.BROKEN_OFF, 3, now=NOW)
    begun.end(ExportState.DONE, 4, now=NOW)

    assert Export.objects.get().number == 3
    assert "Broken off" in text_of(as_user(alice).get(here))
    with pytest.raises(IntegrityError, match="for good"), transaction.atomic():
        Export.objects.update(state="done")


@pytest.mark.django_db(transaction=True)
def test_memory_does_not_grow_with_the_list(
    alice: User,
    organization: Organization,
    petition: Petition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exporting, "ANSWERS_AT_ONCE", 2_000)

    def peak(number: int) -> tuple[int, int]:
        """Bytes of the file, and the most memory that was held at once."""
        fill(organization, petition, number)
        tracemalloc.start()
        size = sum(map(len, exporting.export_supporters(organization, alice, now=NOW)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size, most

    peak(3_000)  # what is kept from the first time on
    small, memory_of_small = peak(3_000)
    large, memory_of_large = peak(24_000)

    assert large > 7 * small
    assert memory_of_large < 1.3 * memory_of_small
    assert Export.objects.latest("pk").number == 24_000


def fill(organization: Organization, petition: Petition, number: int) -> None:
    """Let so many have said yes, and nobody else anything."""
    with transaction.atomic(), statement_timeout("0"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM petitions_consent")
        cursor.execute(
            """
            INSERT INTO petitions_consent (organization_id, email, email_key,
                wants_updates, wording_version, language, sender, source, given_at)
            SELECT %s, 'signer' || n || '@example.org', md5(n::text)::uuid, true, 1,
                   'en', '', 'petition:' || %s, now()
              FROM generate_series(1, %s) n""",
            [organization.pk, petition.pk, number],
        )


@pytest.mark.django_db(transaction=True)
def test_a_part_has_time_and_room(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    yes(petition, "zoe@example.org")
    client, seen = as_user(alice), []

    def setting(name: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW {name}")
            return str(cursor.fetchone()[0])

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        if "FROM line" in sql:
            seen.append((setting("statement_timeout"), setting("work_mem")))
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        assert client.get(path_of(organization)).status_code == 200
        download(client, organization)

    assert seen == [("1min", "64MB")] * 2
    assert (setting("statement_timeout"), setting("work_mem")) == ("15s", "4MB")
