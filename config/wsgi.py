"""The application that gunicorn serves."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
try:
    application = get_wsgi_application()
except ImproperlyConfigured as problem:
    sys.exit(str(problem))


def check_static_files() -> None:
    """Without them every page would be a 500: better not to start."""
    from django.conf import settings
    from django.templatetags.static import static

    try:
        static("css/site.css")
    except ValueError:
        sys.exit(
            f"No static files in STATIC_ROOT ({settings.STATIC_ROOT}). Set it as it is "
            "here, and run: sh scripts/build.sh"
        )


check_static_files()
