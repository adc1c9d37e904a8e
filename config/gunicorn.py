"""gunicorn's configuration: `gunicorn -c config/gunicorn.py config.wsgi`."""

from __future__ import annotations

import gc
import logging.config
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from gunicorn import glogging

# So that the project's modules are found from whatever folder it is started in.
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
try:
    # Imported before the fork, so that all processes share the counts of forms.
    from config import settings
    from core.observability import (
        logs,
        outcomes,
    )
except ImproperlyConfigured as problem:
    sys.exit(str(problem))

chdir = str(settings.BASE_DIR)
bind = settings.BIND
workers = settings.PROCESSES
worker_class = "config.worker.Worker"
# A search of thousands of letters is read, and cut; the links of its page then name it
# as where they were followed from, in a header that may have 8,190 bytes.
limit_request_line = 8000
threads = settings.THREADS
keepalive = 20
timeout = 60
graceful_timeout = settings.GRACEFUL_TIMEOUT
control_socket_disable = True
# No header sets a prefix, a path or the scheme here: core/http/untrusted_input.py
# decides what is trusted, under every server. Headers with “_” in their names would be
# taken for those with “-”.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
header_map = "drop"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108


class Logger(glogging.Logger):  # type: ignore[misc]
    """Writes gunicorn's messages in the format of all others
    (core/observability/logs.py). Not by `logconfig_dict`, which would turn on its
    access log: that one holds paths."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        logging.config.dictConfig(settings.LOGGING)
        logs.log_what_nobody_caught()


logger_class = Logger

_stop = threading.Event()


def on_starting(server: Any) -> None:
    """Report what is wrong with settings and database before visitors find out. This
    runs in a process of its own: what this one imports stays in memory until it ends.
    """
    done = subprocess.run([sys.executable, "-m", "core.db.connecting"], check=False)
    # Any other exit code means that it could not report, as when the disk of the log is
    # full: no reason not to start.
    if done.returncode == 1:
        sys.exit(1)


# Made before the fork, too: the process that holds this file's lock is the one that
# watches.
_watch = tempfile.TemporaryFile()  # noqa: SIM115
# So is what tells the database which of its sessions are this server's.
_token = secrets.token_hex(8)


def post_fork(server: Any, worker: Any) -> None:
    outcomes.OUTCOMES.claim(worker.age)


def post_worker_init(worker: Any) -> None:
    """Connect before the first visitor comes. Watch what cannot report its own failure:
    the background worker when it is dead, the database when it is away or full."""
    from core.db.database import open_pool
    from core.observability import watchdog
    from core.observability.alerts import WATCH
    from core.worker import loops

    open_pool()
    loops.start_threads([WATCH], _stop, loops.NAME + _token)
    watchdog.start_watching(_watch, _stop)
    # What is loaded by now stays: the garbage collector need not look through it again
    # and again, which takes a tenth of the time of a signature.
    gc.collect()
    gc.freeze()


def worker_exit(server: Any, worker: Any) -> None:
    _stop.set()
