"""The worker process of gunicorn: its own with threads, but with a page of ours for an
address that is too long to be read."""

from __future__ import annotations

import socket
from base64 import b64encode
from contextlib import suppress
from functools import cache
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from gunicorn.http.errors import LimitRequestLine
from gunicorn.workers.gthread import ThreadWorker

# How long an address may be that is read to its end before it is answered: a client
# that is still sending would not read the answer.
MOST_READ = 2**20
SECONDS = 1.0
STYLE = (
    "body{max-width:40rem;margin:2rem auto;padding:0 1rem;"
    "font:1.0625rem/1.55 system-ui,sans-serif}h1{font-size:1.6rem;line-height:1.15}"
)


class Worker(ThreadWorker):  # type: ignore[misc]
    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what cannot be served; of an address that is too long nothing is
        known, not even its language, and nothing is logged but that."""
        if not isinstance(exc, LimitRequestLine):
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("An address is too long to be read")
        with suppress(OSError):
            client.settimeout(SECONDS)
            client.sendall(too_long())
            client.shutdown(socket.SHUT_WR)
            read = 0
            while read < MOST_READ and (part := client.recv(2**16)):
                read += len(part)


@cache
def too_long() -> bytes:
    """Return the answer, a page in every language of the interface."""
    texts = []
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            texts.append(render_to_string("_414.html", {"code": code}))
    tag = format_html("<style>{}</style>", SafeString(STYLE))
    page = render_to_string("414.html", {"texts": texts, "style": tag}).encode()
    style = b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'"
    headers = (
        "HTTP/1.1 414 URI Too Long",
        "Connection: close",
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(page)}",
        "Cache-Control: no-store",
        f"Content-Security-Policy: {policy}",
        "X-Content-Type-Options: nosniff",
    )
    return "\r\n".join((*headers, "", "")).encode() + page
