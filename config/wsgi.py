"""The WSGI application that gunicorn serves."""

import os
import sys
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from core.http.untrusted_input import sanitize

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
try:
    django_application = get_wsgi_application()
except ImproperlyConfigured as problem:
    sys.exit(str(problem))

# Seconds that a thread waits for the next byte of a request's body.
BODY_PATIENCE = 10


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Call Django with a sanitised environment (core/http/untrusted_input.py) and a
    timeout that is patient with slow connections, but not with idle ones: a few of
    those would occupy every thread."""
    if (connection := environ.get("gunicorn.socket")) is not None:
        connection.settimeout(BODY_PATIENCE)
    return django_application(sanitize(environ), start_response)


def check_static_files() -> None:
    """Exit if there are no static files: without them every page would be a 500."""
    from django.conf import settings
    from django.templatetags.static import static

    try:
        static("css/admin.css")
    except ValueError:
        sys.exit(
            f"No static files in STATIC_ROOT ({settings.STATIC_ROOT}). Set it as it is "
            "here, and run: sh scripts/build.sh"
        )


check_static_files()
