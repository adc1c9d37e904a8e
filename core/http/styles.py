"""The style sheet of the public pages, inside each page.

One request brings a page that can be shown: no style sheet has to be waited for. The
bytes are the same for every page and process, so the Content Security Policy names
them by their hash, and pages stay cacheable (a nonce would differ in each answer).
What a page adds, an organisation's colours, is allowed for that one answer by
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
# A string is kept as it is; of anything else, the space that says nothing goes.
STRING = re.compile(r'("[^"]*")')
AROUND = re.compile(r"\s*([{};,>])\s*")


def bundle(path: Path) -> str:
    """A style sheet with those that it imports in their places."""
    return IMPORT.sub(
        lambda found: bundle(path.parent / found["name"]), path.read_text()
    )


def minified(css: str) -> str:
    """The same rules without comments and needless space."""
    parts = STRING.split(COMMENT.sub("", css))
    for number in range(0, len(parts), 2):
        spaced = AROUND.sub(r"\1", re.sub(r"\s+", " ", parts[number]))
        parts[number] = spaced.replace(": ", ":").replace(";}", "}")
    return "".join(parts).strip()


def hash_of(css: str) -> str:
    """What a policy calls an inline style sheet of exactly these bytes."""
    digest = hashlib.sha256(css.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def element(css: str) -> SafeString:
    """The style sheet as HTML; only for what the site itself wrote."""
    assert "<" not in css
    return mark_safe(f"<style>{css}</style>")  # noqa: S308 - no markup in it


TOKEN = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")


def colour_tokens(*, dark: bool) -> dict[str, str]:
    """The colours in tokens.css by name; the dark scheme changes some of the light."""
    light, _, rest = (CSS / "tokens.css").read_text().partition("@media (prefers")
    return dict(TOKEN.findall(light)) | (dict(TOKEN.findall(rest)) if dark else {})


SITE = minified(bundle(CSS / "site.css"))
SITE_HASH = hash_of(SITE)
SITE_ELEMENT = element(SITE)


def add_style_sheet(request: HttpRequest, css: str) -> SafeString:
    """A further style sheet for the page that is being rendered."""
    request.META.setdefault("site.styles", []).append(hash_of(css))
    return element(css)


def allow_noted(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the policy of this answer name what its page noted. In a header of the
    answer, which the page cache keeps beside the body."""
    from django.conf import settings

    if not (noted := request.META.pop("site.styles", None)):
        return
    policy: dict[str, Any] = getattr(response, "_csp_config", settings.SECURE_CSP)
    response.headers[str(CSP.HEADER_ENFORCE)] = build_policy(
        {**policy, "style-src": [*policy["style-src"], *dict.fromkeys(noted)]}
    )
