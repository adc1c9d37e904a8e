"""What somebody has just typed, for the page after the form: it shows the address
whole, so that a slip is seen, and leads back to the form as it was filled in.

Nothing is stored for that. The form goes along in the query, encrypted; only whoever
comes from a page of this site is shown it, and not for long. It is not read from the
row that the form has become: once its owner confirmed or erased that, the page would
tell so to anybody who had typed their address.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest

from core.security.encryption import Unreadable, decrypt, encrypt
from petitions.signatures.forms import SignForm

SHOWN = timedelta(minutes=30)
"""How long the page after the form shows what was typed."""
LONGEST = 2000
"""The most characters of a form in a query: nginx, as it is installed, takes 4 kB of
headers of an answer, and answers 502 to more. Without it, the page leads to an empty
form."""
KIND = "typed"


def typed_query(form: SignForm, petition_id: int, now: datetime) -> str:
    """Return the part of the query that holds a valid form, encrypted; "" for one that
    is too long."""
    given = form.cleaned_data
    data = {name: value for name, value in given.items() if isinstance(value, str)}
    data.pop("version", None)
    if given["show_name"]:
        data["show_name"] = "1"
    if given["updates"] is not None:
        data["updates"] = "yes" if given["updates"] else "no"
    held = [KIND, petition_id, int(now.timestamp()), data]
    blob = encrypt(json.dumps(held, ensure_ascii=False))
    return f"&form={blob}" if len(blob) <= LONGEST else ""


def just_typed(request: HttpRequest, petition_id: int, now: datetime) -> dict[str, Any]:
    """Return what whoever looks has just typed, as the form takes it; {} for anybody
    else: who was passed the address of the page, or opens it from the history of a
    browser, comes from no page of this site."""
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        return {}
    try:
        kind, petition, sent, data = json.loads(decrypt(request.GET.get("form", "")))
    except (Unreadable, ValueError, TypeError):
        return {}
    is_late = now.timestamp() - sent > SHOWN.total_seconds()
    if (kind, petition) != (KIND, petition_id) or is_late:
        return {}
    return dict(data)
