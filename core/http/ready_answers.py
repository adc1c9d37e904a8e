"""Answers that are ready: a page from the cache is sent without Django.

Django answers the first request of each kind for a page, and this layer around it
remembers the status line and the headers on the page itself (`Page.ready`). The next
such request gets the same answer from here: no header is made here, so that middlewares
and policies stay the only place that decides on them. A page that is rendered anew has
no ready answers yet, and one that is evicted takes its own along.

Which kind a request is (`kind_of_answer`), whether the page is of this slot and was
rendered with the present switches (`page_cache.get`), and whether the host is ours
(`HttpRequest.get_host`) is asked by the same functions as in Django. Whatever else
could change the answer goes on to Django untouched: a body, another method, a cookie of
ours, a parameter that counts. So does a page that is to be rendered, and every request
while the switches are to be read again.

A new middleware that answers a public page by something else in the request has to be
told to `is_usual()`. tests/project/test_ready_answers.py compares the two ways.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost, TooManyFieldsSent
from django.core.handlers.wsgi import get_path_info
from django.http import HttpRequest, QueryDict

from core.http.access import log_access
from core.http.cache_policy import (
    SHOWN,
    VERSION,
    AnswerKind,
    Page,
    ReadyAnswer,
    Shown,
    kind_of_answer,
    page_cache,
)
from core.http.untrusted_input import Environ
from core.observability.logs import request_fields
from core.switches import SWITCHES

type Application = Callable[[Environ, Any], Iterable[bytes]]

# What requests for a page do not have, and Django is to judge.
UNUSUAL = frozenset(
    {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT",
     "HTTP_RANGE", "HTTP_UPGRADE"}
)  # fmt: skip


class ReadyAnswers:
    """A WSGI application around Django's. The environment has been sanitised
    (core/http/untrusted_input.py)."""

    def __init__(self, django: Application) -> None:
        self.django = django

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        started = time.perf_counter()
        if not is_usual(environ):
            return self.django(environ, start_response)
        if (found := find_ready_answer(environ)) is None:
            return self.django(environ, remembering(environ, start_response))
        page, kind, answer = found
        with request_fields() as fields:
            body = page.body(kind)
            start_response(answer.status, answer.headers.copy())
            log_access(
                fields,
                method=environ["REQUEST_METHOD"],
                route=answer.route,
                status=int(answer.status[:3]),
                started=started,
            )
        return [body]


def is_usual(environ: Environ) -> bool:
    """Return whether nothing but path, query, scheme and `kind_of_answer()` can decide
    what Django answers with a page to this request."""
    cookies = environ.get("HTTP_COOKIE", "")
    return (
        environ["REQUEST_METHOD"] in ("GET", "HEAD")
        and UNUSUAL.isdisjoint(environ)
        # One of ours that has ended or is malformed is replaced by the answer.
        and settings.SESSION_COOKIE_NAME not in cookies
        and settings.CSRF_COOKIE_NAME not in cookies
        and is_our_host(environ.get("HTTP_HOST", ""), tuple(settings.ALLOWED_HOSTS))
    )


@lru_cache(maxsize=64)
def is_our_host(host: str, allowed: tuple[str, ...]) -> bool:
    """Return whether Django accepts this host. It finds `allowed` in the settings: that
    is an argument so that another setting is another question."""
    request = HttpRequest()
    request.META["HTTP_HOST"] = host
    try:
        return host != "" and request.get_host() == host
    except DisallowedHost:
        return False


def find_ready_answer(environ: Environ) -> tuple[Page, AnswerKind, ReadyAnswer] | None:
    """Return the page and the answer to send, or None when Django is to answer."""
    if (switches := SWITCHES.fresh()) is None:
        return None
    page = page_cache.get((get_path_info(environ), ()), time.time(), switches)
    if page is None:
        return None
    kind = kind_of_answer(page, environ)
    answer = page.ready.get((kind, environ["wsgi.url_scheme"]))
    if answer is None or may_count(environ.get("QUERY_STRING", ""), answer):
        return None
    return page, kind, answer


def may_count(query: str, answer: ReadyAnswer) -> bool:
    """Return whether the query may lead to another answer. Links from a social network
    carry parameters that do not."""
    if not query:
        return False
    try:
        names = QueryDict(query.encode("latin-1"), encoding="utf-8").keys()
    except (TooManyFieldsSent, UnicodeError):
        return True
    return VERSION in names or not answer.parameters.isdisjoint(names)


def remembering(environ: Environ, start_response: Any) -> Any:
    """Return a `start_response` that keeps the answer, if it shows a page, for the next
    such request."""

    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        shown: Shown | None = environ.get(SHOWN)
        if shown is not None and all(name != "Set-Cookie" for name, _value in headers):
            page, route, parameters = shown
            kind = kind_of_answer(page, environ), environ["wsgi.url_scheme"]
            page.ready[kind] = ReadyAnswer(status, headers.copy(), route, parameters)
        return start_response(status, headers, *error)

    return start
