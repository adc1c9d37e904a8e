"""The grading of one response by MDN HTTP Observatory, as its `src/grader/charts.js`
and `src/analyzer/tests/` have it: it begins at 100, takes off for what is missing, and
adds extra credit if 90 or more are left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

BEGIN = 100
LEAST_FOR_CREDIT = 90
SIX_MONTHS = 15_768_000
BROAD = {"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*",
         "https://*.*"}  # fmt: skip
INLINE = {"'unsafe-inline'", "data:"}
HASHED = ("'sha256-", "'sha384-", "'sha512-", "'nonce-")
PRIVATE = {"no-referrer", "same-origin", "strict-origin",
           "strict-origin-when-cross-origin"}  # fmt: skip
LOOSE = {"origin", "origin-when-cross-origin", "unsafe-url",
         "no-referrer-when-downgrade"}  # fmt: skip


def score(response: Any, page: str) -> int:
    """Return the score of a response that came by HTTPS."""
    changes = [change for _name, change in findings(response, page)]
    found = BEGIN + sum(change for change in changes if change < 0)
    if found >= LEAST_FOR_CREDIT:
        found += sum(change for change in changes if change > 0)
    return max(0, found)


def findings(response: Any, page: str) -> Iterator[tuple[str, int]]:
    """Yield the name of each test, and what it changes in the score."""
    headers = response.headers
    policy = directives(headers.get("Content-Security-Policy", ""))
    yield "content-security-policy", csp(policy)
    yield "cookies", cookies(response)
    yield "cross-origin-resource-sharing", cors(headers)
    yield "referrer-policy", referrer(headers.get("Referrer-Policy"))
    yield "strict-transport-security", hsts(headers)
    yield "subresource-integrity", integrity(headers, page)
    sniff = headers.get("X-Content-Type-Options", "").strip().lower()
    yield "x-content-type-options", 0 if sniff == "nosniff" else -5
    yield "x-frame-options", framing(headers, policy)
    yield "cross-origin-resource-policy", corp(headers)
    yield "cross-origin-embedder-policy", coep(headers)


def directives(header: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for part in filter(None, map(str.strip, header.split(";"))):
        name, *sources = part.split()
        found.setdefault(name.lower(), {source.lower() for source in sources})
    return found


def csp(policy: dict[str, set[str]]) -> int:
    if not policy:
        return -25
    anything = {"*"}
    default = policy.get("default-src", anything)
    script = without_overruled(policy.get("script-src", default))
    style = without_overruled(policy.get("style-src", default))
    objects = policy.get("object-src", default)
    if script & (BROAD | INLINE) or objects & BROAD:
        return -20
    passive = {"img-src", "media-src"}
    active = {s for name, sources in policy.items() if name not in passive
              for s in sources}  # fmt: skip
    if any(source.startswith(("http:", "ftp:")) for source in active):
        return -20
    if "'unsafe-eval'" in script | style:
        return -10
    shown = {s for name in passive for s in policy.get(name, default)}
    if any(source.startswith(("http:", "ftp:")) for source in shown):
        return -10
    if style & (BROAD | INLINE):
        return 0
    return 10 if default == {"'none'"} and is_strict_form(policy) else 5


def is_strict_form(policy: dict[str, set[str]]) -> bool:
    return policy.get("form-action", {"*"}) <= {"'none'", "'self'"}


def without_overruled(sources: set[str]) -> set[str]:
    """Return the sources without 'unsafe-inline' where a hash or a nonce overrules
    it."""
    hashed = any(source.startswith(HASHED) for source in sources)
    return sources - {"'unsafe-inline'"} if hashed else sources


def cookies(response: Any) -> int:
    """Return the worst change for any cookie; HSTS protects those without Secure."""
    if not response.cookies:
        return 0
    protected = hsts(response.headers) >= 0
    changes = [5 if all(c["samesite"] for c in response.cookies.values()) else 0]
    for name, cookie in response.cookies.items():
        session = any(word in name.lower() for word in ("login", "sess"))
        if cookie["samesite"].lower() not in {"", "lax", "strict", "none"}:
            changes.append(-20)
        if not cookie["secure"]:
            if cookie["samesite"].lower() == "none":
                changes.append(-20)
            changes.append(-5 if protected else -20)
            if session:
                changes.append(-10 if protected else -40)
        if "csrf" in name.lower() and not cookie["samesite"]:
            changes.append(-20)
        if session and not cookie["httponly"]:
            changes.append(-30)
    return min(changes)


def cors(headers: Any) -> int:
    """Penalise a response that names an origin and lets cookies through: that opens the
    site to forgery."""
    allowed = headers.get("Access-Control-Allow-Origin", "").strip()
    credentials = headers.get("Access-Control-Allow-Credentials", "").strip().lower()
    return -50 if allowed not in {"", "*"} and credentials == "true" else 0


def referrer(header: str | None) -> int:
    if header is None:
        return 0
    known = [
        v for v in map(str.strip, header.lower().split(",")) if v in PRIVATE | LOOSE
    ]
    return 5 if known and known[-1] in PRIVATE else -5


def hsts(headers: Any) -> int:
    header = headers.get("Strict-Transport-Security", "")
    age = re.search(r"max-age\s*=\s*\"?(\d+)", header, re.IGNORECASE)
    if not age:
        return -20
    return 0 if int(age[1]) >= SIX_MONTHS else -10


def integrity(headers: Any, page: str) -> int:
    """Grade the checksums of scripts: the site's own need none, and earn credit with
    one."""
    if not headers.get("Content-Type", "text/html").startswith("text/html"):
        return 0
    changes = []
    for tag in re.findall(r"<script\b[^>]*>", page):
        source = re.search(r'\bsrc="([^"]*)"', tag)
        if not source:
            continue
        checked = "integrity=" in tag
        if source[1].startswith("//") or source[1].startswith("http:"):
            changes.append(-20 if checked else -50)
        elif source[1].startswith("https:"):
            changes.append(5 if checked else -5)
        elif checked:
            changes.append(5)
    return min(changes, default=0)


def framing(headers: Any, policy: dict[str, set[str]]) -> int:
    if "frame-ancestors" in policy:
        return 5
    header = headers.get("X-Frame-Options", "").strip().lower()
    known = header in {"deny", "sameorigin"} or header.startswith("allow-from")
    return 0 if known else -20


def corp(headers: Any) -> int:
    header = headers.get("Cross-Origin-Resource-Policy", "").strip().lower()
    if header in {"same-origin", "same-site"}:
        return 10
    return 0 if header in {"", "cross-origin"} else -5


def coep(headers: Any) -> int:
    header = headers.get("Cross-Origin-Embedder-Policy", "").strip().lower()
    return 10 if header == "require-corp" else 0
