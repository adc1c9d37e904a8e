"""What a page is about, for search engines: schema.org as JSON-LD in the page.

A block of data and no script: no browser runs it, so the Content Security Policy has no
say in it (a test asks Chromium)."""

from __future__ import annotations

import json
from typing import Any

from django.utils.safestring import SafeString, mark_safe

# Nothing in it can end the block, or begin a comment in it.
ESCAPES = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})


def element(data: dict[str, Any]) -> SafeString:
    """The data, without fields that say nothing, as an element of a page."""
    said = {name: value for name, value in data.items() if value not in ("", None)}
    shape = {"@context": "https://schema.org", **said}
    written = json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(  # noqa: S308 - escaped here
        f'<script type="application/ld+json">{written.translate(ESCAPES)}</script>'
    )
