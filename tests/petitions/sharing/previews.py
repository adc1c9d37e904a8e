"""Reading what a page says a link to it looks like."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO

from django.test import Client
from django.utils.html import escape
from PIL import Image

from core.http.cache_policy import page_cache

HOST = "http://testserver.localhost"
NOINDEX = '<meta name="robots" content="noindex">'
TAGS = [
    "type", "title", "description", "url", "site_name", "locale", "image",
    "image:width", "image:height", "image:alt",
]  # fmt: skip


def tags(page: str) -> dict[str, list[str]]:
    """The tags of Open Graph on a page, by name without “og:”."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(
        r'<meta property="og:([^"]+)" content="([^"]*)">', page
    ):
        found.setdefault(name, []).append(unescape(value))
    return found


def told(page: str) -> dict[str, str]:
    """The same of a page on which each stands once, complete and in agreement with what
    search engines read."""
    found = tags(page)
    found.pop("locale:alternate", None)
    assert sorted(found) == sorted(TAGS)
    assert [name for name, values in found.items() if len(values) != 1] == []
    one = {name: values[0] for name, values in found.items()}
    assert [name for name, value in one.items() if not value.strip()] == []
    assert [name for name, value in one.items() if "\n" in value] == []
    assert len(one["description"]) <= 200
    assert page.count('<meta name="description"') == 1
    assert f'<meta name="description" content="{escape(one["description"])}">' in page
    assert page.count('rel="canonical"') == 1
    assert f'<link rel="canonical" href="{escape(one["url"])}">' in page
    assert page.count('name="twitter:card" content="summary_large_image"') == 1
    assert re.fullmatch(r"[a-z]{2,3}_[A-Z]{2}", one["locale"])
    return one


def page_at(visitor: Client, path: str, **headers: str) -> str:
    page_cache.clear()
    answer = visitor.get(path, headers=headers)
    assert answer.status_code == 200, path
    return answer.content.decode()


def picture_at(visitor: Client, one: dict[str, str]) -> Image.Image:
    """The picture that the tags name, of the size that they say."""
    assert one["image"].startswith(f"{HOST}/")
    answer = visitor.get(one["image"].removeprefix(HOST))
    assert answer.status_code == 200
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    content = b"".join(answer) if answer.streaming else answer.content
    found = Image.open(BytesIO(content))
    assert found.size == (int(one["image:width"]), int(one["image:height"]))
    return found
