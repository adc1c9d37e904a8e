"""What tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from tests.project.conftest import sent

LIST = "/admin/petitions/petition/"


def change(path: str, client: Client, **typed: Any) -> Callable[[], Any]:
    """Opens the form now; sends it, with `typed` in it, when it is called."""
    opened = {**sent(client.get(path)), **typed}
    return lambda: client.post(path, opened)


def saved(response: Any) -> bool:
    if response.status_code == 200:
        errors = [form.errors for form in [response.context["adminform"].form]]
        assert any(errors) or response.context["mistakes"]
    return bool(response.status_code == 302)
