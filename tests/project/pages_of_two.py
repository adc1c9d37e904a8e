"""A helper for tests of two people at one page of the admin."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client

LIST = "/admin/petitions/petition/"


def opened(client: Client, path: str, data: Any = None) -> dict[str, str]:
    """Return the page's `_seen`, which says when it was opened."""
    page = client.post(path, data) if data else client.get(path)
    found = re.search(r'name="_seen" value="([^"]*)"', page.content.decode())
    assert found, path
    return {"_seen": html.unescape(found[1])}
