"""Webhooks of the mail provider (MAIL_WEBHOOKS), handled by django-anymail."""

from __future__ import annotations

from typing import Any

from anymail.urls import urlpatterns
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.urls import URLPattern, path


def tracking(provider: str) -> list[URLPattern]:
    """Return the provider's URL pattern only: others would need settings of their
    own."""
    return [
        path(str(pattern.pattern), careful(pattern.callback), name=pattern.name)
        for pattern in urlpatterns
        if pattern.name == f"{provider}_tracking_webhook"
    ]


def careful(view: Any) -> Any:
    """Return the view with a 400 for events that it cannot parse: after a 500 the
    provider would send them again, and cause an alert each time."""

    class Careful(view.view_class):  # type: ignore[misc]
        def parse_events(self, request: HttpRequest) -> list[Any]:
            try:
                return list(super().parse_events(request))
            except Exception as error:
                raise BadRequest from error

    return Careful.as_view(**view.view_initkwargs)
