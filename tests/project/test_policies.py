"""Every URL of the site keeps the rules for caches, cookies and headers."""

from __future__ import annotations

import gzip
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from core import checks
from core.http.cache_policy import (
    STALE_IF_ERROR,
    CacheAudience,
    Page,
    page_cache,
    policies,
    policy_of,
)
from core.i18n.languages import path_in
from core.slots import SLOT, slot_of
from organizations.models import Organization
from petitions.models import Petition
from tests.factories import (
    make_entry,
)
from tests.project.addresses import CACHED, NAMES, PATHS, PETITION

pytestmark = pytest.mark.django_db

STAFF = ("admin", "password", "petitions:style_guide", "accept_", "operation")


def test_every_name_has_a_path_here_and_a_policy() -> None:
    assert [name for name in NAMES if name not in PATHS] == []
    assert checks.every_url_has_a_policy(None) == []


def test_a_name_without_a_policy_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    table = dict(policies())
    del table["petitions:thank_you"]
    monkeypatch.setattr(checks, "policies", lambda: table)

    (error,) = checks.every_url_has_a_policy(None)

    assert "petitions:thank_you" in error.msg
    assert policy_of("something:new").audience is CacheAudience.PERSONAL


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", NAMES)
def test_headers_keep_the_policy(
    visitor: Client, site: dict[str, str], name: str, language: str
) -> None:
    path = PATHS[name].format(**site)
    in_languages = name.partition(":")[0] in {
        "home",
        "organizations",
        "petitions",
        "admin",
    }
    if language != "en" and not in_languages:
        return
    response = visitor.get(
        path_in(language, path),
        headers={"accept-encoding": "gzip", "accept-language": "fr", "cookie": "a=b"},
    )
    b"".join(response)  # a file is closed when it has been read
    policy = policy_of(name if name != "admin:*" else "admin:login")
    control = response.headers["Cache-Control"]

    assert response.status_code < 500
    if policy.audience is CacheAudience.CACHED:
        assert control.startswith("public, max-age=")
    else:
        assert control == "no-store" or "no-store" in control
    personal = policy.audience is CacheAudience.PERSONAL
    assert (response.headers.get("X-Robots-Tag") == "noindex") is personal
    if not name.startswith(STAFF):
        assert not response.cookies
        assert "Set-Cookie" not in response.headers
    vary = response.headers.get("Vary", "").lower()
    if not name.startswith(STAFF):
        assert "cookie" not in vary
    assert "accept-language" not in vary
    assert_secure(response, framed=policy.framed)


def assert_secure(response: Any, *, framed: bool) -> None:
    csp = response.headers["Content-Security-Policy"]
    if framed:
        assert "X-Frame-Options" not in response.headers
        assert csp.endswith("; frame-ancestors *")
        csp = csp.replace("frame-ancestors *", "frame-ancestors 'none'")
    elif any(template.name == "admin/login.html" for template in response.templates):
        # A form may be sent into the frame of a preview when the login is over.
        assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
        csp = csp.replace("frame-ancestors 'self'", "frame-ancestors 'none'")
    else:
        assert response.headers["X-Frame-Options"] == "DENY"
    assert csp.startswith("default-src 'none'; ")
    assert "unsafe" not in csp
    assert "*" not in csp
    assert "base-uri 'none'" in csp
    assert "frame-ancestors 'none'" in csp
    assert "form-action 'self'" in csp
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_these_and_no_other_pages_may_be_framed() -> None:
    framed = {name for name, policy in policies().items() if policy.framed}

    assert framed == {"petitions:card", "petitions:card_form"}


@pytest.mark.usefixtures("one_slot")
@pytest.mark.parametrize("name", CACHED)
def test_cached_pages_have_an_etag_and_answer_304(
    visitor: Client,
    site: dict[str, str],
    name: str,
    django_assert_num_queries: Any,
) -> None:
    path = PATHS[name]
    first = visitor.get(path, headers={"accept-encoding": "gzip"})
    with django_assert_num_queries(0):
        again = visitor.get(path, headers={"accept-encoding": "gzip"})
        plain = visitor.get(path)
        fresh = visitor.get(path, headers={"if-none-match": first.headers["ETag"]})
        listed = visitor.get(
            path, headers={"if-none-match": f'"x", {first.headers["ETag"]}'}
        )
        other = visitor.get(path, headers={"if-none-match": '"x"'})

    assert first.status_code == again.status_code == plain.status_code == 200
    assert first.headers["Content-Encoding"] == "gzip"
    assert first.content == again.content
    assert gzip.decompress(first.content) == plain.content
    assert "Content-Encoding" not in plain.headers
    assert first.headers["ETag"] == plain.headers["ETag"]
    for response in (fresh, listed):
        assert response.status_code == 304
        assert response.content == b""
        assert response.headers["ETag"] == first.headers["ETag"]
        assert response.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert other.status_code == 200


