"""What staff did until now, from Django's log of the admin into the audit trail. The log
itself stays, for the former release, until its time is over."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import migrations

from core.audit.tables import audited

BATCH = 1000
# As Django writes them where a message says nothing.
KINDS = {1: "Added.", 2: "Changed.", 3: "Deleted."}


def carry(apps: Any, editor: Any) -> None:
    """Carry the log a batch at a time, in its order. Each entry keeps the number that
    it had there, so that what was interrupted goes on behind the last one."""
    entry = apps.get_model("config", "AuditEntry")
    log = apps.get_model("admin", "LogEntry")
    models = {}
    for model, choice in audited().items():
        label = model._meta.label_lower
        if label in {m._meta.label_lower for m in apps.get_models()}:
            models[label] = (apps.get_model(label), choice.organization_path)
    carried = entry.objects.filter(transaction=0, now__has_key="log")
    last = max(carried.values_list("now__log", flat=True), default=0)
    while batch := list(
        log.objects.filter(pk__gt=last)
        .select_related("content_type")
        .order_by("pk")[:BATCH]
    ):
        entry.objects.bulk_create(
            made(entry, row, *models[label_of(row)])
            for row in batch
            if label_of(row) in models
        )
        last = batch[-1].pk


def label_of(row: Any) -> str:
    kind = row.content_type
    return f"{kind.app_label}.{kind.model}" if kind else ""


def made(entry: Any, row: Any, model: Any, path: str) -> Any:
    """Return the entry of the trail for a row of the log about a row of `model`."""
    number = row.object_id or ""
    leads = path and number.isascii() and number.isdecimal() and len(number) < 19
    found = model.objects.filter(pk=number) if leads else model.objects.none()
    said = LogEntry.get_change_message(row) or KINDS[row.action_flag]
    return entry(
        at=row.action_time,
        account=row.user_id,
        transaction=0,
        organization=found.values_list(path, flat=True).first() if leads else None,
        table=model._meta.db_table,
        row=number[:255],
        action="note",
        now={"said": said, "log": row.pk},
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("config", "0003_audit"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("organizations", "0002_constraints"),
        ("petitions", "0008_told_reasons"),
    ]

    operations = [migrations.RunPython(carry, migrations.RunPython.noop)]
