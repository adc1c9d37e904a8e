"""Whatever changes a row of an audited table is on record, whoever does it and how."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.utils import timezone

from core.audit import tables
from core.audit.actors import acting, because
from core.audit.tables import Audited, keep_triggers, there, wanted
from core.models import AuditEntry
from core.worker import loops
from core.worker.loops import Loop
from organizations.models import Organization, User
from petitions.counts import folding
from petitions.models import Petition, Signature, Target, Topic
from tests.factories import make_signature
from tests.petitions.importing.helpers import file_of
from tests.petitions.importing.helpers import run as import_file

pytestmark = pytest.mark.django_db


def run(sql: str, values: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def new(after: int, table: str = "petitions_petition") -> list[AuditEntry]:
    """Return what was recorded about a table since entry `after`, oldest first."""
    return list(AuditEntry.objects.filter(pk__gt=after, table=table).order_by("pk"))


def last() -> int:
    return AuditEntry.objects.order_by("-pk").values_list("pk", flat=True)[0]


def save(row: Petition) -> None:
    row.goal = 7
    row.save()


def bulk_update(row: Petition) -> None:
    row.goal = 7
    Petition.objects.bulk_update([row], ["goal"])


WAYS: dict[str, Callable[[Petition], object]] = {
    "save": save,
    "update": lambda row: Petition.objects.filter(pk=row.pk).update(goal=7),
    "bulk_update": bulk_update,
    "raw SQL": lambda row: run(
        "UPDATE petitions_petition SET goal = 7 WHERE id = %s", [row.pk]
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_change_is_on_record_however_it_is_made(way: str, petition: Petition) -> None:
    before = last()

    WAYS[way](petition)

    (entry,) = new(before)
    assert (entry.action, entry.row) == ("update", str(petition.pk))
    assert (entry.was, entry.now) == ({"goal": None}, {"goal": 7})
    assert entry.organization == entry.parent == petition.organization_id
    assert entry.session_role == connection.settings_dict["USER"]
    assert (entry.account, entry.process) == (None, "")
    assert abs(entry.at - timezone.now()) < timedelta(seconds=10)


def test_rows_that_come_and_go_are_on_record(petition: Petition) -> None:
    Target.objects.all().delete()
    before = last()

    Target.objects.bulk_create(
        [Target(petition=petition, position=n, name=f"Minister {n}") for n in (0, 1)]
    )
    run("DELETE FROM petitions_target WHERE position = 1")

    first, second, gone = new(before, "petitions_target")
    assert (first.now or {})["name"] == "Minister 0"
    assert first.was is None
    assert second.row == gone.row
    assert (gone.action, gone.now) == ("delete", None)
    assert (gone.was or {})["name"] == "Minister 1"
    # A part of the petition, and its organisation's.
    assert {e.parent for e in (first, second, gone)} == {petition.pk}
    assert {e.organization for e in (first, second, gone)} == {petition.organization_id}


def test_a_save_that_changes_nothing_is_no_entry(petition: Petition) -> None:
    before = last()

    petition.save()

    assert new(before) == []


def test_what_is_hidden_or_left_out_is_not_recorded(ada: User) -> None:
    before = last()

    ada.set_password("quite another horse")
    ada.last_login = timezone.now()
    ada.save()

    (entry,) = new(before, "organizations_user")
    assert (entry.was, entry.now) == ({"password": "…"}, {"password": "…"})


# == The trail stays ==


@pytest.mark.parametrize(
    "sql", ["UPDATE config_auditentry SET account = 1", "DELETE FROM config_auditentry"]
)
def test_an_entry_can_be_neither_changed_nor_deleted(
    sql: str, petition: Petition
) -> None:
    for expires in ("", "on"):
        run("SELECT set_config('app.audit_expires', %s, true)", [expires])
        with pytest.raises(IntegrityError, match="stays as it"), transaction.atomic():
            run(sql)


def test_emptying_a_table_is_recorded_and_the_trail_cannot_be_emptied(
    petition: Petition,
) -> None:
    connection.check_constraints()
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("ALTER TABLE petitions_taggedlink ENABLE TRIGGER audited_truncate")
    run("ALTER TABLE config_auditentry ENABLE TRIGGER audit_trail_stays")
    before = last()

    run("TRUNCATE petitions_taggedlink")

    assert [entry.action for entry in new(before, "petitions_taggedlink")] == [
        "truncate"
    ]
    with pytest.raises(IntegrityError, match="stays as it is"), transaction.atomic():
        run("TRUNCATE config_auditentry")


# == Who ==


def test_nobody_outlives_a_transaction(petition: Petition) -> None:
    before = last()

    with acting("command: one"):
        because("It was wrong.")
        petition.goal = 7
        petition.save()
    Petition.objects.update(goal=8)

    one, other = new(before)
    assert (one.process, one.reason) == ("command: one", "It was wrong.")
    assert (other.process, other.reason) == ("", "")


@pytest.mark.django_db(transaction=True)
def test_each_transaction_and_each_lone_statement_has_its_actor(
    petition: Petition,
) -> None:
    before = last()

    with acting("17"):
        Petition.objects.update(goal=1)
        for goal in (2, 3):
            with transaction.atomic(), transaction.atomic():
                Petition.objects.update(goal=goal)
        with transaction.atomic():
            Petition.objects.update(goal=4)
            transaction.set_rollback(True)
        with acting("18"):
            Petition.objects.update(goal=5)
    Petition.objects.update(goal=6)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.actor', true)")
        assert cursor.fetchone()[0] in (None, "")

    assert [entry.account for entry in new(before)] == [17, 17, 17, 18, None]


def test_staff_are_named(
    petition: Petition, alice: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(alice)
    before = last()

    answer = client.post(f"/admin/petitions/petition/{petition.pk}/do/pause/", {})

    assert answer.status_code == 302
    changed, noted = new(before)
    assert (changed.was or {})["state"] == "open"
    assert changed.account == alice.pk
    assert (noted.action, noted.account) == ("note", alice.pk)


@pytest.mark.django_db(transaction=True)
def test_a_loop_is_named(petition: Petition) -> None:
    before = last()
    stop = threading.Event()

    def change(now: Any) -> bool:
        Petition.objects.update(goal=9)
        stop.set()
        return False

    thread = threading.Thread(
        target=loops.run_loop, args=(Loop("trying", 1, change), stop)
    )
    thread.start()
    thread.join(timeout=20)

    assert [entry.process for entry in new(before)] == ["worker: trying"]


def test_a_command_is_named() -> None:
    owner = {"organization": "Rights Now", "owner": "alice@example.org"}

    call_command("start_site", **owner, stdout=StringIO())

    made = AuditEntry.objects.filter(table="organizations_organization").get()
    assert made.process == "command: start_site"


def test_an_import_is_named_and_counted(tmp_path: Path) -> None:
    import_file(tmp_path, file_of({"title": "Free", "supporters": 12}))

    found = AuditEntry.objects.filter(process="command: import_organization")
    tables = found.values_list("table", flat=True)
    assert {
        "organizations_organization", "petitions_petition", "petitions_target",
        "petitions_countentry",
    } <= {*tables}  # fmt: skip
    organization = Organization.objects.get()
    assert {*found.values_list("organization", flat=True)} == {organization.pk}


# == The declarations ==


def test_every_model_has_chosen() -> None:
    assert list(tables.undeclared_models()) == []
    assert list(tables.wrong()) == []


def test_a_model_that_has_not_chosen_fails_the_check() -> None:
    class Planted(models.Model):
        number = models.IntegerField()

        class Meta:
            app_label = "config"

        def __str__(self) -> str:
            return str(self.pk)

    try:
        with pytest.raises(
            SystemCheckError, match=r"config\.planted is neither audited"
        ):
            call_command("check", no_database=True)
    finally:
        del apps.all_models["config"]["planted"]
        apps.clear_cache()


def test_a_column_that_is_not_there_fails_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(tables.CHOICES, "petitions.topic", Audited(hide=("slugs",)))

    with pytest.raises(SystemCheckError, match=r"petitions\.topic\.slugs is declared"):
        call_command("check", no_database=True)


def test_the_database_has_the_triggers_that_are_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert there() == wanted()

    changed = {**tables.CHOICES, "petitions.topic": Audited(leave_out=("slug",))}
    changed["petitions.limit"] = tables.DERIVED
    monkeypatch.setattr(tables, "CHOICES", changed)
    assert there() != wanted()
    keep_triggers()
    assert there() == wanted()
    before = last_or_none()
    Topic.objects.create(slug="water")
    assert [entry.now.keys() for entry in new(before, "petitions_topic")] == [{"id"}]  # type: ignore[union-attr]


def last_or_none() -> int:
    return max([0, *AuditEntry.objects.values_list("pk", flat=True)])


def test_every_way_leads_to_an_organisation(
    petition: Petition, organization: Organization
) -> None:
    """Each path that is declared is one that PostgreSQL can go."""
    for model, choice in tables.audited().items():
        if choice.organization_path:
            path = tables.steps(model, choice.organization_path).split(",")
            with connection.cursor() as cursor:
                cursor.execute("SELECT audit_organization(%s, '{}')", [path])
                assert cursor.fetchone() == (None,)
                whole = f'{{"{path[0]}": 0}}'
                cursor.execute(
                    "SELECT audit_organization(%s, %s::jsonb)", [path, whole]
                )


def test_signing_is_not_on_record(petition: Petition) -> None:
    """Nothing on a signature's way is seen by a trigger of the trail."""
    before = last()
    signature = make_signature(petition, "maya@example.org")
    Signature.objects.filter(pk=signature.pk).update(comment_approved=True)
    while folding.fold():
        pass

    assert petition.total.confirmed == 1
    assert not AuditEntry.objects.filter(pk__gt=before).exists()
    audited = {table for table, _name in there()}
    hot = {
        "signature", "outgoingmail", "countchange", "total", "dailytotal", "consent",
        "mailtally", "channeltally", "mergedsignature", "ratelimitbucket",
        "mailingrecipient",
    }  # fmt: skip
    assert audited.isdisjoint(f"petitions_{name}" for name in hot)
