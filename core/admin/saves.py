"""Look up earlier saves: whether a form was saved before (idempotence), and who has
changed the same row since it was opened. Also tell whoever saved what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db import connection, models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from core.admin.edit_conflicts import Sent
from core.audit import entries
from core.models import SavedForm
from core.text.faults import cited
from core.text.fields import LineField
from core.text.mojibake import find_mojibake

# Older forms are not remembered: their login has ended long ago.
REMEMBERED = timedelta(days=2)


def of_form(request: HttpRequest, sent: Sent) -> SavedForm | None:
    """Return the record of an earlier save of this form, if any. An advisory lock on
    its token makes a form sent twice at once wait until this transaction ends."""
    if not sent.token:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [sent.token]
        )
    since = timezone.now() - REMEMBERED
    own = SavedForm.objects.filter(account=request.user.pk or 0, saved_at__gt=since)
    return own.filter(token=sent.token).first()


def remember(request: HttpRequest, row: models.Model) -> None:
    """Record that the form in this request was saved, as `row`."""
    sent: Sent | None = getattr(request, "sent", None)
    if sent is None or not sent.token:
        return
    values = {
        "account": request.user.pk,
        "row": str(row.pk),
        "content": sent.content,
        "saved_at": timezone.now(),
    }
    SavedForm.objects.update_or_create(token=sent.token, defaults=values)


def meanwhile(
    model: type[models.Model],
    number: str,
    opened: datetime | None,
    inlines: Iterable[type[models.Model]] = (),
) -> str:
    """Return who last changed a row, or its parts of the models `inlines`, since it was
    opened, and when; "" when nobody is known to have."""
    if opened is None:
        return ""
    written = entries.of_row(model, number, inlines)
    last = written.filter(at__gte=opened, account__isnull=False).first()
    if last is None or last.account is None:
        return ""
    at = date_format(timezone.localtime(last.at), "SHORT_DATETIME_FORMAT")
    return f"{entries.names_of_actors([last])[last.account]} ({at})"


def say_kept(request: HttpRequest, sent: Sent | None) -> None:
    """Tell whoever saved a form which changes of others were kept beside theirs."""
    if sent is None or not sent.kept:
        return
    who = sent.who or gettext("Somebody, or the site itself,")
    messages.info(
        request,
        gettext("%(who)s changed this meanwhile, and it stays: %(fields)s.")
        % {"who": who, "fields": ", ".join(dict.fromkeys(sent.kept))},
    )


def warn_of_mojibake(request: HttpRequest, form: Any, formsets: Iterable[Any]) -> None:
    """Warn of texts in saved forms that were decoded in the wrong encoding once. They
    are stored as typed, in case they are about just that."""
    forms = [form, *(row for formset in formsets for row in formset.forms)]
    for form in forms:
        for name in form.changed_data:
            if not isinstance(form.fields[name], LineField):
                continue
            mojibake = find_mojibake(str(form[name].data or ""))
            if mojibake is None:
                continue
            sentence = gettext(
                "%(field)s: “%(found)s” looks like letters read in a wrong encoding. "
                "It was saved so: look at it."
            )
            if mojibake.meant:
                sentence = gettext(
                    "%(field)s: “%(found)s” looks like letters read in a wrong "
                    "encoding, for “%(meant)s”. It was saved so: look at it."
                )
            messages.warning(
                request,
                sentence
                % {
                    "field": form[name].label,
                    "found": cited(mojibake.garbled),
                    "meant": cited(mojibake.meant),
                },
            )
