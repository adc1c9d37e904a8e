"""The WSGI application that gunicorn serves."""

import os
import sys
from collections.abc import Iterable
from typing import Any

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from core.http.untrusted_input import sanitize


def check_static_files() -> None:
    """Exit when one of this code's style sheets, scripts or pictures is missing or
    cannot be read: a page that names it would be a 500, also the page of an error."""
    from core.http.static import fault_of_static_files

    if fault := fault_of_static_files():
        sys.exit(fault)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
try:
    django.setup()
    check_static_files()
    # Not before the settings are there.
    from core.http.ready_answers import ReadyAnswers

    site = ReadyAnswers(get_wsgi_application())
except ImproperlyConfigured as problem:
    sys.exit(str(problem))

# Seconds that a thread waits for the next byte of a request's body.
BODY_PATIENCE = 10


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer from the page cache (core/http/ready_answers.py) or by Django, with a
    sanitised environment (core/http/untrusted_input.py) and a timeout that is patient
    with slow connections, but not with idle ones: a few of those would occupy every
    thread."""
    if (connection := environ.get("gunicorn.socket")) is not None:
        connection.settimeout(BODY_PATIENCE)
    return site(sanitize(environ), start_response)