@pytest.mark.parametrize("path", ["/media/logos/abc.webp", f"{PETITION}/share.png"])
def test_pictures_may_be_shown_by_web_mail_and_other_sites(
    visitor: Client, site: dict[str, str], path: str
) -> None:
    answer = visitor.get(path)

    answer.close()
    assert answer.status_code == 200
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_picture_is_kept_for_ever(visitor: Client, site: dict[str, str]) -> None:
    first = visitor.get("/media/logos/abc.webp")
    assert b"".join(first) == b"RIFF"
    again = visitor.get(
        "/media/logos/abc.webp", headers={"if-none-match": first.headers["ETag"]}
    )

    assert first.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert again.status_code == 304
    assert visitor.get("/media/logos/other.webp").status_code == 404


@pytest.mark.usefixtures("one_slot")
def test_parameters_that_do_not_count_cost_no_rendering(
    visitor: Client, site: dict[str, str], django_assert_num_queries: Any
) -> None:
    visitor.get(f"{PETITION}/")
    with django_assert_num_queries(0):
        shared = visitor.get(f"{PETITION}/?fbclid=x&utm_source=y&page=7")
    visitor.get("/petitions/?page=1")

    assert shared.status_code == 200
    assert len(page_cache.pages) == 2


def test_a_page_is_rendered_anew_in_the_next_slot(
    visitor: Client, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [float(slot_of(time.time()) * SLOT)]
    monkeypatch.setattr("core.http.cache_policy.time.time", lambda: clock[0])
    path = f"{PETITION}/count.json"
    assert visitor.get(path).json()["supporters"] == 0
    make_entry(petition, 5)

    clock[0] += 9.9
    assert visitor.get(path).json()["supporters"] == 0
    clock[0] += 0.2
    assert visitor.get(path).json()["supporters"] == 5


def test_answers_that_are_no_pages_are_not_kept(visitor: Client, db: None) -> None:
    for number in range(50):
        response = visitor.get(f"/petitions/nothing-{number}/")
        assert response.status_code == 404
        assert response.headers["Cache-Control"] == "no-store"

    assert page_cache.pages == {}
    assert page_cache.rendering == {}


def test_the_cache_keeps_a_bounded_number_of_pages(
    visitor: Client, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.http import cache_policy

    monkeypatch.setattr(cache_policy, "ENTRIES", 3)
    for words in "abcdef":
        visitor.get(f"/petitions/?q={words}")

    assert [dict(key[1])["q"] for key in page_cache.pages] == ["d", "e", "f"]
    assert len(page_cache.rendering) == 3


def test_the_cache_keeps_a_bounded_number_of_bytes(
    visitor: Client, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many different words are searched for."""
    from core.http import cache_policy

    path = f"{PETITION}/"
    visitor.get(path)
    (page,) = page_cache.pages.values()
    monkeypatch.setattr(cache_policy, "BYTES", 2 * len(page.zipped))
    for number in range(5):
        assert visitor.get(f"/petitions/?q={number}").status_code == 200
        # The same one again is counted once.
        page_cache.put("again", page)

    kept = sum(len(page.zipped) for page in page_cache.pages.values())
    assert 0 < kept == page_cache.size <= 2 * len(page.zipped)
    page_cache.fetch("again", page.rendered_at + 20, lambda: HttpResponse(status=410))
    assert page_cache.size == sum(len(p.zipped) for p in page_cache.pages.values())


def test_a_head_request_is_answered_like_a_get(
    visitor: Client, site: dict[str, str]
) -> None:
    got, headed = visitor.get(f"{PETITION}/"), visitor.head(f"{PETITION}/")

    assert headed.status_code == 200
    assert headed.headers["ETag"] == got.headers["ETag"]
    assert headed.content == b""


def test_nothing_on_a_page_comes_from_elsewhere(
    visitor: Client, site: dict[str, str]
) -> None:
    own = re.compile(r"^(/|#|\?|mailto:|sms:|http://testserver\.localhost|data:,$)")
    for name in NAMES:
        if name.startswith(STAFF) or policy_of(name).audience is None:
            continue
        response = visitor.get(PATHS[name].format(**site))
        page = b"".join(response).decode(errors="replace")
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            continue
        for tag in re.findall(r"<(?:link|script|img|iframe|form)\b[^>]*>", page):
            for address in re.findall(r'(?:src|href|action)="([^"]*)"', tag):
                assert own.match(address), (name, tag)
        assert not re.search(r"<[^>]*\sstyle=", page)
        assert not re.search(r"<script(?![^>]*\b(?:src=|ld\+json))", page)
        assert not re.search(r"\son\w+=", page)


def test_templates_hold_no_inline_style_or_script() -> None:
    for template in Path("templates").rglob("*.html"):
        if "emails" in template.parts:
            continue  # mail programs know no style sheets
        source = template.read_text()
        assert " style=" not in source, template
        assert "<style" not in source, template
        assert not re.search(r"<script(?![^>]*\bsrc=)", source), template


def test_the_first_view_of_a_petition_is_light(
    visitor: Client, petition: Petition
) -> None:
    """HTML and style sheet together fit into the first flight of a connection."""
    petition.text = "Word after word of a usual text. " * 60
    petition.save()
    page = visitor.get(f"{PETITION}/", headers={"accept-encoding": "gzip"}).content

    assert b'rel="stylesheet"' not in gzip.decompress(page)
    assert len(page) < 14_000


def page_of(text: str) -> HttpResponse:
    return HttpResponse(text.encode())


def test_a_stale_page_is_forgotten_after_an_hour() -> None:
    def away() -> HttpResponse:
        raise OperationalError

    page_cache.fetch("key", 0, lambda: page_of("old"))

    stale = page_cache.fetch("key", STALE_IF_ERROR - 1, away)
    assert isinstance(stale, Page)
    with pytest.raises(OperationalError):
        page_cache.fetch("key", STALE_IF_ERROR + SLOT, away)


def test_a_page_that_is_gone_is_not_shown_any_more() -> None:
    page_cache.fetch("key", 0, lambda: page_of("old"))

    page_cache.fetch("key", 20, lambda: HttpResponse(status=410))

    fresh = page_cache.fetch("key", 21, lambda: page_of("new"))
    assert isinstance(fresh, Page)
    assert gzip.decompress(fresh.zipped) == b"new"


@pytest.mark.parametrize(
    ("seconds", "patience", "shown"),
    [(25, 0.01, b"old"), (25, 20, b"new"), (90, 0.01, b"new")],
)
def test_only_a_young_copy_is_shown_while_another_thread_takes_long_to_render(
    seconds: int, patience: float, shown: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.http.cache_policy.PATIENCE", patience)
    rendering, go_on = threading.Event(), threading.Event()

    def slow() -> HttpResponse:
        rendering.set()
        go_on.wait(10)
        return page_of("new")

    page_cache.fetch("key", 0, lambda: page_of("old"))
    other = threading.Thread(target=page_cache.fetch, args=("key", seconds, slow))
    other.start()
    rendering.wait(10)
    threading.Timer(0.3, go_on.set).start()

    page = page_cache.fetch("key", seconds, lambda: page_of("never"))

    other.join(10)
    assert isinstance(page, Page)
    assert gzip.decompress(page.zipped) == shown


@pytest.mark.parametrize(
    ("header", "zipped"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("br, gzip; q=0.0, identity", False),
        ("identity", False),
    ],
)
def test_what_the_browser_takes(
    visitor: Client, site: dict[str, str], header: str, zipped: bool
) -> None:
    response = visitor.get("/", headers={"accept-encoding": header})

    assert ("Content-Encoding" in response.headers) is zipped


@pytest.mark.parametrize("name", CACHED)
def test_what_search_engines_may_show_has_a_title_and_a_description(
    visitor: Client, site: dict[str, str], name: str
) -> None:
    for path in (PATHS[name], f"/fr{PATHS[name]}"):
        answer = visitor.get(path)
        page = answer.content.decode(errors="replace")
        if "<!doctype html>" not in page or '<meta name="robots"' in page:
            continue
        title = re.search("<title>(.+?)</title>", page)
        described = re.search('<meta name="description" content="(.+?)">', page)
        assert title, path
        assert described, path
