"""How gunicorn serves the site: `gunicorn -c config/gunicorn.py config.wsgi`."""

from __future__ import annotations

import os
import threading
from typing import Any

bind = os.environ.get("BIND", "127.0.0.1:8000").split(",")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "8"))
keepalive = 20
timeout = 60
graceful_timeout = int(os.environ.get("GRACEFUL_TIMEOUT", "10"))
control_socket_disable = True
# X-Forwarded-Proto counts only when it comes from these.
forwarded_allow_ips = os.environ.get("TRUSTED_PROXIES", "127.0.0.1")
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108

_stop = threading.Event()


def post_worker_init(worker: Any) -> None:
    """Watch the background worker from here: a dead worker cannot say so itself."""
    from config import loops
    from config.alerts import WATCH

    loops.start([WATCH], _stop)


def worker_exit(server: Any, worker: Any) -> None:
    _stop.set()
