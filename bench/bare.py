"""A bare Django view: two bytes without any middleware, what Django itself costs.

`gunicorn -c config/gunicorn.py bench.bare`
"""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def two_bytes(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"ok", headers={"Content-Length": "2"})


# Under the path that the bench asks for until a server answers.
urlpatterns = [path("livez", two_bytes)]

django.setup()
# Not before: apps insist on middlewares of theirs.
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.bare"
application = WSGIHandler()
