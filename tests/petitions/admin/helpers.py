"""Helpers for the tests of the admin: forms as browsers send them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse

from core.http.cache_policy import page_cache
from organizations.models import Organization, User
from petitions.models import (
    Petition,
)

type Login = Callable[[User], Client]


LIST = "/admin/petitions/petition/"


def form(petition: Petition | None = None, /, **changes: Any) -> dict[str, Any]:
    """Return the petition's form as a browser would send it."""
    fields: dict[str, Any] = {
        "language": "en",
        "title": "A new campaign",
        "slug": "",
        "ask": "",
        "summary": "",
        "text": "**Please** do.",
        "text_format": "markdown",
        "image_description": "",
        "delivery": "number",
        "months_kept": "6",
        "closes_at_0": "",
        "closes_at_1": "",
        "started_on": "",
        "goal": "",
        "position": "",
        "outcome": "",
        "targets-TOTAL_FORMS": "1",
        "targets-INITIAL_FORMS": "0",
        "targets-0-position": "1",
        "targets-0-kind": "person",
        "targets-0-name": "Minister",
        "targets-0-office": "",
        "targets-0-organisation": "",
        "translations-TOTAL_FORMS": "0",
        "translations-INITIAL_FORMS": "0",
        "corrections-TOTAL_FORMS": "0",
        "corrections-INITIAL_FORMS": "0",
        "count_entries-TOTAL_FORMS": "0",
        "count_entries-INITIAL_FORMS": "0",
    }
    if petition is not None:
        fields |= {
            "title": petition.title,
            "slug": petition.slug,
            "text": petition.text,
        }
        fields |= {"targets-TOTAL_FORMS": "0"}
        for number, target in enumerate(petition.targets.all()):
            prefix = f"targets-{number}-"
            fields |= {
                "targets-TOTAL_FORMS": str(number + 1),
                "targets-INITIAL_FORMS": str(number + 1),
                f"{prefix}id": target.pk,
                f"{prefix}petition": petition.pk,
                f"{prefix}position": target.position,
                f"{prefix}kind": target.kind,
                f"{prefix}name": target.name,
                f"{prefix}office": target.office,
                f"{prefix}organisation": target.organisation,
            }
    return {**fields, **changes}


def errors_of(response: Any) -> str:
    """Return what the admin complains about, for a failed assertion to say."""
    if response.status_code != 200:
        return ""
    context = response.context
    return f"{context.get('errors')} {context['adminform'].form.errors}"


def act(client: Client, petition: Petition, verb: str, **fields: str) -> Any:
    return client.post(f"{LIST}{petition.pk}/do/{verb}/", fields)


SIGNATURES = "/admin/petitions/signature/"


def decide(client: Client, fields: dict[str, Any], path: str = SIGNATURES) -> Any:
    """Take an action on the rows of a list: ask, then confirm what the page shows;
    return the page that asked."""
    asked = client.post(path, fields)
    client.post(path, {**fields, **pressed(asked)})
    return asked


def decided(client: Client, path: str, fields: dict[str, Any]) -> Any:
    """Do the same, and return the page that follows."""
    asked = client.post(path, fields)
    return client.post(path, {**fields, **pressed(asked)}, follow=True)


def pressed(asked: Any) -> dict[str, str]:
    """Return what the button of the page that asked sends besides the list's fields."""
    own = r'name="(after|newest|more)" value="(\d+)"'
    return {**dict(re.findall(own, asked.content.decode())), "confirmed": "1"}


def member_form(organization: Organization, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": organization.name,
        "slug": organization.slug,
        "legal_name": "",
        "description": "",
        "postal_address": organization.postal_address,
        "contact_email": organization.contact_email,
        "website": "",
        "charity_number": "",
        "privacy_notice": "",
    }
    fields |= {"language": "en", "descriptions-TOTAL_FORMS": "0"}
    fields["descriptions-INITIAL_FORMS"] = "0"
    return {**fields, **changes}


def add_url(name: str, petition: Petition) -> str:
    return reverse(f"admin:petitions_{name}_add", query={"petition": petition.pk})


def change_url(row: Any) -> str:
    return reverse(f"admin:petitions_{row._meta.model_name}_change", args=[row.pk])


def given(name: str, petition: Petition, **changes: Any) -> dict[str, Any]:
    """Return the form of an update, an answer or a handover as a browser would send
    it."""
    target = petition.targets.get().pk
    fields: dict[str, dict[str, Any]] = {
        "update": {
            "language": "en", "title": "News", "text": "**Good** news.",
            "published_at_0": "", "published_at_1": "",
        },
        "answer": {
            "target": target, "answered_by": "", "answered_on": "2026-03-01",
            "language": "en", "text": "No.", "text_format": "plain", "link": "",
        },
        "handover": {
            "target": target, "handed_on": "2026-03-01", "manner": "post",
            "confirmed": "0", "paper": "3", "imported": "0", "note": "",
            "language": "en",
        },
    }  # fmt: skip
    no_texts = {"translations-TOTAL_FORMS": "0", "translations-INITIAL_FORMS": "0"}
    return {**fields[name], **no_texts, **changes}


def page_of(visitor: Client, path: str) -> str:
    page_cache.clear()
    response = visitor.get(path)
    assert response.status_code == 200, path
    return str(response.content.decode())


def at_once() -> None:
    """Check deferred constraints now, as at the end of a transaction, which a test
    never reaches."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def row(number: int = 0, stored: Any = None, **words: str) -> dict[str, Any]:
    """Return a row of the table of translations, as a browser sends it."""
    fields = {"language": "fr", "title": "Titre", "text": "Mot.", **words}
    return {
        f"translations-{number}-id": stored.pk if stored else "",
        **{f"translations-{number}-{name}": value for name, value in fields.items()},
    }


def rows(*each: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    counts = {
        "translations-TOTAL_FORMS": len(each),
        "translations-INITIAL_FORMS": initial,
    }
    for fields in each:
        counts |= fields
    return counts
