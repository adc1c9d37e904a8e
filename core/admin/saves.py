"""Look up earlier saves in the admin's history: whether a form was saved before
(idempotence), and who has changed the same row since it was opened.
Also tell whoever saved what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from core.admin.edit_conflicts import Sent
from core.text.faults import shown
from core.text.fields import LineField
from core.text.mojibake import find_mojibake

# Older forms are not remembered: their login has ended long ago.
REMEMBERED = timedelta(days=2)


def of_form(request: HttpRequest, sent: Sent) -> LogEntry | None:
    """Return the history entry of an earlier save of this form, if any. An advisory
    lock on its token makes a form sent twice at once wait until this transaction ends.
    """
    if not sent.token:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [sent.token]
        )
    since = timezone.now() - REMEMBERED
    own = LogEntry.objects.filter(user=request.user.pk, action_time__gt=since)
    return own.filter(change_message__contains=sent.token).first()


def with_signature(request: HttpRequest, message: Any) -> Any:
    """Return a history message with the form's token and content digest added."""
    sent: Sent | None = getattr(request, "sent", None)
    if sent is None or not sent.token or not isinstance(message, list):
        return message
    return [*message, {"form": sent.token, "content": sent.content}]


def meanwhile(model: type[models.Model], number: str, opened: datetime | None) -> str:
    """Return who last changed a row in the admin since it was opened, and when; "" when
    nobody is known to have."""
    if opened is None:
        return ""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model, for_concrete_model=False),
        object_id=number,
        action_time__gte=opened,
    )
    last = entries.select_related("user").order_by("-action_time").first()
    if last is None:
        return ""
    at = date_format(timezone.localtime(last.action_time), "SHORT_DATETIME_FORMAT")
    return f"{last.user} ({at})"


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
            found = find_mojibake(str(form[name].data or ""))
            if found is None:
                continue
            sentence = gettext(
                "%(field)s: “%(found)s” looks like letters read in a wrong encoding. "
                "It was saved so: look at it."
            )
            if found.meant:
                sentence = gettext(
                    "%(field)s: “%(found)s” looks like letters read in a wrong "
                    "encoding, for “%(meant)s”. It was saved so: look at it."
                )
            messages.warning(
                request,
                sentence
                % {
                    "field": form[name].label,
                    "found": shown(found.found),
                    "meant": shown(found.meant),
                },
            )
