"""The webhooks of the mail provider (MAIL_WEBHOOKS), as django-anymail takes them."""

from __future__ import annotations

from typing import Any

from anymail.urls import urlpatterns
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.urls import URLPattern, path


def tracking(provider: str) -> list[URLPattern]:
    """Only the provider's own address: others would ask for settings of theirs."""
    return [
        path(str(found.pattern), careful(found.callback), name=found.name)
        for found in urlpatterns
        if found.name == f"{provider}_tracking_webhook"
    ]


def careful(view: Any) -> Any:
    """The view, answering 400 to what it cannot read: a 500 would bring it again, and
    an alert with it."""

    class Careful(view.view_class):  # type: ignore[misc]
        def parse_events(self, request: HttpRequest) -> list[Any]:
            try:
                return list(super().parse_events(request))
            except Exception as error:
                raise BadRequest from error

    return Careful.as_view(**view.view_initkwargs)
