"""Helpers for tests of two people at one form of the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from tests.project.conftest import sent

LIST = "/admin/petitions/petition/"


def change(path: str, client: Client, **typed: Any) -> Callable[[], Any]:
    """Open the form now; return a function that sends it, with `typed` in it."""
    opened = {**sent(client.get(path)), **typed}
    return lambda: client.post(path, opened)


def saved(response: Any) -> bool:
    if response.status_code == 200:
        errors = [form.errors for form in [response.context["adminform"].form]]
        assert any(errors) or response.context["mistakes"]
    return bool(response.status_code == 302)
