"""Cache policies: who may keep a page, and the cache in the process for public pages.

Every URL name has a policy in `config.urls.POLICIES`; one that has none is `personal`.

A cached page is rendered at most once in a slot (core/slots.py) and process, compressed
once, and served stale while the database is away or slow. When a switch of the site
changes (core.switches), it is rendered again at once.

The cache key is the path and the parameters that count, each in its normal form. The
view gets a request made of these and of nothing else (`bare_request`), so that a page
cannot depend on anything else that a visitor sent.
"""

from __future__ import annotations

import enum
import gzip
import hashlib
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.cache import get_conditional_response
from django.utils.csp import CSP
from django.utils.encoding import iri_to_uri
from django.utils.module_loading import import_string

from core.db.database import is_away
from core.http.cache_keys import (
    Normal,
    Query,
    bare_request,
    query_that_counts,
)
from core.http.problems import problem
from core.http.styles import allow_noted
from core.slots import SLOT, slot_of
from core.switches import KEY, NONE, Switches, switches_of

STALE_IF_ERROR = 3600
ENTRIES = 2000
# The compressed bytes of all pages together: URLs of one large picture can be made up
# by the thousand.
BYTES = 32 * 2**20
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
# The age in seconds up to which a copy is shown while another thread renders a new one.
STALE_WHILE_RENDERING = 30
# So many seconds others wait for that thread, before they show an older copy: it may
# have a smaller number than the page that the visitor has just seen. No thread begins
# to wait for a rendering that has lasted longer, however slow the database is.
PATIENCE = 1.0

PUBLIC_CONTROL = (
    f"public, max-age=0, s-maxage={SLOT}, "
    f"stale-while-revalidate=30, stale-if-error={STALE_IF_ERROR}"
)
FOR_EVER = "public, max-age=31536000, immutable"

FRAMED_CSP = {**settings.SECURE_CSP, "frame-ancestors": ["*"]}

# Responses that caches may keep for a moment: pages, redirects, 304.
KEPT = frozenset({200, 301, 302, 304})


class CacheAudience(enum.Enum):
    """The caches that may keep a response: all, none, or none and no search engine."""

    CACHED = "cached"
    NO_STORE = "no-store"
    PERSONAL = "personal"


@dataclass(frozen=True)
class Policy:
    """A cache policy: who may keep a response and, if it is cached, which query
    parameters count."""

    audience: CacheAudience
    query: Mapping[str, Normal] = field(default_factory=dict)
    proofs: frozenset[str] = frozenset()
    """Those of them whose values nobody can make up. Links between such pages carry
    them on."""
    embeddable: bool = False
    """Scripts of other sites may read it (CORS), and their pages may embed it
    (CORP)."""
    framed: bool = False
    """Other sites may show it in a frame."""


def cached(
    common: Mapping[str, Normal] | None = None,
    *,
    proofs: Mapping[str, Normal] | None = None,
    embeddable: bool = False,
    framed: bool = False,
    **query: Normal,
) -> Policy:
    """Return a policy for a page that is cached for everybody, by path and these
    parameters; `common` has those that several pages share, `proofs` those that nobody
    can make up."""
    query = {**(common or {}), **(proofs or {}), **query}
    return Policy(
        CacheAudience.CACHED,
        query,
        frozenset(proofs or ()),
        embeddable or framed,
        framed,
    )


NO_STORE = Policy(CacheAudience.NO_STORE)
PERSONAL = Policy(CacheAudience.PERSONAL)


@cache
def policies() -> dict[str, Policy]:
    return dict(import_string(f"{settings.ROOT_URLCONF}.POLICIES"))


def policy_of(view_name: str) -> Policy:
    """Return the policy of a URL name, which may be that of its whole namespace;
    PERSONAL if there is none."""
    table = policies()
    return table.get(view_name) or table.get(
        f"{view_name.partition(':')[0]}:*", PERSONAL
    )


# The parameter that names the version of a picture.
VERSION = "v"


