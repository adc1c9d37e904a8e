"""The application that gunicorn serves."""

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

# Seconds without a byte of a body that was announced: a thread does not wait longer.
BODY_PATIENCE = 10


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Django, told of a request what can be believed (core/http/untrusted_input.py),
    with patience for slow lines, but not for idle ones: a few of those would hold every
    thread."""
    if (connection := environ.get("gunicorn.socket")) is not None:
        connection.settimeout(BODY_PATIENCE)
    return django_application(sanitize(environ), start_response)


def check_static_files() -> None:
    """Without them every page would be a 500: better not to start."""
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
