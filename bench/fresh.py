"""The same site without its page cache: each page is rendered and compressed anew, as
it is for the first request of every ten seconds.

`gunicorn -c config/gunicorn.py bench.fresh`
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from config.wsgi import application as site
from core.http.cache_policy import page_cache


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    page_cache.clear()
    return site(environ, start_response)