class Versioned(HttpResponse):
    """A response whose content `version` names. Under a URL with that `?v=` it may be
    kept for ever; one rendering serves any `?v=`, also made-up ones."""

    def __init__(self, *args: Any, version: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version = version


class AnswerKind(NamedTuple):
    """What of a request decides which answer it gets to a page."""

    unchanged: bool
    """The browser has this page already."""
    zipped: bool
    """The browser takes it compressed."""


@dataclass(frozen=True)
class ReadyAnswer:
    """What Django answered to requests of one kind for one page, but for the body."""

    status: str
    headers: list[tuple[str, str]]
    route: str
    parameters: frozenset[str]
    """The query parameters that may lead to another page."""


@dataclass(frozen=True)
class Page:
    """A rendered page, compressed, with its headers."""

    zipped: bytes
    etag: str
    headers: dict[str, str]
    slot: int
    rendered_at: float
    version: str = ""
    switches: Switches = NONE
    """The switches that it was rendered with."""
    ready: dict[tuple[AnswerKind, str], ReadyAnswer] = field(
        default_factory=dict, compare=False, repr=False
    )
    """How Django has answered with it, by kind and scheme (core/http/ready_answers.py).
    """

    def body(self, kind: AnswerKind) -> bytes:
        """Return the body of an answer of this kind."""
        if kind.unchanged:
            return b""
        return self.zipped if kind.zipped else gzip.decompress(self.zipped)


class Shown(NamedTuple):
    """That a request was answered as its path is without any query."""

    page: Page
    route: str
    parameters: frozenset[str]
    """The query parameters that may lead to another page."""


# Where a request carries it.
SHOWN = "site.shown"


@dataclass
class Turn:
    """The right to render a page, which one thread has at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    since: float | None = None
    """When a thread took it."""

    def take(self, *, patience: float) -> bool:
        """Take it, or return False when a thread has had it for `patience` seconds."""
        if not self.lock.acquire(blocking=False):
            since = self.since
            left = patience if since is None else since + patience - time.monotonic()
            left = min(left, threading.TIMEOUT_MAX)
            if left <= 0 or not self.lock.acquire(timeout=left):
                return False
        self.since = time.monotonic()
        return True

    def give_back(self) -> None:
        self.since = None
        self.lock.release()


@dataclass
class PageCache:
    """Pages by key, at most `ENTRIES` and `BYTES`; the one rendered longest ago is
    evicted first."""

    pages: dict[Any, Page] = field(default_factory=dict)
    size: int = 0
    rendering: dict[Any, Turn] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Any, now: float, switches: Switches = NONE) -> Page | None:
        """Return the page if it was rendered in this slot, with these switches."""
        page = self.pages.get(key)
        if page is None or (page.slot, page.switches) != (slot_of(now), switches):
            return None
        return page

    def fetch(
        self,
        key: Any,
        now: float,
        render: Callable[[], HttpResponseBase],
        switches: Switches = NONE,
    ) -> Page | HttpResponseBase:
        """Return the page: rendered by this thread or by one it waits for, or a stale
        copy while another thread takes long to render it or the database is away. A
        response that is not to be cached is returned as it is."""
        with self.lock:
            turn = self.rendering.setdefault(key, Turn())
        known = self.pages.get(key)
        may_be_stale = (
            known is not None
            and known.switches == switches
            and slot_of(now) - known.slot <= STALE_WHILE_RENDERING // SLOT
        )
        if not turn.take(patience=PATIENCE if may_be_stale else math.inf):
            assert known is not None
            return known
        try:
            if page := self.get(key, now, switches):
                return page
            try:
                response = render()
            except Exception as error:
                if (
                    known
                    and is_away(error)
                    and now - known.rendered_at < STALE_IF_ERROR
                ):
                    # No other thread asks the absent database within this slot.
                    self.put(key, replace(known, slot=slot_of(now), switches=switches))
                    return known
                raise
            if (
                response.status_code != 200
                or not isinstance(response, HttpResponse)
                or response.headers.get("Cache-Control") == "no-store"
            ):
                with self.lock:
                    self.drop(key)
                return response  # an error, a redirect, a file, or of this moment
            page = make_page(response, now, switches)
            self.put(key, page)
            return page
        finally:
            turn.give_back()
            if key not in self.pages:
                self.rendering.pop(key, None)

    def put(self, key: Any, page: Page) -> None:
        with self.lock:
            self.drop(key)
            self.pages[key] = page
            self.size += len(page.zipped)
            while len(self.pages) > ENTRIES or self.size > BYTES:
                oldest = next(iter(self.pages))
                self.drop(oldest)
                self.rendering.pop(oldest, None)

    def drop(self, key: Any) -> None:
        """Remove a page from the cache; the caller holds the lock."""
        if (page := self.pages.pop(key, None)) is not None:
            self.size -= len(page.zipped)

    def clear(self) -> None:
        with self.lock:
            self.pages.clear()
            self.size = 0
            self.rendering.clear()


page_cache = PageCache()


def make_page(response: HttpResponse, now: float, switches: Switches = NONE) -> Page:
    body = response.content
    return Page(
        zipped=gzip.compress(body, 9, mtime=0),
        # Weak: the same for the compressed and the plain representation.
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:20]}"',
        headers=dict(response.headers),
        slot=slot_of(now),
        rendered_at=now,
        version=response.version if isinstance(response, Versioned) else "",
        switches=switches,
    )


def kind_of_answer(page: Page, meta: Mapping[str, Any]) -> AnswerKind:
    """Return which answer a request with these headers, as in WSGI, gets to the
    page."""
    if page.etag in meta.get("HTTP_IF_NONE_MATCH", ""):
        return AnswerKind(unchanged=True, zipped=False)
    zipped = GZIP.search(meta.get("HTTP_ACCEPT_ENCODING", "")) is not None
    return AnswerKind(unchanged=False, zipped=zipped)


def answer_with_page(
    request: HttpRequest, page: Page, query: Query, policy: Policy
) -> HttpResponse:
    """Return the page, compressed if the browser accepts that, or 304 if it has it
    already."""
    kind = kind_of_answer(page, request.META)
    if kind.unchanged:
        response = HttpResponse(status=304)
        del response.headers["Content-Type"]
        # A browser replaces the headers it has by those of a 304.
        if (csp := page.headers.get(CSP.HEADER_ENFORCE)) is not None:
            response.headers[str(CSP.HEADER_ENFORCE)] = csp
    else:
        response = HttpResponse(page.body(kind), headers=page.headers)
        if kind.zipped:
            response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = page.etag
    if page.version and request.GET.get(VERSION) == page.version:
        response.headers["Cache-Control"] = FOR_EVER
    elif not query and (match := request.resolver_match):
        names = frozenset(policy.query)
        request.META[SHOWN] = Shown(page, f"/{match.route}", names)
    return response


class CachePolicyMiddleware:
    """Applies the policy of the URL name. It is the innermost middleware, so that a
    cached page passes the same ones as any other response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        allow_noted(request, response)
        match = request.resolver_match
        policy = policy_of(match.view_name) if match else NO_STORE
        if policy.audience is CacheAudience.CACHED and response.status_code in KEPT:
            response.headers.setdefault("Cache-Control", PUBLIC_CONTROL)
            response.headers["Vary"] = "Accept-Encoding"
        else:
            response.headers["Cache-Control"] = "no-store"
        if policy.audience is CacheAudience.PERSONAL:
            response.headers["X-Robots-Tag"] = "noindex"
        if policy.embeddable:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return let_into_frames(response, policy)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        assert match is not None
        policy = policy_of(match.view_name)
        if policy.audience is not CacheAudience.CACHED or request.method not in (
            "GET",
            "HEAD",
        ):
            return None
        now, switches = time.time(), switches_of(request)
        try:
            key = (request.path, query_that_counts(request, policy.query))
            page = page_cache.get(key, now, switches)
            if page is None:
                bare = bare_request(request, key[1])
                bare.META[KEY] = switches
                with a_place(key[1], policy) as has_place:
                    if not has_place:
                        stale = stale_page(key, now, switches)
                        if stale is None:
                            return problem(request, 503)
                        return answer_with_page(request, stale, key[1], policy)
                    fetched = page_cache.fetch(
                        key,
                        now,
                        lambda: rendered(bare, view(bare, *args, **kwargs), policy),
                        switches,
                    )
                if not isinstance(fetched, Page):
                    return not_kept(request, fetched)
                page = fetched
        except Exception as error:
            # Django calls process_exception() only for exceptions of the view itself.
            if is_away(error):
                return problem(request, 503)
            raise
        return answer_with_page(request, page, key[1], policy)


# URLs with a query can be made up without end, searches above all. At most half of the
# threads render one: the others are left for the pages that everybody reads.
PLACES = threading.BoundedSemaphore(max(1, settings.THREADS // 2))


@contextmanager
def a_place(query: Query, policy: Policy) -> Iterator[bool]:
    """Yield whether the page may be rendered now; hold one of PLACES if it has a query
    that can be made up."""
    if all(name in policy.proofs for name, _value in query):
        yield True
    elif PLACES.acquire(blocking=False):
        try:
            yield True
        finally:
            PLACES.release()
    else:
        yield False


def stale_page(key: tuple[str, Query], now: float, switches: Switches) -> Page | None:
    """Return the cached page if it was rendered with these switches within the last
    hour, else None."""
    page = page_cache.pages.get(key)
    if (
        page is None
        or page.switches != switches
        or now - page.rendered_at > STALE_IF_ERROR
    ):
        return None
    return page


def not_kept(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Adapt a response that is not cached to this visitor's request, which the view has
    not seen: a redirect carries the query on, and a file that the browser has is not
    sent again."""
    query = request.META.get("QUERY_STRING", "")
    location = response.headers.get("Location")
    if location and query and "?" not in location:
        response.headers["Location"] = iri_to_uri(f"{location}?{query}")
    etag, stream = (
        response.headers.get("ETag"),
        getattr(response, "file_to_stream", None),
    )
    if etag and stream is not None:
        # Any response will do, but django-stubs does not know that.
        whole = cast("HttpResponse", response)
        unchanged = get_conditional_response(request, etag=etag, response=whole)
        if unchanged is not None and unchanged is not whole:
            stream.close()
            return unchanged
    return response


def let_into_frames(response: HttpResponseBase, policy: Policy) -> HttpResponseBase:
    """Tell Django's outer middlewares that a response may be framed. A decorator on the
    view would not do: a page from the cache has not passed the view."""
    if policy.framed:
        response._csp_config = FRAMED_CSP  # type: ignore[attr-defined]
        response.xframe_options_exempt = True  # type: ignore[attr-defined]
    return response


def rendered(
    request: HttpRequest, response: HttpResponseBase, policy: Policy
) -> HttpResponseBase:
    let_into_frames(response, policy)
    if isinstance(response, TemplateResponse):
        response.render()
        allow_noted(request, response)
    return response
