"""Helpers for the tests of several packages."""

from __future__ import annotations

import re
from typing import Any


def text_of(response: Any) -> str:
    """Return the page's text as it is read: without tags, white space folded."""
    import html

    body = re.sub(
        r"<(script|style|head)\b.*?</\1>", "", response.content.decode(), flags=re.S
    )
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
