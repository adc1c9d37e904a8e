"""How gunicorn serves the site: `gunicorn -c config/gunicorn.py config.wsgi`."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from django.core.exceptions import ImproperlyConfigured

try:
    from config import settings
except ImproperlyConfigured as problem:
    sys.exit(str(problem))

bind = settings.BIND
workers = settings.PROCESSES
worker_class = "gthread"
threads = settings.THREADS
keepalive = 20
timeout = 60
graceful_timeout = settings.GRACEFUL_TIMEOUT
control_socket_disable = True
# X-Forwarded-Proto counts only when it comes from these.
forwarded_allow_ips = ",".join(settings.TRUSTED_PROXIES)
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108

_stop = threading.Event()


def post_worker_init(worker: Any) -> None:
    """Watch the background worker from here: a dead worker cannot say so itself."""
    from config import loops
    from config.alerts import WATCH

    loops.start([WATCH], _stop)


def worker_exit(server: Any, worker: Any) -> None:
    _stop.set()
