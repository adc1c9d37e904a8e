"""Structured data for search engines: schema.org as JSON-LD in the page.

The element holds data and no script: as no browser runs it, the Content Security Policy
does not apply to it (a test asks Chromium)."""

from __future__ import annotations

import json
from typing import Any

from django.utils.safestring import SafeString, mark_safe

# So that nothing in it can end the element, or begin a comment.
ESCAPES = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})


def json_ld_element(data: dict[str, Any]) -> SafeString:
    """Return the data, without empty fields, as an HTML element."""
    said = {name: value for name, value in data.items() if value not in ("", None)}
    shape = {"@context": "https://schema.org", **said}
    written = json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(  # noqa: S308 - escaped here
        f'<script type="application/ld+json">{written.translate(ESCAPES)}</script>'
    )
