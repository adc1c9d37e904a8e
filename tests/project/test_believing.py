"""Nothing that a visitor sends is believed about where or what this site is: whatever
one visitor sends, the next are shown the same to the byte.

Tested here at the door of the application, as servers pass requests on; behind real
servers and proxies in test_proxies.py.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.core.handlers.wsgi import get_script_name
from django.test import Client
from django.test.client import ClientHandler
from django.urls import get_script_prefix, set_script_prefix
from pytest_django import Settings

from core.http.cache_policy import (
    CacheAudience,
    page_cache,
    policies,
)
from core.http.untrusted_input import (
    OTHER_CHARSET,
    clean_content_type,
    sanitize,
)
from petitions.models import Petition, Signature
from tests.project.addresses import PATHS, PETITION

pytestmark = pytest.mark.django_db

CANARY = "kanary-9f3"
FORM = "application/x-www-form-urlencoded"
CACHED = sorted(
    name
    for name, policy in policies().items()
    if policy.audience is CacheAudience.CACHED
)
# As they may stand in a WSGI environment, whoever put them there.
MADE_UP: dict[str, dict[str, Any]] = {
    "a prefix": {"SCRIPT_NAME": f"/{CANARY}"},
    "a prefix with a host": {"SCRIPT_NAME": f"https://{CANARY}"},
    "Apache's prefix": {
        "SCRIPT_URL": f"/{CANARY}/x",
        "REDIRECT_URL": f"/{CANARY}/x",
    },
    "headers of every kind": {
        "HTTP_HOST": "localhost:1234",
        "SERVER_NAME": CANARY,
        "HTTP_X_FORWARDED_HOST": CANARY,
        "HTTP_X_FORWARDED_SERVER": CANARY,
        "HTTP_X_FORWARDED_PORT": "9393",
        "HTTP_X_FORWARDED_PREFIX": f"/{CANARY}",
        "HTTP_X_SCRIPT_NAME": f"/{CANARY}",
        "HTTP_FORWARDED": f"for={CANARY};host={CANARY};proto=https",
        "HTTP_X_HOST": CANARY,
        "HTTP_X_ORIGINAL_URL": f"/{CANARY}",
        "HTTP_X_REWRITE_URL": f"/{CANARY}",
        "HTTP_PATH_INFO": f"/{CANARY}",
        "RAW_URI": f"/{CANARY}",
        "REQUEST_URI": f"/{CANARY}",
        "HTTP_X_HTTP_METHOD_OVERRIDE": "POST",
        "HTTP_X_METHOD_OVERRIDE": CANARY,
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_SSL": "on",
        "HTTP_ACCEPT": f"application/{CANARY}",
        "HTTP_ACCEPT_LANGUAGE": "fr, ar;q=0.9",
        "HTTP_ACCEPT_CHARSET": "utf-16",
        "HTTP_ACCEPT_ENCODING": f"br, {CANARY}, identity;q=0",
        "HTTP_USER_AGENT": CANARY,
        "HTTP_COOKIE": f"csrf={CANARY}; session={CANARY}; messages={CANARY}; "
        "django_language=fr",
        "HTTP_IF_MATCH": f'"{CANARY}"',
        "HTTP_IF_NONE_MATCH": f'"{CANARY}"',
        "HTTP_IF_MODIFIED_SINCE": CANARY,
        "HTTP_IF_RANGE": CANARY,
        "HTTP_RANGE": "bytes=5-9",
        "HTTP_EXPECT": "100-continue",
        "HTTP_ORIGIN": f"https://{CANARY}",
        "HTTP_REFERER": f"https://{CANARY}/?via={CANARY}",
        "HTTP_SEC_FETCH_SITE": "cross-site",
        "HTTP_AUTHORIZATION": f"Bearer {CANARY}",
        "HTTP_REMOTE_USER": CANARY,
    },
    "a charset": {"CONTENT_TYPE": f"{FORM}; charset=utf-16-le; x={CANARY}"},
    "a charset that is none": {"CONTENT_TYPE": "text/plain; charset=hex"},
    "a query": {"QUERY_STRING": f"utm_source={CANARY}&{CANARY}=1&text={CANARY}"},
    "another query": {"QUERY_STRING": f"via={CANARY}&v={CANARY}&q=&page=1&after="},
    "a query of bytes": {"QUERY_STRING": f"{CANARY}=%FF%00&text=%00{CANARY}&%=;=&&="},
}


class Door:
    """The application as a server calls it: config.wsgi without the static files, which
    tests do not collect."""

    def __init__(self) -> None:
        self.django = ClientHandler(enforce_csrf_checks=True)

    def __call__(
        self, path: str, body: bytes = b"", method: str = "GET", **environ: Any
    ) -> tuple[int, dict[str, str], bytes]:
        path, _mark, query = path.partition("?")
        given: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "REMOTE_ADDR": "192.0.2.7",
            "HTTP_HOST": "localhost",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            **({"CONTENT_LENGTH": str(len(body))} if body else {}),
            **environ,
        }
        clean = sanitize({k: v for k, v in given.items() if v is not None})
        # As WSGIHandler does, whose signals would close the test's connection.
        set_script_prefix(get_script_name(clean))
        response: Any = self.django(clean)
        content = b"".join(response)
        if response.streaming and response.file_to_stream:
            response.file_to_stream.close()
        return response.status_code, dict(response.headers), content


@pytest.fixture
def door() -> Iterator[Door]:
    prefix = get_script_prefix()
    yield Door()
    set_script_prefix(prefix)


def kept() -> dict[Any, tuple[bytes, dict[str, str]]]:
    """Return every page in the process's page cache."""
    return {
        key: (gzip.decompress(page.zipped), page.headers)
        for key, page in page_cache.pages.items()
    }


