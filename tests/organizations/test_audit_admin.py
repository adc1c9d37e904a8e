"""What staff read of the audit trail: the history of a row, the log, and its file; and
that looks at personal data are in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.audit import entries
from core.audit.actors import acting
from core.models import AuditAction, AuditEntry
from core.retention import RULES, months_before
from organizations import audit_admin
from organizations.models import Organization, User
from petitions.models import Petition, Report, Signature
from tests.factories import make_petition, make_signature
from tests.helpers import notes, text_of
from tests.petitions.admin.helpers import pressed

pytestmark = pytest.mark.django_db

type Login = Callable[[User], Client]

LOG = "/admin/config/auditentry/"
PETITIONS = "/admin/petitions/petition/"
SIGNATURES = "/admin/petitions/signature/"


@pytest.fixture
def changed(petition: Petition, as_user: Login, erin: User) -> Petition:
    """A petition that Erin has paused, and whose text somebody changed by SQL."""
    as_user(erin).post(f"{PETITIONS}{petition.pk}/do/pause/", {})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE petitions_petition SET summary = 'Quite new' WHERE true")
    petition.refresh_from_db()
    return petition


# == The history of a row ==


def test_the_history_says_who_changed_what(
    changed: Petition, as_user: Login, bob: User
) -> None:
    page = text_of(as_user(bob).get(f"{PETITIONS}{changed.pk}/history/"))

    role = connection.settings_dict["USER"]
    assert f"database role {role} Summary after: Quite new" in page
    assert "erin@example.org State before: Open → after: Paused" in page
    assert "erin@example.org Pause" in page
    assert "Person or body petitioned" in page  # its parts, too


def test_the_history_is_not_for_strangers(
    changed: Petition, as_user: Login, charlie: User
) -> None:
    page = as_user(charlie).get(f"{PETITIONS}{changed.pk}/history/")

    assert "Quite new" not in page.content.decode()


def test_of_a_long_text_the_history_shows_what_changed(
    petition: Petition, as_user: Login, erin: User
) -> None:
    filler = "word " * 400
    Petition.objects.filter(pk=petition.pk).update(text=f"{filler}old{filler}")
    Petition.objects.filter(pk=petition.pk).update(text=f"{filler}new{filler}")

    page = text_of(as_user(erin).get(f"{PETITIONS}{petition.pk}/history/"))

    around = "word " * 8
    assert f"before: …{around}old{around.rstrip()} …" in page
    assert f"after: …{around}new" in page


def test_a_reason_stands_in_the_history(
    petition: Petition, as_user: Login, erin: User
) -> None:
    from core.audit.actors import acting, because

    with acting(str(erin.pk)):
        because("The court asked us to.")
        Petition.objects.filter(pk=petition.pk).update(summary="Less")

    page = text_of(as_user(erin).get(f"{PETITIONS}{petition.pk}/history/"))

    assert "Reason: The court asked us to." in page


# == The log ==


def test_owners_read_their_organisations_log(
    changed: Petition, as_user: Login, alice: User, other_organization: Organization
) -> None:
    make_petition(other_organization, title="Not yours")

    page = text_of(as_user(alice).get(LOG))

    assert "erin@example.org" in page
    assert "before: Open → after: Paused" in page
    assert "Not yours" not in page


def test_administrators_read_all(
    changed: Petition, as_user: Login, ada: User, other_organization: Organization
) -> None:
    make_petition(other_organization, title="Also yours")

    page = text_of(as_user(ada).get(LOG))

    assert "before: Open → after: Paused" in page
    assert "Also yours" in page


@pytest.mark.parametrize("path", ["", "csv/"])
@pytest.mark.parametrize("who", ["erin", "bob"])
def test_others_do_not(
    request: pytest.FixtureRequest, as_user: Login, who: str, path: str
) -> None:
    client = as_user(request.getfixturevalue(who))

    assert client.get(f"{LOG}{path}").status_code == 403


def test_nobody_changes_an_entry(changed: Petition, as_user: Login, ada: User) -> None:
    entry = AuditEntry.objects.order_by("pk")[0]
    client = as_user(ada)

    assert client.post(f"{LOG}{entry.pk}/change/", {"reason": "x"}).status_code == 403
    assert client.post(f"{LOG}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{LOG}add/").status_code == 403


def test_it_is_filtered(
    changed: Petition, as_user: Login, alice: User, erin: User
) -> None:
    client = as_user(alice)

    def found(query: str) -> set[str]:
        page: Any = client.get(f"{LOG}?{query}")
        assert page.status_code == 200
        return {entry.table for entry in page.context_data["cl"].result_list}

    assert found(f"who={erin.pk}") == {"petitions_petition"}
    assert "petitions_target" in found("who=nobody")
    assert found("table=petitions_target") == {"petitions_target"}
    assert found("action__exact=note") == {"petitions_petition"}
    today = timezone.localdate()
    assert found("day=1") == found(f"day={today}") == found("day=2027-99-99") != set()
    assert found(f"day={today - timedelta(days=1)}") == set()


def test_its_file_is_in_the_language_of_the_page(
    changed: Petition, as_user: Login, alice: User
) -> None:
    answer: Any = as_user(alice).get(f"{LOG}csv/".replace("/admin/", "/admin/fr/"))

    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    head, first = list(csv.reader(io.StringIO(body)))[:2]
    assert head[:2] == ["Quand (UTC)", "Qui"]
    assert "Changed" not in first[3]


def test_its_file_has_the_same_and_is_on_record(
    changed: Petition, as_user: Login, alice: User, erin: User
) -> None:
    Petition.objects.filter(pk=changed.pk).update(summary="=1+1")

    answer: Any = as_user(alice).get(f"{LOG}csv/?table=petitions_petition")

    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(body))
    assert head[:4] == ["When (UTC)", "Who", "What", "Action"]
    assert [row[4:7] for row in rows[:2]] == [
        ["Summary", "Quite new", "'=1+1"],
        ["Summary", "", "Quite new"],
    ]
    assert ["State", "Open", "Paused"] in [row[4:7] for row in rows]
    (look,) = AuditEntry.objects.filter(action=AuditAction.LOOK)
    assert (look.table, look.account) == ("config_auditentry", alice.pk)
    assert look.organization == changed.organization_id


@pytest.mark.parametrize(
    ("process", "english", "french"),
    [
        (
            "worker: expiry",
            "the site by itself (erasure of what is past its time)",
            "le site lui-même (effacement de ce dont le délai est passé)",
        ),
        ("worker: of later", "the site by itself (of later)", "le site lui-même (of"),
        ("command: rekey", "command rekey on the server", "commande rekey sur"),
        ("office link 12", "an office, by link 12", "un bureau, par le lien 12"),
        ("office link x", "office link x", "office link x"),
        ("psql", "psql", "psql"),
    ],
)
def test_what_acts_without_an_account_is_named_in_words(
    petition: Petition,
    as_user: Login,
    ada: User,
    process: str,
    english: str,
    french: str,
) -> None:
    with acting(process):
        Petition.objects.filter(pk=petition.pk).update(summary="New")

    for prefix, words in (("", english), ("fr/", french)):
        path = f"/admin/{prefix}config/auditentry/?table=petitions_petition"
        assert words in text_of(as_user(ada).get(path))
        answer: Any = as_user(ada).get(path.replace("?", "csv/?"))
        assert words in b"".join(answer.streaming_content).decode()


def test_its_file_has_more_than_a_statement_fetches(
    petition: Petition, as_user: Login, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("organizations.audit_admin.AT_ONCE", 3)
    for goal in range(10):
        Petition.objects.filter(pk=petition.pk).update(goal=goal + 100)

    answer: Any = as_user(ada).get(
        f"{LOG}csv/?table=petitions_petition&action__exact=update"
    )

    body = b"".join(answer.streaming_content).decode()
    goals = [row[6] for row in csv.reader(io.StringIO(body))][1:]
    assert goals == [str(goal + 100) for goal in reversed(range(10))]


# == Looks ==


def test_looks_at_supporters_are_on_record_without_what_was_sought(
    petition: Petition, as_user: Login, erin: User
) -> None:
    client = as_user(erin)
    signature = make_signature(petition, "maya@example.org", name="Maya Tremblay")
    make_signature(petition, "noor@example.org", name="Noor")

    for path in ("", "?q=Tremblay", "?q=nobody-here", f"{signature.pk}/change/"):
        assert client.get(f"{SIGNATURES}{path}").status_code == 200

    looks = list(AuditEntry.objects.filter(action=AuditAction.LOOK).order_by("pk"))
    assert [look.now for look in looks] == [
        {"kind": "list", "rows": 2},
        {"kind": "search", "rows": 1},
        {"kind": "search", "rows": 0},
        {"kind": "row", "rows": 1},
    ]
    assert {look.account for look in looks} == {erin.pk}
    assert [look.organization for look in looks] == [
        petition.organization_id, petition.organization_id, None,
        petition.organization_id,
    ]  # fmt: skip
    assert {look.row for look in looks} == {""}


def test_no_way_to_ask_for_a_page_keeps_a_look_from_the_record(
    petition: Petition, as_user: Login, erin: User
) -> None:
    """Forms are answered with pages, too: lists, questions, previews, refused forms."""
    client, here = as_user(erin), petition.organization_id
    for name in ("Maya Tremblay", "Maya Roy"):
        address = f"{name[5:].lower()}@mine.test"
        make_signature(petition, address, name=name, comment="Yes", show_name=True)
    message = Report.objects.create(
        petition=petition, reason="other", text="Look at Maya.", language="en",
        created_at=timezone.now(),
    )  # fmt: skip
    chosen = {"_selected_action": list(Signature.objects.values_list("pk", flat=True))}
    invalidate = f"{PETITIONS}{petition.pk}/invalidate/"
    described = {"name_match": "contains", "reason": "A test"}
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        (SIGNATURES, {}, {"kind": "list", "rows": 2}),
        (f"{SIGNATURES}?q=Roy", {}, {"kind": "search", "rows": 1}),
        ("/admin/petitions/comment/", {}, {"kind": "list", "rows": 2}),
        (
            SIGNATURES,
            {"action": "withhold_names", **chosen},
            {"kind": "list", "rows": 2},
        ),
        (
            SIGNATURES,
            {"action": "hide_comments", **chosen},
            {"kind": "list", "rows": 2},
        ),
        (
            invalidate,
            {"domain": "mine.test", **described},
            {"kind": "search", "rows": 2},
        ),
        (invalidate, {"name": "Nobody", **described}, {"kind": "search", "rows": 0}),
        (
            f"/admin/petitions/report/{message.pk}/change/",
            {"note": "x" * 10_000},
            {"kind": "row", "rows": 1},
        ),
    ]
    for path, form, look in asked:
        before = AuditEntry.objects.latest("pk").pk
        # As it is: the client of other tests opens each page before it sends a form.
        answer = Client.post(client, path, {"sent": "1", **form})

        assert answer.status_code == 200
        assert ("Maya" in text_of(answer)) == (look["rows"] > 0), path
        (entry,) = AuditEntry.objects.filter(action=AuditAction.LOOK, pk__gt=before)
        assert (entry.now, entry.organization) == (look, here), path


def test_what_is_decided_about_comments_and_names_is_on_record_by_number(
    petition: Petition, other_organization: Organization, as_user: Login, ada: User
) -> None:
    other = make_petition(other_organization)
    for number, under in enumerate([petition, petition, other]):
        make_signature(under, f"n{number}@example.org", comment="Yes", show_name=True)
    client = as_user(ada)

    for action in ("approve_comments", "hide_comments", "withhold_names"):
        chosen = list(Signature.objects.values_list("pk", flat=True))
        form = {"action": action, "_selected_action": chosen}
        answer = client.post(
            SIGNATURES, {**form, **pressed(client.post(SIGNATURES, form))}
        )
        assert answer.status_code == 302

    assert notes(petition) == [
        "Names taken from the page: 2", "Comments not shown: 2", "Comments shown: 2",
    ]  # fmt: skip
    assert notes(other) == [
        "Names taken from the page: 1", "Comments not shown: 1", "Comments shown: 1",
    ]  # fmt: skip


# == Its own time ==


def test_old_entries_go_and_nothing_else_takes_them(petition: Petition) -> None:
    now = timezone.now()
    (rule,) = [rule for rule in RULES if rule.name == "what staff did"]
    assert rule.expiry is not None
    old = months_before(now, settings.AUDIT_MONTHS) - timedelta(days=1)
    for at in (old, now - timedelta(days=400)):
        AuditEntry.objects.create(
            at=at, transaction=0, table="a", row="1", action="note"
        )
    before = AuditEntry.objects.count()

    assert rule.expiry.waiting(now) == 1
    assert rule.expiry.erase(now, 500) == 1

    assert rule.expiry.waiting(now) == 0
    assert AuditEntry.objects.count() == before - 1
    # A clock that is years ahead takes nothing of the last twelve months.
    years = now + timedelta(days=9999)
    assert rule.expiry.erase(years, 500) == 1
    assert rule.expiry.erase(years, 500) == 0


def test_a_note_belongs_to_its_organisation(petition: Petition) -> None:
    entries.note(petition, "Said so")

    entry = AuditEntry.objects.get(action=AuditAction.NOTE)
    assert entry.organization == petition.organization_id


def test_no_cell_of_the_file_is_computed_by_a_spreadsheet() -> None:
    line = audit_admin.csv_line(["a;=1+1", "＝1", "-"])

    assert next(csv.reader(io.StringIO(line))) == ["a;'=1+1", "'＝1", "'-"]
