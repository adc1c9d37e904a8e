"""The style sheet of the public pages, inlined in each page.

One request brings a page that can be shown: there is no style sheet to wait for. The
bytes are the same for every page and process, so the Content Security Policy allows
them by their hash, and pages stay cacheable (a nonce would differ in each response).

What a page adds, an organisation's colours, is allowed for that one response by
`add_style_sheet()` while it is rendered and `allow_noted()` after it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.csp import CSP, build_policy
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:  # the settings read this module
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

IMPORT = re.compile(r'^@import "(?P<name>[^"]+)";\n', re.MULTILINE)
CSS = Path(__file__).resolve().parents[2] / "static" / "css"

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Strings stay as they are; elsewhere needless space is removed.
STRING = re.compile(r'("[^"]*")')
AROUND = re.compile(r"\s*([{};,>])\s*")


def inline_imports(path: Path) -> str:
    """Return a style sheet with its imports inlined."""
    return IMPORT.sub(
        lambda match: inline_imports(path.parent / match["name"]), path.read_text()
    )


def minified(css: str) -> str:
    """Return the same rules without comments and needless space."""
    parts = STRING.split(COMMENT.sub("", css))
    for number in range(0, len(parts), 2):
        spaced = AROUND.sub(r"\1", re.sub(r"\s+", " ", parts[number]))
        parts[number] = spaced.replace(": ", ":").replace(";}", "}")
    return "".join(parts).strip()


def hash_of(css: str) -> str:
    """Return the CSP source expression for an inline style sheet of exactly these
    bytes."""
    digest = hashlib.sha256(css.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def style_element(css: str) -> SafeString:
    """Return the style sheet as an HTML element; only for CSS that the site itself
    wrote."""
    assert "<" not in css
    return mark_safe(f"<style>{css}</style>")  # noqa: S308 - no markup in it


TOKEN = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")


def colour_tokens(*, dark: bool) -> dict[str, str]:
    """Return the colours of tokens.css by name; the dark scheme overrides some of the
    light."""
    light, _, rest = (CSS / "tokens.css").read_text().partition("@media (prefers")
    return dict(TOKEN.findall(light)) | (dict(TOKEN.findall(rest)) if dark else {})


SITE = minified(inline_imports(CSS / "site.css"))
SITE_HASH = hash_of(SITE)
SITE_ELEMENT = style_element(SITE)


def add_style_sheet(request: HttpRequest, css: str) -> SafeString:
    """Add a style sheet to the page that is being rendered, and return its element."""
    request.META.setdefault("site.styles", []).append(hash_of(css))
    return style_element(css)


def allow_noted(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let this response's Content Security Policy allow the style sheets added to its
    page. It is a header of the response, so that the page cache keeps it with the body.
    """
    from django.conf import settings

    if not (noted := request.META.pop("site.styles", None)):
        return
    policy: dict[str, Any] = getattr(response, "_csp_config", settings.SECURE_CSP)
    response.headers[str(CSP.HEADER_ENFORCE)] = build_policy(
        {**policy, "style-src": [*policy["style-src"], *dict.fromkeys(noted)]}
    )
