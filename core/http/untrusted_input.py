"""Remove from a request what cannot be trusted, before Django reads it.

A visitor may send any header, and a proxy passes most of them on. None of them decides
under which prefix this site stands, what its host is, or in which charset it reads.
Whether a request came by HTTPS, and from where (core/security/client_network.py), only
the proxies in TRUSTED_PROXIES may say."""

from __future__ import annotations

import io
import re
from typing import Any

from django.conf import settings

from core.i18n.languages import ADMIN
from core.security.client_network import (
    parse_address,
    trusted_proxies,
)

type Environ = dict[str, Any]

_TOKEN = r"[\w!#$%&'*+.^`|~-]+"  # noqa: S105 - RFC 9110's word for a word
MEDIA_TYPE = re.compile(rf"\s*({_TOKEN}/{_TOKEN})\s*(?:;|$)", re.ASCII)
CHARSET = re.compile(r";\s*charset(?:\*\d*)?\*?\s*=\s*\"?([^\s\";]*)", re.ASCII | re.I)
# RFC 2046, 5.1.1.
BOUNDARY = re.compile(
    r";\s*boundary\s*=\s*(?:\"([\w'()+,./:=? -]{1,70})\"|([\w'()+,./:=?-]{1,70}))",
    re.ASCII | re.I,
)
# RFC 6265, 4.1.1, without the backslash: “\000” would stand for a null byte, which no
# session key may hold.
COOKIE = re.compile(r"[\x20-\x5b\x5d-\x7e]*")
UTF_8 = frozenset({"utf-8", "utf8"})
# Replaces every other charset: a name that no codec has.
OTHER_CHARSET = "other"
TOO_LONG = str(2**62)


def sanitize(environ: Environ) -> Environ:
    """Replace, in place, what a visitor may have made up in the WSGI environment;
    return it."""
    # A server splits the path at a prefix that a header may name (gunicorn). Here the
    # path is what was requested, and settings.FORCE_SCRIPT_NAME says that there is no
    # prefix.
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    environ["SCRIPT_NAME"] = ""
    environ["PATH_INFO"] = path if path.startswith("/") else f"/{path}"
    environ["wsgi.url_scheme"] = scheme_of(environ)
    if "CONTENT_TYPE" in environ:
        environ["CONTENT_TYPE"] = clean_content_type(environ["CONTENT_TYPE"])
    if "HTTP_COOKIE" in environ:
        cookies = environ["HTTP_COOKIE"].split(";")
        environ["HTTP_COOKIE"] = ";".join(filter(COOKIE.fullmatch, cookies))
    measure(environ)
    return environ


def scheme_of(environ: Environ) -> str:
    """Return “https” or “http”: as our own server received the request, or as a trusted
    proxy before it says in X-Forwarded-Proto, where the last word is that proxy's."""
    peer = parse_address(environ.get("REMOTE_ADDR", ""))
    words: str = environ.get("HTTP_X_FORWARDED_PROTO", "")
    said = words.rpartition(",")[2].strip().lower()
    if said in {"http", "https"} and peer is not None:
        trusted = trusted_proxies(tuple(settings.TRUSTED_PROXIES))
        if any(peer in network for network in trusted):
            return said
    return "https" if environ.get("wsgi.url_scheme") == "https" else "http"


def clean_content_type(given: str) -> str:
    """Return a Content-Type of which only the media type, a boundary, and whether the
    charset is UTF-8 are left. Django looks up any charset that is named, and fails with
    codecs that are not text encodings (hex, rot13)."""
    match = MEDIA_TYPE.match(given)
    if match is None:
        return ""
    clean = match[1].lower()
    if boundary := BOUNDARY.search(given):
        clean += f'; boundary="{boundary[1] or boundary[2]}"'
    if charset := CHARSET.search(given):
        known = charset[1].lower() in UTF_8
        clean += f"; charset={'utf-8' if known else OTHER_CHARSET}"
    return clean


def limit_of(path: str) -> int:
    """Return how many bytes the body of a request to `path` may have. Staff upload
    pictures; a mail provider reports many mails at once (and shows its secret first).
    """
    if path.startswith((ADMIN, f"/{settings.WEBHOOKS_PATH}")):
        return int(settings.STAFF_BODY_LIMIT)
    return int(settings.PUBLIC_BODY_LIMIT)


class Chunked(io.RawIOBase):
    """A chunked body. Whatever a server raises when it is malformed becomes an OSError,
    which Django handles."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.broken = False

    def read(self, size: int = -1, /) -> bytes:
        try:
            # After an error a server may take what it has read for the whole body.
            if not self.broken:
                return bytes(self.stream.read(size))
        except Exception as error:
            self.broken = True
            raise OSError from error
        raise OSError


def measure(environ: Environ) -> None:
    """Give a chunked body a Content-Length, in place: Django takes a body without one
    for empty. At most the limit is read; a longer body, of unknown length, gets
    TOO_LONG."""
    if environ.get("CONTENT_LENGTH") or not environ.get("HTTP_TRANSFER_ENCODING"):
        return
    most = limit_of(environ["PATH_INFO"])
    body = environ["wsgi.input"] = Chunked(environ["wsgi.input"])
    # Only servers that set this tell where the body ends.
    if not environ.get("wsgi.input_terminated"):
        environ["CONTENT_LENGTH"] = TOO_LONG
        return
    try:
        data = body.read(most + 1)
    except OSError:
        environ["CONTENT_LENGTH"] = "1"  # reading it will fail
        return
    if len(data) > most:
        environ["CONTENT_LENGTH"] = TOO_LONG
    else:
        environ["CONTENT_LENGTH"] = str(len(data))
        environ["wsgi.input"] = io.BytesIO(data)
