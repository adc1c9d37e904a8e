"""Logs name routes, not paths: a path may hold a token."""

from __future__ import annotations

import logging


class RouteInsteadOfPath(logging.Filter):
    """Rewrites Django's request messages, which quote the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and record.name.startswith("django."):
            match = getattr(request, "resolver_match", None)
            route = match.route if match else "(no route)"
            status = getattr(record, "status_code", "")
            record.msg = "%s %s %s"
            record.args = (status, getattr(request, "method", ""), route)
        return True