@pytest.mark.usefixtures("one_slot")
@pytest.mark.parametrize("sent", MADE_UP.values(), ids=MADE_UP.keys())
def test_what_a_visitor_sends_is_on_no_page_of_the_next(
    site: dict[str, str], door: Door, sent: dict[str, Any]
) -> None:
    paths = [PATHS[name] for name in CACHED]
    paths += [f"/fr{path}" for path in paths if path.endswith("/")]
    clean = {path: door(path) for path in paths}
    usual = kept()
    assert len(usual) >= len(CACHED) - 3
    page_cache.clear()

    for path in paths:
        if "QUERY_STRING" in sent and "?" in path:
            continue
        status, _headers, _body = door(path, **sent)
        assert status < 500, path

    for key, (body, headers) in kept().items():
        assert CANARY not in repr((key, headers))
        assert CANARY.encode() not in body
        # Each is, altogether, what everybody is shown.
        assert (body, headers) == usual[key]
    for path, answer in clean.items():
        assert door(path) == answer


def test_a_view_of_a_cached_page_is_shown_nothing_that_a_visitor_sent(
    door: Door, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it does not matter what views and templates come to read of a request."""
    from core.http import cache_policy
    from core.switches import KEY

    seen = []
    rendered = cache_policy.rendered

    def look(request: Any, response: Any, policy: Any) -> Any:
        meta = {key: text for key, text in request.META.items() if key != KEY}
        seen.append((meta, dict(request.GET), dict(request.COOKIES)))
        return rendered(request, response, policy)

    monkeypatch.setattr(cache_policy, "rendered", look)
    more = {**MADE_UP["headers of every kind"], **MADE_UP["a query"]}

    status, _headers, _body = door(f"{PETITION}/", **more)

    assert status == 200
    assert seen == [
        (
            {
                "HTTP_HOST": "testserver.localhost",
                "QUERY_STRING": "",
                "wsgi.url_scheme": "http",
            },
            {},
            {},
        )
    ]


MADE_UP_VALUES = [
    ("petitions:embed", "text"),
    ("petitions:card", "text"),
    ("petitions:card_form", "text"),
    ("petitions:share_png", "v"),
    ("petitions:qr_svg", "via"),
    ("petitions:index", "state"),
    ("petitions:index", "sort"),
    ("petitions:topic", "state"),
    ("petitions:petition", "text"),
    ("petitions:petition", "anything"),
    ("data:oembed", "maxwidth"),
    ("data:oembed", "maxheight"),
]


@pytest.mark.parametrize(("name", "parameter"), MADE_UP_VALUES)
def test_made_up_values_are_one_page(
    visitor: Client, site: dict[str, str], name: str, parameter: str
) -> None:
    path = PATHS[name] + ("&" if "?" in PATHS[name] else "?")
    usual = visitor.get(path).content

    # None of them a language that this petition has.
    for value in ("0", "m", "zz", "de", "%00", "%FF", "-1", "99999", "ab" * 200, "1e3"):
        assert visitor.get(f"{path}{parameter}={value}").content == usual

    assert len(page_cache.pages) == 1


@pytest.mark.parametrize("query", ["page=1", "page=01", "page=0001", "q=", "q=%20%00"])
def test_the_first_page_is_one_page(
    visitor: Client, site: dict[str, str], query: str
) -> None:
    for path in ("/petitions/", "/organizations/", "/organizations/rights-now/"):
        page_cache.clear()
        visitor.get(path)
        assert visitor.get(f"{path}?{query}").status_code == 200
        assert len(page_cache.pages) == 1


def test_an_address_that_names_the_page_is_one_address(
    visitor: Client, site: dict[str, str]
) -> None:
    for more in ("", "?x=1", "#part", "?via=kanary"):
        address = f"http://testserver.localhost{PETITION}/{more}"
        answer = visitor.get("/oembed.json", {"url": address})
        assert answer.status_code == 200

    assert len(page_cache.pages) == 1


def test_made_up_addresses_leave_threads_for_the_pages_that_everybody_reads(
    visitor: Client, site: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.http import cache_policy

    visitor.get("/petitions/?q=known")
    taken = []
    while cache_policy.PLACES.acquire(blocking=False):
        taken.append(True)
    try:
        busy = visitor.get("/petitions/?q=another")
        usual = visitor.get(f"{PETITION}/")
        monkeypatch.setattr("core.http.cache_policy.slot_of", lambda now: 2**40)
        stale = visitor.get("/petitions/?q=known")
    finally:
        for _ in taken:
            cache_policy.PLACES.release()

    assert len(taken) == site_settings.THREADS // 2
    assert busy.status_code == 503
    assert busy.headers["Retry-After"] == "10"
    assert usual.status_code == stale.status_code == 200
    assert visitor.get("/petitions/?q=another").status_code == 200


def test_a_redirect_leads_on_with_what_stood_behind_it(
    visitor: Client, site: dict[str, str]
) -> None:
    answer = visitor.get("/fr/petitions.json?page=2&x=é")

    assert answer.headers["Location"] == "/petitions.json?page=2&x=%C3%83%C2%A9"


# == Prefix, path, scheme, charset ==


@pytest.mark.parametrize(
    ("prefix", "path", "asked"),
    [
        ("/evil", "/petitions/", "/evil/petitions/"),
        # The path that a proxy's rules saw is the one that is looked up.
        ("/x", "/admin/login/", "/x/admin/login/"),
        ("", "https://evil.example/petitions/", "/https://evil.example/petitions/"),
        ("", "*", "/*"),
        ("", "", "/"),
        ("", "//evil.example/petitions/", "//evil.example/petitions/"),
    ],
)
def test_the_path_is_what_was_asked_for(prefix: str, path: str, asked: str) -> None:
    environ = sanitize({"SCRIPT_NAME": prefix, "PATH_INFO": path})

    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", asked)


def test_a_prefix_leads_nowhere(door: Door, petition: Petition) -> None:
    status, _headers, body = door(f"{PETITION}/", SCRIPT_NAME="/x")

    assert status == 404
    assert b'action="/x' not in body


def test_a_path_that_looks_like_a_host_is_no_link_to_it(door: Door, db: None) -> None:
    for path in ("//evil.example/", "///evil.example/", "//evil.example/fr/"):
        status, _headers, body = door(path)
        assert status == 404
        assert b'="//' not in body


@pytest.mark.parametrize(
    ("peer", "said", "own", "scheme"),
    [
        ("10.0.0.7", "https", "http", "https"),
        ("10.0.0.7", "HTTPS", "http", "https"),
        ("10.0.0.7", "http", "https", "http"),
        ("10.0.0.7", "http, https", "http", "https"),
        ("10.0.0.7", "https, http", "http", "http"),
        ("10.0.0.7", "", "http", "http"),
        ("10.0.0.7", "wss", "http", "http"),
        ("192.0.2.7", "https", "http", "http"),
        ("192.0.2.7", "http", "https", "https"),
        ("", "https", "http", "http"),
    ],
)
def test_only_a_proxy_of_ours_says_the_scheme(
    settings: Settings, peer: str, said: str, own: str, scheme: str
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    environ = {
        "REMOTE_ADDR": peer,
        "HTTP_X_FORWARDED_PROTO": said,
        "wsgi.url_scheme": own,
    }

    assert sanitize(environ)["wsgi.url_scheme"] == scheme


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        (FORM, FORM),
        (f"{FORM}; charset=UTF-8", f"{FORM}; charset=utf-8"),
        (f'{FORM}; charset="utf8"', f"{FORM}; charset=utf-8"),
        (f"{FORM}; charset=hex", f"{FORM}; charset={OTHER_CHARSET}"),
        (f"{FORM};charset=rot13;x=y", f"{FORM}; charset={OTHER_CHARSET}"),
        (f"{FORM}; charset*=hex''x", f"{FORM}; charset={OTHER_CHARSET}"),
        (f"{FORM}; charset*0=he; charset*1=x", f"{FORM}; charset={OTHER_CHARSET}"),
        (f"{FORM}; name*=utf-16''%FF", FORM),
        (f"{FORM}; boundary=\u00e9", FORM),
        ("multipart/form-data; boundary=a-b", 'multipart/form-data; boundary="a-b"'),
        ('Multipart/Form-Data; boundary="a b"', 'multipart/form-data; boundary="a b"'),
        ("multipart/form-data; boundary*=x'y'z", "multipart/form-data"),
        ("multipart/form-data; boundary=", "multipart/form-data"),
        ("text/plain", "text/plain"),
        ("application/json;charset=utf-8", "application/json; charset=utf-8"),
        ("nonsense", ""),
        ("", ""),
        ("; charset=hex", ""),
    ],
)
def test_of_a_content_type_the_type_is_left(given: str, clean: str) -> None:
    assert clean_content_type(given) == clean


CHARSETS = ["hex", "rot13", "base64", "zlib", "idna", "punycode", "undefined", "bz2",
            "unicode_escape", "raw_unicode_escape", "utf-7", "utf-16", "uu", "quopri",
            "mbcs", "\u00fcber", "a" * 5000, "utf-8\x00", "../x", "%s"]  # fmt: skip


@pytest.mark.parametrize("media_type", ["text/plain", FORM, "multipart/form-data"])
def test_no_charset_is_a_server_error(
    door: Door, petition: Petition, media_type: str
) -> None:
    for charset in CHARSETS:
        for shape in ("charset={}", 'charset="{}"', "charset*={}''x", "boundary={}"):
            kind = f"{media_type}; {shape.format(charset)}"
            read, _, _ = door("/about/?a=1", CONTENT_TYPE=kind)
            sent, _, _ = door(
                f"{PETITION}/sign/", b"name=M&email=x", "POST", CONTENT_TYPE=kind
            )
            login, _, _ = door("/admin/login/", b"a=b", "POST", CONTENT_TYPE=kind)
            assert read == 200, kind
            assert sent in {400, 415, 422}, kind
            assert login < 500, kind
    assert not Signature.objects.exists()


PARTS = [
    b"name=\"name\"; filename*=hex''x",
    b"name*=hex''name",
    b"name*=utf-8''%FF",
    b'name="name"\r\nContent-Type: text/plain; charset=hex',
    b"name=\"name\"\r\nContent-Type: text/plain; charset*=hex''x",
    b'name="name"\r\nContent-Transfer-Encoding: base64',
    b'name="name"\r\nContent-Transfer-Encoding: hex',
    b'name="_charset_"',
    b'name="name"; filename="x"\r\nContent-Type: text/plain; charset=hex',
    b'name="name"; filename="x"\r\nContent-Transfer-Encoding: base64',
    b'name="\xff\xfe"',
    b"name=\x00",
    b"",
]


@pytest.mark.parametrize("head", PARTS)
@pytest.mark.parametrize("content", [b"hex", b"\xff\x00", b"!", b"YQ"])
def test_no_part_of_a_form_is_a_server_error(
    door: Door, petition: Petition, head: bytes, content: bytes
) -> None:
    body = b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    for path in (f"{PETITION}/sign/", "/admin/login/", "/contact/", "/new-link/"):
        status, _, _ = door(path, body % (head, content), "POST", CONTENT_TYPE=kind)
        assert status < 500, path


COOKIES = ["session=\\000", 'session="\\000aaaaaaaaaa"', 'csrf="\\000\\377"', "=", ";;;=",
           "session=\xff\xfe\xff\xfe\xff\xfe\xff", 'messages="\\000x"', "a" * 9000,
           "session=" + "x" * 5000]  # fmt: skip


@pytest.mark.parametrize("cookie", COOKIES)
def test_no_cookie_is_a_server_error(
    door: Door, petition: Petition, cookie: str
) -> None:
    for path in ("/", "/admin/", "/admin/login/", "/style-guide/", f"{PETITION}/sign/"):
        for method in ("GET", "POST"):
            body = b"a=b" if method == "POST" else b""
            status, _, _ = door(
                path, body, method, HTTP_COOKIE=cookie, CONTENT_TYPE=FORM
            )
            assert status < 500, path


# == Bodies in chunks ==


class Broken(io.BytesIO):
    """A request body that fails as gunicorn's does: once it has failed, it says that
    there is no more."""

    failed = False

    def read(self, size: int | None = -1, /) -> bytes:
        if self.failed:
            return b""
        self.failed = True
        raise ValueError("Invalid chunk size")


def chunked(stream: io.BytesIO, **more: Any) -> dict[str, Any]:
    return {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_TYPE": FORM,
        "wsgi.input": stream,
        **more,
    }


def test_a_form_in_chunks_is_read(door: Door, petition: Petition) -> None:
    form = io.BytesIO(b"name=Maya+Tremblay&email=maya@example.org")

    status, _, _ = door(f"{PETITION}/sign/", method="POST", **chunked(form))

    assert status == 303
    assert Signature.objects.get().name == "Maya Tremblay"


@pytest.mark.parametrize(
    ("stream", "more", "status"),
    [
        (io.BytesIO(b"name=" + b"x" * 200_000), {}, 413),
        (Broken(), {}, 408),
        # A body without a length, which nobody says the end of.
        (io.BytesIO(b"name=M"), {"wsgi.input_terminated": False}, 413),
    ],
)
def test_a_form_in_chunks_that_cannot_be_read(
    door: Door,
    petition: Petition,
    stream: io.BytesIO,
    more: dict[str, Any],
    status: int,
) -> None:
    answered, _, _ = door(f"{PETITION}/sign/", method="POST", **chunked(stream, **more))

    assert answered == status
    assert not Signature.objects.exists()


def test_another_host_is_refused_on_one_line(
    door: Door, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    hosts = ("evil", "evil:80", "localhost.evil", "[::1", "a_b", "localhost\x00")
    for host in hosts:
        status, _, _ = door("/", HTTP_HOST=host)
        assert status == 400

    lines = [(record.name, record.levelname) for record in caplog.records]
    assert lines == [("access", "INFO")] * len(hosts)
