"""Helpers for the tests of organisations: the styles of a page."""

from __future__ import annotations

import re
from typing import Any


def style_sources(response: Any) -> list[str]:
    policy = response.headers["Content-Security-Policy"]
    found = re.search(r"style-src ([^;]*)", policy)
    assert found
    return found[1].split()


def inline_styles(response: Any) -> list[str]:
    return re.findall(r"<style>(.*?)</style>", response.content.decode(), re.DOTALL)
